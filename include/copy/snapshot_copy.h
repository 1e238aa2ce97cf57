/* Copies one table that has no key, as a whole, from one consistent snapshot. */
#ifndef COPY_SNAPSHOT_COPY_H
#define COPY_SNAPSHOT_COPY_H

#include "run/run.h"

/* Empties the table on the target if its rows are this run's (a resumed run, a copy that failed),
 * and copies all of it; with a new snapshot as often as the source, or a COMMIT, is lost, and
 * without strict mode where the target refuses rows that the source has. target: the caller's own
 * connection, with a writer's lock (I8). Afterwards the table's mark says what the copy holds. */
bool snapshot_copy(struct run *run, struct db *target, const struct moved_table *table,
		   struct error *err) MUST_CHECK;

#endif
