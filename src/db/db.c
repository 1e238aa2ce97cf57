/* A session on top of either client library.
 *
 * Connecting: options (client.c), the library's handshake, one query for what the
 * server is, one SET for the whole session (session.c), and the session's lock.
 * If any of it fails there is no session.
 *
 * A statement that fails because the connection is gone leaves the db broken:
 * everything further fails at once with a retryable error until db_ready() has
 * made a new session. The library never reconnects by itself, as that would
 * lose the set-up and the lock unseen. The server may not have noticed that the
 * session before is lost: as it holds the lock, it is found and ended first. */
#include "db/db.h"

#include <assert.h>
#include <errmsg.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/shortage.h"
#include "base/thread.h"
#include "client.h"
#include "db/sql.h"
#include "session.h"

enum { THREAD_IS_GONE = 1094 }; /* ER_NO_SUCH_THREAD */
enum { FORMER_IDS = 8 };
enum { CLOSED_WAIT_S = 5 };
enum { PREDECESSOR_WAIT_S = 30 }; /* for the rollback of its last statement */

struct db {
	const struct db_params *params; /* borrowed */
	enum db_session session;
	char *lock_name;	      /* owned; NULL: none */
	const struct db_guard *guard; /* borrowed; NULL: none */
	MYSQL *mysql;		      /* owned; NULL while broken */
	MYSQL_RES *rows;	      /* owned; the open result of db_query() */
	struct server_version version;
	unsigned generation;
	unsigned lease_s;  /* 0: none */
	bool lease_is_set; /* in this session */
	int64_t sent_ms;   /* clock_boot_ms() */
	uint64_t connection_id;
	uint64_t former[FORMER_IDS]; /* lost sessions that may hold the lock; 0: none */
	unsigned former_count;
	uint64_t max_allowed_packet;
	uint64_t packet_max; /* to be received; 0: the library's limit */
	char cipher[64];
	uint64_t affected_rows;
	unsigned warning_count;
	struct buf upload; /* borrowed: what db_load() is sending; no data: nothing */
	size_t uploaded;
};

static void thread_begin(void)
{
	(void)mysql_thread_init();
}

/* The libraries send by so many bytes, at first 8 KiB: as many again for each connection, and
 * what the servers take of LOAD DATA comes in an eighth of the system calls. */
#define SEND_BUFFER_BYTES (64ul << 10)

void db_library_init(void)
{
	unsigned long buffer = SEND_BUFFER_BYTES;

	/* Fails only for lack of memory. */
	if (mysql_library_init(0, NULL, NULL) != 0)
		shortage_found("out of memory");
	mysql_options(NULL, MYSQL_OPT_NET_BUFFER_LENGTH, &buffer);
	thread_set_hooks(thread_begin, mysql_thread_end);
}

static void drop_connection(struct db *db)
{
	if (db->mysql && db->lock_name && db->connection_id)
		db->former[db->former_count++ % FORMER_IDS] = db->connection_id;
	db->connection_id = 0;
	db->lease_is_set = false;
	if (db->rows) {
		/* Freeing reads what is still to come: hours of a large table. */
		client_hang_up(db->mysql);
		mysql_free_result(db->rows);
	}
	if (db->mysql)
		mysql_close(db->mysql);
	db->rows = NULL;
	db->mysql = NULL;
}

/* *err from the library's last error; a connection that cannot be used any more is closed. Client
 * library errors in mid-session leave the protocol in an unknown state: they count as lost. */
static bool fail(struct db *db, struct error *err)
{
	unsigned number = mysql_errno(db->mysql);
	bool is_client_error = number >= CR_MIN_ERROR && number < 3000;

	error_set(err, db_error_kind(number), "%s: %s (%u)", db->params->label,
		  mysql_error(db->mysql), number);
	err->server_code = number;
	if (is_client_error && err->kind == ERROR_SQL)
		err->kind = ERROR_LOST;
	if (number == 0) /* no complaint, but no answer either */
		error_set(err, ERROR_LOST, "%s: the server ended the connection", db->params->label);
	if (is_client_error || err->kind == ERROR_LOST)
		drop_connection(db);
	return false;
}

