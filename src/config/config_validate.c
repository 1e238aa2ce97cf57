/* Ghostferry's checks, in its order and its words, so that whoever knows the one
 * program understands the other. Where Ghostferry crashes or silently does
 * something else (no master, batch size 0, an interval of 0), this says what is
 * wrong. Whatever can be found out without a server is found out here, before
 * anything is connected. At the end the options are completed by what is computed
 * from several keys. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config_keys.h"

#define ROW_BYTES_MIN (UINT64_C(1) << 20)
#define ROW_BYTES_MAX (UINT64_C(16) << 20)
#define TIME_ZONE "'+00:00'"
#define SQL_MODE "'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'"

/* Ghostferry's words are those of Go's time.ParseDuration(). */
static bool check_duration(const struct config *config, const char *key, const int64_t *ms,
			   struct error *err)
{
	const char *text = config_unread_text(config, ms);
	char *with_unit;
	int64_t ns;
	bool lacks_unit;

	if (!text)
		return true;
	if (clock_parse_duration(text, &ns))
		return error_set(err, ERROR_CONFIG, "%s: %s is negative", key, text);
	with_unit = mem_printf("%ss", text);
	lacks_unit = clock_parse_duration(with_unit, &ns);
	free(with_unit);
	return error_set(err, ERROR_CONFIG, "%s: time: %s duration \"%s\"", key,
			 lacks_unit ? "missing unit in" : "invalid", text);
}

static bool check_filter(const char *key, const struct name_rules *filter, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	if (filter->whitelist.count > 0 && filter->blacklist.count > 0)
		return error_set(err, ERROR_CONFIG,
				 "Whitelist and Blacklist cannot both be specified");
	while ((entry = map_next(&filter->rewrites, &cursor)))
		if (*(const char *)entry->value == '\0')
			return error_set(err, ERROR_CONFIG, "%s.Rewrites.%s is empty", key,
					 entry->key);
	return true;
}

static bool check_databases(struct config *config, struct error *err)
{
	return check_filter("Databases", &config->move.databases, err);
}

static bool check_tables(struct config *config, struct error *err)
{
	return check_filter("Tables", &config->move.tables, err);
}

static bool check_timeouts(struct config *config, struct error *err)
{
	return check_duration(config, "OpenTransactionsTimeout", &config->move.open_transactions_ms,
			      err) &&
	       check_duration(config, "WaitForReplicationTimeout", &config->move.replica.timeout_ms,
			      err);
}

static bool check_param(const struct map *params, const char *name, const char *wanted,
			struct error *err)
{
	const char *value = map_get_text(params, name);

	if (!value || strcmp(value, wanted) == 0)
		return true;
	return error_set(err, ERROR_CONFIG, "%s must be set to %s", name, wanted);
}

static bool read_pass_file(const char *path, char **password, struct error *err)
{
	FILE *file = fopen(path, "re");
	size_t room = 0;
	ssize_t length;
	bool failed;

	if (!file) {
		error_errno(err, "PassFile: open %s", path);
		err->kind = ERROR_CONFIG;
		return false;
	}
	length = getline(password, &room, file);
	failed = length < 0 && ferror(file);
	if (failed) {
		error_errno(err, "PassFile: read %s", path);
		err->kind = ERROR_CONFIG;
	}
	fclose(file);
	if (failed)
		return false;
	if (length > 0)
		(*password)[strcspn(*password, "\r\n")] = '\0';
	if (length <= 0 || **password == '\0')
		return error_set(err, ERROR_CONFIG, "PassFile: the first line of %s is empty", path);
	return true;
}

/* Pass, or what stands where PassFile or PassEnv say, once. */
static bool check_password(struct config *config, struct db_params *server, struct error *err)
{
	if (!!server->pass + !!server->pass_file + !!server->pass_env > 1)
		return error_set(err, ERROR_CONFIG,
				 "only one of Pass, PassFile and PassEnv can be specified");
	if (server->pass_file) {
		char *password = NULL;
		bool ok = read_pass_file(server->pass_file, &password, err);

		config_keep(config, password);
		if (!ok)
			return false;
		server->pass = password;
		server->pass_file = NULL;
	}
	if (server->pass_env) {
		const char *value = getenv(server->pass_env);

		if (!value)
			return error_set(err, ERROR_CONFIG,
					 "PassEnv: the environment variable %s is not set",
					 server->pass_env);
		server->pass = config_keep(config, mem_strdup(value));
		server->pass_env = NULL;
	}
	return true;
}

