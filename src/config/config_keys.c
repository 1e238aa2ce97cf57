/* The table of all configuration keys. A new option is one line here, one field in the
 * options that it writes to, one line in conf.example.json and one entry in
 * src/man/conf.5.text; a test and lint compare them.
 *
 * preset is what a key holds when the file does not mention it, and so can be set
 * to 0 or ""; fallback is what 0 or "" stand for. */
#include <limits.h>

#include "config_keys.h"

/* The place of a field, which must have the type that goes with the option. */
#define PLACE(c_type, owner, field)                                                                \
	(offsetof(struct owner, field) +                                                           \
	 0 * sizeof(_Generic(((struct owner *)0)->field, c_type: '0')))

#define STRING(owner, field) .type = OPTION_STRING, .offset = PLACE(const char *, owner, field)
#define BOOL(owner, field) .type = OPTION_BOOL, .offset = PLACE(bool, owner, field)
#define PORT(owner, field) .type = OPTION_PORT, .offset = PLACE(unsigned, owner, field)
#define INT(owner, field)                                                                          \
	.type = OPTION_U32, .max = INT_MAX, .offset = PLACE(unsigned, owner, field)
#define INT64(owner, field)                                                                        \
	.type = OPTION_U64, .max = INT_MAX, .offset = PLACE(uint64_t, owner, field)
#define U32(owner, field)                                                                          \
	.type = OPTION_U32, .max = UINT32_MAX, .offset = PLACE(uint32_t, owner, field)
#define U64(owner, field)                                                                          \
	.type = OPTION_U64, .max = UINT64_MAX, .offset = PLACE(uint64_t, owner, field)
#define NAMES(...) .names = (const char *const[]){ __VA_ARGS__, NULL }
#define EITHER(owner, field, ...)                                                                  \
	.type = OPTION_EITHER, .offset = PLACE(bool, owner, field), NAMES(__VA_ARGS__)
#define CHOICE(owner, field, ...)                                                                  \
	.type = OPTION_CHOICE, .offset = PLACE(unsigned, owner, field), NAMES(__VA_ARGS__)
#define DURATION(owner, field) .type = OPTION_DURATION, .offset = PLACE(int64_t, owner, field)
#define LIST(owner, field) .type = OPTION_LIST, .offset = PLACE(struct string_list, owner, field)
#define MAP(levels, of, owner, field)                                                              \
	.type = OPTION_MAP, .depth = levels, .leaf = LEAF_##of,                                    \
	.offset = PLACE(struct map, owner, field)
#define POINTS(owner, field)                                                                       \
	.type = OPTION_POINTS, .offset = PLACE(struct batch_points, owner, field)
#define OBJECT(name, owner, field)                                                                 \
	.type = OPTION_OBJECT, .group = &name##_group,                                             \
	.offset = PLACE(struct name, owner, field)
/* The group's options are the owner's own. */
#define MEMBERS(name) .type = OPTION_OBJECT, .group = &name##_group
#define STATE(owner, field) .type = OPTION_STATE, .offset = PLACE(const cJSON *, owner, field)

#define GROUP(name) static const struct option_group name##_group
#define GROUP_OF(name) .options = name##_options, .count = ARRAY_LEN(name##_options)
#define GIVEN(owner, field) .given = PLACE(bool, owner, field)

/* clang-format off */
static const struct config_option tls_options[] = {
	{ "CertPath", STRING(db_params, tls_ca_path),
	  .help = "PEM file of CA certificates; default: the system's" },
	{ "ClientCertPath", STRING(db_params, tls_cert_path),
	  .help = "PEM file of the client's certificate; goes with ClientKeyPath" },
	{ "ClientKeyPath", STRING(db_params, tls_key_path),
	  .help = "PEM file of the client's key" },
	{ "ServerName", STRING(db_params, tls_server_name),
	  .help = "name expected in the server's certificate; default: Host" },
	{ "Verify", CHOICE(db_params, tls_verify, "full", "ca", "none"), .fallback = "full",
	  .help = "full: the certificate's chain and name; ca: its chain; "
		  "none: encrypt only, whoever answers" },
};
GROUP(tls) = { GROUP_OF(tls) };

