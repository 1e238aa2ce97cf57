/* The table of all configuration keys. A new option is one line here, one field in the
 * options that it writes to and one entry in src/man/ghostferry-copydb.conf.5.in; lint
 * compares them.
 *
 * preset is the value of a key that the file does not mention, so that 0 or "" can be set;
 * fallback is what 0 or "" stand for. */
#include <limits.h>

#include "config_keys.h"

/* The place of a field, which must have the type that goes with the option. */
#define PLACE(c_type, owner, field)                                                                \
	(offsetof(struct owner, field) + 0 * sizeof(_Generic(((struct owner *)0)->field, c_type    \
							     : '0')))

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
#define NAMES(...)                                                                                 \
	.names = (const char *const[])                                                             \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define EITHER(owner, field, ...)                                                                  \
	.type = OPTION_EITHER, .offset = PLACE(bool, owner, field), NAMES(__VA_ARGS__)
#define CHOICE(owner, field, ...)                                                                  \
	.type = OPTION_CHOICE, .offset = PLACE(unsigned, owner, field), NAMES(__VA_ARGS__)
#define LOCKED(owner, field)                                                                       \
	.type = OPTION_LOCKED, .offset = PLACE(unsigned, owner, field),                            \
	NAMES("small", "true", "false")
#define DURATION(owner, field) .type = OPTION_DURATION, .offset = PLACE(int64_t, owner, field)
#define LIST(owner, field) .type = OPTION_LIST, .offset = PLACE(struct string_list, owner, field)
#define MAP(levels, of, owner, field)                                                              \
	.type = OPTION_MAP, .depth = levels, .leaf = LEAF_##of,                                    \
	.offset = PLACE(struct map, owner, field)
#define POINTS(owner, field)                                                                       \
	.type = OPTION_POINTS, .offset = PLACE(struct batch_points, owner, field)
#define OBJECT(name, owner, field)                                                                 \
	.type = OPTION_OBJECT, .group = &name##_group, .offset = PLACE(struct name, owner, field)
/* The group's options are the owner's own. */
#define MEMBERS(name) .type = OPTION_OBJECT, .group = &name##_group
#define STATE(owner, field) .type = OPTION_STATE, .offset = PLACE(const cJSON *, owner, field)

#define GROUP(name) static const struct option_group name##_group
#define GROUP_OF(name) .options = name##_options, .count = ARRAY_LEN(name##_options)
#define GIVEN(owner, field) .given = PLACE(bool, owner, field)

/* clang-format off */
static const struct config_option tls_options[] = {
	{ "CertPath", STRING(db_params, tls_ca_path),
	  .help = "PEM file of CA certificates; without it, the system's" },
	{ "ClientCertPath", STRING(db_params, tls_cert_path),
	  .help = "PEM file of the client's certificate, which needs ClientKeyPath too" },
	{ "ClientKeyPath", STRING(db_params, tls_key_path),
	  .help = "PEM file of the client's private key" },
	{ "ServerName", STRING(db_params, tls_server_name),
	  .help = "name expected in the server's certificate; without it, Host" },
	{ "Verify", CHOICE(db_params, tls_verify, "full", "ca", "none"), .fallback = "full",
	  .help = "how much of the server's certificate is checked" },
};
GROUP(tls) = { GROUP_OF(tls) };

