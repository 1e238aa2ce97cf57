/* The table of all configuration keys. A new option is one line here, one field
 * in app/config.h and one line in conf.example.json; a test compares the three.
 *
 * preset is what a key holds when the file does not mention it, and so can be set
 * to 0 or ""; fallback is what 0 or "" stand for. */
#include "config_keys.h"

/* The place of a field, which must have the type that goes with the option. */
#define PLACE(c_type, owner, field)                                                                \
	(offsetof(struct owner, field) +                                                           \
	 0 * sizeof(_Generic(((struct owner *)0)->field, c_type: '0')))

#define STRING(owner, field) .type = OPTION_STRING, .offset = PLACE(char *, owner, field)
#define BOOL(owner, field) .type = OPTION_BOOL, .offset = PLACE(bool, owner, field)
#define PORT(owner, field) .type = OPTION_PORT, .offset = PLACE(uint16_t, owner, field)
#define INT(owner, field) .type = OPTION_INT, .offset = PLACE(unsigned, owner, field)
#define U32(owner, field) .type = OPTION_U32, .offset = PLACE(uint32_t, owner, field)
#define U64(owner, field) .type = OPTION_U64, .offset = PLACE(uint64_t, owner, field)
#define DURATION(owner, field)                                                                     \
	.type = OPTION_DURATION, .offset = PLACE(struct config_duration, owner, field)
#define LIST(owner, field)                                                                         \
	.type = OPTION_LIST, .offset = PLACE(struct config_list, owner, field)
#define MAP(levels, of, owner, field)                                                              \
	.type = OPTION_MAP, .depth = levels, .leaf = LEAF_##of,                                    \
	.offset = PLACE(struct map, owner, field)
#define POINTS(owner, field)                                                                       \
	.type = OPTION_POINTS, .offset = PLACE(struct config_points, owner, field)
#define OBJECT(name, owner, field)                                                                 \
	.type = OPTION_OBJECT, .group = &name##_group,                                             \
	.offset = PLACE(struct name, owner, field)
#define STATE(owner, field) .type = OPTION_STATE, .offset = PLACE(cJSON *, owner, field)

#define GROUP(name) static const struct option_group name##_group
#define GROUP_OF(name) .options = name##_options, .count = ARRAY_LEN(name##_options)
#define GIVEN(owner, field) .has_given = true, .given = PLACE(bool, owner, field)

/* clang-format off */
static const struct config_option tls_config_options[] = {
	{ "CertPath", STRING(tls_config, cert_path),
	  .help = "PEM file of CA certificates; default: the system's" },
	{ "ClientCertPath", STRING(tls_config, client_cert_path),
	  .help = "PEM file of the client's certificate; goes with ClientKeyPath" },
	{ "ClientKeyPath", STRING(tls_config, client_key_path),
	  .help = "PEM file of the client's key" },
	{ "ServerName", STRING(tls_config, server_name),
	  .help = "name expected in the server's certificate; default: Host" },
	{ "Verify", STRING(tls_config, verify), .fallback = "full",
	  .help = "full: the certificate's chain and name; ca: its chain; "
		  "none: encrypt only, whoever answers" },
};
GROUP(tls_config) = { GROUP_OF(tls_config), GIVEN(tls_config, enabled) };

static const struct config_option database_config_options[] = {
	{ "Collation", STRING(database_config, collation),
	  .help = "collation of the connection; default: utf8mb4_general_ci" },
	{ "ConnectTimeout", U32(database_config, connect_timeout_s), .fallback = "10",
	  .help = "seconds to wait for a connection" },
	{ "Host", STRING(database_config, host),
	  .help = "server name or address; the socket's path when Net is unix" },
	{ "Marginalia", STRING(database_config, marginalia), .fallback = "application:ghostferry",
	  .help = "text of the comment in front of every statement" },
	{ "Net", STRING(database_config, net), .fallback = "tcp",
	  .help = "tcp or unix" },
	{ "NetworkTimeout", U32(database_config, network_timeout_s), .fallback = "120",
	  .help = "seconds after which a network that carries nothing counts as lost" },
	{ "Params", MAP(1, STRING, database_config, params),
	  .help = "session variables, as SQL: {\"lock_wait_timeout\": \"10\"}; sql_mode is accepted "
		  "as Ghostferry has it, and not set" },
	{ "Pass", STRING(database_config, pass), .flags = OPTION_SECRET,
	  .help = "password" },
	{ "PassEnv", STRING(database_config, pass_env),
	  .help = "environment variable that holds the password" },
	{ "PassFile", STRING(database_config, pass_file),
	  .help = "file whose first line is the password" },
	{ "Port", PORT(database_config, port), .preset = "3306",
	  .help = "TCP port; SourceReplicationMaster has no default" },
	{ "ReadTimeout", U32(database_config, read_timeout_s),
	  .help = "seconds to wait for an answer; 0: without end" },
	{ "TLS", OBJECT(tls_config, database_config, tls),
	  .help = "an object, {} will do: TLS is required, and certificates are verified as Verify says" },
	{ "User", STRING(database_config, user), .preset = "ghostferry",
	  .help = "account name; SourceReplicationMaster has no default" },
	{ "WriteTimeout", U32(database_config, write_timeout_s),
	  .help = "seconds until sending must be done; 0: without end" },
};
GROUP(database_config) = { GROUP_OF(database_config), GIVEN(database_config, given) };