static const struct config_option db_params_options[] = {
	{ "Collation", STRING(db_params, collation),
	  .help = "collation of the connection; default: utf8mb4_general_ci" },
	{ "ConnectTimeout", U32(db_params, connect_timeout_s), .fallback = "10",
	  .help = "seconds to wait for a connection" },
	{ "Host", STRING(db_params, host),
	  .help = "server name or address; the socket's path when Net is unix" },
	{ "Marginalia", STRING(db_params, marginalia), .fallback = "application:ghostferry",
	  .help = "text of the comment in front of every statement" },
	{ "Net", EITHER(db_params, is_unix, "tcp", "unix"), .fallback = "tcp",
	  .help = "tcp or unix" },
	{ "NetworkTimeout", U32(db_params, network_timeout_s), .fallback = "120",
	  .help = "seconds after which a network that carries nothing counts as lost" },
	{ "Params", MAP(1, STRING, db_params, variables),
	  .help = "session variables, as SQL: {\"lock_wait_timeout\": \"10\"}; sql_mode is accepted "
		  "as Ghostferry has it, and not set" },
	{ "Pass", STRING(db_params, pass),
	  .help = "password" },
	{ "PassEnv", STRING(db_params, pass_env),
	  .help = "environment variable that holds the password" },
	{ "PassFile", STRING(db_params, pass_file),
	  .help = "file whose first line is the password" },
	{ "Port", PORT(db_params, port), .preset = "3306",
	  .help = "TCP port; SourceReplicationMaster has no default" },
	{ "ReadTimeout", U32(db_params, read_timeout_s),
	  .help = "seconds to wait for an answer; 0: without end" },
	{ "TLS", MEMBERS(tls), GIVEN(db_params, use_tls),
	  .help = "an object, {} will do: TLS is required, and certificates are verified as Verify says" },
	{ "User", STRING(db_params, user), .preset = "ghostferry",
	  .help = "account name; SourceReplicationMaster has no default" },
	{ "WriteTimeout", U32(db_params, write_timeout_s),
	  .help = "seconds until sending must be done; 0: without end" },
};
GROUP(db_params) = { GROUP_OF(db_params) };

static const struct config_option name_rules_options[] = {
	{ "Blacklist", LIST(name_rules, blacklist),
	  .help = "names left out; not together with Whitelist" },
	{ "Rewrites", MAP(1, STRING, name_rules, rewrites),
	  .help = "names on the target: {\"source name\": \"target name\"}" },
	{ "Whitelist", LIST(name_rules, whitelist),
	  .help = "names copied; empty: all" },
};
GROUP(name_rules) = { GROUP_OF(name_rules), .is_filter = true };

static const struct config_option callback_options[] = {
	{ "Payload", STRING(callback, payload),
	  .help = "text sent along" },
	{ "URI", STRING(callback, uri),
	  .help = "where to POST to; empty: off" },
};
GROUP(callback) = { GROUP_OF(callback) };

static const struct config_option control_server_config_options[] = {
	{ "CustomScripts", MAP(1, LIST, control_server_config, custom_scripts),
	  .help = "commands to be started from the web page: {\"name\": [\"path\", \"arg\"]}" },
	{ "Enabled", BOOL(control_server_config, enabled), .preset = "true",
	  .help = "serve the web page and the HTTP interface" },
	{ "ServerBindAddr", STRING(control_server_config, server_bind_addr),
	  .fallback = "127.0.0.1:8000",
	  .help = "host:port to listen on; there is no authentication" },
	{ "WebBasedir", STRING(control_server_config, web_basedir), .fallback = ".",
	  .help = "accepted, without effect: the web page is part of the program" },
};
GROUP(control_server_config) = { GROUP_OF(control_server_config) };

static const struct config_option inline_verifier_options[] = {
	{ "MaxExpectedDowntime", DURATION(config, inline_max_downtime_ms),
	  .help = "longest time the last verification may take; empty: no limit" },
	{ "VerifyBinlogEventsInterval",
	  DURATION(config, move.verify.interval_ms), .fallback = "1s",
	  .help = "time between two rounds over the rows changed meanwhile" },
};
GROUP(inline_verifier) = { GROUP_OF(inline_verifier) };

