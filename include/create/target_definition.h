/* Does a table that is on the target already fit the source's? */
#ifndef CREATE_TARGET_DEFINITION_H
#define CREATE_TARGET_DEFINITION_H

#include "plan/ferry_table.h"
#include "plan/problems.h"

/* without_default: "`schema`.`table`.`column`" of the target's columns that are NOT
 * NULL and have no default value. Only the keys count. */
/* Collations of unique keys are compared elsewhere (preflight_orders.c). */
void target_definition_check(const struct ferry_table *t, const struct table *target,
			     const struct map *without_default, struct problems *problems);
/* Do the unique keys of a table that was just created call the same values equal, by the
 * names of their collations? */
void target_definition_check_orders(const struct ferry_table *t, const struct table *target,
				    struct problems *problems);

#endif
