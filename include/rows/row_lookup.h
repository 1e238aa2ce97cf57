/* Which of these rows are on the target, by the bytes of their keys? */
#ifndef ROWS_ROW_LOOKUP_H
#define ROWS_ROW_LOOKUP_H

#include "base/map.h"
#include "db/db.h"
#include "plan/moved_table.h"

/* Takes those out of the map that are there; its keys are their conditions
 * (sql_key_equals()). All stay where it fails. */
bool row_lookup_missing(struct db *target, const struct moved_table *table, struct map *rows,
			struct error *err) MUST_CHECK;

#endif
