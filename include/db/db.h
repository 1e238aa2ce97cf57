/* One session with one server, used by one thread for its whole life.
 *
 * Every session is set up alike (see db_open()), so that values travel as the
 * bytes the server holds. A lost connection makes the db broken: the statement
 * fails with a retryable error and the next db_ready() reconnects and sets
 * the session up again, so a retry loop is: db_ready(), statement.
 *
 * Works with MariaDB Connector/C and Oracle's libmysqlclient. */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "db/server.h"

/* The identity of a server: @@server_uuid, or MariaDB's server id and host name. */
#define DB_IDENTITY_SIZE 64
struct db_identity {
	char text[DB_IDENTITY_SIZE]; /* "": not known yet */
};

/* What of a certificate is checked. */
enum db_tls_verify {
	DB_TLS_FULL, /* its chain and the server's name */
	DB_TLS_CA,   /* its chain */
	DB_TLS_NONE, /* nothing: keeps out eavesdroppers, but not an impostor */
};

struct db_computing;

/* How to reach a server. Everything is borrowed and must outlive the db. */
struct db_params {
	const char *label; /* "source", "target": for messages and logs */
	const char *host;  /* name or address; the socket's path when is_unix */
	unsigned port;	   /* not used when is_unix */
	bool is_unix;
	const char *user;
	const char *pass;      /* never logged */
	const char *pass_file; /* or where it is read from: by config_validate() */
	const char *pass_env;
	const char *collation;	/* NULL or "": utf8mb4_general_ci; one of another charset is
				 * checked and then not used: statements are utf8mb4 */
	struct map variables;	/* set in each session: name -> SQL (char *), "'x'" or "5" */
	const char *marginalia; /* text of the comment in front of every statement */
	bool use_tls;		/* required then */
	enum db_tls_verify tls_verify;
	const char *tls_ca_path;     /* PEM; NULL: the system's */
	const char *tls_server_name; /* expected in the certificate; NULL: host. Neither
				      * library can check a name other than the host:
				      * ERROR_CONFIG, rather than not checking */
	const char *tls_cert_path;   /* client certificate, or NULL */
	const char *tls_key_path;
	/* Once its text is set, another server that answers under this address (after a
	 * failover behind a name, a virtual address, a proxy) is refused with
	 * ERROR_PREFLIGHT at each (re)connect, of all sessions. NULL: any will do. */
	const struct db_identity *identity;
	const struct db_computing *computing; /* what the source computes by, for sessions of the
					       * target; NULL: the server's own settings */
	unsigned connect_timeout_s;	      /* 0: 10 */
	unsigned read_timeout_s;	      /* 0: none */
	unsigned write_timeout_s;	      /* 0: none */
	bool logs_statements; /* what a DB_SESSION_WRITE sends shall stand in the binlog beside its
			       * rows, where the account may ask for that */
	unsigned network_timeout_s; /* the other side's system says nothing at all; 0: 120 */
};

enum db_session {
	/* Reads rows and metadata: READ COMMITTED, autocommit, lock_wait_timeout=60. */
	DB_SESSION_READ,
	/* Writes rows: additionally foreign_key_checks=0 and lock_wait_timeout=300. */
	DB_SESSION_WRITE,
	/* Carries a binlog dump: next to no set-up, no lock, nothing else is sent. The version
	 * is the greeting's, db_max_allowed_packet() is 0. */
	DB_SESSION_BINLOG,
};