static const struct config_option iterative_verifier_options[] = {
	{ "Concurrency", INT(config, iterative_workers), .fallback = "4",
	  .help = "tables verified at the same time" },
	{ "IgnoredColumns", MAP(1, NAMES, config, move.verify.ignored_bare),
	  .help = "columns not compared: {\"table\": [\"column\"]}" },
	{ "IgnoredTables", LIST(config, move.verify.ignored_tables),
	  .help = "tables not compared" },
	{ "MaxExpectedDowntime", DURATION(config, iterative_max_downtime_ms),
	  .help = "longest time the last verification may take; empty: no limit" },
	{ "TableColumnCompression",
	  MAP(2, ALGORITHM, config, move.verify.compressed_bare),
	  .help = "columns compared unpacked: {\"table\": {\"column\": \"SNAPPY\"}}" },
};
GROUP(iterative_verifier) = { GROUP_OF(iterative_verifier) };

static const struct config_option cascading_pagination_options[] = {
	{ "FallbackColumn", STRING(config, move.keys.fallback),
	  .help = "column to page by in tables that have no usable key" },
	{ "PerTable", MAP(2, STRING, config, move.keys.per_table),
	  .help = "columns to page by: {\"database\": {\"table\": \"column\"}}" },
};
GROUP(cascading_pagination) = { GROUP_OF(cascading_pagination) };

static const struct config_option batch_size_override_options[] = {
	{ "ControlPoints", POINTS(config, move.batch_points),
	  .help = "rows per batch by average row size in bytes: {\"100\": 2000}" },
	{ "MaxRowSize", U64(config, move.batch_points.max_row_bytes),
	  .help = "larger rows count as this" },
	{ "MinRowSize", U64(config, move.batch_points.min_row_bytes),
	  .help = "smaller rows count as this" },
	{ "TableOverride", MAP(2, U64, config, move.batch_rows_per_table),
	  .help = "rows per batch: {\"database\": {\"table\": 500}}" },
};
GROUP(batch_size_override) = { GROUP_OF(batch_size_override) };

static const struct config_option updatable_config_options[] = {
	{ "DataIterationBatchBytes", U64(config, move.batch_bytes),
	  .fallback = "1048576",
	  .help = "bytes of a batch, about, when its rows are not fixed" },
	{ "DataIterationBatchSize", U64(config, move.batch_rows),
	  .help = "rows of a batch; 0: sized by bytes" },
};
GROUP(updatable_config) = { GROUP_OF(updatable_config) };

