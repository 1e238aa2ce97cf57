/* A batch of rows becomes one transaction on the target:
 *
 *   START TRANSACTION; statement ...; COMMIT
 *
 * Strict mode makes the server refuse values that do not fit. What it still lets
 * pass with a warning or note (a DECIMAL rounded, blanks cut off) is refused here:
 * the warnings of every statement are read before the commit, and any that is not
 * known to be harmless rolls the transaction back. Without the transaction the
 * rows would already be there, and a resumed run would take them for copied. */
#include "rows/target_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/probe.h"
#include "run/work_time.h"

/* Warnings that say nothing about data: deprecated syntax, and DELETE ... LIMIT on a target
 * that logs statements (which of the rows that are equal byte by byte go is all the same). */
static const unsigned harmless_warnings[] = { 1287, 1592, 1681, 3719, 3778 };

#define WARN_DATA_TRUNCATED 1265

void write_statement_release(struct write_statement *statement)
{
	if (!statement->is_borrowed)
		buf_release(&statement->sql);
	buf_release(&statement->text);
	*statement = (struct write_statement){ .rows = 0 };
}

uint64_t write_packet_limit(const struct db *target)
{
	uint64_t limit = db_max_allowed_packet(target);

	/* Room for the packet's own header. */
	return limit > 2048 ? limit - 1024 : limit / 2;
}

static bool is_harmless(unsigned code)
{
	for (size_t i = 0; i < ARRAY_LEN(harmless_warnings); i++)
		if (harmless_warnings[i] == code)
			return true;
	return false;
}

/* The first warning about changed data fails the statement. Expected ones are those of invalid ENUM
 * values: their number is compared, as the server lists only the first max_error_count. */
static bool check_warnings(struct db *target, uint64_t expected, struct error *err)
{
	uint64_t total = db_warning_count(target);
	uint64_t truncated = 0;
	uint64_t listed = 0;
	struct db_row row;
	enum db_fetch fetched;
	char text[512];

	if (total == 0 && expected == 0)
		return true;
	if (!db_queryf(target, err, "SHOW WARNINGS"))
		return false;
	while ((fetched = db_row_next(target, &row, err)) == DB_ROW) {
		unsigned code = row.count > 1 && row.values[1] ?
					(unsigned)strtoul(row.values[1], NULL, 10) :
					0;

		listed++;
		if (code == WARN_DATA_TRUNCATED)
			truncated++;
		if (is_harmless(code) || (code == WARN_DATA_TRUNCATED && expected > 0))
			continue;
		snprintf(text, sizeof(text), "%u %.*s", code,
			 row.count > 2 ? (int)row.lengths[2] : 0,
			 row.count > 2 && row.values[2] ? row.values[2] : "");
		db_row_finish(target);
		return error_set(err, ERROR_DATA, "%s: the server would change a value: %s",
				 db_label(target), text);
	}
	if (fetched == DB_FAILED)
		return false;
	/* In MySQL raising it for a session needs a privilege. */
	if (listed == 0 && expected == 0)
		return error_set(err, ERROR_DATA,
				 "%s: the server may have changed values, and does not list its "
				 "warnings: SET GLOBAL max_error_count = DEFAULT",
				 db_label(target));
	if (expected > 0 && (total != expected || (listed == total && truncated != expected)))
		return error_set(err, ERROR_DATA,
				 "%s: %" PRIu64 " values would be changed where only %" PRIu64
				 " invalid ENUM values were to be stored",
				 db_label(target), total, expected);
	return true;
}

/* With REPLACE strict mode is in force for LOCAL, too, so that a value that does not fit is an error.
 * Should it be a warning on some server all the same, the rows are written in another way. */
static bool execute_load(struct db *target, const struct write_statement *statement,
			 struct error *err)
{
	struct db_load_counts counts;

	if (!db_load(target, statement->sql.data, statement->sql.length, &statement->text, &counts,
		     err)) {
		*statement->is_unsuited = !error_is_retryable(err);
		return false;
	}
	if (counts.are_known && counts.rows == statement->rows && counts.skipped == 0 &&
	    counts.warnings == 0)
		return true;
	*statement->is_unsuited = true;
	return error_set(err, ERROR_DATA, "%s: LOAD DATA would change a value", db_label(target));
}