static bool fail_broken(const struct db *db, struct error *err)
{
	return error_set(err, ERROR_LOST, "%s: not connected", db->params->label);
}

bool db_fail(struct db *db, struct error *err, const char *doing)
{
	if (!db->mysql)
		return fail_broken(db, err);
	fail(db, err);
	drop_connection(db);
	return error_wrap(err, "%s", doing);
}

/* --- LOAD DATA LOCAL: called by the library when the server requests the file ------------- */

/* Whatever file the server names. */
static int upload_begin(void **at, const char *name UNUSED, void *db)
{
	*at = db;
	return ((struct db *)db)->upload.data ? 0 : 1;
}

static int upload_read(void *at, char *bytes, unsigned room)
{
	struct db *db = at;
	size_t left = db->upload.length - db->uploaded;
	size_t count = left < room ? left : room;

	memcpy(bytes, db->upload.data + db->uploaded, count);
	db->uploaded += count;
	return (int)count;
}

static void upload_end(void *at UNUSED)
{
}

static int upload_error(void *at UNUSED, char *text, unsigned room)
{
	snprintf(text, room, "no file is given to the server");
	return CR_UNKNOWN_ERROR;
}

/* "Records: 3  Deleted: 0  Skipped: 1  Warnings: 1", in whatever language. */
static void read_counts(const char *info, struct db_load_counts *counts)
{
	uint64_t *const fields[] = { &counts->rows, NULL, &counts->skipped, &counts->warnings };
	size_t found = 0;

	*counts = (struct db_load_counts){ .are_known = false };
	for (const char *at = info; at && *at && found < ARRAY_LEN(fields);) {
		char *end;
		uint64_t number;

		if (*at < '0' || *at > '9') {
			at++;
			continue;
		}
		number = strtoull(at, &end, 10);
		if (fields[found])
			*fields[found] = number;
		found++;
		at = end;
	}
	counts->are_known = found == ARRAY_LEN(fields);
}

static bool connect_handle(struct db *db, struct error *err)
{
	const struct db_params *p = db->params;
	unsigned allowed = 1;

	db->mysql = mysql_init(NULL);
	if (!db->mysql)
		return error_set(err, ERROR_SYSTEM, "%s: out of memory", p->label);
	if (!client_set_options(db->mysql, p, db->packet_max, err))
		return false;
	if (db->session == DB_SESSION_WRITE) {
		mysql_options(db->mysql, MYSQL_OPT_LOCAL_INFILE, &allowed);
		mysql_set_local_infile_handler(db->mysql, upload_begin, upload_read, upload_end,
					       upload_error, db);
	}
	if (mysql_real_connect(db->mysql, p->is_unix ? NULL : p->host, p->user,
			       p->pass ? p->pass : "", NULL, p->is_unix ? 0 : p->port,
			       p->is_unix ? p->host : NULL, 0)) {
		client_keep_alive(db->mysql, p);
		return true;
	}
	fail(db, err);
	if (err->server_code == DB_PLUGIN_REFUSED) {
		/* The library's own text shows what it has sent, in place of the name. */
		error_set(err, ERROR_ACCESS,
			  "%s: the server asks for the password by a plugin that would show it to "
			  "whoever answers (mysql_clear_password, dialog)",
			  p->label);
		err->server_code = DB_PLUGIN_REFUSED;
	}
	if (err->server_code == CR_SSL_CONNECTION_ERROR && p->use_tls)
		error_wrap(err, "TLS with CertPath %s",
			   p->tls_ca_path ? p->tls_ca_path : "of the system");
	if (p->is_unix)
		return error_wrap(err, "connecting to %s", p->host);
	return error_wrap(err, "connecting to %s:%u", p->host, p->port);
}

/* The greeting's connection id has 32 bits only and its version may be made up. Until the
 * session is set up the server's settings hold, or those of init_connect: sql_select_limit
 * may be 0 and character_set_results be utf16. */
