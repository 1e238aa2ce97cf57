/* The key of a row, and ranges of keys, as queries of either server have them. */
#ifndef ROWS_ROW_KEY_H
#define ROWS_ROW_KEY_H

#include "db/db.h"
#include "plan/moved_table.h"

/* Appends "`a`,CAST(`b` AS UNSIGNED)": the key's columns as sql_select_column() has them. */
void row_key_put_columns(struct buf *sql, const struct moved_table *table);
/* " WHERE (...) AND (...)" for the keys in (low, high]; either may be unset or NULL. */
void row_key_put_range(struct buf *sql, const struct moved_table *table, const struct key *low,
		       const struct key *high);
/* What row_key_put_columns() selected and nothing else: the values point into row. False
 * where there are not so many or one is NULL. */
bool row_key_take(const struct moved_table *table, const struct db_row *row,
		  struct value values[KEY_COLUMNS_MAX], struct error *err) MUST_CHECK;

#endif
