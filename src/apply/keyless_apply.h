/* Applies changes of a table without a key: rows are counted, not addressed. */
#ifndef APPLY_KEYLESS_APPLY_H
#define APPLY_KEYLESS_APPLY_H

#include "change_queue.h"
#include "run/run.h"

/* Applies the changes, a list in stream order, exactly once. They were received after the copy of
 * the table began, and the fence has let them pass. target: the caller's own connection, which
 * holds a writer's lock. */
bool keyless_apply(struct run *run, struct db *target, const struct moved_table *table,
		   const struct change *first, struct error *err) MUST_CHECK;

#endif