static bool check_readable(const char *path, struct error *err)
{
	FILE *file;

	if (!path)
		return true;
	file = fopen(path, "re");
	if (!file) {
		error_errno(err, "failed to build TLS config: open %s", path);
		err->kind = ERROR_CONFIG;
		return false;
	}
	fclose(file);
	return true;
}

static bool check_tls(const struct config *config, const struct db_params *server, struct error *err)
{
	const char *unknown = config_unread_text(config, &server->tls_verify);
	const char *verify = server->tls_verify == DB_TLS_CA ? "ca" : "none";

	if (!server->use_tls)
		return true;
	if (!server->tls_cert_path != !server->tls_key_path)
		return error_set(err, ERROR_CONFIG,
				 "failed to build TLS config: "
				 "ClientCertPath and ClientKeyPath go together");
	if (unknown)
		return error_set(err, ERROR_CONFIG, "TLS.Verify must be full, ca or none, not %s",
				 unknown);
	if (server->tls_verify != DB_TLS_FULL && server->tls_server_name)
		return error_set(err, ERROR_CONFIG,
				 "TLS.ServerName is not checked with TLS.Verify %s: take one of them "
				 "out",
				 verify);
	if (server->tls_verify == DB_TLS_CA && !server->tls_ca_path)
		return error_set(err, ERROR_CONFIG,
				 "TLS.Verify ca needs TLS.CertPath, the CA that has signed the "
				 "server's certificate");
	if (server->tls_verify == DB_TLS_NONE && server->tls_ca_path)
		return error_set(err, ERROR_CONFIG,
				 "TLS.CertPath is not used with TLS.Verify none: take it out, or "
				 "have Verify be ca");
	return check_readable(server->tls_ca_path, err) &&
	       check_readable(server->tls_cert_path, err) &&
	       check_readable(server->tls_key_path, err);
}

static bool check_server(struct config *config, struct db_params *server, struct error *err)
{
	if (!server->host)
		return error_set(err, ERROR_CONFIG, "host is empty");
	/* For a socket too, as in Ghostferry. */
	if (server->port == 0)
		return error_set(err, ERROR_CONFIG, "port is not specified");
	if (config_unread_text(config, &server->is_unix))
		return error_set(err, ERROR_CONFIG, "net is unknown (valid modes: tcp, unix)");
	if (!server->user)
		return error_set(err, ERROR_CONFIG, "user is empty");
	return check_param(&server->variables, "time_zone", TIME_ZONE, err) &&
	       check_param(&server->variables, "sql_mode", SQL_MODE, err) &&
	       check_password(config, server, err) && check_tls(config, server, err);
}

static bool check_replica(struct config *config, struct error *err)
{
	if (!config->move.replica.enabled)
		return true;
	if (!config->source_replication_master_given)
		return error_set(err, ERROR_CONFIG,
				 "RunFerryFromReplica needs SourceReplicationMaster: "
				 "{\"Host\": ..., \"Port\": 3306, \"User\": ..., \"Pass\": ...}");
	return check_server(config, &config->move.replica.master, err) ||
	       error_wrap(err, "SourceReplicationMaster");
}

/* An unknown backend is only worth a warning: see config_load(). */
static bool check_log(struct config *config, struct error *err)
{
	enum log_level level;

	if (!config->log_level || log_parse_level(config->log_level, &level))
		return true;
	return error_set(err, ERROR_CONFIG,
			 "invalid LogLevel \"%s\" (valid: debug, info, warn, error)",
			 config->log_level);
}

static bool check_source(struct config *config, struct error *err)
{
	return check_server(config, &config->move.source, err) || error_wrap(err, "source");
}

static bool check_target(struct config *config, struct error *err)
{
	return check_server(config, &config->move.target, err) || error_wrap(err, "target");
}