static bool query_identity(struct db *db, struct error *err)
{
	static const char sql[] =
		"SELECT CAST(@@version AS BINARY), CAST(@@version_comment AS BINARY),"
		" CAST(@@max_allowed_packet AS BINARY), CAST(CONNECTION_ID() AS BINARY) LIMIT 1";
	enum db_fetch fetched;
	struct db_row row;
	bool ok;

	if (!db_query(db, sql, strlen(sql), err) || !db_check_columns(db, 4, err))
		return false;
	fetched = db_row_next(db, &row, err);
	if (fetched == DB_FAILED)
		return false;
	ok = fetched == DB_ROW && row.values[0] && row.values[1] && row.values[2] && row.values[3];
	if (!ok) {
		db_row_finish(db);
		return error_set(err, ERROR_SQL, "%s: the server does not say what it is",
				 db->params->label);
	}
	ok = server_version_parse(row.values[0], row.values[1], &db->version, err);
	db->max_allowed_packet = strtoull(row.values[2], NULL, 10);
	db->connection_id = strtoull(row.values[3], NULL, 10);
	db_row_finish(db);
	return ok;
}

/* *holder: the connection that holds it; 0 when we got it or it is free. */
static bool try_lock(struct db *db, unsigned wait_s, uint64_t *holder, struct error *err)
{
	struct buf sql = BUF_INIT;
	struct db_row row;
	bool ok = false;
	enum db_fetch fetched = DB_FAILED;

	*holder = 0;
	buf_puts(&sql, "SELECT GET_LOCK(");
	sql_text(&sql, db->lock_name);
	buf_printf(&sql, ", %u), IS_USED_LOCK(", wait_s);
	sql_text(&sql, db->lock_name);
	buf_putc(&sql, ')');
	if (db_query(db, sql.data, sql.length, err) && db_check_columns(db, 2, err))
		fetched = db_row_next(db, &row, err);
	if (fetched == DB_END)
		error_set(err, ERROR_CORRUPT, "%s: no answer about the lock '%s'",
			  db->params->label, db->lock_name);
	if (fetched == DB_ROW) {
		ok = row.values[0] && strcmp(row.values[0], "1") == 0;
		if (!ok) {
			*holder = row.values[1] ? strtoull(row.values[1], NULL, 10) : 0;
			error_set(err, ERROR_BUSY, "%s: the lock '%s' is held by connection %s",
				  db->params->label, db->lock_name,
				  row.values[1] ? row.values[1] : "(unknown)");
		}
		db_row_finish(db);
	}
	buf_release(&sql);
	return ok;
}

/* After a lost connection the holder is the session that was lost: the server may not have noticed,
 * or is still busy with its last statement. That is ended and waited for, as it must not commit
 * later. Any other holder belongs to another process. */
static bool acquire_lock(struct db *db, struct error *err)
{
	struct error ignored = ERROR_INIT;
	bool was_ours = false;
	uint64_t holder;

	if (try_lock(db, 0, &holder, err))
		return true;
	if (err->kind != ERROR_BUSY)
		return false;
	for (unsigned i = 0; i < FORMER_IDS; i++)
		was_ours |= db->former[i] == holder;
	/* Under the guard all such locks are this process's: of a session that was closed a
	 * moment ago, and that the server is about to end. */
	if (db->guard && !was_ours)
		return try_lock(db, CLOSED_WAIT_S, &holder, err);
	if (holder == 0 || !was_ours)
		return false;
	if (!db_kill(db, holder, &ignored) && !db->mysql) {
		*err = ignored;
		return false;
	}
	return try_lock(db, PREDECESSOR_WAIT_S, &holder, err);
}

/* Our own lock first, then this check: a process that takes the guard's lock after it finds
 * our lock taken and waits for us. */
static bool check_guard(struct db *db, struct error *err)
{
	uint64_t holder = db->guard ? atomic_load(&db->guard->holder) : 0;
	struct buf found = BUF_INIT;
	bool ok;

	if (!db->guard)
		return true;
	ok = db_value(db, &found, NULL, err, "SELECT IS_USED_LOCK('%s')", db->guard->lock_name);
	if (ok && (holder == 0 || strtoull(buf_text(&found), NULL, 10) != holder))
		ok = error_set(err, ERROR_LOST, "%s: the lock '%s' is not held by us just now",
			       db->params->label, db->guard->lock_name);
	buf_release(&found);
	return ok;
}