/* The sql_mode of all our sessions, less what is strict in the second.
 *
 * Servers parse the text of generated columns, CHECKs, DEFAULT (expr), functional keys and
 * partitions when they open a table, in the sql_mode of whichever session opens it, and MySQL
 * serves that instance to everybody. They keep the text in the default dialect whatever dialect it
 * was written in (ANSI_QUOTES, PIPES_AS_CONCAT, HIGH_NOT_PRECEDENCE, REAL_AS_FLOAT,
 * NO_BACKSLASH_ESCAPES: tried), as SHOW CREATE TABLE prints it. So a mode here must not affect how
 * text is read or computed: none of those, nor IGNORE_SPACE, NO_UNSIGNED_SUBTRACTION (which is
 * built into the instance too), PAD_CHAR_TO_FULL_LENGTH and TIME_TRUNCATE_FRACTIONAL. Nor
 * NO_ZERO_DATE, with which a table that has CHECK (d <> DATE'0000-00-00') cannot be opened.
 *
 * What is left is for rows: strict about data, keeps 0 in AUTO_INCREMENT columns, takes
 * zero and invalid dates as they are stored. */
#define DB_SQL_MODE "STRICT_ALL_TABLES," DB_LAX_SQL_MODE
#define DB_LAX_SQL_MODE "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION"

/* The server code of a connection that was given up because the server asked for the password in
 * the clear, and its identity is not verified. (MariaDB's library.) */
#define DB_PLUGIN_REFUSED 5010

struct db; /* opaque: hides the client library */

/* mysql_library_init and the per-thread hooks; once, in main, before threads. */
void db_library_init(void);

/* Connects (once, no retry) and sets the session up:
 *   wait_timeout and net_read/write_timeout raised to hours, no limit on statements;
 *   then the params' variables ("charset" is taken for SET NAMES and checked);
 *   then, as these must not be overridden: SET NAMES utf8mb4 [COLLATE ...],
 *   character_set_results = NULL (values come as stored), time_zone '+00:00',
 *   the sql_mode above, READ COMMITTED, autocommit, no limit on rows, the settings by
 *   which expressions are computed (db/computing.h); and what else would affect statements.
 * max_allowed_packet of the client is 1 GiB. A network that carries nothing counts as lost after
 * network_timeout_s, however long statements may take. A server that asks for a file gets none.
 * lock_name, when not NULL, is taken with GET_LOCK(name, 0) after every (re)connect and failing to
 * get it is an ERROR_BUSY; the string is copied. An earlier session of the same db that still holds
 * it is killed and waited for. NULL and *err on failure. */
struct db *db_open(const struct db_params *params, enum db_session session, const char *lock_name,
		   struct error *err) MUST_CHECK;
/* The same without connecting: broken until db_ready(). */
struct db *db_new(const struct db_params *params, enum db_session session, const char *lock_name);

/* A lock of another session without which this one must not work. */
struct db_guard {
	char lock_name[64];
	_Atomic uint64_t holder; /* its connection id; 0: not held now */
};
/* Each new session is given up with ERROR_LOST unless the holder has the guard's lock
 * at that moment, asked for once it has its own. Borrowed; before the first db_ready(). */
void db_set_guard(struct db *db, const struct db_guard *guard);
/* NULL is fine. */
void db_close(struct db *db);

/* The largest packet, that is row, to be received: one that is larger fails before there
 * is memory for it. Ends the connection, and with it the library's buffer, which never
 * shrinks; db_ready() makes the next one. */
void db_set_packet_max(struct db *db, uint64_t bytes);
/* May that be why db_row_next() failed? MariaDB's library reports it as a lost
 * connection. */
bool db_row_may_be_too_large(const struct error *err);

/* Reconnects when the connection was lost. */
bool db_ready(struct db *db, struct error *err) MUST_CHECK;
/* The server is to end the session, and so release its lock, when it has received nothing for so
 * long, as when the client's machine has died. From the next statement sent by db_renew() on, and
 * of each new session. */
void db_set_lease(struct db *db, unsigned seconds);
/* A sign of life. */
bool db_renew(struct db *db, struct error *err) MUST_CHECK;
/* Milliseconds since something was sent. */
int64_t db_idle_ms(const struct db *db);
bool db_is_broken(const struct db *db);
/* Counts up with each reconnect; session state (temporary settings) is gone then. */
unsigned db_generation(const struct db *db);
/* Known from the first connect on. */
const struct server_version *db_version(const struct db *db);
uint64_t db_connection_id(const struct db *db);
const char *db_label(const struct db *db);
bool db_ask_identity(struct db *db, struct db_identity *identity, struct error *err) MUST_CHECK;
/* @@max_allowed_packet of the server, read at connect; bytes. */
uint64_t db_max_allowed_packet(const struct db *db);
/* The session's cipher, "" without TLS. */
const char *db_tls_cipher(const struct db *db);

