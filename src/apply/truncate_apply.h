/* TRUNCATE of a copied table, in the order of the stream (D6). */
#ifndef APPLY_TRUNCATE_APPLY_H
#define APPLY_TRUNCATE_APPLY_H

#include "run/run.h"

/* All changes received before it are applied, and none received after it. target: the caller's own
 * session. False: it may have been executed, and must be executed again. */
bool truncate_apply(struct run *run, struct db *target, const struct moved_table *table,
		    struct error *err) MUST_CHECK;

#endif
