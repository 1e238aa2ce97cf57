/* Which of these rows are on the target, by the bytes of their keys? */
#ifndef ROWS_ROW_LOOKUP_H
#define ROWS_ROW_LOOKUP_H

#include "base/map.h"
#include "plan/moved_table.h"

/* Adds the conditions of rows that are there to found (any value), those of others that
 * the target's collation takes for the same included. */
bool row_lookup(struct db *target, const struct moved_table *table, const char *const *conditions,
		size_t count, struct map *found, struct error *err) MUST_CHECK;

#endif