/* Needs a privilege that few accounts have; without it the server's own setting holds.
 * False only when the connection is lost. */
static bool try_to_set(struct db *db, const char *assignment, struct error *err)
{
	struct error ignored = ERROR_INIT;

	if (!db_execf(db, &ignored, "SET SESSION %s", assignment) && !db->mysql) {
		*err = ignored;
		return false;
	}
	return true;
}

static bool set_privileged(struct db *db, struct error *err)
{
	bool is_mysql = db->version.flavour == FLAVOUR_MYSQL;

	if (db->session != DB_SESSION_WRITE)
		return true;
	/* Tables made here shall get no key of the server's own making. */
	if (is_mysql && db->version.number >= 80030 &&
	    !try_to_set(db, "sql_generate_invisible_primary_key=0", err))
		return false;
	return !db->params->logs_statements ||
	       try_to_set(db,
			  is_mysql ? "binlog_rows_query_log_events=1" :
				     "binlog_annotate_row_events=1",
			  err);
}

/* A server in the middle of a packet, or sending one, waits no longer either. */
static bool set_lease(struct db *db, struct error *err)
{
	if (db->lease_s == 0)
		return true;
	db->lease_is_set = db_execf(db, err,
				    "SET SESSION wait_timeout=%u, net_read_timeout=%u, "
				    "net_write_timeout=%u",
				    db->lease_s, db->lease_s, db->lease_s);
	return db->lease_is_set;
}

/* Of a binlog session what the greeting says must do; it does not answer the few questions
 * of the feed if sql_select_limit is 0, and MariaDB's library ends the process then. */
static bool begin_session(struct db *db, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	if (db->session == DB_SESSION_BINLOG) {
		db->connection_id = mysql_thread_id(db->mysql);
		return server_version_parse(mysql_get_server_info(db->mysql), NULL, &db->version,
					    err) &&
		       db_execf(db, err,
				"SET sql_select_limit = 18446744073709551615, "
				"character_set_results = NULL");
	}
	if (!query_identity(db, err))
		return false;
	session_setup(&sql, db->params, db->session, &db->version);
	ok = db_exec(db, sql.data, sql.length, err);
	buf_release(&sql);
	if (!ok)
		return error_wrap(err, "setting up the session");
	/* The lock is never held without its lease. */
	return set_privileged(db, err) && set_lease(db, err) &&
	       (!db->lock_name || acquire_lock(db, err)) && check_guard(db, err);
}

bool db_ask_identity(struct db *db, struct db_identity *identity, struct error *err)
{
	bool is_mysql = db->version.flavour == FLAVOUR_MYSQL;
	struct buf text = BUF_INIT;
	bool ok = db_value(db, &text, NULL, err, "%s",
			   is_mysql ? "SELECT @@global.server_uuid" :
				      "SELECT CONCAT(@@global.server_id, '@', @@global.hostname)");

	if (ok)
		snprintf(identity->text, sizeof(identity->text), "%s", buf_text(&text));
	buf_release(&text);
	return ok;
}

/* A reconnect may reach another server, which has other rows and positions. */
static bool check_identity(struct db *db, struct error *err)
{
	const struct db_identity *wanted = db->params->identity;
	struct db_identity found;

	if (!wanted || !wanted->text[0])
		return true;
	if (!db_ask_identity(db, &found, err))
		return false;
	if (strcmp(wanted->text, found.text) == 0)
		return true;
	return error_set(err, ERROR_PREFLIGHT,
			 "%s: another server answers at %s now (%s) than the one this run began with "
			 "(%s), after a failover perhaps: resume from the state; where both have "
			 "GTIDs it goes on there",
			 db->params->label, db->params->host, found.text, wanted->text);
}

static bool connect_session(struct db *db, struct error *err)
{
	const char *cipher;

	if (!connect_handle(db, err) || !begin_session(db, err) || !check_identity(db, err)) {
		drop_connection(db);
		return false;
	}
	cipher = mysql_get_ssl_cipher(db->mysql);
	snprintf(db->cipher, sizeof(db->cipher), "%s", cipher ? cipher : "");
	db->generation++;
	return true;
}