/* columns: "table.column" -> its node, see LEAF_ALGORITHM. */
static bool check_compression(const struct map *columns, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(columns, &cursor))) {
		const cJSON *column = entry->value;

		if (strcasecmp(column->valuestring, "SNAPPY") != 0)
			return error_set(err, ERROR_CONFIG,
					 "Compression algorithm: %s not supported on table: %.*s "
					 "for column: %s",
					 column->valuestring,
					 (int)(entry->key_length - strlen(column->string) - 1),
					 entry->key, column->string);
	}
	return true;
}

static bool check_verifier(struct config *config, struct error *err)
{
	const struct verify_options *verify = &config->move.verify;
	const char *unknown = config_unread_text(config, &verify->type);

	if (unknown)
		return error_set(err, ERROR_CONFIG, "'%s' is not a known VerifierType", unknown);
	if (verify->type == VERIFIER_ITERATIVE)
		return (check_duration(config, "MaxExpectedDowntime",
				       &config->iterative_max_downtime_ms, err) &&
			check_compression(&verify->compressed_bare, err)) ||
		       error_wrap(err, "IterativeVerifierConfig invalid");
	if (verify->type != VERIFIER_INLINE)
		return true;
	if (!check_duration(config, "MaxExpectedDowntime", &config->inline_max_downtime_ms, err) ||
	    !check_duration(config, "VerifyBinlogEventsInterval", &verify->interval_ms, err))
		return error_wrap(err, "InlineVerifierConfig invalid");
	if (verify->interval_ms == 0)
		return error_set(err, ERROR_CONFIG,
				 "InlineVerifierConfig invalid: "
				 "VerifyBinlogEventsInterval must be more than 0");
	return check_compression(&verify->compressed_columns, err) ||
	       error_wrap(err, "CompressedColumnsForVerification invalid");
}

/* The port of "host:port", ":port" or "[v6]:port"; 0 lets the system choose. */
static bool is_bind_address(const char *address)
{
	const char *colon = strrchr(address, ':');
	char *end;
	unsigned long port;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	return *end == '\0' && port <= UINT16_MAX;
}

static bool check_control_server(struct config *config, struct error *err)
{
	const struct control_server_config *server = &config->control_server;
	const struct map_entry *entry;
	size_t cursor = 0;

	if (!server->enabled)
		return true;
	if (!is_bind_address(server->server_bind_addr))
		return error_set(err, ERROR_CONFIG,
				 "ControlServerConfig invalid: ServerBindAddr \"%s\" is not "
				 "host:port",
				 server->server_bind_addr);
	while ((entry = map_next(&server->custom_scripts, &cursor)))
		if (((const struct string_list *)entry->value)->count == 0)
			return error_set(err, ERROR_CONFIG,
					 "ControlServerConfig invalid: CustomScripts.%s has no "
					 "command",
					 entry->key);
	return true;
}

static bool check_callback(const char *key, const struct callback *callback, struct error *err)
{
	if (!callback->uri || strncasecmp(callback->uri, "http://", 7) == 0 ||
	    strncasecmp(callback->uri, "https://", 8) == 0)
		return true;
	return error_set(err, ERROR_CONFIG, "%s.URI must begin with http:// or https://", key);
}

/* A wrong one would show only days later, at the cutover. */
static bool check_callbacks(struct config *config, struct error *err)
{
	return check_callback("ProgressCallback", &config->progress_callback, err) &&
	       check_callback("StateCallback", &config->state_callback, err) &&
	       check_callback("ErrorCallback", &config->error_callback, err) &&
	       check_callback("CutoverLock", &config->cutover_lock, err) &&
	       check_callback("CutoverUnlock", &config->cutover_unlock, err);
}

static bool has_point(const struct batch_points *points, uint64_t row_bytes)
{
	for (size_t i = 0; i < points->count; i++)
		if (points->items[i].row_bytes == row_bytes)
			return true;
	return false;
}

static bool check_points(const struct batch_points *points, struct error *err)
{
	if (!has_point(points, points->min_row_bytes))
		return error_set(err, ERROR_CONFIG, "must provide batch size for MinRowSize");
	if (!has_point(points, points->max_row_bytes))
		return error_set(err, ERROR_CONFIG, "must provide batch size for MaxRowSize");
	if (points->min_row_bytes > points->max_row_bytes)
		return error_set(err, ERROR_CONFIG, "MinRowSize is larger than MaxRowSize");
	for (size_t i = 0; i < points->count; i++)
		if (points->items[i].rows == 0)
			return error_set(err, ERROR_CONFIG,
					 "batch size for row size %llu must not be 0",
					 (unsigned long long)points->items[i].row_bytes);
	return true;
}

