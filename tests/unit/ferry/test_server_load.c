/* What servers answer, and what is made of it. Seen to fail with a NULL lag taken for 0, with the
 * first channel for all of them, and with a query that answers NULL taken for one below its
 * threshold. */
#include "../../../src/ferry/server_load.h"

#include "run/throttler.h"
#include "../unit.h"

enum { ROWS_MAX = 3, COLUMNS_MAX = 4 };

/* A server that gives one answer. */
struct db {
	struct server_version version;
	const char *columns[COLUMNS_MAX];
	const char *rows[ROWS_MAX][COLUMNS_MAX]; /* NULL in the first column: no more rows */
	enum error_kind fails;
	unsigned next;
	char asked[300];
};

static struct db server;

const struct server_version *db_version(const struct db *db)
{
	return &db->version;
}

const char *db_label(const struct db *db UNUSED)
{
	return "replica db3";
}

bool db_is_broken(const struct db *db UNUSED)
{
	return false;
}

static bool answer(struct db *db, struct error *err)
{
	db->next = 0;
	return !db->fails || error_set(err, db->fails, "replica db3: denied");
}

bool db_query(struct db *db, const char *sql, size_t length, struct error *err)
{
	snprintf(db->asked, sizeof(db->asked), "%.*s", (int)length, sql);
	return answer(db, err);
}

bool db_queryf(struct db *db, struct error *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(db->asked, sizeof(db->asked), format, arguments);
	va_end(arguments);
	return answer(db, err);
}

enum db_fetch db_row_next(struct db *db, struct db_row *row, struct error *err UNUSED)
{
	if (db->next == ROWS_MAX || !db->columns[0] || !db->rows[db->next][0])
		return DB_END;
	row->values = db->rows[db->next++];
	row->count = 0;
	while (row->count < COLUMNS_MAX && db->columns[row->count])
		row->count++;
	return DB_ROW;
}

void db_row_finish(struct db *db UNUSED)
{
}

const char *db_row_text(const struct db_row *row, unsigned index)
{
	return index < row->count && row->values[index] ? row->values[index] : "";
}

const char *db_column_name(const struct db *db, unsigned index)
{
	return db->columns[index];
}

bool db_value(struct db *db, struct buf *value, bool *found, struct error *err, const char *format,
	      ...)
{
	bool is_about_me = strstr(format, "CURRENT_USER") != NULL;
	const char *first = is_about_me ? "ferry@%" : db->rows[0][0];

	buf_clear(value);
	if (found)
		*found = first != NULL;
	buf_puts(value, first ? first : "");
	return is_about_me || answer(db, err);
}

static const struct throttle_limits limits = {
	.max_lag_s = 5,
	.max_threads = { 50, 60 },
	.max_history = { 1000, 2000 },
	.query = { "SELECT 1", "SELECT 2" },
	.query_max = { 0, 7 },
};

#define MYSQL                                                                                      \
	{                                                                                          \
		.flavour = FLAVOUR_MYSQL, .number = 80400                                          \
	}
#define MARIADB                                                                                    \
	{                                                                                          \
		.flavour = FLAVOUR_MARIADB, .number = 101100                                       \
	}
#define MYSQL_STATUS                                                                               \
	{                                                                                          \
		"Channel_Name", "Seconds_Behind_Source", "Last_SQL_Errno", "Last_SQL_Error"        \
	}
#define MARIADB_STATUS                                                                             \
	{                                                                                          \
		"Connection_name", "Seconds_Behind_Master"                                         \
	}
#define STATUS                                                                                     \
	{                                                                                          \
		"Variable_name", "Value"                                                           \
	}

