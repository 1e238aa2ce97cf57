/* A table per run, `_ghostferry`.`run_<run id>`, with one row. A named lock is held while one is
 * created or dropped, so that the database is not dropped while another run creates its table. */
#include "line_record.h"

#include <string.h>

#include "db/sql.h"
#include "plan/name_filter.h"
#include "preflight/grants.h"

#define LOCK "ghostferry-copydb/lines"
#define LOCK_WAIT_S 20

/* Privileges by a role, or revoked in part, do not count: a table that could be created but not
 * dropped would stay. */
bool line_record_is_possible(struct db *target, bool *possible, struct error *err)
{
	static const char *const needed[] = { "SELECT", "INSERT", "DELETE", "CREATE", "DROP" };
	struct grants grants = { .count = 0 };
	bool ok = grants_read(&grants, target, err);

	*possible = ok;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		*possible = *possible && grants_allow(&grants, needed[i], OWN_SCHEMA) == GRANTS_YES;
	grants_release(&grants);
	return ok || error_wrap(err, "read the privileges on the target");
}

static bool query_exists(struct db *target, const char *run_id, bool *exists, struct error *err)
{
	struct buf count = BUF_INIT;
	bool ok = db_value(target, &count, NULL, err,
			   "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
			   "'" OWN_SCHEMA "' AND TABLE_NAME = 'run_%s'",
			   run_id);

	*exists = ok && strcmp(buf_text(&count), "0") != 0;
	buf_release(&count);
	return ok;
}

bool line_record_read(struct db *target, const char *run_id, struct state_line *known,
		      struct error *err)
{
	struct buf text = BUF_INIT;
	cJSON *array = NULL;
	bool exists, found;
	bool ok = query_exists(target, run_id, &exists, err);

	*known = (struct state_line)STATE_LINE_INIT;
	if (ok && exists)
		ok = db_value(target, &text, &found, err,
			      "SELECT line FROM " OWN_SCHEMA ".run_%s WHERE id = 1", run_id);
	/* No row: a process died between the two statements that create it. */
	if (ok && exists && found) {
		array = json_parse(text.data, text.length, err);
		ok = array && state_line_read(array, known, err);
	}
	cJSON_Delete(array);
	buf_release(&text);
	return ok || error_wrap(err, "read table " OWN_SCHEMA ".run_%s of the target", run_id);
}

bool own_schema_lock(struct db *target, struct error *err)
{
	struct buf answer = BUF_INIT;
	bool ok = db_value(target, &answer, NULL, err, "SELECT GET_LOCK('" LOCK "', %d)",
			   LOCK_WAIT_S);

	if (ok && strcmp(buf_text(&answer), "1") != 0)
		ok = error_set(err, ERROR_BUSY, "the lock '" LOCK "' is held by another connection");
	buf_release(&answer);
	return ok;
}

bool own_schema_unlock(struct db *target, struct error *err)
{
	return db_execf(target, err, "DO RELEASE_LOCK('" LOCK "')");
}

/* The row is written by one statement: it is either the old one or the new one. */
static bool put(struct db *target, const char *run_id, const struct state_line *line,
		struct error *err)
{
	cJSON *array = state_line_json(line);
	struct buf text = BUF_INIT, sql = BUF_INIT;
	bool ok;

	json_print(&text, array, 0);
	buf_puts(&sql, "REPLACE INTO " OWN_SCHEMA ".run_");
	buf_printf(&sql, "%s VALUES (1, ", run_id);
	sql_text(&sql, buf_text(&text));
	buf_putc(&sql, ')');
	ok = db_exec(target, sql.data, sql.length, err);
	cJSON_Delete(array);
	buf_release(&text);
	buf_release(&sql);
	return ok;
}

bool line_record_write(struct db *target, const char *run_id, const struct state_line *line,
		       struct error *err)
{
	if (own_schema_lock(target, err) &&
	    db_execf(target, err, "CREATE DATABASE IF NOT EXISTS " OWN_SCHEMA) &&
	    db_execf(target, err,
		     "CREATE TABLE IF NOT EXISTS " OWN_SCHEMA ".run_%s (id INT PRIMARY KEY, "
		     "line LONGTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL) ENGINE=InnoDB",
		     run_id) &&
	    put(target, run_id, line, err) && own_schema_unlock(target, err))
		return true;
	return error_wrap(err, "write table " OWN_SCHEMA ".run_%s of the target", run_id);
}

static bool drop_empty_database(struct db *target, struct error *err)
{
	struct buf count = BUF_INIT;
	bool ok = db_value(target, &count, NULL, err,
			   "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
			   "'" OWN_SCHEMA "'");

	if (ok && strcmp(buf_text(&count), "0") == 0)
		ok = db_execf(target, err, "DROP DATABASE IF EXISTS " OWN_SCHEMA);
	buf_release(&count);
	return ok;
}

bool line_record_drop(struct db *target, const char *run_id, struct error *err)
{
	return (own_schema_lock(target, err) &&
		db_execf(target, err,
			 "DROP TABLE IF EXISTS " OWN_SCHEMA ".run_%s, " OWN_SCHEMA ".part_%s",
			 run_id, run_id) &&
		drop_empty_database(target, err) && own_schema_unlock(target, err)) ||
	       error_wrap(err, "drop table " OWN_SCHEMA ".run_%s of the target", run_id);
}