static const struct config_option filter_and_rewrite_options[] = {
	{ "Blacklist", LIST(filter_and_rewrite, blacklist),
	  .help = "names left out; not together with Whitelist" },
	{ "Rewrites", MAP(1, STRING, filter_and_rewrite, rewrites),
	  .help = "names on the target: {\"source name\": \"target name\"}" },
	{ "Whitelist", LIST(filter_and_rewrite, whitelist),
	  .help = "names copied; empty: all" },
};
GROUP(filter_and_rewrite) = { GROUP_OF(filter_and_rewrite), .is_filter = true };

static const struct config_option http_callback_options[] = {
	/* Both may hold a token, and the control server shows them to everybody. */
	{ "Payload", STRING(http_callback, payload), .flags = OPTION_SECRET,
	  .help = "text sent along" },
	{ "URI", STRING(http_callback, uri), .flags = OPTION_SECRET,
	  .help = "where to POST to; empty: off" },
};
GROUP(http_callback) = { GROUP_OF(http_callback) };

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

static const struct config_option inline_verifier_config_options[] = {
	{ "MaxExpectedDowntime", DURATION(inline_verifier_config, max_expected_downtime),
	  .help = "longest time the last verification may take; empty: no limit" },
	{ "VerifyBinlogEventsInterval",
	  DURATION(inline_verifier_config, verify_binlog_events_interval), .fallback = "1s",
	  .help = "time between two rounds over the rows changed meanwhile" },
};
GROUP(inline_verifier_config) = { GROUP_OF(inline_verifier_config) };

static const struct config_option iterative_verifier_config_options[] = {
	{ "Concurrency", INT(iterative_verifier_config, concurrency), .fallback = "4",
	  .help = "tables verified at the same time" },
	{ "IgnoredColumns", MAP(1, LIST, iterative_verifier_config, ignored_columns),
	  .help = "columns not compared: {\"table\": [\"column\"]}" },
	{ "IgnoredTables", LIST(iterative_verifier_config, ignored_tables),
	  .help = "tables not compared" },
	{ "MaxExpectedDowntime", DURATION(iterative_verifier_config, max_expected_downtime),
	  .help = "longest time the last verification may take; empty: no limit" },
	{ "TableColumnCompression",
	  MAP(2, STRING, iterative_verifier_config, table_column_compression),
	  .help = "columns compared unpacked: {\"table\": {\"column\": \"SNAPPY\"}}" },
};
GROUP(iterative_verifier_config) = { GROUP_OF(iterative_verifier_config) };

static const struct config_option cascading_pagination_config_options[] = {
	{ "FallbackColumn", STRING(cascading_pagination_config, fallback_column),
	  .help = "column to page by in tables that have no usable key" },
	{ "PerTable", MAP(2, STRING, cascading_pagination_config, per_table),
	  .help = "columns to page by: {\"database\": {\"table\": \"column\"}}" },
};
GROUP(cascading_pagination_config) = { GROUP_OF(cascading_pagination_config) };

static const struct config_option batch_size_override_options[] = {
	{ "ControlPoints", POINTS(batch_size_override, control_points),
	  .help = "rows per batch by average row size in bytes: {\"100\": 2000}" },
	{ "MaxRowSize", U64(batch_size_override, max_row_size),
	  .help = "larger rows count as this" },
	{ "MinRowSize", U64(batch_size_override, min_row_size),
	  .help = "smaller rows count as this" },
	{ "TableOverride", MAP(2, U64, batch_size_override, table_override),
	  .help = "rows per batch: {\"database\": {\"table\": 500}}" },
};
GROUP(batch_size_override) = { GROUP_OF(batch_size_override), GIVEN(batch_size_override, enabled) };

