/* Rows as the text that LOAD DATA LOCAL INFILE reads: it costs the server a third less than SQL.
 * Only in forms that store the same bytes as the literals of db/sql.h, tried value by value on both
 * flavours; tables that need other expressions are written by INSERT. Pure functions. */
#ifndef ROWS_LOAD_TEXT_H
#define ROWS_LOAD_TEXT_H

#include "base/buf.h"
#include "db/sql.h"
#include "plan/moved_table.h"

/* Can all rows of the table be written so, whatever is in them? False too where the target
 * computes columns or keys, or where documents keep the types of their values. */
bool load_text_suits(const struct moved_table *table);
/* The whole statement; comment comes first, as in all that the program writes. replaces: rows take
 * the place of those that have a unique value of theirs; else they are skipped. */
void load_text_put_statement(struct buf *sql, const struct moved_table *table, const char *comment,
			     bool replaces);
/* Appends one row. values: by table column. False and nothing for a row with a value that only
 * INSERT stores, or refuses by name: an invalid ENUM, a part of a character. */
bool load_text_put_row(struct buf *text, const struct moved_table *table,
		       const struct value *values);
/* The row that begins at *at, which then is the next one's place; false: there is none. The
 * values, by table column, point into bytes, which is cleared first. */
bool load_text_next_row(const struct buf *text, size_t *at, const struct moved_table *table,
			struct buf *bytes, struct value *values);

#endif
