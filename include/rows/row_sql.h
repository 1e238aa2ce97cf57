/* A row as SQL: the values that bring it, and the condition that holds for it. values: by
 * column of the table. All are false for a value that no SQL makes, its column named. */
#ifndef ROWS_ROW_SQL_H
#define ROWS_ROW_SQL_H

#include "plan/moved_table.h"

/* Appends "(literal,literal,...)" of the written columns; generated ones are left out.
 * Counts ENUM ordinals 0 into *invalid_enums. */
bool row_sql_tuple(struct buf *sql, const struct moved_table *table, const struct value *values,
		   uint64_t *invalid_enums, struct error *err) MUST_CHECK;

/* GEOMETRY and VECTOR columns NOT NULL get a value of length 0 from ALTER TABLE ... ADD, and
 * no statement may give it back: in a lax mode the server does so where the column is not
 * named. Are there such values, and a REPLACE of just this row without them. */
bool row_sql_has_empty(const struct moved_table *table, const struct value *values);
bool row_sql_without_empty(struct buf *sql, const struct moved_table *table,
			   const struct value *values, uint64_t *invalid_enums,
			   struct error *err) MUST_CHECK;

/* Appends "`a`=1 AND `b` IS NULL AND ...", for all columns that are written: it holds for
 * the rows of the target that store exactly these values, and for no other, which is what
 * tells rows apart where there is no key. The same values always give the same text, and
 * other values another one. */
bool row_sql_match(struct buf *sql, const struct moved_table *table, const struct value *values,
		   struct error *err) MUST_CHECK;
/* " AND `g`=1 ...": the same for stored generated columns; "" where there are none. */
bool row_sql_match_stored(struct buf *sql, const struct moved_table *table,
			  const struct value *values, struct error *err) MUST_CHECK;

/* False for a text that ends inside a character of fixed width: servers silently put zeros in front
 * of such a part. */
bool row_sql_is_whole_text(const struct column *column, size_t length);

#endif