static bool check_table_override(const struct map *override, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(override, &cursor)))
		if (*(const uint64_t *)entry->value == 0)
			return error_set(err, ERROR_CONFIG, "batch size for %s must not be 0",
					 entry->key);
	return true;
}

static bool check_batch_sizes(struct config *config, struct error *err)
{
	const struct move_options *move = &config->move;

	return !config->batch_size_override_given ||
	       (check_points(&move->batch_points, err) &&
		check_table_override(&move->batch_rows_per_table, err)) ||
	       error_wrap(err, "DataIterationBatchSizePoints invalid");
}

/* Each takes a connection, a copying one two; the fence has room for three batches
 * of each (FENCE_TICKETS_MAX). */
#define CONCURRENCY_MAX 256

static bool check_concurrency(struct config *config, struct error *err)
{
	if (config->move.copy_workers > CONCURRENCY_MAX)
		return error_set(err, ERROR_CONFIG, "DataIterationConcurrency must be at most %d",
				 CONCURRENCY_MAX);
	if (config->move.apply_workers > CONCURRENCY_MAX)
		return error_set(err, ERROR_CONFIG, "BinlogWriterConcurrency must be at most %d",
				 CONCURRENCY_MAX);
	return true;
}

/* Three eighths for row changes that wait, a quarter for copied rows on their way, a
 * quarter for XA transactions that are not decided; of the last eighth a quarter is for
 * keys of owed rows, and the rest the verifier's. A buffer that each connection keeps comes
 * on top: small enough not to count, as larger rows are read one at a time and their
 * buffers freed. */
static void share_memory(struct move_options *move, uint64_t limit)
{
	uint64_t row_bytes = limit / 64;

	move->queue_bytes = limit / 8 * 3;
	move->rows_bytes = limit / 4;
	move->xa_bytes = limit / 4;
	move->owed_bytes = limit / 32;
	move->verify.queue_bytes = limit / 32 * 3;
	move->row_bytes = row_bytes < ROW_BYTES_MIN ? ROW_BYTES_MIN :
			  row_bytes > ROW_BYTES_MAX ? ROW_BYTES_MAX :
						      row_bytes;
}

/* The Iterative verifier's keys say nothing to the others. */
static void complete_verifier(struct config *config)
{
	struct verify_options *verify = &config->move.verify;

	verify->spill_beside = config->state_file;
	verify->workers = config->move.copy_workers;
	verify->max_downtime_ms = 0;
	if (verify->type == VERIFIER_INLINE)
		verify->max_downtime_ms = config->inline_max_downtime_ms;
	if (verify->type == VERIFIER_ITERATIVE) {
		verify->workers = config->iterative_workers;
		verify->max_downtime_ms = config->iterative_max_downtime_ms;
	} else {
		map_clear(&verify->ignored_bare);
		map_clear(&verify->compressed_bare);
		verify->ignored_tables.count = 0;
	}
}

bool config_validate(struct config *config, struct error *err)
{
	static bool (*const checks[])(struct config * config, struct error * err) = {
		check_databases, check_tables,	    check_timeouts,
		check_replica,	 check_log,	    check_source,
		check_target,	 check_verifier,    check_control_server,
		check_callbacks, check_batch_sizes, check_concurrency,
	};
	struct error found = ERROR_INIT, first = ERROR_INIT;
	struct move_options *move = &config->move;

	config->more_errors.count = 0;
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		if (!checks[i](config, &found))
			config_add_error(config, CONFIG_VALIDATING, &found, &first);
	if (first.kind != ERROR_NONE) {
		*err = first;
		return false;
	}
	move->watch_target = !config->skip_target_verification;
	move->target.logs_statements = move->watch_target;
	move->stops_writers = config->cutover_lock.uri != NULL;
	share_memory(move, config->memory_limit);
	complete_verifier(config);
	return true;
}