static const struct {
	struct db server;
	server_load *ask;
	enum throttle_side side;
	const char *text;   /* "": not too much */
	const char *fails;  /* NULL: it does not */
	const char *remedy; /* of a failure */
} cases[] = {
	/* Replicas. */
	{ .server = { MYSQL, MYSQL_STATUS, { { "", "5" } } }, .ask = server_load_lag, .text = "" },
	{ .server = { MYSQL, MYSQL_STATUS, { { "", "6" } } },
	  .ask = server_load_lag,
	  .text = "replica db3 is 6 s behind (MaxLag 5)" },
	{ .server = { MYSQL, MYSQL_STATUS, { { "", NULL, "1062", "Duplicate entry" } } },
	  .ask = server_load_lag,
	  .text = "replica db3 does not replicate: Duplicate entry (1062)" },
	{ .server = { MYSQL, MYSQL_STATUS, { { "a", "0" }, { "b", "9" }, { "c", "8" } } },
	  .ask = server_load_lag,
	  .text = "replica db3 (b) is 9 s behind (MaxLag 5)" },
	{ .server = { MARIADB, MARIADB_STATUS, { { "a", "99" }, { "b", NULL }, { "c", "8" } } },
	  .ask = server_load_lag,
	  .text = "replica db3 (b) does not replicate" },
	{ .server = { MARIADB, MARIADB_STATUS, { { "", "0" } } }, .ask = server_load_lag, .text = "" },
	{ .server = { MARIADB, MARIADB_STATUS, { { NULL } } },
	  .ask = server_load_lag,
	  .fails = "replica db3: it is not a replica",
	  .remedy = "" },
	{ .server = { MARIADB, .fails = ERROR_ACCESS },
	  .ask = server_load_lag,
	  .fails = "SHOW ALL SLAVES STATUS: replica db3: denied",
	  .remedy = "GRANT SLAVE MONITOR ON *.* TO `ferry`@`%`" },
	{ .server = { MYSQL, .fails = ERROR_ACCESS },
	  .ask = server_load_lag,
	  .fails = "SHOW REPLICA STATUS: replica db3: denied",
	  .remedy = "GRANT REPLICATION CLIENT ON *.* TO `ferry`@`%`" },
	{ .server = { MYSQL, .fails = ERROR_LOST },
	  .ask = server_load_lag,
	  .fails = "SHOW REPLICA STATUS: replica db3: denied",
	  .remedy = "" },
	/* Threads, the limit of each side. */
	{ .server = { MYSQL, STATUS, { { "Threads_running", "51" } } },
	  .ask = server_load_threads,
	  .text = "replica db3: Threads_running is 51 (MaxSourceThreadsRunning 50)" },
	{ .server = { MYSQL, STATUS, { { "Threads_running", "51" } } },
	  .ask = server_load_threads,
	  .side = THROTTLE_TARGET,
	  .text = "" },
	{ .server = { MYSQL, STATUS, { { NULL } } },
	  .ask = server_load_threads,
	  .fails = "replica db3: it does not tell Threads_running",
	  .remedy = "" },
	/* History. */
	{ .server = { MARIADB, STATUS, { { "Innodb_history_list_length", "1001" } } },
	  .ask = server_load_history,
	  .text = "replica db3: the history list's length is 1001 (MaxSourceHistoryLength 1000)" },
	{ .server = { MYSQL, .rows = { { "2001" } } },
	  .ask = server_load_history,
	  .side = THROTTLE_TARGET,
	  .text = "replica db3: the history list's length is 2001 (MaxTargetHistoryLength 2000)" },
	{ .server = { MYSQL, .rows = { { "2000" } } },
	  .ask = server_load_history,
	  .side = THROTTLE_TARGET,
	  .text = "" },
	{ .server = { MYSQL },
	  .ask = server_load_history,
	  .fails = "replica db3: it does not count its history: SET GLOBAL innodb_monitor_enable = "
		   "'trx_rseg_history_len'",
	  .remedy = "" },
	{ .server = { MYSQL, .fails = ERROR_ACCESS },
	  .ask = server_load_history,
	  .fails = "replica db3: denied",
	  .remedy = "GRANT PROCESS ON *.* TO `ferry`@`%`" },
	/* The user's query. */
	{ .server = { MYSQL, .rows = { { "0" } } }, .ask = server_load_query, .text = "" },
	{ .server = { MYSQL, .rows = { { "-3" } } }, .ask = server_load_query, .text = "" },
	{ .server = { MYSQL, .rows = { { "0.5" } } },
	  .ask = server_load_query,
	  .text = "replica db3: SourceQuery answers 0.5 (SourceQueryMax 0)" },
	{ .server = { MYSQL, .rows = { { "7.0" } } },
	  .ask = server_load_query,
	  .side = THROTTLE_TARGET,
	  .text = "" },
	{ .server = { MYSQL },
	  .ask = server_load_query,
	  .text = "replica db3: SourceQuery answers with no row, or NULL" },
	{ .server = { MYSQL, .rows = { { "many" } } },
	  .ask = server_load_query,
	  .fails = "SourceQuery: its first column must be a number, not 'many'",
	  .remedy = "" },
	{ .server = { MYSQL, .rows = { { "nan" } } },
	  .ask = server_load_query,
	  .fails = "SourceQuery: its first column must be a number, not 'nan'",
	  .remedy = "" },
	{ .server = { MYSQL, .fails = ERROR_ACCESS },
	  .ask = server_load_query,
	  .side = THROTTLE_TARGET,
	  .fails = "TargetQuery: replica db3: denied",
	  .remedy = "" },
};

TEST(answers)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[THROTTLE_TEXT_SIZE] = "";
		struct error err = ERROR_INIT;
		struct buf remedy = BUF_INIT;

		server = cases[i].server;
		bool ok = cases[i].ask(&server, &limits, cases[i].side, text, &err);

		if (ok != !cases[i].fails ||
		    strcmp(ok ? text : err.text, ok ? cases[i].text : cases[i].fails) != 0)
			fail_msg("case %zu: '%s' '%s'", i, text, err.text);
		if (!ok) {
			server_load_remedy(&server, cases[i].ask, &err, &remedy);
			assert_string_equal(buf_text(&remedy), cases[i].remedy);
		}
		buf_release(&remedy);
	}
}

TEST_MAIN(cmocka_unit_test(answers))
