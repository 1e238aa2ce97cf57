/* SHOW REPLICA STATUS in its three spellings, or the user's query instead.
 *
 * MySQL's Exec_Source_Log_Pos is a low-water mark, however many workers there are, and
 * moves after the commits before it. MariaDB commits in the master's order within a
 * GTID domain, and keeps the largest position of all domains: with several of them and
 * with parallel workers it may be ahead of a commit. A query mostly reads a replicated row
 * (a heartbeat), which is ahead of earlier commits if MySQL's workers may commit out of
 * order. */
#include "preflight/replica_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *value_or(const struct db_row *row, unsigned i, const char *otherwise)
{
	return i < row->count && row->values[i] ? row->values[i] : otherwise;
}

/* The column of this name, old or new; "" for NULL and if there is none. */
static const char *column(const struct db *db, const struct db_row *row, const char *name,
			  const char *former)
{
	for (unsigned i = 0; i < row->count; i++) {
		const char *here = db_column_name(db, i);

		if (strcmp(here, name) == 0 || strcmp(here, former) == 0)
			return value_or(row, i, "");
	}
	return "";
}

static bool has_filter(const struct db *db, const struct db_row *row)
{
	static const char prefix[] = "Replicate_";

	for (unsigned i = 0; i < row->count; i++)
		if (strncmp(db_column_name(db, i), prefix, sizeof(prefix) - 1) == 0 &&
		    *value_or(row, i, ""))
			return true;
	return false;
}

/* A thread that is reconnecting has an error too, but goes on by itself. */
static void set_thread(const char *running, const char *number, const char *text, bool *is_running,
		       struct replica_status *r)
{
	*is_running = strcmp(running, "Yes") == 0;
	if (*is_running || strtoul(number, NULL, 10) == 0)
		return;
	snprintf(r->error, sizeof(r->error), "%s (%s)", text, number);
	r->is_broken = r->is_broken || strcmp(running, "No") == 0;
}

static bool on_status(const struct db *db, const struct db_row *row, struct replica_status *r,
		      struct error *err)
{
	const char *file = column(db, row, "Relay_Source_Log_File", "Relay_Master_Log_File");

	*r = (struct replica_status){ .is_broken = false };
	r->master_id = strtoull(column(db, row, "Source_Server_Id", "Master_Server_Id"), NULL, 10);
	snprintf(r->master, sizeof(r->master), "%s:%s",
		 column(db, row, "Source_Host", "Master_Host"),
		 column(db, row, "Source_Port", "Master_Port"));
	set_thread(column(db, row, "Replica_IO_Running", "Slave_IO_Running"),
		   column(db, row, "Last_IO_Errno", ""), column(db, row, "Last_IO_Error", ""),
		   &r->is_receiving, r);
	set_thread(column(db, row, "Replica_SQL_Running", "Slave_SQL_Running"),
		   column(db, row, "Last_SQL_Errno", ""), column(db, row, "Last_SQL_Error", ""),
		   &r->is_executing, r);
	r->is_filtered = has_filter(db, row);
	const char *lag = column(db, row, "Seconds_Behind_Source", "Seconds_Behind_Master");

	r->lag_s = *lag ? strtoll(lag, NULL, 10) : -1;
	snprintf(r->channel, sizeof(r->channel), "%s",
		 column(db, row, "Channel_Name", "Connection_name"));
	return binlog_position_set(&r->executed, file, strlen(file),
				   strtoull(column(db, row, "Exec_Source_Log_Pos",
						   "Exec_Master_Log_Pos"),
					    NULL, 10),
				   err);
}

static const char *status_query(const struct server_version *version)
{
	return version->flavour == FLAVOUR_MARIADB ? "SHOW ALL SLAVES STATUS" :
	       version->number >= 80022		   ? "SHOW REPLICA STATUS" :
						     "SHOW SLAVE STATUS";
}

bool replica_status_read(struct db *replica, uint64_t master_id, struct replica_status *replication,
			 bool *found, struct error *err)
{
	const char *query = status_query(db_version(replica));
	enum db_fetch fetched;
	struct db_row row;

	*found = false;
	if (!db_query(replica, query, strlen(query), err))
		return error_wrap(err, "%s", query);
	while ((fetched = db_row_next(replica, &row, err)) == DB_ROW) {
		if (!on_status(replica, &row, replication, err)) {
			db_row_finish(replica);
			return error_wrap(err, "%s", query);
		}
		*found = master_id == 0 || replication->master_id == master_id;
		if (*found) {
			db_row_finish(replica);
			return true;
		}
	}
	return fetched == DB_END || error_wrap(err, "%s", query);
}

bool replica_status_slowest(struct db *replica, struct replica_status *slowest, bool *found,
			    struct error *err)
{
	const char *query = status_query(db_version(replica));
	struct replica_status next;
	enum db_fetch fetched;
	struct db_row row;

	*found = false;
	if (!db_query(replica, query, strlen(query), err))
		return error_wrap(err, "%s", query);
	while ((fetched = db_row_next(replica, &row, err)) == DB_ROW) {
		if (!on_status(replica, &row, &next, err)) {
			db_row_finish(replica);
			return error_wrap(err, "%s", query);
		}
		if (!*found ||
		    (slowest->lag_s >= 0 && (next.lag_s < 0 || next.lag_s > slowest->lag_s)))
			*slowest = next;
		*found = true;
	}
	return fetched == DB_END || error_wrap(err, "%s", query);
}