/* Runs one statement, any result set is read and dropped. Affected rows are then
 * in db_affected_rows(), the number of warnings in db_warning_count(). Errors:
 * kind by the server's error number (db_error_kind()), text
 *   "<label>: <server text> (<number>)" without the statement. */
bool db_exec(struct db *db, const char *sql, size_t length, struct error *err) MUST_CHECK;
/* The same for built texts; PRINTF formats must not carry foreign text unquoted. */
bool db_execf(struct db *db, struct error *err, const char *format, ...) PRINTF(3, 4) MUST_CHECK;
uint64_t db_affected_rows(const struct db *db);
unsigned db_warning_count(const struct db *db);

/* Runs a LOAD DATA LOCAL INFILE in a DB_SESSION_WRITE: text is what the server gets for the
 * file, whichever it asks for, during this call and never else. */
struct db_load_counts {
	bool are_known;	  /* the server has reported the following */
	uint64_t rows;	  /* in the text */
	uint64_t skipped; /* of them, as a unique value was there already, or not to be stored */
	uint64_t warnings;
};
bool db_load(struct db *db, const char *sql, size_t length, const struct buf *text,
	     struct db_load_counts *counts, struct error *err) MUST_CHECK;

/* Runs one query and hands its rows out one by one as the server sends them
 * (nothing is stored). db_row_next() until it does not say DB_ROW, or
 * db_row_finish() earlier: that reads and drops the rest. While rows are open no
 * other statement may be sent. Values are valid until the next call. */
enum db_fetch { DB_ROW, DB_END, DB_FAILED };
struct db_row {
	const char *const *values; /* NULL pointer: SQL NULL; may hold any bytes */
	const unsigned long *lengths;
	unsigned count;
};
bool db_query(struct db *db, const char *sql, size_t length, struct error *err) MUST_CHECK;
bool db_queryf(struct db *db, struct error *err, const char *format, ...) PRINTF(3, 4) MUST_CHECK;
/* After db_query(): is the number of columns the expected one? If not, the result is dropped: no
 * known server answers so. */
bool db_check_columns(struct db *db, unsigned count, struct error *err) MUST_CHECK;
enum db_fetch db_row_next(struct db *db, struct db_row *row, struct error *err) MUST_CHECK;
void db_row_finish(struct db *db);
/* "" for NULL, and for a column that is not there. */
const char *db_row_text(const struct db_row *row, unsigned index);
/* Name of a column of the open result. */
const char *db_column_name(const struct db *db, unsigned index);

/* First column of the first row as text, NUL added; "" for NULL or no row, and
 * *found (may be NULL) says whether there was a row with a value. buf is
 * cleared first. */
bool db_value(struct db *db, struct buf *value, bool *found, struct error *err, const char *format,
	      ...) PRINTF(5, 6) MUST_CHECK;

/* Kills another session of the same server through this one. It is no failure if that session is
 * already gone. */
bool db_kill(struct db *db, uint64_t connection_id, struct error *err) MUST_CHECK;

/* The table behind error kinds; by the server's or client library's number. */
enum error_kind db_error_kind(unsigned number);
/* ERROR_BUSY that passes by itself: other transactions, or our own, were in the way. */
bool db_error_is_deadlock(const struct error *err);
bool db_error_is_lock_wait(const struct error *err);

/* For src/stream/feed.c alone: the client library's handle, MYSQL *. */
void *db_native(struct db *db);
/* For the same: marks the connection lost (or used up) and fills *err from the
 * client library's last error. Always false. */
bool db_fail(struct db *db, struct error *err, const char *doing);

#endif