static const struct config_option db_params_options[] = {
	{ "Collation", STRING(db_params, collation),
	  .help = "collation of the connection; without it, utf8mb4_general_ci" },
	{ "ConnectTimeout", U32(db_params, connect_timeout_s), .fallback = "10",
	  .help = "seconds to wait for a connection" },
	{ "Host", STRING(db_params, host),
	  .help = "server name or address, or the path of a socket when Net is unix" },
	{ "Marginalia", STRING(db_params, marginalia), .fallback = "application:ghostferry",
	  .help = "text of the comment in front of every statement" },
	{ "Net", EITHER(db_params, is_unix, "tcp", "unix"), .fallback = "tcp",
	  .help = "how to connect" },
	{ "NetworkTimeout", U32(db_params, network_timeout_s), .fallback = "120",
	  .help = "seconds after which a connection that carries nothing counts as lost" },
	{ "Params", MAP(1, STRING, db_params, variables),
	  .help = "session variables and their values as SQL, and options of Ghostferry's driver" },
	{ "Pass", STRING(db_params, pass), .is_secret = true,
	  .help = "the password itself" },
	{ "PassEnv", STRING(db_params, pass_env),
	  .help = "name of an environment variable that holds the password" },
	{ "PassFile", STRING(db_params, pass_file),
	  .help = "path of a file whose first line is the password" },
	{ "Port", PORT(db_params, port), .preset = "3306",
	  .help = "TCP port" },
	{ "ReadTimeout", U32(db_params, read_timeout_s),
	  .help = "seconds to wait for an answer; 0 means no limit" },
	{ "TLS", MEMBERS(tls), GIVEN(db_params, use_tls),
	  .help = "when present, TLS is required; {} is enough" },
	{ "User", STRING(db_params, user), .preset = "ghostferry",
	  .help = "account name" },
	{ "WriteTimeout", U32(db_params, write_timeout_s),
	  .help = "seconds to wait for a request to be sent; 0 means no limit" },
};
GROUP(db_params) = { GROUP_OF(db_params) };

static const struct config_option name_rules_options[] = {
	{ "Blacklist", LIST(name_rules, blacklist),
	  .help = "names or patterns of what is left out" },
	{ "Rewrites", MAP(1, STRING, name_rules, rewrites),
	  .help = "names on the target, by name on the source" },
	{ "Where", MAP(1, STRING, name_rules, where),
	  .help = "conditions that choose rows, by table (only in Tables)" },
	{ "Whitelist", LIST(name_rules, whitelist),
	  .help = "names or patterns of what is moved; empty means all" },
};
GROUP(name_rules) = { GROUP_OF(name_rules), .is_filter = true };

static const struct config_option callback_options[] = {
	{ "Payload", STRING(callback, payload),
	  .help = "text that is sent with the call" },
	{ "URI", STRING(callback, uri),
	  .help = "address to post to; empty means no call" },
};
GROUP(callback) = { GROUP_OF(callback) };

static const struct config_option control_server_config_options[] = {
	{ "AllowUnauthenticated", BOOL(control_server_config, allow_unauthenticated),
	  .help = "listen on an address that others can reach even without a token" },
	{ "AuthToken", STRING(control_server_config, auth_token), .is_secret = true,
	  .help = "token that every request must carry; without it, none" },
	{ "AuthTokenFile", STRING(control_server_config, auth_token_file),
	  .help = "path of a file whose first line is the token" },
	{ "CustomScripts", MAP(1, LIST, control_server_config, custom_scripts),
	  .help = "commands that the web page can start" },
	{ "Enabled", BOOL(control_server_config, enabled), .preset = "true",
	  .help = "serve the web page and the HTTP interface" },
	{ "ServerBindAddr", STRING(control_server_config, server_bind_addr),
	  .fallback = "127.0.0.1:8000",
	  .help = "address to listen on, as host:port or unix:/path" },
	{ "TrustedHosts", LIST(control_server_config, trusted_hosts),
	  .help = "names, with or without port, of reverse proxies through which requests come" },
	{ "WebBasedir", STRING(control_server_config, web_basedir), .fallback = ".",
	  .help = "accepted, without effect: the web page is part of the program" },
};
GROUP(control_server_config) = { GROUP_OF(control_server_config) };

static const struct config_option inline_verifier_options[] = {
	{ "MaxExpectedDowntime", DURATION(config, inline_max_downtime_ms),
	  .help = "longest time that the final verification may take; empty means no limit" },
	{ "VerifyBinlogEventsInterval",
	  DURATION(config, move.verify.interval_ms), .fallback = "1s",
	  .help = "time between two checks of the rows that have changed" },
};
GROUP(inline_verifier) = { GROUP_OF(inline_verifier) };

static const struct config_option iterative_verifier_options[] = {
	{ "Concurrency", INT(config, iterative_workers), .fallback = "4",
	  .help = "number of tables that are compared at the same time" },
	{ "IgnoredColumns", MAP(1, NAMES, config, move.verify.ignored_bare),
	  .help = "columns that are not compared, by table" },
	{ "IgnoredTables", LIST(config, move.verify.ignored_tables),
	  .help = "tables that are not compared" },
	{ "MaxExpectedDowntime", DURATION(config, iterative_max_downtime_ms),
	  .help = "longest time that the final verification may take; empty means no limit" },
	{ "TableColumnCompression",
	  MAP(2, ALGORITHM, config, move.verify.compressed_bare),
	  .help = "compressed columns that are compared by content, by table and column" },
};
GROUP(iterative_verifier) = { GROUP_OF(iterative_verifier) };

