/* A condition that holds for the rows of the target that store exactly these values, and
 * for no other: what tells rows apart where there is no key. */
#ifndef ROWS_ROW_MATCH_H
#define ROWS_ROW_MATCH_H

#include "plan/moved_table.h"

/* Appends "`a`=1 AND `b` IS NULL AND ...", for all columns that are written. values: by
 * column of the table. The same values always give the same text, and other values
 * another one. False where a JSON document cannot be written (db/sql_json.h). */
bool row_match_put(struct buf *sql, const struct moved_table *table, const struct value *values,
		   struct error *err) MUST_CHECK;

#endif