static bool execute(struct db *target, const struct write_statement *statement, struct error *err)
{
	const char *mode = statement->mode	    ? statement->mode :
			   statement->invalid_enums ? DB_LAX_SQL_MODE :
						      NULL;

	if (mode && !db_execf(target, err, "SET SESSION sql_mode = '%s'", mode))
		return false;

	bool ok = db_exec(target, statement->sql.data, statement->sql.length, err);

	if (ok && statement->affected)
		*statement->affected += db_affected_rows(target);
	if (ok && statement->warnings)
		*statement->warnings += db_warning_count(target);
	if (ok && statement->affects > 0 && db_affected_rows(target) != statement->affects)
		ok = error_set(err, ERROR_DIFFERENT,
			       "%s: %" PRIu64 " rows were to be changed, and %" PRIu64 " were",
			       db_label(target), statement->affects, db_affected_rows(target));
	ok = ok && (statement->mode || check_warnings(target, statement->invalid_enums, err));

	if (mode && !db_is_broken(target)) {
		struct error ignored;

		/* A session that stayed lenient must not be used again. */
		if (!db_execf(target, ok ? err : &ignored, "SET SESSION sql_mode = '%s'",
			      DB_SQL_MODE)) {
			ok = false;
			if (!db_is_broken(target) && !db_fail(target, &ignored, "restore sql_mode"))
				return false;
		}
	}
	return ok;
}

static bool set_zone(struct db *target, const char *zone, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, "SET SESSION time_zone=");
	sql_text(&sql, zone);
	ok = db_exec(target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

/* What the target computes of a row it computes by the session's zone. All else that the
 * session does, it does under UTC. */
bool write_statement_execute(struct db *target, const struct write_statement *statement,
			     struct error *err)
{
	struct error failure = ERROR_INIT;

	if (statement->text.length > 0)
		return execute_load(target, statement, err);
	if (!statement->zone)
		return execute(target, statement, err);
	if (!set_zone(target, statement->zone, err))
		return false;

	bool ok = execute(target, statement, err);

	/* A session that kept the zone must not be used again. */
	if (!db_is_broken(target) && !set_zone(target, "+00:00", &failure)) {
		if (!db_is_broken(target))
			(void)!db_fail(target, &failure, "restore time_zone");
		if (ok)
			*err = failure;
		return false;
	}
	return ok;
}

bool write_begin(struct db *target, const struct write_statement *statements, size_t count,
		 struct error *err)
{
	enum work before = work_begin(WORK_WRITING);
	bool ok = db_execf(target, err, "START TRANSACTION");

	for (size_t i = 0; ok && i < count; i++)
		ok = write_statement_execute(target, &statements[i], err);
	if (!ok)
		write_was_blocked(err);
	work_begin(before);
	return ok;
}

void write_was_blocked(const struct error *err)
{
	if (db_error_is_lock_wait(err) || db_error_is_deadlock(err))
		work_was(WORK_WAITING_FOR_LOCK);
}

bool write_end(struct db *target, bool ok, bool *is_uncertain, struct error *err)
{
	enum work before = work_begin(WORK_COMMITTING);
	struct error ignored;

	*is_uncertain = false;
	if (ok) {
		probe("before_commit", " ");
		ok = db_execf(target, err, "COMMIT");
		*is_uncertain = !ok;
	}
	/* A server error leaves a session that works: give its locks back. When even
	 * that fails the connection is lost, and with it the transaction. */
	if (!ok && !db_is_broken(target) && !db_execf(target, &ignored, "ROLLBACK") &&
	    !db_is_broken(target))
		(void)!db_fail(target, &ignored, "roll back");
	work_begin(before);
	return ok;
}

bool write_statements(struct db *target, const struct write_statement *statements, size_t count,
		      struct error *err)
{
	bool does_not_matter;

	return write_end(target, write_begin(target, statements, count, err), &does_not_matter, err);
}

bool write_is_too_large(const struct moved_table *table, const char *what, size_t length,
			uint64_t packet_limit, struct error *err)
{
	if (write_fits(length, packet_limit))
		return false;
	error_set(err, ERROR_DATA,
		  "table %s: %s takes %zu bytes as a statement, more than the target's "
		  "max_allowed_packet lets through (%" PRIu64
		  "); raise it: SET GLOBAL max_allowed_packet = 1073741824",
		  table->source->full_name, what, length, packet_limit);
	return true;
}