static const struct config_option cascading_pagination_options[] = {
	{ "FallbackColumn", STRING(config, move.keys.fallback),
	  .help = "column to page by in tables that have no usable key" },
	{ "PerTable", MAP(2, STRING, config, move.keys.per_table),
	  .help = "columns to page by, by database and table" },
};
GROUP(cascading_pagination) = { GROUP_OF(cascading_pagination) };

static const struct config_option batch_size_override_options[] = {
	{ "ControlPoints", POINTS(config, move.batch_points),
	  .help = "rows per batch, by average row size in bytes" },
	{ "MaxRowSize", U64(config, move.batch_points.max_row_bytes),
	  .help = "larger rows count as having this size in bytes" },
	{ "MinRowSize", U64(config, move.batch_points.min_row_bytes),
	  .help = "smaller rows count as having this size in bytes" },
	{ "TableOverride", MAP(2, U64, config, move.batch_rows_per_table),
	  .help = "rows per batch, by database and table" },
};
GROUP(batch_size_override) = { GROUP_OF(batch_size_override) };

static const struct config_option rollback_config_options[] = {
	{ "AutomaticCutover", BOOL(rollback_config, automatic_cutover),
	  .help = "cut over as soon as the old source has caught up, without waiting for permission" },
	{ "CutoverLock", OBJECT(callback, rollback_config, cutover_lock),
	  .help = "called at the beginning of the rollback's cutover, to stop the writers" },
	{ "CutoverUnlock", OBJECT(callback, rollback_config, cutover_unlock),
	  .help = "called at its end, to switch back to the old source" },
};
GROUP(rollback_config) = { GROUP_OF(rollback_config) };

static const struct config_option updatable_config_options[] = {
	{ "DataIterationBatchBytes", U64(config, move.batch_bytes),
	  .fallback = "1048576",
	  .help = "approximate size of a batch in bytes, where its number of rows is not fixed" },
	{ "DataIterationBatchSize", U64(config, move.batch_rows),
	  .help = "rows per batch; 0 means that DataIterationBatchBytes decides" },
};
GROUP(updatable_config) = { GROUP_OF(updatable_config) };

static const struct config_option throttle_options[] = {
	{ "MaxBytesPerSecond", U64(config, move.throttle.limits.bytes_per_s),
	  .help = "bytes of rows that are copied per second; 0 means no limit" },
	{ "MaxLag", U64(config, move.throttle.limits.max_lag_s), .fallback = "1",
	  .help = "seconds that replicas may be behind" },
	{ "MaxRowsPerSecond", U64(config, move.throttle.limits.rows_per_s),
	  .help = "rows that are copied per second; 0 means no limit" },
	{ "MaxSourceHistoryLength", U64(config, move.throttle.limits.max_history[THROTTLE_SOURCE]),
	  .help = "length of InnoDB's history list on the source; 0 means no limit" },
	{ "MaxSourceThreadsRunning", U64(config, move.throttle.limits.max_threads[THROTTLE_SOURCE]),
	  .help = "Threads_running on the source; 0 means no limit" },
	{ "MaxTargetHistoryLength", U64(config, move.throttle.limits.max_history[THROTTLE_TARGET]),
	  .help = "length of InnoDB's history list on the target; 0 means no limit" },
	{ "MaxTargetThreadsRunning", U64(config, move.throttle.limits.max_threads[THROTTLE_TARGET]),
	  .help = "Threads_running on the target; 0 means no limit" },
	{ "ReplicaConnection", OBJECT(db_params, config, move.throttle.login),
	  GIVEN(config, move.throttle.has_login),
	  .help = "how to log in to replicas; without it, as to the server that they replicate" },
	{ "SourceQuery", STRING(config, move.throttle.limits.query[THROTTLE_SOURCE]),
	  .help = "query on the source whose number throttles above SourceQueryMax" },
	{ "SourceQueryMax", U64(config, move.throttle.limits.query_max[THROTTLE_SOURCE]),
	  .help = "largest number that SourceQuery may return" },
	{ "SourceReplicas", LIST(config, move.throttle.limits.replicas[THROTTLE_SOURCE]),
	  .help = "replicas of the source, as host or host:port, that MaxLag is for" },
	{ "TargetQuery", STRING(config, move.throttle.limits.query[THROTTLE_TARGET]),
	  .help = "query on the target whose number throttles above TargetQueryMax" },
	{ "TargetQueryMax", U64(config, move.throttle.limits.query_max[THROTTLE_TARGET]),
	  .help = "largest number that TargetQuery may return" },
	{ "TargetReplicas", LIST(config, move.throttle.limits.replicas[THROTTLE_TARGET]),
	  .help = "replicas of the target, as host or host:port, that MaxLag is for" },
	{ "UpdateInterval", DURATION(config, move.throttle.limits.interval_ms), .fallback = "1s",
	  .help = "time between two checks of the servers" },
};
GROUP(throttle) = { GROUP_OF(throttle) };