static const struct config_option updatable_config_options[] = {
	{ "DataIterationBatchBytes", U64(updatable_config, data_iteration_batch_bytes),
	  .fallback = "1048576",
	  .help = "bytes of a batch, about, when its rows are not fixed" },
	{ "DataIterationBatchSize", U64(updatable_config, data_iteration_batch_size),
	  .help = "rows of a batch; 0: sized by bytes" },
};
GROUP(updatable_config) = { GROUP_OF(updatable_config) };

static const struct config_option all_options[] = {
	{ "AllowExistingTargetTable", BOOL(config, allow_existing_target_table),
	  .help = "copy into tables that are there already" },
	{ "AllowInexactJSON", BOOL(config, allow_inexact_json),
	  .help = "MySQL to MySQL: carry JSON by its text, without the types inside it" },
	{ "AllowSuperUserOnReadOnly", BOOL(config, allow_super_user_on_read_only),
	  .help = "do not refuse a read-only target" },
	{ "AllowTablesWithoutKey", BOOL(config, allow_tables_without_key),
	  .help = "move tables that have no usable key too, from one snapshot each" },
	{ "AutomaticCutover", BOOL(config, automatic_cutover),
	  .help = "cut over as soon as the copy is done, without being asked" },
	{ "BinlogEventBatchSize", INT(config, binlog_event_batch_size),
	  .help = "row changes per transaction on the target; 0: sized by bytes" },
	{ "BinlogWriterConcurrency", INT(config, binlog_writer_concurrency), .fallback = "4",
	  .help = "threads that apply row changes to the target" },
	{ "CascadingPaginationColumnConfig",
	  OBJECT(cascading_pagination_config, config, cascading_pagination),
	  .help = "columns to page by where it should not be the primary key" },
	{ "CompressedColumnsForVerification", MAP(3, STRING, config, compressed_columns),
	  .help = "Inline: columns compared unpacked, by database, table, column: \"SNAPPY\"" },
	{ "ControlServerConfig", OBJECT(control_server_config, config, control_server),
	  .help = "the web page and the HTTP interface" },
	{ "ControlServerCustomScripts",
	  MAP(1, LIST, config, control_server.custom_scripts),
	  .instead = "ControlServerConfig.CustomScripts",
	  .help = "deprecated" },
	{ "CopyFilter", .type = OPTION_REFUSED,
	  .help = "cannot be set in a file; use Databases and Tables" },
	{ "CutoverLock", OBJECT(http_callback, config, cutover_lock),
	  .help = "called before the cutover, to stop the writers" },
	{ "CutoverRetryWaitSeconds", INT(config, cutover_retry_wait_s), .fallback = "1",
	  .help = "seconds between two attempts of CutoverLock" },
	{ "CutoverUnlock", OBJECT(http_callback, config, cutover_unlock),
	  .help = "called after the cutover" },
	{ "DBReadRetries", INT(config, db_read_retries), .fallback = "60",
	  .help = "attempts at reading a batch from the source" },
	{ "DBWriteRetries", INT(config, db_write_retries), .fallback = "5",
	  .help = "attempts at writing to the target; deadlocks and lock waits do not count" },
	{ "DataIterationBatchSize", U64(config, updatable.data_iteration_batch_size),
	  .instead = "UpdatableConfig.DataIterationBatchSize",
	  .help = "deprecated" },
	{ "DataIterationBatchSizePerTableOverride",
	  OBJECT(batch_size_override, config, batch_size_override),
	  .help = "rows per batch of single tables" },
	{ "DataIterationConcurrency", INT(config, data_iteration_concurrency), .fallback = "4",
	  .help = "batches copied at the same time" },
	{ "DatabaseRewrites", .type = OPTION_IGNORED,
	  .help = "is ignored, use Databases.Rewrites" },
	{ "Databases", OBJECT(filter_and_rewrite, config, databases),
	  .help = "databases to copy and their names on the target" },
	{ "DoNotIncludeSchemaCacheInStateDump",
	  BOOL(config, do_not_include_schema_cache_in_state_dump),
	  .help = "leave LastKnownTableSchemaCache out of the state" },
	{ "DumpStateOnSignal", BOOL(config, dump_state_on_signal),
	  .help = "print the state on stdout when the run ends early" },
	{ "DumpStateToStdoutOnError", BOOL(config, dump_state_to_stdout_on_error),
	  .help = "the same; either of the two is enough" },
	{ "EnablePProf", BOOL(config, enable_pprof),
	  .help = "accepted, without effect" },
	{ "EnableRowBatchSize", BOOL(config, enable_row_batch_size),
	  .help = "count the bytes written per table" },
	{ "ErrorCallback", OBJECT(http_callback, config, error_callback),
	  .help = "told when the run fails" },
	{ "ForceIndexForVerification", MAP(2, STRING, config, force_index),
	  .help = "index to read by when verifying, by database and table" },
	{ "IgnoredColumnsForVerification", MAP(3, NOTHING, config, ignored_columns),
	  .help = "Inline: columns not compared, by database, table, column: {}" },
	{ "InlineVerifierConfig", OBJECT(inline_verifier_config, config, inline_verifier),
	  .help = "for VerifierType Inline" },
	{ "IterativeVerifierConfig",
	  OBJECT(iterative_verifier_config, config, iterative_verifier),
	  .help = "for VerifierType Iterative" },
	{ "LogBackend", STRING(config, log_backend),
	  .help = "logrus or zerolog" },
	{ "LogLevel", STRING(config, log_level),
	  .help = "debug, info, warn or error" },
	{ "MaxCutoverRetries", INT(config, max_cutover_retries), .fallback = "1",
	  .help = "attempts of CutoverLock" },
	{ "MemoryLimit", U64(config, memory_limit), .fallback = "268435456",
	  .help = "bytes of rows and row changes held at a time, about" },
	{ "MyServerId", U32(config, my_server_id),
	  .help = "replication server id of the source's stream; 0: a random unused one" },
	{ "OpenTransactionsTimeout", DURATION(config, open_transactions_timeout),
	  .fallback = "30s",
	  .help = "longest wait of the cutover for transactions that are open on copied tables; "
		  "0s: they are only named" },
	{ "ProgressCallback", OBJECT(http_callback, config, progress_callback),
	  .help = "told the progress every ProgressReportFrequency" },
	{ "ProgressReportFrequency", INT(config, progress_report_frequency_ms),
	  .help = "milliseconds; default: 5000 when there is a ProgressCallback" },
	{ "ReplicatedMasterPositionQuery", STRING(config, replicated_master_position_query),
	  .help = "answers on the replica with the (file, offset) of its master up to which it is; "
		  "default: SHOW REPLICA STATUS" },
	{ "RunFerryFromReplica", BOOL(config, run_ferry_from_replica),
	  .help = "the source is a replica, maybe read-only; needs SourceReplicationMaster" },
	{ "ServerAwayTimeout", INT(config, server_away_timeout_s), .fallback = "180",
	  .help = "seconds for which a server that cannot be reached is tried again, even if "
		  "DBReadRetries or DBWriteRetries are used up" },
	{ "ServerBindAddr", STRING(config, control_server.server_bind_addr),
	  .instead = "ControlServerConfig.ServerBindAddr",
	  .help = "deprecated" },
	{ "SkipBinlogRowImageCheck", BOOL(config, skip_binlog_row_image_check),
	  .help = "do not check that binlog_row_image is FULL" },
	{ "SkipForeignKeyConstraintsCheck", BOOL(config, skip_foreign_key_constraints_check),
	  .help = "do not refuse tables with foreign keys" },
	{ "SkipTargetVerification", BOOL(config, skip_target_verification),
	  .help = "do not watch the target for writes of others" },
	{ "Source", OBJECT(database_config, config, source), .flags = OPTION_NOT_NULL,
	  .help = "the server to copy from" },
	{ "SourceReplicationMaster", OBJECT(database_config, config, source_replication_master),
	  .help = "the master of a source that is a replica" },
	{ "StateCallback", OBJECT(http_callback, config, state_callback),
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
	{ "Tables", OBJECT(filter_and_rewrite, config, tables),
	  .help = "tables to copy, by name in every database, and their names on the target" },
	{ "TablesToBeCreatedFirst", LIST(config, tables_to_be_created_first),
	  .help = "\"database.table\": created on the target in this order" },
	{ "Target", OBJECT(database_config, config, target), .flags = OPTION_NOT_NULL,
	  .help = "the server to copy to" },
	{ "UpdatableConfig", OBJECT(updatable_config, config, updatable),
	  .help = "the size of batches; POST /api/config changes DataIterationBatchSize "
		  "during the run" },
	{ "VerifierRepair", BOOL(config, verifier_repair),
	  .help = "copy rows again that the verification finds different" },
	{ "VerifierType", STRING(config, verifier_type),
	  .help = "NoVerification, ChecksumTable, Iterative or Inline" },
	{ "WaitForReplicationTimeout", DURATION(config, wait_for_replication_timeout),
	  .help = "longest wait for the replica to catch up; empty: no limit" },
	{ "WebBasedir", STRING(config, control_server.web_basedir),
	  .instead = "ControlServerConfig.WebBasedir",
	  .help = "deprecated" },
};
/* clang-format on */

const struct option_group config_options = { GROUP_OF(all) };
