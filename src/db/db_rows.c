#include "db/db_rows.h"

#include <string.h>

struct db_rows db_rows_of(struct db *db, const char *sql, struct error *err)
{
	struct db_rows rows = { .db = db, .err = err };

	rows.ok = db_query(db, sql, strlen(sql), err);
	return rows;
}

bool db_rows_next(struct db_rows *rows)
{
	enum db_fetch fetched = rows->ok ? db_row_next(rows->db, &rows->row, rows->err) : DB_END;

	rows->ok = rows->ok && fetched != DB_FAILED;
	return fetched == DB_ROW;
}

const char *db_rows_text(const struct db_rows *rows, unsigned column)
{
	return db_row_text(&rows->row, column);
}

bool db_has_row(struct db *db, const char *sql, bool *has_row, struct error *err)
{
	struct db_rows rows = db_rows_of(db, sql, err);

	*has_row = db_rows_next(&rows);
	if (*has_row)
		db_row_finish(db);
	return rows.ok;
}
