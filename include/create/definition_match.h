/* Does a table that is on the target already fit the source's? */
#ifndef CREATE_DEFINITION_MATCH_H
#define CREATE_DEFINITION_MATCH_H

#include "plan/moved_table.h"
#include "plan/findings.h"

/* without_default: "`schema`.`table`.`column`" of the target's columns that are NOT
 * NULL and have no default value. Only the keys count. */
/* Collations of unique keys are compared elsewhere (unique_orders.c). */
void target_definition_check(const struct moved_table *t, const struct table *target,
			     const struct map *without_default, struct findings *findings);
/* Do the unique keys of a table that was just created treat the same values as equal, by the names
 * of their collations, which CollationRewrites may have changed? */
void target_definition_check_orders(const struct moved_table *t, const struct table *target,
				    const struct map *rewrites, struct findings *findings);

#endif
