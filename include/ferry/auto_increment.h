/* The next AUTO_INCREMENT value on either side. A target where it is lower than on the source would
 * hand out values again: it never sees those of rows that were rolled back or deleted on the
 * source. The caller's thread. */
#ifndef FERRY_AUTO_INCREMENT_H
#define FERRY_AUTO_INCREMENT_H

#include "plan/moved_table.h"
#include "run/run.h"

/* *next: 0 where the table has no such column on this server. If the source's values are used up,
 * it is the last one. */
bool auto_increment_read_source(struct db *source, const struct moved_table *t, uint64_t *next,
				struct error *err) MUST_CHECK;
bool auto_increment_read_target(struct db *target, const struct moved_table *t, uint64_t *next,
				struct error *err) MUST_CHECK;
/* Raises what is lower on the target. The source's writers should be stopped. */
bool auto_increments_raise(struct run *run, struct db *source, struct error *err) MUST_CHECK;

#endif