/* What any account may see on MariaDB: running threads, and whether there ever was replication. */
static bool look_for_signs(struct db *server, enum replicates *answer, struct error *err)
{
	struct buf signs = BUF_INIT;
	bool ok = db_value(server, &signs, NULL, err,
			   "SELECT @@global.gtid_slave_pos <> '' OR EXISTS(SELECT 1"
			   " FROM information_schema.GLOBAL_STATUS WHERE"
			   " VARIABLE_NAME = 'SLAVE_RUNNING' AND VARIABLE_VALUE <> 'OFF')");

	if (ok)
		*answer = strcmp(buf_text(&signs), "0") == 0 ? REPLICATES_NOT : REPLICATES_UNKNOWN;
	buf_release(&signs);
	return ok;
}

bool replica_status_check(struct db *server, enum replicates *answer, struct error *err)
{
	struct replica_status replication;
	bool found;

	*answer = REPLICATES_UNKNOWN;
	if (replica_status_read(server, 0, &replication, &found, err)) {
		*answer = found ? REPLICATES : REPLICATES_NOT;
		return true;
	}
	if (err->kind != ERROR_ACCESS)
		return false;
	return db_version(server)->flavour != FLAVOUR_MARIADB || look_for_signs(server, answer, err);
}

/* --- the user's query ---------------------------------------------------------- */

static bool on_answer(const struct db_row *row, struct binlog_position *executed, struct error *err)
{
	const char *file = value_or(row, 0, "");
	const char *offset = value_or(row, 1, "");

	if (row->count != 2)
		return error_set(err, ERROR_PREFLIGHT,
				 "must answer with two columns, a file and an offset, not %u",
				 row->count);
	if (*file == '\0' || *offset == '\0' || offset[strspn(offset, "0123456789")] != '\0')
		return error_set(err, ERROR_PREFLIGHT,
				 "must answer with the name of a binlog file and an offset, not "
				 "'%s', '%s'",
				 file, offset);
	return binlog_position_set(executed, file, strlen(file), strtoull(offset, NULL, 10), err);
}

static bool read_answer(struct db *replica, struct binlog_position *executed, struct error *err)
{
	struct db_row row;

	switch (db_row_next(replica, &row, err)) {
	case DB_FAILED:
		return false;
	case DB_END:
		return error_set(err, ERROR_PREFLIGHT, "answers with no row");
	case DB_ROW:
		break;
	}
	if (!on_answer(&row, executed, err)) {
		db_row_finish(replica);
		return false;
	}
	switch (db_row_next(replica, &row, err)) {
	case DB_FAILED:
		return false;
	case DB_ROW:
		db_row_finish(replica);
		return error_set(err, ERROR_PREFLIGHT, "answers with more than one row");
	case DB_END:
		break;
	}
	return true;
}

bool replica_status_query(struct db *replica, const char *query, struct binlog_position *executed,
			  struct error *err)
{
	if (db_query(replica, query, strlen(query), err) && read_answer(replica, executed, err))
		return true;
	return error_wrap(err, "ReplicatedMasterPositionQuery");
}

/* --- order ---------------------------------------------------------------------- */

static bool is_ordered_mariadb(struct db *replica, struct error *err)
{
	struct buf answer = BUF_INIT;
	bool ok = db_value(replica, &answer, NULL, err,
			   "SELECT @@global.slave_parallel_threads > 0"
			   " AND LOCATE(',', @@global.gtid_slave_pos) > 0");

	if (ok && strcmp(buf_text(&answer), "1") == 0)
		ok = error_set(err, ERROR_PREFLIGHT,
			       "source: it executes several GTID domains in parallel "
			       "(slave_parallel_threads), so its position says nothing of what is "
			       "committed: STOP ALL SLAVES; SET GLOBAL slave_parallel_threads = 0; "
			       "START ALL SLAVES");
	buf_release(&answer);
	return ok;
}

static bool is_ordered_mysql(struct db *replica, struct error *err)
{
	bool is_new = db_version(replica)->number >= 80026;
	const char *prefix = is_new ? "replica" : "slave";
	struct buf answer = BUF_INIT;
	bool ok = db_value(replica, &answer, NULL, err,
			   "SELECT @@global.%s_parallel_workers > 1"
			   " AND NOT @@global.%s_preserve_commit_order",
			   prefix, prefix);

	if (ok && strcmp(buf_text(&answer), "1") == 0)
		ok = error_set(err, ERROR_PREFLIGHT,
			       "source: its workers may commit out of order "
			       "(%s_preserve_commit_order is OFF), so what "
			       "ReplicatedMasterPositionQuery reads may be ahead of changes: leave "
			       "the query out, or turn that on while the replica is stopped",
			       prefix);
	buf_release(&answer);
	return ok;
}

bool replica_status_is_ordered(struct db *replica, bool by_query, struct error *err)
{
	if (db_version(replica)->flavour == FLAVOUR_MARIADB)
		return is_ordered_mariadb(replica, err);
	return !by_query || is_ordered_mysql(replica, err);
}