struct db *db_new(const struct db_params *params, enum db_session session, const char *lock_name)
{
	struct db *db = mem_calloc(1, sizeof(*db));

	db->params = params;
	db->session = session;
	db->lock_name = lock_name ? mem_strdup(lock_name) : NULL;
	return db;
}

void db_set_guard(struct db *db, const struct db_guard *guard)
{
	db->guard = guard;
}

struct db *db_open(const struct db_params *params, enum db_session session, const char *lock_name,
		   struct error *err)
{
	struct db *db = db_new(params, session, lock_name);

	if (!connect_session(db, err)) {
		db_close(db);
		return NULL;
	}
	return db;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	drop_connection(db);
	free(db->lock_name);
	free(db);
}

void db_set_packet_max(struct db *db, uint64_t bytes)
{
	drop_connection(db);
	db->packet_max = bytes;
}

bool db_row_may_be_too_large(const struct error *err)
{
#ifdef MARIADB_BASE_VERSION
	if (err->server_code == CR_SERVER_LOST)
		return true;
#endif
	return err->server_code == CR_NET_PACKET_TOO_LARGE;
}

bool db_ready(struct db *db, struct error *err)
{
	return db->mysql || connect_session(db, err);
}

void db_set_lease(struct db *db, unsigned seconds)
{
	db->lease_s = seconds;
	db->lease_is_set = false;
}

bool db_renew(struct db *db, struct error *err)
{
	return db->lease_is_set || db->lease_s == 0 ? db_execf(db, err, "DO 0") : set_lease(db, err);
}

int64_t db_idle_ms(const struct db *db)
{
	return clock_boot_ms() - db->sent_ms;
}

bool db_is_broken(const struct db *db)
{
	return !db->mysql;
}

unsigned db_generation(const struct db *db)
{
	return db->generation;
}

const struct server_version *db_version(const struct db *db)
{
	return &db->version;
}

uint64_t db_connection_id(const struct db *db)
{
	return db->connection_id;
}

const char *db_label(const struct db *db)
{
	return db->params->label;
}

uint64_t db_max_allowed_packet(const struct db *db)
{
	return db->max_allowed_packet;
}

const char *db_tls_cipher(const struct db *db)
{
	return db->cipher;
}

bool db_load(struct db *db, const char *sql, size_t length, const struct buf *text,
	     struct db_load_counts *counts, struct error *err)
{
	assert(db->session == DB_SESSION_WRITE);
	db->upload = *text;
	db->uploaded = 0;

	bool ok = db_exec(db, sql, length, err);

	db->upload = (struct buf)BUF_INIT;
	if (ok)
		read_counts(mysql_info(db->mysql), counts);
	return ok;
}

uint64_t db_affected_rows(const struct db *db)
{
	return db->affected_rows;
}

unsigned db_warning_count(const struct db *db)
{
	return db->warning_count;
}

static bool send_statement(struct db *db, const char *sql, size_t length, struct error *err)
{
	assert(!db->rows);
	if (!db->mysql)
		return fail_broken(db, err);
	db->sent_ms = clock_boot_ms();
	if (mysql_real_query(db->mysql, sql, (unsigned long)length) != 0)
		return fail(db, err);
	return true;
}

bool db_exec(struct db *db, const char *sql, size_t length, struct error *err)
{
	int more;

	if (!send_statement(db, sql, length, err))
		return false;
	db->affected_rows = mysql_affected_rows(db->mysql);
	do {
		MYSQL_RES *result = mysql_use_result(db->mysql);

		while (result && mysql_fetch_row(result))
			;
		if (mysql_errno(db->mysql) != 0) {
			db->rows = result; /* freed with the connection, or here */
			fail(db, err);
			db_row_finish(db);
			return false;
		}
		mysql_free_result(result);
		db->warning_count = mysql_warning_count(db->mysql);
		more = mysql_next_result(db->mysql); /* a CALL has several */
	} while (more == 0);
	return more < 0 || fail(db, err);
}