static const struct config_option all_options[] = {
	{ "AllowExistingTargetTable", BOOL(config, move.allow_existing_target_table),
	  .help = "copy into tables that exist on the target" },
	{ "AllowInexactJSON", BOOL(config, move.allow_inexact_json),
	  .help = "from MySQL to MySQL, move JSON documents as text" },
	{ "AllowNonTransactionalTables", LOCKED(config, move.nontransactional), .fallback = "small",
	  .help = "which MyISAM, Aria and MEMORY tables are moved, under a read lock on the source" },
	{ "AllowSuperUserOnReadOnly", BOOL(config, move.allow_read_only_target),
	  .help = "accept a read-only target" },
	{ "AllowTablesWithoutKey", LOCKED(config, move.without_key), .fallback = "small",
	  .help = "which tables that have no usable key are moved" },
	{ "AutomaticCutover", BOOL(config, move.automatic_cutover),
	  .help = "cut over as soon as the copy is complete, without waiting for permission" },
	{ "BinlogEventBatchSize", INT64(config, move.apply_rows),
	  .help = "row changes per transaction on the target; 0 means that "
		  "DataIterationBatchBytes decides" },
	{ "BinlogWriterConcurrency", INT(config, move.apply_workers), .fallback = "4",
	  .help = "number of threads that apply row changes to the target" },
	{ "CascadingPaginationColumnConfig", MEMBERS(cascading_pagination),
	  .help = "columns to page by instead of the primary key" },
	{ "CollationRewrites", MAP(1, STRING, config, move.collation_rewrites),
	  .help = "collations of created tables and databases, by name or pattern on the source" },
	{ "CompressedColumnsForVerification", MAP(3, ALGORITHM, config, move.verify.compressed_columns),
	  .help = "compressed columns that are compared by content, by database, table and column" },
	{ "ControlServerConfig", OBJECT(control_server_config, config, control_server),
	  .help = "the web page and the HTTP interface" },
	{ "ControlServerCustomScripts",
	  MAP(1, LIST, config, control_server.custom_scripts),
	  .instead = "ControlServerConfig.CustomScripts",
	  .help = "deprecated" },
	{ "CopyFilter", .type = OPTION_REFUSED,
	  .help = "cannot be set in a file; use Databases and Tables" },
	{ "CutoverLock", OBJECT(callback, config, cutover_lock),
	  .help = "called at the beginning of the cutover, to stop the writers" },
	{ "CutoverRetryWaitSeconds", INT(config, move.cutover_retry_wait_s), .fallback = "1",
	  .help = "seconds between two attempts at CutoverLock" },
	{ "CutoverUnlock", OBJECT(callback, config, cutover_unlock),
	  .help = "called at the end of the cutover, to switch over to the target" },
	{ "DBReadRetries", INT(config, move.read_attempts), .fallback = "60",
	  .help = "attempts at reading from the source" },
	{ "DBWriteRetries", INT(config, move.write_attempts), .fallback = "5",
	  .help = "attempts at writing to the target" },
	{ "DataIterationBatchSize", U64(config, move.batch_rows),
	  .instead = "UpdatableConfig.DataIterationBatchSize",
	  .help = "deprecated" },
	{ "DataIterationBatchSizePerTableOverride",
	  MEMBERS(batch_size_override), GIVEN(config, batch_size_override_given),
	  .help = "batch sizes that depend on the size of rows, or on the table" },
	{ "DataIterationConcurrency", INT(config, move.copy_workers), .fallback = "4",
	  .help = "number of batches that are copied at the same time" },
	{ "DatabaseRewrites", .type = OPTION_IGNORED,
	  .help = "is ignored, use Databases.Rewrites" },
	{ "Databases", OBJECT(name_rules, config, move.databases),
	  .help = "databases to move, and their names on the target" },
	{ "DeferSecondaryIndexes", BOOL(config, move.defer_indexes),
	  .help = "create tables without their secondary indexes, and add these after the copy" },
	{ "DefinerRewrites", MAP(1, STRING, config, move.definer_rewrites),
	  .help = "accounts of views, triggers, routines and events on the target, by account on "
		  "the source" },
	{ "DoNotIncludeSchemaCacheInStateDump",
	  BOOL(config, move.no_schema_cache_in_state),
	  .help = "leave LastKnownTableSchemaCache out of the state" },
	{ "DumpStateOnSignal", BOOL(config, dump_state_on_signal),
	  .help = "print the state on standard output when the run ends early" },
	{ "DumpStateToStdoutOnError", BOOL(config, dump_state_to_stdout_on_error),
	  .help = "the same as DumpStateOnSignal; either of the two is enough" },
	{ "EnablePProf", BOOL(config, enable_pprof),
	  .help = "accepted, without effect" },
	{ "EnableRowBatchSize", BOOL(config, enable_row_batch_size),
	  .help = "accepted, without effect: bytes are always counted" },
	{ "EngineRewrites", MAP(1, STRING, config, move.engine_rewrites),
	  .help = "engines that become InnoDB on the target, as {\"MyISAM\": \"InnoDB\"}" },
	{ "ErrorCallback", OBJECT(callback, config, error_callback),
	  .help = "called when the run fails" },
	{ "ForceIndexForVerification", MAP(2, STRING, config, move.verify.force_index),
	  .help = "index by which a table is read when it is compared, by database and table" },
	{ "FriendlyRuns", LIST(config, move.friendly_runs),
	  .help = "Marginalia of other runs that write to the target at the same time" },
	{ "IgnoredColumnsForVerification", MAP(3, NOTHING, config, move.verify.ignored_columns),
	  .help = "columns that are not compared, by database, table and column" },
	{ "InlineVerifierConfig", MEMBERS(inline_verifier),
	  .help = "settings of VerifierType Inline" },
	{ "IterativeVerifierConfig", MEMBERS(iterative_verifier),
	  .help = "settings of VerifierType Iterative" },
	{ "LogBackend", STRING(config, log_backend),
	  .help = "format of the log, logrus (text) or zerolog (JSON)" },
	{ "LogFile", STRING(config, log_file),
	  .help = "file that the log is appended to, instead of standard error" },
	{ "LogLevel", STRING(config, log_level),
	  .help = "least severe level that is logged: debug, info, warn or error" },
	{ "MaxCutoverRetries", INT(config, move.cutover_attempts), .fallback = "1",
	  .help = "attempts at CutoverLock" },
	{ "MemoryLimit", U64(config, memory_limit), .fallback = "268435456",
	  .help = "approximate limit in bytes for rows and row changes held in memory" },
	{ "MoveObjects", LIST(config, move.move_objects),
	  .help = "what else is moved: views, triggers, routines, events, sequences" },
	{ "MyServerId", U32(config, move.server_id),
	  .help = "server id under which the binlogs are read; 0 means a random unused one" },
	{ "OnSchemaChange", EITHER(config, move.recopies, "stop", "recopy"), .fallback = "stop",
	  .help = "what to do when a table's definition changes on the source" },
	{ "OnSchemaChangePerTable", MAP(2, STRING, config, move.recopies_of),
	  .help = "the same for single tables, by database and table" },
	{ "OpenTransactionsTimeout", DURATION(config, move.open_transactions_ms),
	  .fallback = "30s",
	  .help = "longest wait for transactions that are open on moved tables at the cutover" },
	{ "PrepareRollback", BOOL(config, prepare_rollback),
	  .help = "prepare a rollback: write the state that -back starts from" },
	{ "ProgressCallback", OBJECT(callback, config, progress_callback),
	  .help = "called with the progress every ProgressReportFrequency" },
	{ "ProgressReportFrequency", INT(config, progress_report_frequency_ms),
	  .help = "milliseconds between two calls of ProgressCallback; 0 means 5000" },
	{ "ReplicatedMasterPositionQuery", STRING(config, move.replica.position_query),
	  .help = "query for the replica's position; without it, SHOW REPLICA STATUS" },
	{ "Rollback", OBJECT(rollback_config, config, rollback),
	  .help = "how the run that goes back (-back) is cut over" },
	{ "RunFerryFromReplica", BOOL(config, move.replica.enabled),
	  .help = "read from a replica; needs SourceReplicationMaster" },
	{ "ServerAwayTimeout", INT(config, move.away_s), .fallback = "180",
	  .help = "seconds for which an unreachable server is retried" },
	{ "ServerBindAddr", STRING(config, control_server.server_bind_addr),
	  .instead = "ControlServerConfig.ServerBindAddr",
	  .help = "deprecated" },
	{ "SkipBinlogRowImageCheck", BOOL(config, move.skip_row_image_check),
	  .help = "do not check that binlog_row_image is FULL" },
	{ "SkipForeignKeyConstraintsCheck", BOOL(config, move.skip_foreign_key_check),
	  .help = "accept foreign keys whose cascades are not in the binlog" },
	{ "SkipTargetVerification", BOOL(config, skip_target_verification),
	  .help = "do not watch the target for writes by others" },
	{ "Source", OBJECT(db_params, config, move.source), .not_null = true,
	  .help = "the server that tables are moved from" },
	{ "SourceReplicationMaster", OBJECT(db_params, config, move.replica.master),
	  GIVEN(config, source_replication_master_given),
	  .help = "the server that the source replicates from" },
	{ "StateCallback", OBJECT(callback, config, state_callback),
	  .help = "called with the state every StateReportFrequency" },
	{ "StateFile", STRING(config, state_file),
	  .help = "file that always holds the current state" },
	{ "StateReportFrequency", INT(config, state_report_frequency_ms),
	  .help = "milliseconds between two calls of StateCallback; 0 means 5000" },
	{ "StateToResumeFrom", STATE(config, state_to_resume_from),
	  .help = "the state to resume from" },
	{ "TableFilter", .type = OPTION_REFUSED,
	  .help = "cannot be set in a file; use Databases and Tables" },
	{ "TableRewrites", .type = OPTION_IGNORED,
	  .help = "is ignored, use Tables.Rewrites" },
	{ "Tables", OBJECT(name_rules, config, move.tables),
	  .help = "tables to move, and their names on the target" },
	{ "TablesToBeCreatedFirst", LIST(config, move.create_first),
	  .help = "tables to create before all others, in this order" },
	{ "Target", OBJECT(db_params, config, move.target), .not_null = true,
	  .help = "the server that tables are moved to" },
	{ "TargetWriteMethod", CHOICE(config, move.write_method, "auto", "insert"),
	  .help = "how copied rows are written" },
	{ "Throttle", MEMBERS(throttle),
	  .help = "limits of load and rate above which the copy waits" },
	{ "UnloggedCascades", CHOICE(config, move.unlogged_cascades, "carry", "refuse"),
	  .help = "how to handle foreign keys whose cascades are not in the binlog" },
	{ "UpdatableConfig", MEMBERS(updatable_config),
	  .help = "the size of batches" },
	{ "VerifierRepair", BOOL(config, move.verify.repair),
	  .help = "copy rows again that differ in a verification" },
	{ "VerifierType", CHOICE(config, move.verify.type, "NoVerification", "ChecksumTable",
				 "Iterative", "Inline"),
	  .help = "how rows are compared as part of the move" },
	{ "WaitForReplicationTimeout", DURATION(config, move.replica.timeout_ms),
	  .help = "longest wait for the replica to catch up; empty means no limit" },
	{ "WebBasedir", STRING(config, control_server.web_basedir),
	  .instead = "ControlServerConfig.WebBasedir",
	  .help = "deprecated" },
};
/* clang-format on */

const struct option_group config_options = { GROUP_OF(all) };
