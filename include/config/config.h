/* The configuration: one JSON file, read once at start, plain data afterwards.
 *
 * The keys, where each is stored, its default and its help are one table
 * (config_keys.c), which writes into the options of the rooms below; this header is
 * what comes out. main calls config_load(), logs the warnings, calls config_validate()
 * and may then lend the options until config_release(). Nothing here logs or exits.
 *
 * Strings are NULL when not set or set to "". They and all that lists and maps hold
 * belong to the configuration; maps are in the order of the file. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/json.h"
#include "base/map.h"
#include "control/callback.h"
#include "plan/move_options.h"

struct control_server_config {
	bool enabled;
	bool allow_unauthenticated;
	const char *auth_token;	     /* NULL: access is open */
	const char *auth_token_file; /* NULL after config_validate() */
	struct string_list trusted_hosts;
	const char *server_bind_addr; /* "host:port", "unix:/path" */
	const char *web_basedir;
	struct map custom_scripts; /* name -> argv (struct string_list *) */
};

/* Owned by the configuration: what its values point to. */
struct config_memory {
	cJSON *file; /* strings are this tree's, or the table's */
	char *text;  /* what it was parsed from: for places of errors */
	size_t length;
	void **blocks;
	size_t block_count;
};

/* A text that could not be turned into the value at place. Whether that is an error is
 * for config_validate() to say: the key may not be in use. */
struct config_unread {
	const void *place;
	const char *text;
};

struct config {
	/* Complete after config_validate(), but for what is read from the servers. */
	struct move_options move;

	/* What options are computed from. */
	bool source_replication_master_given;
	bool batch_size_override_given;
	uint64_t memory_limit; /* bytes of rows and row changes held */
	bool skip_target_verification;
	int64_t inline_max_downtime_ms;	   /* 0: no limit */
	int64_t iterative_max_downtime_ms; /* 0: no limit */
	unsigned iterative_workers;

	/* Interrupt and resume. Either of the two booleans is enough, see
	 * config_prints_state(). */
	bool dump_state_on_signal;
	bool dump_state_to_stdout_on_error;
	const char *state_file;		   /* NULL: off */
	const cJSON *state_to_resume_from; /* an object, or NULL */

	/* Monitoring. */
	struct control_server_config control_server;
	struct callback cutover_lock;
	struct callback cutover_unlock;
	struct callback progress_callback;
	unsigned progress_report_frequency_ms;
	struct callback state_callback;
	unsigned state_report_frequency_ms;
	struct callback error_callback;

	/* The way back: for its state when it is prepared, and how it is cut over. */
	bool prepare_rollback;
	struct rollback_config {
		bool automatic_cutover;
		struct callback cutover_lock;
		struct callback cutover_unlock;
	} rollback;
	bool is_turned_round;

	/* Log. */
	const char *log_file;	 /* NULL: standard error */
	const char *log_backend; /* NULL: as the environment says */
	const char *log_level;	 /* NULL: as the environment says */

	/* Accepted, without effect. */
	bool enable_pprof;
	bool enable_row_batch_size;

	/* What else is wrong, beside the first error, which a function returns; with "failed
	 * to ..." in front. */
	struct string_list more_errors;
	/* Of the first error, then of each of these: place and what would do, or "". */
	struct string_list hints;
	struct string_list unusable; /* dotted paths of keys that could not be read */

	struct config_memory memory;
	struct config_unread *unread; /* owned */
	size_t unread_count;
};

/* What goes in front of errors. */
#define CONFIG_PARSING "failed to parse config file"
#define CONFIG_VALIDATING "failed to validate config"

/* Warnings about a configuration that is used nevertheless. */
struct config_warnings {
	struct string_list texts; /* owned */
};

/* config is as zeroed memory afterwards; fine on zeroed memory too. */
void config_release(struct config *config);
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

/* Ghostferry's checks in Ghostferry's order and words, all ERROR_CONFIG; reads
 * passwords (PassFile and PassEnv) and completes the options. May be called again. The
 * caller puts CONFIG_VALIDATING in front. */
bool config_validate(struct config *config, struct error *err) MUST_CHECK;

/* For -back, after config_validate(): turned are the move's options as turn_round() makes them,
 * which are completed; the caller puts the former ones back before config_release(). */
void config_turn_round(struct config *config, struct move_options *turned);

/* Is the state printed on stdout when the run ends early? */
bool config_prints_state(const struct config *config);

#endif
