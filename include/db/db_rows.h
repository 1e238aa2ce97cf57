/* The rows of a query, read where they are used:
 *
 *	struct db_rows rows = db_rows_of(db, sql, err);
 *
 *	while (db_rows_next(&rows))
 *		... db_rows_text(&rows, 0) ...
 *	return rows.ok;
 *
 * No other statement may be sent meanwhile. To leave the loop early, call
 * db_row_finish(). */
#ifndef DB_DB_ROWS_H
#define DB_DB_ROWS_H

#include "db/db.h"

struct db_rows {
	struct db *db;
	struct error *err; /* set when not ok */
	struct db_row row; /* the current one */
	bool ok;
};

struct db_rows db_rows_of(struct db *db, const char *sql, struct error *err) MUST_CHECK;
bool db_rows_next(struct db_rows *rows) MUST_CHECK;
/* Of the current row: a column's text, "" for NULL. */
const char *db_rows_text(const struct db_rows *rows, unsigned column);

/* Has the query any row? */
bool db_has_row(struct db *db, const char *sql, bool *has_row, struct error *err) MUST_CHECK;

#endif