PRINTF(1, 0)
static char *print_text(const char *format, va_list args, size_t *length)
{
	va_list again;
	int printed;

	assert(format);
	va_copy(again, args);
	printed = vsnprintf(NULL, 0, format, again);
	va_end(again);
	assert(printed >= 0);
	char *text = mem_alloc((size_t)printed + 1);

	vsnprintf(text, (size_t)printed + 1, format, args);
	*length = (size_t)printed;
	return text;
}

bool db_execf(struct db *db, struct error *err, const char *format, ...)
{
	va_list args;
	size_t length;
	char *sql;
	bool ok;

	va_start(args, format);
	sql = print_text(format, args, &length);
	va_end(args);
	ok = db_exec(db, sql, length, err);
	free(sql);
	return ok;
}

bool db_query(struct db *db, const char *sql, size_t length, struct error *err)
{
	if (!send_statement(db, sql, length, err))
		return false;
	db->rows = mysql_use_result(db->mysql);
	if (db->rows)
		return true;
	if (mysql_errno(db->mysql) != 0)
		return fail(db, err);
	return error_set(err, ERROR_SQL, "%s: the statement gives no rows", db->params->label);
}

bool db_queryf(struct db *db, struct error *err, const char *format, ...)
{
	va_list args;
	size_t length;
	char *sql;
	bool ok;

	va_start(args, format);
	sql = print_text(format, args, &length);
	va_end(args);
	ok = db_query(db, sql, length, err);
	free(sql);
	return ok;
}

bool db_check_columns(struct db *db, unsigned count, struct error *err)
{
	unsigned found = db->rows ? mysql_num_fields(db->rows) : 0;

	if (found == count)
		return true;
	db_row_finish(db);
	return error_set(err, ERROR_CORRUPT, "%s: the server answers with %u columns, not %u",
			 db->params->label, found, count);
}

enum db_fetch db_row_next(struct db *db, struct db_row *row, struct error *err)
{
	MYSQL_ROW values;

	if (!db->rows) {
		fail_broken(db, err);
		return DB_FAILED;
	}
	values = mysql_fetch_row(db->rows);
	if (values) {
		row->values = (const char *const *)values;
		row->lengths = mysql_fetch_lengths(db->rows);
		row->count = mysql_num_fields(db->rows);
		return DB_ROW;
	}
	if (mysql_errno(db->mysql) == 0) {
		db->warning_count = mysql_warning_count(db->mysql);
		db_row_finish(db);
		return DB_END;
	}
	fail(db, err);
	db_row_finish(db);
	return DB_FAILED;
}

void db_row_finish(struct db *db)
{
	if (!db->rows)
		return;
	mysql_free_result(db->rows); /* reads and drops what is still to come */
	db->rows = NULL;
}

const char *db_column_name(const struct db *db, unsigned index)
{
	assert(db->rows && index < mysql_num_fields(db->rows));
	return mysql_fetch_field_direct(db->rows, index)->name;
}

const char *db_row_text(const struct db_row *row, unsigned index)
{
	return index < row->count && row->values[index] ? row->values[index] : "";
}

bool db_value(struct db *db, struct buf *value, bool *found, struct error *err, const char *format,
	      ...)
{
	enum db_fetch fetched = DB_FAILED;
	bool is_there = false;
	struct db_row row;
	va_list args;
	size_t length;
	char *sql;

	buf_clear(value);
	va_start(args, format);
	sql = print_text(format, args, &length);
	va_end(args);
	if (db_query(db, sql, length, err) && db_check_columns(db, 1, err))
		fetched = db_row_next(db, &row, err);
	free(sql);
	is_there = fetched == DB_ROW && row.values[0];
	if (is_there)
		buf_add(value, row.values[0], row.lengths[0]);
	db_row_finish(db);
	if (found)
		*found = is_there;
	return fetched != DB_FAILED;
}

bool db_kill(struct db *db, uint64_t connection_id, struct error *err)
{
	struct error failure = ERROR_INIT;

	if (db_execf(db, &failure, "KILL %llu", (unsigned long long)connection_id))
		return true;
	if (failure.server_code == THREAD_IS_GONE)
		return true;
	*err = failure;
	return false;
}

void *db_native(struct db *db)
{
	return db->mysql;
}
