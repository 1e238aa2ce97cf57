/* The configuration: one JSON file, read once at start, plain data afterwards.
 *
 * The keys, where each is stored, its default and its help are one table
 * (app/options.h); this header is what comes out. main calls config_load(), logs
 * the warnings, calls config_validate() and may then lend parts of the struct to
 * the layers below, until config_release(). Nothing here logs or exits.
 *
 * Strings are owned, and NULL when not set or set to "". Maps are owned with all
 * their values, in the order of the file. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/json.h"
#include "base/map.h"

struct config_list {
	char **items; /* owned, each owned too */
	size_t count;
};

/* A duration in Go's notation. */
struct config_duration {
	char *text; /* as configured; NULL: none */
	int64_t ns; /* set by config_validate() where the key is in use; 0: none */
};

struct tls_config {
	char *verify; /* full, ca, none */
	bool enabled;		/* the object is there */
	char *cert_path;	/* PEM file of CA certificates; NULL: the system's */
	char *server_name;	/* expected in the server's certificate; NULL: Host */
	char *client_cert_path; /* PEM; NULL: none; needs the key too */
	char *client_key_path;
};

struct database_config {
	bool given; /* the object is there */
	char *host; /* the path of the socket when net is "unix" */
	uint16_t port; /* not used when net is "unix" */
	char *net; /* "tcp" or "unix" */
	char *user;
	/* At most one of the next three. */
	char *pass;
	char *pass_file; /* password: first line of this file */
	char *pass_env;	 /* password: value of this environment variable */
	char *password;	 /* whichever it was, set by config_validate(); NULL: none */
	char *collation; /* of the connection; NULL: utf8mb4_general_ci */
	struct map params; /* session variable -> SQL text (char *) */
	struct tls_config tls;
	uint32_t connect_timeout_s;
	uint32_t network_timeout_s;
	uint32_t read_timeout_s;  /* 0: none */
	uint32_t write_timeout_s; /* 0: none */
	char *marginalia; /* text of the comment in front of every statement */
};

struct filter_and_rewrite {
	struct config_list whitelist; /* not empty: only these names */
	struct config_list blacklist; /* else: all but these */
	struct map rewrites; /* source name -> target name (char *) */
};

struct http_callback {
	char *uri; /* NULL: off */
	char *payload;
};

struct control_server_config {
	bool enabled;
	char *server_bind_addr; /* "host:port" */
	char *web_basedir;	/* directory that holds webui/ */
	struct map custom_scripts; /* name -> argv (struct config_list *) */
};

struct inline_verifier_config {
	struct config_duration max_expected_downtime; /* none: no limit */
	struct config_duration verify_binlog_events_interval;
};

struct iterative_verifier_config {
	struct config_list ignored_tables;
	struct map ignored_columns; /* table -> columns (struct config_list *) */
	unsigned concurrency;
	struct config_duration max_expected_downtime; /* none: no limit */
	struct map table_column_compression; /* table -> map: column -> algorithm (char *) */
};

struct cascading_pagination_config {
	struct map per_table; /* database -> map: table -> column (char *) */
	char *fallback_column;
};

/* Rows per batch by average row size. */
struct config_point {
	uint64_t row_size; /* bytes */
	uint64_t batch_size;
};

struct config_points {
	struct config_point *items; /* owned; by row_size, ascending */
	size_t count;
};

struct batch_size_override {
	bool enabled; /* the object is there */
	uint64_t min_row_size;
	uint64_t max_row_size;
	struct config_points control_points;
	struct map table_override; /* database -> map: table -> rows (uint64_t *) */
};

/* What POST /api/config may change. */
struct updatable_config {
	uint64_t data_iteration_batch_size; /* rows; 0: sized by the next */
	uint64_t data_iteration_batch_bytes;
};

struct config {
	struct database_config source;
	struct database_config target;

	/* What is copied, and under which names. */
	struct filter_and_rewrite databases;
	struct filter_and_rewrite tables;
	struct config_list tables_to_be_created_first; /* "db.table", source names */
	bool allow_existing_target_table;
	bool allow_tables_without_key;
	bool allow_inexact_json;
	struct cascading_pagination_config cascading_pagination;

