/* Statements that every server has, and that cost it next to nothing. */
#include "server_load.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sql.h"
#include "preflight/replica_status.h"
#include "run/throttler.h"

static const char *const side_keys[] = { "Source", "Target" };

/* A replica that does not replicate reports no lag, but falls further behind. */
bool server_load_lag(struct db *db, const struct throttle_limits *limits,
		     enum throttle_side side UNUSED, char *text, struct error *err)
{
	struct replica_status slowest;
	bool found;

	if (!replica_status_slowest(db, &slowest, &found, err))
		return false;
	*text = '\0';
	if (!found)
		return error_set(err, ERROR_PREFLIGHT, "%s: it is not a replica", db_label(db));
	char name[250];

	snprintf(name, sizeof(name), "%.150s%s%s%s", db_label(db), *slowest.channel ? " (" : "",
		 slowest.channel, *slowest.channel ? ")" : "");
	if (slowest.lag_s < 0)
		snprintf(text, THROTTLE_TEXT_SIZE, "%s does not replicate%s%.100s", name,
			 *slowest.error ? ": " : "", slowest.error);
	else if ((uint64_t)slowest.lag_s > limits->max_lag_s)
		snprintf(text, THROTTLE_TEXT_SIZE, "%s is %" PRId64 " s behind (MaxLag %" PRIu64 ")",
			 name, slowest.lag_s, limits->max_lag_s);
	return true;
}

static bool ask_status(struct db *db, const char *variable, uint64_t *value, struct error *err)
{
	struct db_row row;
	bool found = false;

	if (!db_queryf(db, err, "SHOW GLOBAL STATUS LIKE '%s'", variable))
		return false;
	enum db_fetch fetched;

	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		found = true;
		*value = strtoull(db_row_text(&row, 1), NULL, 10);
	}
	if (fetched == DB_FAILED)
		return false;
	return found ||
	       error_set(err, ERROR_UNSUPPORTED, "%s: it does not tell %s", db_label(db), variable);
}

static void put_excess(char *text, struct db *db, const char *what, uint64_t value, uint64_t limit,
		       enum throttle_side side, const char *key)
{
	*text = '\0';
	if (value > limit)
		snprintf(text, THROTTLE_TEXT_SIZE, "%s: %s is %" PRIu64 " (Max%s%s %" PRIu64 ")",
			 db_label(db), what, value, side_keys[side], key, limit);
}

bool server_load_threads(struct db *db, const struct throttle_limits *limits,
			 enum throttle_side side, char *text, struct error *err)
{
	uint64_t value = 0;

	if (!ask_status(db, "Threads_running", &value, err))
		return false;
	put_excess(text, db, "Threads_running", value, limits->max_threads[side], side,
		   "ThreadsRunning");
	return true;
}

/* MySQL counts it only while its monitor is on, and reports 0 otherwise. */
static bool ask_monitor(struct db *db, uint64_t *value, struct error *err)
{
	static const char monitor[] = "trx_rseg_history_len";
	struct buf answer = BUF_INIT;
	bool found;
	bool ok = db_value(db, &answer, &found, err,
			   "SELECT `COUNT` FROM information_schema.INNODB_METRICS"
			   " WHERE NAME = '%s' AND STATUS = 'enabled'",
			   monitor);

	if (ok && !found)
		ok = error_set(err, ERROR_PREFLIGHT,
			       "%s: it does not count its history: SET GLOBAL innodb_monitor_enable "
			       "= '%s'",
			       db_label(db), monitor);
	*value = ok ? strtoull(buf_text(&answer), NULL, 10) : 0;
	buf_release(&answer);
	return ok;
}

bool server_load_history(struct db *db, const struct throttle_limits *limits,
			 enum throttle_side side, char *text, struct error *err)
{
	uint64_t value = 0;
	bool ok = db_version(db)->flavour == FLAVOUR_MARIADB ?
			  ask_status(db, "Innodb_history_list_length", &value, err) :
			  ask_monitor(db, &value, err);

	if (ok)
		put_excess(text, db, "the history list's length", value, limits->max_history[side],
			   side, "HistoryLength");
	return ok;
}

/* NULL means that the value is unknown, and so does no row. */
bool server_load_query(struct db *db, const struct throttle_limits *limits, enum throttle_side side,
		       char *text, struct error *err)
{
	struct buf answer = BUF_INIT;
	const char *key = side_keys[side];
	char *end;
	bool found;
	bool ok = db_value(db, &answer, &found, err, "%s", limits->query[side]);

	*text = '\0';
	if (!ok) {
		error_wrap(err, "%sQuery", key);
	} else if (!found) {
		snprintf(text, THROTTLE_TEXT_SIZE, "%s: %sQuery answers with no row, or NULL",
			 db_label(db), key);
	} else {
		double value = strtod(buf_text(&answer), &end);

		if (answer.length == 0 || *end || !isfinite(value))
			ok = error_set(err, ERROR_PREFLIGHT,
				       "%sQuery: its first column must be a number, not '%.100s'",
				       key, buf_text(&answer));
		else if (value > (double)limits->query_max[side])
			snprintf(text, THROTTLE_TEXT_SIZE,
				 "%s: %sQuery answers %.40s (%sQueryMax %" PRIu64 ")", db_label(db),
				 key, buf_text(&answer), key, limits->query_max[side]);
	}
	buf_release(&answer);
	return ok;
}

void server_load_remedy(struct db *db, server_load *load, const struct error *err,
			struct buf *remedy)
{
	struct error ignored = ERROR_INIT;
	struct buf account = BUF_INIT;
	const char *privilege = load == server_load_history		   ? "PROCESS" :
				load != server_load_lag			   ? NULL :
				db_version(db)->flavour == FLAVOUR_MARIADB ? "SLAVE MONITOR" :
									     "REPLICATION CLIENT";

	buf_clear(remedy);
	if (err->kind != ERROR_ACCESS || !privilege || db_is_broken(db))
		return;
	buf_printf(remedy, "GRANT %s ON *.* TO ", privilege);
	if (!db_value(db, &account, NULL, &ignored, "SELECT CURRENT_USER()") ||
	    !sql_account(remedy, buf_text(&account)))
		buf_clear(remedy);
	buf_release(&account);
}
