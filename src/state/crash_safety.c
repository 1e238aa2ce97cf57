/* Settings, start and log of a server.
 *
 * A confirmed commit is safe when its record in InnoDB's log is on the disk. With
 * innodb_flush_log_at_trx_commit = 1 it is, but for one case: where there is a binlog,
 * both servers put only the "prepared" record there and rely on the binlog for the rest,
 * so that a binlog which is not synced (sync_binlog, 0 by default in MariaDB) takes the
 * transaction with it. */
#include "state/crash_safety.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Every account may read both tables. The two terms are of one moment, so their difference does not
 * change when the clock is set. */
static const char mysql_start[] = "(SELECT CAST(UNIX_TIMESTAMP() - VARIABLE_VALUE AS SIGNED)"
				  " FROM performance_schema.global_status"
				  " WHERE VARIABLE_NAME = 'Uptime')";
static const char former_start[] = "(SELECT CAST(UNIX_TIMESTAMP() - VARIABLE_VALUE AS SIGNED)"
				   " FROM information_schema.GLOBAL_STATUS"
				   " WHERE VARIABLE_NAME = 'UPTIME')";

static uint64_t number(const struct db_row *row, unsigned column)
{
	return column < row->count && row->values[column] ? strtoull(row->values[column], NULL, 10) :
							    0;
}

bool crash_safety_ask(struct db *db, struct crash_safety *safety, struct error *err)
{
	const struct server_version *version = db_version(db);
	bool is_former = version->flavour == FLAVOUR_MARIADB || version->number < 50706;
	struct db_row row;

	if (!db_queryf(db, err,
		       "SELECT @@global.innodb_flush_log_at_trx_commit,"
		       " @@global.innodb_flush_log_at_timeout, @@global.sync_binlog,"
		       " @@global.log_bin, UNIX_TIMESTAMP(), %s",
		       is_former ? former_start : mysql_start))
		return false;
	enum db_fetch fetched = db_row_next(db, &row, err);

	if (fetched == DB_FAILED)
		return false;
	bool ok = fetched == DB_ROW && row.count == 6;
	if (ok)
		*safety = (struct crash_safety){ .flush_at_commit = number(&row, 0),
						 .flush_every_s = number(&row, 1),
						 .sync_binlog = number(&row, 2),
						 .has_binlog = number(&row, 3) != 0,
						 .started = number(&row, 5),
						 .up_s = row.values[5] ?
								 number(&row, 4) - number(&row, 5) :
								 0 };
	db_row_finish(db);
	return ok ||
	       error_set(err, ERROR_SQL, "%s: the server does not show its settings", db_label(db));
}

/* MariaDB's 3 is stricter than 1. */
bool crash_safety_flushes(const struct crash_safety *safety)
{
	return safety->flush_at_commit == 1 || safety->flush_at_commit == 3;
}

bool crash_safety_is_full(const struct crash_safety *safety)
{
	return crash_safety_flushes(safety) && (!safety->has_binlog || safety->sync_binlog == 1);
}

void crash_safety_put_reason(struct buf *text, const struct crash_safety *safety)
{
	if (!crash_safety_flushes(safety))
		buf_printf(text, "innodb_flush_log_at_trx_commit is %" PRIu64,
			   safety->flush_at_commit);
	else
		buf_printf(text, "sync_binlog is %" PRIu64, safety->sync_binlog);
}

static bool query_status(struct db *db, struct redo_ends *ends, struct error *err)
{
	unsigned found = 0;
	enum db_fetch fetched;
	struct db_row row;

	if (!db_queryf(db, err,
		       "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_lsn_current',"
		       " 'Innodb_lsn_flushed', 'Innodb_redo_log_current_lsn',"
		       " 'Innodb_redo_log_flushed_to_disk_lsn')"))
		return false;
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		if (row.count < 2 || !row.values[0] || !row.values[1])
			continue;
		if (strstr(row.values[0], "current"))
			ends->current = number(&row, 1);
		else
			ends->on_disk = number(&row, 1);
		found++;
	}
	ends->is_known = found == 2;
	return fetched == DB_END;
}

static bool find_line(const char *text, const char *head, uint64_t *value)
{
	const char *at = text ? strstr(text, head) : NULL;

	if (!at)
		return false;
	at += strlen(head);
	*value = strtoull(at + strspn(at, " "), NULL, 10);
	return *value > 0;
}

/* Also of MySQL before 8.0.30, which has no status variables for them. */
static bool query_monitor(struct db *db, struct redo_ends *ends, struct error *err)
{
	enum db_fetch fetched;
	struct db_row row;

	if (!db_queryf(db, err, "SHOW ENGINE INNODB STATUS"))
		return false;
	fetched = db_row_next(db, &row, err);
	if (fetched == DB_FAILED)
		return false;
	if (fetched == DB_ROW && row.count == 3)
		ends->is_known = find_line(row.values[2], "\nLog sequence number", &ends->current) &&
				 find_line(row.values[2], "\nLog flushed up to", &ends->on_disk);
	db_row_finish(db);
	return true;
}

/* MySQL renews its status variables a few times a second only: the end of the log was seen
 * to lack commits of the last tenth of a second. The monitor is exact; it needs PROCESS. */
bool crash_safety_ask_redo(struct db *db, struct redo_ends *ends, struct error *err)
{
	*ends = (struct redo_ends){ .is_known = false };
	if (db_version(db)->flavour == FLAVOUR_MARIADB)
		return query_status(db, ends, err);
	if (!query_monitor(db, ends, err) && err->kind != ERROR_ACCESS)
		return false;
	if (ends->is_known)
		return true;
	ends->is_late = true;
	return query_status(db, ends, err);
}
