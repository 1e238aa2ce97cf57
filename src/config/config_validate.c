/* Ghostferry's checks, in its order and its words, so that whoever knows the one
 * program understands the other. Where Ghostferry crashes or silently does
 * something else (no master, batch size 0, an interval of 0), this says what is
 * wrong. Whatever can be found out without a server is found out here, before
 * anything is connected. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "config/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define TIME_ZONE "'+00:00'"
#define SQL_MODE "'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'"

static bool equals(const char *text, const char *wanted)
{
	return text && strcmp(text, wanted) == 0;
}

/* Ghostferry's words are those of Go's time.ParseDuration(). */
static bool fail_duration(const char *key, const char *text, struct error *err)
{
	char *with_unit = mem_printf("%ss", text);
	int64_t ns;
	bool lacks_unit = clock_parse_duration(with_unit, &ns);

	free(with_unit);
	return error_set(err, ERROR_CONFIG, "%s: time: %s duration \"%s\"", key,
			 lacks_unit ? "missing unit in" : "invalid", text);
}

static bool check_duration(const char *key, struct config_duration *duration, struct error *err)
{
	duration->ns = 0;
	if (!duration->text)
		return true;
	if (!clock_parse_duration(duration->text, &duration->ns))
		return fail_duration(key, duration->text, err);
	if (duration->ns < 0)
		return error_set(err, ERROR_CONFIG, "%s: %s is negative", key, duration->text);
	return true;
}

static bool check_filter(const char *key, const struct filter_and_rewrite *filter,
			 struct error *err)
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