static const struct config_option all_options[] = {
	{ "AllowExistingTargetTable", BOOL(config, move.allow_existing_target_table),
	  .help = "copy into tables that are there already" },
	{ "AllowInexactJSON", BOOL(config, move.allow_inexact_json),
	  .help = "MySQL to MySQL: carry JSON by its text, without the types inside it" },
	{ "AllowSuperUserOnReadOnly", BOOL(config, move.allow_read_only_target),
	  .help = "do not refuse a read-only target" },
	{ "AllowTablesWithoutKey", BOOL(config, move.allow_tables_without_key),
	  .help = "move tables that have no usable key too, from one snapshot each" },
	{ "AutomaticCutover", BOOL(config, move.automatic_cutover),
	  .help = "cut over as soon as the copy is done, without being asked" },
	{ "BinlogEventBatchSize", INT64(config, move.apply_rows),
	  .help = "row changes per transaction on the target; 0: sized by bytes" },
	{ "BinlogWriterConcurrency", INT(config, move.apply_workers), .fallback = "4",
	  .help = "threads that apply row changes to the target" },
	{ "CascadingPaginationColumnConfig", MEMBERS(cascading_pagination),
	  .help = "columns to page by where it should not be the primary key" },
	{ "CompressedColumnsForVerification", MAP(3, ALGORITHM, config, move.verify.compressed_columns),
	  .help = "Inline: columns compared unpacked, by database, table, column: \"SNAPPY\"" },
	{ "ControlServerConfig", OBJECT(control_server_config, config, control_server),
	  .help = "the web page and the HTTP interface" },
	{ "ControlServerCustomScripts",
	  MAP(1, LIST, config, control_server.custom_scripts),
	  .instead = "ControlServerConfig.CustomScripts",
	  .help = "deprecated" },
	{ "CopyFilter", .type = OPTION_REFUSED,
	  .help = "cannot be set in a file; use Databases and Tables" },
	{ "CutoverLock", OBJECT(callback, config, cutover_lock),
	  .help = "called before the cutover, to stop the writers" },
	{ "CutoverRetryWaitSeconds", INT(config, move.cutover_retry_wait_s), .fallback = "1",
	  .help = "seconds between two attempts of CutoverLock" },
	{ "CutoverUnlock", OBJECT(callback, config, cutover_unlock),
	  .help = "called after the cutover" },
	{ "DBReadRetries", INT(config, move.read_attempts), .fallback = "60",
	  .help = "attempts at reading a batch from the source" },
	{ "DBWriteRetries", INT(config, move.write_attempts), .fallback = "5",
	  .help = "attempts at writing to the target; deadlocks and lock waits do not count" },
	{ "DataIterationBatchSize", U64(config, move.batch_rows),
	  .instead = "UpdatableConfig.DataIterationBatchSize",
	  .help = "deprecated" },
	{ "DataIterationBatchSizePerTableOverride",
	  MEMBERS(batch_size_override), GIVEN(config, batch_size_override_given),
	  .help = "rows per batch of single tables" },
	{ "DataIterationConcurrency", INT(config, move.copy_workers), .fallback = "4",
	  .help = "batches copied at the same time" },
	{ "DatabaseRewrites", .type = OPTION_IGNORED,
	  .help = "is ignored, use Databases.Rewrites" },
	{ "Databases", OBJECT(name_rules, config, move.databases),
	  .help = "databases to copy and their names on the target" },
	{ "DoNotIncludeSchemaCacheInStateDump",
	  BOOL(config, move.no_schema_cache_in_state),
	  .help = "leave LastKnownTableSchemaCache out of the state" },
	{ "DumpStateOnSignal", BOOL(config, dump_state_on_signal),
	  .help = "print the state on stdout when the run ends early" },
	{ "DumpStateToStdoutOnError", BOOL(config, dump_state_to_stdout_on_error),
	  .help = "the same; either of the two is enough" },
	{ "EnablePProf", BOOL(config, enable_pprof),
	  .help = "accepted, without effect" },
	{ "EnableRowBatchSize", BOOL(config, enable_row_batch_size),
	  .help = "count the bytes written per table" },
	{ "ErrorCallback", OBJECT(callback, config, error_callback),
	  .help = "told when the run fails" },
	{ "ForceIndexForVerification", MAP(2, STRING, config, move.verify.force_index),
	  .help = "index to read by when verifying, by database and table" },
	{ "IgnoredColumnsForVerification", MAP(3, NOTHING, config, move.verify.ignored_columns),
	  .help = "Inline: columns not compared, by database, table, column: {}" },
	{ "InlineVerifierConfig", MEMBERS(inline_verifier),
	  .help = "for VerifierType Inline" },
	{ "IterativeVerifierConfig", MEMBERS(iterative_verifier),
	  .help = "for VerifierType Iterative" },
	{ "LogBackend", STRING(config, log_backend),
	  .help = "logrus or zerolog" },
	{ "LogLevel", STRING(config, log_level),
	  .help = "debug, info, warn or error" },
	{ "MaxCutoverRetries", INT(config, move.cutover_attempts), .fallback = "1",
	  .help = "attempts of CutoverLock" },
	{ "MemoryLimit", U64(config, memory_limit), .fallback = "268435456",
	  .help = "bytes of rows and row changes held at a time, about" },
	{ "MyServerId", U32(config, move.server_id),
	  .help = "replication server id of the source's stream; 0: a random unused one" },
	{ "OpenTransactionsTimeout", DURATION(config, move.open_transactions_ms),
	  .fallback = "30s",
	  .help = "longest wait of the cutover for transactions that are open on copied tables; "
		  "0s: they are only named" },
	{ "ProgressCallback", OBJECT(callback, config, progress_callback),
	  .help = "told the progress every ProgressReportFrequency" },
	{ "ProgressReportFrequency", INT(config, progress_report_frequency_ms),
	  .help = "milliseconds; default: 5000 when there is a ProgressCallback" },
	{ "ReplicatedMasterPositionQuery", STRING(config, move.replica.position_query),
	  .help = "answers on the replica with the (file, offset) of its master up to which it is; "
		  "default: SHOW REPLICA STATUS" },
	{ "RunFerryFromReplica", BOOL(config, move.replica.enabled),
	  .help = "the source is a replica, maybe read-only; needs SourceReplicationMaster" },
	{ "ServerAwayTimeout", INT(config, move.away_s), .fallback = "180",
	  .help = "seconds for which a server that cannot be reached is tried again, even if "
		  "DBReadRetries or DBWriteRetries are used up" },
	{ "ServerBindAddr", STRING(config, control_server.server_bind_addr),
	  .instead = "ControlServerConfig.ServerBindAddr",
	  .help = "deprecated" },
	{ "SkipBinlogRowImageCheck", BOOL(config, move.skip_row_image_check),
	  .help = "do not check that binlog_row_image is FULL" },
	{ "SkipForeignKeyConstraintsCheck", BOOL(config, move.skip_foreign_key_check),
	  .help = "do not refuse tables with foreign keys" },
	{ "SkipTargetVerification", BOOL(config, skip_target_verification),
	  .help = "do not watch the target for writes of others" },
	{ "Source", OBJECT(db_params, config, move.source), .not_null = true,
	  .help = "the server to copy from" },
	{ "SourceReplicationMaster", OBJECT(db_params, config, move.replica.master),
	  GIVEN(config, source_replication_master_given),
	  .help = "the master of a source that is a replica" },
	{ "StateCallback", OBJECT(callback, config, state_callback),
	  .help = "sent the state every StateReportFrequency" },
	{ "StateFile", STRING(config, state_file),
	  .help = "file that always holds the state; \"\": none; "
		  "default: the configuration's path with .state" },
	{ "StateReportFrequency", INT(config, state_report_frequency_ms),
	  .help = "milliseconds; default: 5000 when there is a StateCallback" },
	{ "StateToResumeFrom", STATE(config, state_to_resume_from),
	  .help = "a state, as printed; -resumestate wins over it" },
	{ "TableFilter", .type = OPTION_REFUSED,
	  .help = "cannot be set in a file; use Databases and Tables" },
	{ "TableRewrites", .type = OPTION_IGNORED,
	  .help = "is ignored, use Tables.Rewrites" },
	{ "Tables", OBJECT(name_rules, config, move.tables),
	  .help = "tables to copy, by name in every database, and their names on the target" },
	{ "TablesToBeCreatedFirst", LIST(config, move.create_first),
	  .help = "\"database.table\": created on the target in this order" },
	{ "Target", OBJECT(db_params, config, move.target), .not_null = true,
	  .help = "the server to copy to" },
	{ "UpdatableConfig", MEMBERS(updatable_config),
	  .help = "the size of batches; POST /api/config changes DataIterationBatchSize "
		  "during the run" },
	{ "VerifierRepair", BOOL(config, move.verify.repair),
	  .help = "copy rows again that the verification finds different" },
	{ "VerifierType", CHOICE(config, move.verify.type, "NoVerification", "ChecksumTable",
				 "Iterative", "Inline"),
	  .help = "NoVerification, ChecksumTable, Iterative or Inline" },
	{ "WaitForReplicationTimeout", DURATION(config, move.replica.timeout_ms),
	  .help = "longest wait for the replica to catch up; empty: no limit" },
	{ "WebBasedir", STRING(config, control_server.web_basedir),
	  .instead = "ControlServerConfig.WebBasedir",
	  .help = "deprecated" },
};
/* clang-format on */

const struct option_group config_options = { GROUP_OF(all) };
