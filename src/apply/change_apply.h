/* Applies a batch of changes of a table that has a key. */
#ifndef APPLY_CHANGE_APPLY_H
#define APPLY_CHANGE_APPLY_H

#include "change_queue.h"
#include "run/run.h"

struct apply_parts;

/* How many writers may apply one batch of a table, each its part. */
static inline unsigned change_hands(const struct move_options *options,
				    const struct moved_table *table)
{
	return table->may_displace || table->key.count == 0 ? 1 : options->apply_workers;
}

/* In one part, and in one batch where that has none. */
static inline uint64_t change_rows_max(const struct move_options *options)
{
	return options->apply_rows ? options->apply_rows : TABLE_QUEUE_ROWS_MAX;
}

/* queue: whose changes these are, the caller's alone meanwhile. first: in stream order, all
 * past the fence. target: the caller's own session; others may help with parts. False: some
 * of them may be applied, and all have to come again. */
bool change_apply(struct run *run, struct db *target, struct apply_parts *parts,
		  struct table_queue *queue, struct change *first, struct error *err) MUST_CHECK;

#endif
