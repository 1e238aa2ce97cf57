/* The only place where SQL text is made from names and values.
 *
 * A value is the bytes the server holds: for numbers their decimal text, for
 * temporal types the text the server prints (UTC), for strings, blobs and
 * geometry the stored bytes in the column's own charset, for JSON its utf8mb4
 * text; BIT, ENUM and SET travel as unsigned decimal numbers (value, ordinal,
 * bit mask), FLOAT and DOUBLE as the shortest text that gives the same double.
 * The copier's SELECT (sql_select_column()) and the binlog decoder both produce
 * exactly this form, so both ways write the same bytes.
 *
 * Literals assume a session of db_open(): backslash escapes, utf8mb4. Pure functions; a
 * buf belongs to its caller. */
#ifndef DB_SQL_H
#define DB_SQL_H

#include "base/buf.h"
#include "db/schema.h"

struct value {
	const char *bytes; /* borrowed; NULL: SQL NULL */
	size_t length;
};

/* The same bytes, or both NULL. */
bool value_equal(const struct value *a, const struct value *b);

/* `name` with backticks doubled. */
void sql_name(struct buf *sql, const char *name);
/* `schema`.`table` */
void sql_table_name(struct buf *sql, const char *schema, const char *table);
/* `user`@`host` of what CURRENT_USER() says: user@host without quotes, where the user's name
 * may hold an @. False: it is not an account. */
bool sql_account(struct buf *sql, const char *current_user);
/* 'bytes' with quotes and backslashes doubled. */
void sql_bytes(struct buf *sql, const char *bytes, size_t length);
/* x'bytes' in hex. */
void sql_hex(struct buf *sql, const char *bytes, size_t length);
/* sql_bytes() for metadata (utf8mb4 text). */
void sql_text(struct buf *sql, const char *text);
/* The comment that marks the program's own statements on the target: it must come
 * first in each. Text is the configuration's Marginalia; "*" + "/" inside is
 * broken up. Writes a slash-star comment and one space. */
void sql_comment(struct buf *sql, const char *marginalia);

/* How the copier reads the column: `c`, CAST(`c` AS UNSIGNED) (BIT, ENUM, SET),
 * `c`*1e0 (FLOAT and DOUBLE: all bits, sign of zero included). */
void sql_select_column(struct buf *sql, const struct column *column);

/* A literal for VALUES (...): digits bare, FLOAT/DOUBLE and temporal quoted,
 * strings and bytes _binary'...' (sql_bytes()), JSON _utf8mb4'...'. What
 * should be digits and is not goes out quoted, for the server to refuse. So does it
 * refuse an ENUM's 0, the '' of a value that was invalid once (1265): no literal
 * stores that in strict mode. */
void sql_literal(struct buf *sql, const struct column *column, struct value value);

/* A literal to compare the column with: so that the column's own collation and
 * index are used: _charset x'..' for strings, x'..' for bytes. Never for NULL. A
 * number that is not one goes out quoted, but a comparison does not refuse it as
 * VALUES do (it takes the digits it begins with): check what comes from files. */
void sql_key_literal(struct buf *sql, const struct column *column, struct value value);

#endif
