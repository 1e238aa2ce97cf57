/* Applies a batch of changes of a table that has a key. */
#ifndef APPLY_CHANGE_APPLY_H
#define APPLY_CHANGE_APPLY_H

#include "change_queue.h"
#include "run/run.h"

struct apply_parts;

/* How many writers may share one batch of a table. */
static inline unsigned change_hands(const struct move_options *options,
				    const struct moved_table *table)
{
	return table->may_displace || table->key.count == 0 ? 1 : options->apply_workers;
}

/* Of one part, or of a batch that is not divided. */
static inline uint64_t change_rows_max(const struct move_options *options)
{
	return options->apply_rows ? options->apply_rows : TABLE_QUEUE_ROWS_MAX;
}

/* queue: where the changes come from; only the caller uses it meanwhile. first: the changes in
 * stream order, all past the fence. target: the caller's own session; other threads may help with
 * parts. False: some of them may be applied, and all must be applied again. */
bool change_apply(struct run *run, struct db *target, struct apply_parts *parts,
		  struct table_queue *queue, struct change *first, struct error *err) MUST_CHECK;

#endif