	/* A source that is a replica itself. */
	bool run_ferry_from_replica;
	struct database_config source_replication_master;
	char *replicated_master_position_query;
	struct config_duration open_transactions_timeout; /* 0: only named */
	struct config_duration wait_for_replication_timeout; /* none: no limit */

	/* How fast. */
	unsigned data_iteration_concurrency;
	unsigned binlog_writer_concurrency;
	unsigned binlog_event_batch_size; /* events; 0: sized by bytes */
	struct updatable_config updatable;
	struct batch_size_override batch_size_override;
	uint64_t memory_limit; /* bytes of rows and row changes held */
	bool enable_row_batch_size; /* count bytes written in the progress */

	/* How stubbornly: attempts in all. */
	unsigned db_read_retries;
	unsigned db_write_retries;
	unsigned server_away_timeout_s;
	uint32_t my_server_id; /* 0: a random unused one */

	/* Interrupt and resume. Either of the two booleans is enough, see
	 * config_prints_state(). */
	bool dump_state_on_signal;
	bool dump_state_to_stdout_on_error;
	bool do_not_include_schema_cache_in_state_dump;
	char *state_file; /* NULL: off */
	cJSON *state_to_resume_from; /* owned; an object, or NULL */

	/* Checks that may be left out. */
	bool skip_binlog_row_image_check;
	bool skip_foreign_key_constraints_check;
	bool skip_target_verification;
	bool verifier_repair;
	bool allow_super_user_on_read_only;

	/* Verification. */
	char *verifier_type; /* NULL: none */
	struct inline_verifier_config inline_verifier;
	struct iterative_verifier_config iterative_verifier;
	struct map compressed_columns; /* database -> table -> column -> algorithm (char *) */
	struct map ignored_columns; /* database -> table -> column -> (something) */
	struct map force_index; /* database -> table -> index (char *) */

	/* Cutover and those who watch. */
	bool automatic_cutover;
	struct http_callback cutover_lock;
	struct http_callback cutover_unlock;
	unsigned max_cutover_retries; /* attempts to lock */
	unsigned cutover_retry_wait_s;
	struct control_server_config control_server;
	struct http_callback progress_callback;
	unsigned progress_report_frequency_ms;
	struct http_callback state_callback;
	unsigned state_report_frequency_ms;
	struct http_callback error_callback;

	/* Log. */
	char *log_backend; /* NULL: as the environment says */
	char *log_level;   /* NULL: as the environment says */
	bool enable_pprof; /* accepted, without effect */
};

/* What should be said about a configuration that is used nevertheless. */
struct config_warnings {
	struct config_list texts;
};

/* Sets every default. */
void config_init(struct config *config);
/* config is as zeroed memory afterwards; fine on zeroed memory too. */
void config_release(struct config *config);
/* Appends text and takes ownership of it. */
void config_warn(struct config_warnings *warnings, char *text);
void config_warnings_release(struct config_warnings *warnings);

/* Reads the file over the defaults; config need not be initialised, and must be
 * released also after a failure. All errors are ERROR_CONFIG. Messages:
 *   <path> does not exist
 *   failed to open config file: ...
 *   failed to parse config file: <place or dotted path>: ...
 * Warnings (unknown and deprecated keys) are appended. A StateFile that is the
 * configuration itself is refused. */
bool config_load(const char *path, struct config *config, struct config_warnings *warnings,
		 struct error *err) MUST_CHECK;
/* The same for a text already read; without "failed to ...". */
bool config_parse(const char *text, size_t length, struct config *config,
		  struct config_warnings *warnings, struct error *err) MUST_CHECK;

/* Ghostferry's checks in Ghostferry's order and words, all ERROR_CONFIG; resolves
 * passwords (reading PassFile and PassEnv) and durations. May be called again. The
 * caller puts "failed to validate config: " in front. */
bool config_validate(struct config *config, struct error *err) MUST_CHECK;

/* Is the state printed on stdout when the run ends early? */
bool config_prints_state(const struct config *config);

/* The configuration in effect; passwords and callbacks masked, the state to resume
 * from left out. Caller frees with cJSON_Delete(). */
cJSON *config_to_json(const struct config *config);

/* The values of a two-level map under "first.second" keys, borrowed from nested.
 * flat is initialised here. */
void config_flatten(const struct map *nested, struct map *flat);

#endif
