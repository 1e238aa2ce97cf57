/* TRUNCATE of a copied table, in the order of the stream (D6). */
#ifndef APPLY_TRUNCATE_APPLY_H
#define APPLY_TRUNCATE_APPLY_H

#include "run/run.h"

/* All changes that were received before are applied, none behind. target: the caller's own
 * session. False: it may be executed, and has to come again. */
bool truncate_apply(struct run *run, struct db *target, const struct moved_table *table,
		    struct error *err) MUST_CHECK;

#endif