static bool check_filters(struct config *config, struct error *err)
{
	return check_filter("Databases", &config->databases, err) &&
	       check_filter("Tables", &config->tables, err) &&
	       check_duration("OpenTransactionsTimeout", &config->open_transactions_timeout, err) &&
	       check_duration("WaitForReplicationTimeout", &config->wait_for_replication_timeout,
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
		return error_set(err, ERROR_CONFIG, "PassFile: the first line of %s is empty",
				 path);
	return true;
}

static bool check_password(struct database_config *database, struct error *err)
{
	const char *value;

	if (!!database->pass + !!database->pass_file + !!database->pass_env > 1)
		return error_set(err, ERROR_CONFIG,
				 "only one of Pass, PassFile and PassEnv can be specified");
	free(database->password);
	database->password = NULL;
	if (database->pass_file)
		return read_pass_file(database->pass_file, &database->password, err);
	value = database->pass_env ? getenv(database->pass_env) : database->pass;
	if (database->pass_env && !value)
		return error_set(err, ERROR_CONFIG,
				 "PassEnv: the environment variable %s is not set",
				 database->pass_env);
	database->password = value ? mem_strdup(value) : NULL;
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

static bool check_verify(const struct tls_config *tls, struct error *err)
{
	bool is_full = strcmp(tls->verify, "full") == 0, is_ca = strcmp(tls->verify, "ca") == 0;

	if (!is_full && !is_ca && strcmp(tls->verify, "none") != 0)
		return error_set(err, ERROR_CONFIG, "TLS.Verify must be full, ca or none, not %s",
				 tls->verify);
	if (!is_full && tls->server_name)
		return error_set(err, ERROR_CONFIG,
				 "TLS.ServerName is not checked with TLS.Verify %s: take one of them "
				 "out",
				 tls->verify);
	if (is_ca && !tls->cert_path)
		return error_set(err, ERROR_CONFIG,
				 "TLS.Verify ca needs TLS.CertPath, the CA that has signed the "
				 "server's certificate");
	if (!is_full && !is_ca && tls->cert_path)
		return error_set(err, ERROR_CONFIG,
				 "TLS.CertPath is not used with TLS.Verify none: take it out, or "
				 "have Verify be ca");
	return true;
}

static bool check_tls(const struct tls_config *tls, struct error *err)
{
	if (!tls->enabled)
		return true;
	if (!tls->client_cert_path != !tls->client_key_path)
		return error_set(err, ERROR_CONFIG,
				 "failed to build TLS config: "
				 "ClientCertPath and ClientKeyPath go together");
	if (!check_verify(tls, err))
		return false;
	return check_readable(tls->cert_path, err) && check_readable(tls->client_cert_path, err) &&
	       check_readable(tls->client_key_path, err);
}

static bool check_database(struct database_config *database, struct error *err)
{
	if (!database->host)
		return error_set(err, ERROR_CONFIG, "host is empty");
	/* For a socket too, as in Ghostferry. */
	if (database->port == 0)
		return error_set(err, ERROR_CONFIG, "port is not specified");
	if (!equals(database->net, "tcp") && !equals(database->net, "unix"))
		return error_set(err, ERROR_CONFIG, "net is unknown (valid modes: tcp, unix)");
	if (!database->user)
		return error_set(err, ERROR_CONFIG, "user is empty");
	return check_param(&database->params, "time_zone", TIME_ZONE, err) &&
	       check_param(&database->params, "sql_mode", SQL_MODE, err) &&
	       check_password(database, err) && check_tls(&database->tls, err);
}

static bool check_replica(struct config *config, struct error *err)
{
	if (!config->run_ferry_from_replica)
		return true;
	if (!config->source_replication_master.given)
		return error_set(err, ERROR_CONFIG,
				 "RunFerryFromReplica needs SourceReplicationMaster: "
				 "{\"Host\": ..., \"Port\": 3306, \"User\": ..., \"Pass\": ...}");
	return check_database(&config->source_replication_master, err) ||
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

static bool check_servers(struct config *config, struct error *err)
{
	if (!check_database(&config->source, err))
		return error_wrap(err, "source");
	if (!check_database(&config->target, err))
		return error_wrap(err, "target");
	return true;
}

/* columns: column -> algorithm. */
static bool check_compression(const char *table, const struct map *columns, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(columns, &cursor)))
		if (strcasecmp(entry->value, "SNAPPY") != 0)
			return error_set(err, ERROR_CONFIG,
					 "Compression algorithm: %s not supported on table: %s "
					 "for column: %s",
					 (const char *)entry->value, table, entry->key);
	return true;
}

/* tables: table -> columns; database may be NULL. */
static bool check_compressions(const char *database, const struct map *tables, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(tables, &cursor))) {
		char *name = mem_printf("%s%s%s", database ? database : "", database ? "." : "",
					entry->key);
		bool ok = check_compression(name, entry->value, err);

		free(name);
		if (!ok)
			return false;
	}
	return true;
}

static bool check_iterative(struct config *config, struct error *err)
{
	struct iterative_verifier_config *verifier = &config->iterative_verifier;

	if (check_duration("MaxExpectedDowntime", &verifier->max_expected_downtime, err) &&
	    check_compressions(NULL, &verifier->table_column_compression, err))
		return true;
	return error_wrap(err, "IterativeVerifierConfig invalid");
}

static bool check_inline_times(struct inline_verifier_config *verifier, struct error *err)
{
	if (!check_duration("MaxExpectedDowntime", &verifier->max_expected_downtime, err) ||
	    !check_duration("VerifyBinlogEventsInterval", &verifier->verify_binlog_events_interval,
			    err))
		return error_wrap(err, "InlineVerifierConfig invalid");
	if (verifier->verify_binlog_events_interval.ns == 0)
		return error_set(err, ERROR_CONFIG,
				 "InlineVerifierConfig invalid: "
				 "VerifyBinlogEventsInterval must be more than 0");
	return true;
}

static bool check_inline(struct config *config, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	if (!check_inline_times(&config->inline_verifier, err))
		return false;
	while ((entry = map_next(&config->compressed_columns, &cursor)))
		if (!check_compressions(entry->key, entry->value, err))
			return error_wrap(err, "CompressedColumnsForVerification invalid");
	return true;
}

static bool check_verifier(struct config *config, struct error *err)
{
	static const struct {
		const char *type;
		bool (*check)(struct config *config, struct error *err);
	} verifiers[] = {
		{ "NoVerification", NULL },
		{ "ChecksumTable", NULL },
		{ "Iterative", check_iterative },
		{ "Inline", check_inline },
	};

	if (!config->verifier_type)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(verifiers); i++)
		if (equals(config->verifier_type, verifiers[i].type))
			return !verifiers[i].check || verifiers[i].check(config, err);
	return error_set(err, ERROR_CONFIG, "'%s' is not a known VerifierType",
			 config->verifier_type);
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
		if (((const struct config_list *)entry->value)->count == 0)
			return error_set(err, ERROR_CONFIG,
					 "ControlServerConfig invalid: CustomScripts.%s has no "
					 "command",
					 entry->key);
	return true;
}

static bool check_callback(const char *key, const struct http_callback *callback,
			   struct error *err)
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

static bool has_point(const struct config_points *points, uint64_t row_size)
{
	for (size_t i = 0; i < points->count; i++)
		if (points->items[i].row_size == row_size)
			return true;
	return false;
}

static bool check_points(const struct batch_size_override *override, struct error *err)
{
	const struct config_points *points = &override->control_points;

	if (!has_point(points, override->min_row_size))
		return error_set(err, ERROR_CONFIG, "must provide batch size for MinRowSize");
	if (!has_point(points, override->max_row_size))
		return error_set(err, ERROR_CONFIG, "must provide batch size for MaxRowSize");
	if (override->min_row_size > override->max_row_size)
		return error_set(err, ERROR_CONFIG, "MinRowSize is larger than MaxRowSize");
	for (size_t i = 0; i < points->count; i++)
		if (points->items[i].batch_size == 0)
			return error_set(err, ERROR_CONFIG,
					 "batch size for row size %llu must not be 0",
					 (unsigned long long)points->items[i].row_size);
	return true;
}

static bool check_table_override(const struct map *override, struct error *err)
{
	const struct map_entry *entry;
	struct map flat;
	size_t cursor = 0;
	bool ok = true;

	config_flatten(override, &flat);
	while (ok && (entry = map_next(&flat, &cursor)))
		if (*(const uint64_t *)entry->value == 0)
			ok = error_set(err, ERROR_CONFIG, "batch size for %s must not be 0",
				       entry->key);
	map_release(&flat);
	return ok;
}

static bool check_batch_sizes(struct config *config, struct error *err)
{
	const struct batch_size_override *override = &config->batch_size_override;

	if (!override->enabled || (check_points(override, err) &&
				   check_table_override(&override->table_override, err)))
		return true;
	return error_wrap(err, "DataIterationBatchSizePoints invalid");
}

/* Each takes a connection, a copying one two; the fence has room for three batches
 * of each (FENCE_TICKETS_MAX). */
#define CONCURRENCY_MAX 256

static bool check_concurrency(struct config *config, struct error *err)
{
	if (config->data_iteration_concurrency > CONCURRENCY_MAX)
		return error_set(err, ERROR_CONFIG, "DataIterationConcurrency must be at most %d",
				 CONCURRENCY_MAX);
	if (config->binlog_writer_concurrency > CONCURRENCY_MAX)
		return error_set(err, ERROR_CONFIG, "BinlogWriterConcurrency must be at most %d",
				 CONCURRENCY_MAX);
	return true;
}

bool config_validate(struct config *config, struct error *err)
{
	static bool (*const checks[])(struct config *config, struct error *err) = {
		check_filters,	check_replica,	      check_log,       check_servers,
		check_verifier, check_control_server, check_callbacks, check_batch_sizes,
		check_concurrency,
	};

	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		if (!checks[i](config, err))
			return false;
	return true;
}
