/* Ghostferry's checks, in its order and its words, so that users of one program understand the
 * other. Where Ghostferry crashes or silently does something else (no master, batch size 0, an
 * interval of 0), this says what is wrong. Whatever can be checked without a server is checked
 * here, before anything is connected. At the end the options are completed by what is computed from
 * several keys. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config_keys.h"
#include "objects/object_list.h"
#include "control/access.h"
#include "control/bind_address.h"
#include "plan/row_filter.h"
#include "plan/collation_rewrite.h"

#define ROW_BYTES_MIN (UINT64_C(1) << 20)
#define ROW_BYTES_MAX (UINT64_C(16) << 20)
#define TIME_ZONE "'+00:00'"
#define SQL_MODE "'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'"

/* The checks in progress. */
struct checks {
	struct config *config;
	const char *doing;  /* in front of what is in more_errors */
	const char *object; /* in front of keys, for places: "Source." or "" */
	const char *prefix; /* in front of texts: "source: " or "" */
	struct error first;
};

/* key: within the object; of what could not be read nothing more is said. */
PRINTF(4, 5)
static void wrong(struct checks *c, const char *key, const char *hint, const char *format, ...)
{
	char *path = mem_printf("%s%s", c->object, key), *text;
	struct error found = ERROR_INIT;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (!config_is_unusable(c->config, path)) {
		error_set(&found, ERROR_CONFIG, "%s%s", c->prefix, text ? text : format);
		config_add_error(c->config, c->doing, &found, config_find(c->config, path), hint,
				 &c->first);
	}
	free(text);
	free(path);
}

/* Ghostferry's words are those of Go's time.ParseDuration(). shown: the key as texts have it. */
static void check_duration(struct checks *c, const char *key, const char *shown, const int64_t *ms)
{
	static const char hint[] = "a duration is, for example, \"1m30s\", \"500ms\" or \"2h\"";
	const char *text = config_unread_text(c->config, ms);
	char *with_unit;
	int64_t ns;
	bool lacks_unit;

	if (!text)
		return;
	if (clock_parse_duration(text, &ns)) {
		wrong(c, key, hint, "%s: %s is negative", shown, text);
		return;
	}
	with_unit = mem_printf("%ss", text);
	lacks_unit = clock_parse_duration(with_unit, &ns);
	free(with_unit);
	wrong(c, key, hint, "%s: time: %s duration \"%s\"", shown,
	      lacks_unit ? "missing unit in" : "invalid", text);
}

static void check_filter(struct checks *c, const char *key, const struct name_rules *filter)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	if (filter->whitelist.count > 0 && filter->blacklist.count > 0)
		wrong(c, key, "leave one of them out, or empty",
		      "Whitelist and Blacklist cannot both be specified");
	while ((entry = map_next(&filter->rewrites, &cursor)))
		if (*(const char *)entry->value == '\0')
			wrong(c, key, NULL, "%s.Rewrites.%s is empty", key, entry->key);
}

/* What may be wrong with tables and columns is found when these are known. */
static void check_where(struct checks *c)
{
	const struct move_options *move = &c->config->move;
	const struct map_entry *entry;
	struct error why = ERROR_INIT;
	size_t cursor = 0;

	if (move->databases.where.count > 0)
		wrong(c, "Databases", "take it to Tables.Where", "Databases.Where is not known");
	while ((entry = map_next(&move->tables.where, &cursor))) {
		struct row_filter *filter = row_filter_parse(entry->value, &why);

		if (!filter)
			wrong(c, "Tables", NULL, "Tables.Where.%s: %s", entry->key, why.text);
		row_filter_free(filter);
	}
	if (move->tables.where.count > 0 && move->verify.repair)
		wrong(c, "VerifierRepair", "leave one of them out",
		      "VerifierRepair cannot be used with Tables.Where: it overwrites rows");
	if (move->tables.where.count > 0 && move->defer_indexes)
		wrong(c, "DeferSecondaryIndexes", "leave one of them out",
		      "DeferSecondaryIndexes cannot be used with Tables.Where: others may write to "
		      "the table");
	if (move->tables.where.count > 0 && (move->recopies || move->recopies_of.count > 0))
		wrong(c, "OnSchemaChange", "leave one of them out",
		      "OnSchemaChange: recopy cannot be used with Tables.Where: the table would be "
		      "dropped with the rows of others");
	for (size_t i = 0; i < move->friendly_runs.count; i++)
		if (*move->friendly_runs.items[i] == '\0')
			wrong(c, "FriendlyRuns", NULL, "FriendlyRuns: an entry is empty");
}

/* Names stand in statements as they are. */
static void check_collations(struct checks *c)
{
	static const char key[] = "CollationRewrites", letters[] = "abcdefghijklmnopqrstuvwxyz"
								   "0123456789_";
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&c->config->move.collation_rewrites, &cursor))) {
		const char *from = entry->key, *to = entry->value;
		bool is_pattern = from[strcspn(from, "*?")] != '\0';

		if (from[strspn(from, letters)] != '\0' && !is_pattern)
			wrong(c, key, NULL, "%s: \"%s\" is no name of a collation", key, from);
		else if (*to == '\0' || to[strspn(to, letters)] != '\0')
			wrong(c, key, NULL, "%s.%s: \"%s\" is no name of a collation", key, from,
			      to);
		else if (!is_pattern && !collation_same_charset(from, to))
			wrong(c, key, "values are moved as the bytes they are",
			      "%s.%s: %s is of another character set", key, from, to);
	}
}

static void check_engines(struct checks *c)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&c->config->move.engine_rewrites, &cursor)))
		if (strcasecmp(entry->value, "InnoDB") != 0)
			wrong(c, "EngineRewrites",
			      "rows and positions are safe in InnoDB only; ALTER TABLE can do more when "
			      "the move is done",
			      "EngineRewrites.%s: \"%s\" is not InnoDB", entry->key,
			      (const char *)entry->value);
}

static void check_timeouts(struct checks *c)
{
	struct move_options *move = &c->config->move;

	check_duration(c, "OpenTransactionsTimeout", "OpenTransactionsTimeout",
		       &move->open_transactions_ms);
	check_duration(c, "WaitForReplicationTimeout", "WaitForReplicationTimeout",
		       &move->replica.timeout_ms);
}

static void check_param(struct checks *c, const struct map *params, const char *name,
			const char *wanted)
{
	const char *value = map_get_text(params, name);

	if (value && strcmp(value, wanted) != 0)
		wrong(c, "Params", "or leave it out, it is set anyway", "%s must be set to %s",
		      name, wanted);
}

/* The first line, or NULL. */
static char *read_secret(struct checks *c, const char *key, const char *path)
{
	FILE *file = fopen(path, "re");
	struct error err = ERROR_INIT;
	char *password = NULL;
	size_t room = 0;
	ssize_t length;

	if (!file) {
		error_errno(&err, "%s: open %s", key, path);
		wrong(c, key, NULL, "%s", err.text);
		return NULL;
	}
	length = getline(&password, &room, file);
	if (length < 0 && ferror(file))
		error_errno(&err, "%s: read %s", key, path);
	fclose(file);
	if (length > 0)
		password[strcspn(password, "\r\n")] = '\0';
	if (err.kind == ERROR_NONE && (length <= 0 || *password == '\0'))
		error_set(&err, ERROR_CONFIG, "%s: the first line of %s is empty", key, path);
	config_keep(c->config, password);
	if (err.kind == ERROR_NONE)
		return password;
	wrong(c, key, NULL, "%s", err.text);
	return NULL;
}

/* Pass, or what stands where PassFile or PassEnv say, once. */
static void check_password(struct checks *c, struct db_params *server)
{
	if (!!server->pass + !!server->pass_file + !!server->pass_env > 1) {
		wrong(c, "Pass", NULL, "only one of Pass, PassFile and PassEnv can be specified");
		return;
	}
	if (server->pass_file) {
		char *password = read_secret(c, "PassFile", server->pass_file);

		if (password) {
			server->pass = password;
			server->pass_file = NULL;
		}
	}
	if (server->pass_env) {
		const char *value = getenv(server->pass_env);

		if (!value) {
			wrong(c, "PassEnv", NULL, "PassEnv: the environment variable %s is not set",
			      server->pass_env);
			return;
		}
		server->pass = config_keep(c->config, mem_strdup(value));
		server->pass_env = NULL;
	}
}

static void check_readable(struct checks *c, const char *key, const char *path)
{
	struct error err = ERROR_INIT;
	FILE *file;

	if (!path)
		return;
	file = fopen(path, "re");
	if (!file) {
		error_errno(&err, "failed to build TLS config: open %s", path);
		wrong(c, key, NULL, "%s", err.text);
		return;
	}
	fclose(file);
}

static void check_tls(struct checks *c, const struct db_params *server)
{
	const char *unknown = config_unread_text(c->config, &server->tls_verify);
	const char *verify = server->tls_verify == DB_TLS_CA ? "ca" : "none";

	if (!server->use_tls)
		return;
	if (!server->tls_cert_path != !server->tls_key_path)
		wrong(c, "TLS", NULL,
		      "failed to build TLS config: ClientCertPath and ClientKeyPath go together");
	if (unknown)
		wrong(c, "TLS.Verify", NULL, "TLS.Verify must be full, ca or none, not %s", unknown);
	else if (server->tls_verify != DB_TLS_FULL && server->tls_server_name)
		wrong(c, "TLS.ServerName", NULL,
		      "TLS.ServerName is not checked with TLS.Verify %s: take one of them out",
		      verify);
	else if (server->tls_verify == DB_TLS_CA && !server->tls_ca_path)
		wrong(c, "TLS.Verify", NULL,
		      "TLS.Verify ca needs TLS.CertPath, the CA that has signed the server's "
		      "certificate");
	else if (server->tls_verify == DB_TLS_NONE && server->tls_ca_path)
		wrong(c, "TLS.CertPath", NULL,
		      "TLS.CertPath is not used with TLS.Verify none: take it out, or have Verify "
		      "be ca");
	check_readable(c, "TLS.CertPath", server->tls_ca_path);
	check_readable(c, "TLS.ClientCertPath", server->tls_cert_path);
	check_readable(c, "TLS.ClientKeyPath", server->tls_key_path);
}

static void check_server(struct checks *c, const char *object, const char *who,
			 struct db_params *server)
{
	c->object = object;
	c->prefix = who;
	if (!server->host)
		wrong(c, "Host", "for example \"db1.example.com\"", "host is empty");
	/* For a socket too, as in Ghostferry. */
	if (server->port == 0)
		wrong(c, "Port", "usually 3306", "port is not specified");
	if (config_unread_text(c->config, &server->is_unix))
		wrong(c, "Net", NULL, "net is unknown (valid modes: tcp, unix)");
	if (!server->user)
		wrong(c, "User", NULL, "user is empty");
	check_param(c, &server->variables, "time_zone", TIME_ZONE);
	check_param(c, &server->variables, "sql_mode", SQL_MODE);
	check_password(c, server);
	check_tls(c, server);
	c->object = c->prefix = "";
}

static void check_replica(struct checks *c)
{
	if (!c->config->move.replica.enabled)
		return;
	if (c->config->source_replication_master_given)
		check_server(c, "SourceReplicationMaster.",
			     "SourceReplicationMaster: ", &c->config->move.replica.master);
	else
		wrong(c, "RunFerryFromReplica", NULL,
		      "RunFerryFromReplica needs SourceReplicationMaster: "
		      "{\"Host\": ..., \"Port\": 3306, \"User\": ..., \"Pass\": ...}");
}

static void check_throttle(struct checks *c)
{
	struct throttle_options *throttle = &c->config->move.throttle;
	struct error err = ERROR_INIT;

	c->object = "Throttle.";
	c->prefix = "Throttle invalid: ";
	check_duration(c, "UpdateInterval", "UpdateInterval", &throttle->limits.interval_ms);
	if (!config_unread_text(c->config, &throttle->limits.interval_ms) &&
	    !throttle_limits_check(&throttle->limits, &err))
		/* The text begins with the key. */
		wrong(c,
		      strncmp(err.text, "Source", 6) == 0 ? "SourceReplicas" :
		      strncmp(err.text, "Target", 6) == 0 ? "TargetReplicas" :
							    "UpdateInterval",
		      NULL, "%s", err.text);
	c->object = "Throttle.ReplicaConnection.";
	c->prefix = "Throttle.ReplicaConnection: ";
	if (throttle->has_login) {
		if (throttle->login.host)
			wrong(c, "Host", NULL,
			      "which replicas say SourceReplicas and TargetReplicas, not Host");
		if (!throttle->login.user)
			wrong(c, "User", NULL, "user is empty");
		check_password(c, &throttle->login);
		check_tls(c, &throttle->login);
	}
	c->object = c->prefix = "";
}

/* An unknown backend is only worth a warning: see config_load(). */
static void check_log(struct checks *c)
{
	enum log_level level;

	if (c->config->log_level && !log_parse_level(c->config->log_level, &level))
		wrong(c, "LogLevel", NULL,
		      "invalid LogLevel \"%s\" (valid: debug, info, warn, error)",
		      c->config->log_level);
}

/* columns: "table.column" -> its node, see LEAF_ALGORITHM. */
static void check_compression(struct checks *c, const char *key, const struct map *columns)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(columns, &cursor))) {
		const cJSON *column = entry->value;

		if (strcasecmp(column->valuestring, "SNAPPY") != 0)
			wrong(c, key, "known: SNAPPY",
			      "Compression algorithm: %s not supported on table: %.*s for column: %s",
			      column->valuestring,
			      (int)(entry->key_length - strlen(column->string) - 1), entry->key,
			      column->string);
	}
}

static void check_inline_verifier(struct checks *c)
{
	const struct verify_options *verify = &c->config->move.verify;

	c->prefix = "InlineVerifierConfig invalid: ";
	c->object = "InlineVerifierConfig.";
	check_duration(c, "MaxExpectedDowntime", "MaxExpectedDowntime",
		       &c->config->inline_max_downtime_ms);
	check_duration(c, "VerifyBinlogEventsInterval", "VerifyBinlogEventsInterval",
		       &verify->interval_ms);
	if (verify->interval_ms == 0 && !config_unread_text(c->config, &verify->interval_ms))
		wrong(c, "VerifyBinlogEventsInterval", NULL,
		      "VerifyBinlogEventsInterval must be more than 0");
	c->prefix = "CompressedColumnsForVerification invalid: ";
	c->object = "";
	check_compression(c, "CompressedColumnsForVerification", &verify->compressed_columns);
	c->prefix = "";
}

static void check_iterative_verifier(struct checks *c)
{
	c->prefix = "IterativeVerifierConfig invalid: ";
	c->object = "IterativeVerifierConfig.";
	check_duration(c, "MaxExpectedDowntime", "MaxExpectedDowntime",
		       &c->config->iterative_max_downtime_ms);
	check_compression(c, "TableColumnCompression", &c->config->move.verify.compressed_bare);
	c->prefix = c->object = "";
}

static void check_schema_changes(struct checks *c, const struct move_options *move)
{
	const char *on_change = config_unread_text(c->config, &move->recopies);
	const struct map_entry *entry;
	size_t cursor = 0;

	if (on_change)
		wrong(c, "OnSchemaChange", "known: stop, recopy",
		      "'%s' is not a known OnSchemaChange", on_change);
	while ((entry = map_next(&move->recopies_of, &cursor)))
		if (strcmp(entry->value, "stop") != 0 && strcmp(entry->value, "recopy") != 0)
			wrong(c, "OnSchemaChangePerTable", "known: stop, recopy",
			      "'%s' of %s is not a known OnSchemaChange",
			      (const char *)entry->value, entry->key);
}

static void check_choices(struct checks *c)
{
	const struct move_options *move = &c->config->move;
	const char *verifier = config_unread_text(c->config, &move->verify.type);
	const char *method = config_unread_text(c->config, &move->write_method);
	const char *cascades = config_unread_text(c->config, &move->unlogged_cascades);

	if (verifier)
		wrong(c, "VerifierType", "known: NoVerification, ChecksumTable, Iterative, Inline",
		      "'%s' is not a known VerifierType", verifier);
	if (method)
		wrong(c, "TargetWriteMethod", "known: auto, insert",
		      "'%s' is not a known TargetWriteMethod", method);
	if (cascades)
		wrong(c, "UnloggedCascades", "known: carry, refuse",
		      "'%s' is not a known value of UnloggedCascades", cascades);
	check_schema_changes(c, move);
}

static void check_objects(struct checks *c)
{
	const struct string_list *kinds = &c->config->move.move_objects;

	for (size_t i = 0; i < kinds->count; i++)
		if (!object_kind_named(kinds->items[i]))
			wrong(c, "MoveObjects",
			      "known: views, triggers, routines, events, sequences",
			      "MoveObjects does not know '%s'", kinds->items[i]);
}

static void check_verifier(struct checks *c)
{
	check_choices(c);
	check_objects(c);
	if (c->config->move.verify.type == VERIFIER_ITERATIVE)
		check_iterative_verifier(c);
	else if (c->config->move.verify.type == VERIFIER_INLINE)
		check_inline_verifier(c);
}

/* AuthToken, or what stands in AuthTokenFile, once. */
static void check_token(struct checks *c, struct control_server_config *server)
{
	if (server->auth_token && server->auth_token_file) {
		wrong(c, "AuthToken", NULL,
		      "only one of AuthToken and AuthTokenFile can be specified");
		return;
	}
	if (server->auth_token_file) {
		server->auth_token = read_secret(c, "AuthTokenFile", server->auth_token_file);
		if (server->auth_token)
			server->auth_token_file = NULL;
	}
	if (server->auth_token && !access_token_is_usable(server->auth_token))
		wrong(c, "AuthToken", "for example what \"openssl rand -hex 32\" prints",
		      "AuthToken has a space, or a character that is not ASCII: it could not be "
		      "sent in a header");
}

/* What is said here was found out without a name server: what a name stands for shows when the
 * server is started. */
static void check_address(struct checks *c, const struct control_server_config *server)
{
	struct error err = ERROR_INIT;
	struct bind_address address;

	if (!bind_address_parse(&address, server->server_bind_addr, &err))
		wrong(c, "ServerBindAddr",
		      "for example \"127.0.0.1:8000\", \"[::1]:8000\" or \"unix:/run/ferry.sock\"",
		      "ServerBindAddr %s", err.text);
	else if (!bind_address_is_local(&address) && !server->auth_token &&
		 !server->auth_token_file && !server->allow_unauthenticated)
		wrong(c, "ServerBindAddr",
		      "set AuthTokenFile or AuthToken, listen on \"127.0.0.1:8000\" or "
		      "\"unix:/path\", or open it to all with \"AllowUnauthenticated\": true",
		      "others can reach ServerBindAddr \"%s\", and there is no AuthToken",
		      server->server_bind_addr);
}

static void check_control_server(struct checks *c)
{
	struct control_server_config *server = &c->config->control_server;
	const struct map_entry *entry;
	size_t cursor = 0;

	if (!server->enabled)
		return;
	c->prefix = "ControlServerConfig invalid: ";
	c->object = "ControlServerConfig.";
	check_address(c, server);
	check_token(c, server);
	for (size_t i = 0; i < server->trusted_hosts.count; i++)
		if (!access_host_is_usable(server->trusted_hosts.items[i]))
			wrong(c, "TrustedHosts", "for example [\"ferry.example.com\"]",
			      "TrustedHosts: \"%s\" is not a name, or name:port",
			      server->trusted_hosts.items[i]);
	while ((entry = map_next(&server->custom_scripts, &cursor)))
		if (((const struct string_list *)entry->value)->count == 0)
			wrong(c, "CustomScripts", "for example [\"/usr/bin/env\", \"--help\"]",
			      "CustomScripts.%s has no command", entry->key);
	c->prefix = c->object = "";
}

/* A wrong one would show only days later, at the cutover. */
static void check_callbacks(struct checks *c)
{
	const struct config *config = c->config;
	const struct {
		const char *key;
		const struct callback *callback;
	} callbacks[] = {
		{ "ProgressCallback", &config->progress_callback },
		{ "StateCallback", &config->state_callback },
		{ "ErrorCallback", &config->error_callback },
		{ "CutoverLock", &config->cutover_lock },
		{ "CutoverUnlock", &config->cutover_unlock },
		{ "Rollback.CutoverLock", &config->rollback.cutover_lock },
		{ "Rollback.CutoverUnlock", &config->rollback.cutover_unlock },
	};

	for (size_t i = 0; i < ARRAY_LEN(callbacks); i++) {
		const char *uri = callbacks[i].callback->uri;

		if (uri && strncasecmp(uri, "http://", 7) != 0 &&
		    strncasecmp(uri, "https://", 8) != 0)
			wrong(c, callbacks[i].key, NULL,
			      "%s.URI must begin with http:// or https://", callbacks[i].key);
	}
}

static bool has_point(const struct batch_points *points, uint64_t row_bytes)
{
	for (size_t i = 0; i < points->count; i++)
		if (points->items[i].row_bytes == row_bytes)
			return true;
	return false;
}

static void check_points(struct checks *c, const struct batch_points *points)
{
	static const char hint[] = "for example {\"MinRowSize\": 100, \"MaxRowSize\": 10000, "
				   "\"ControlPoints\": {\"100\": 2000, \"10000\": 200}}";

	if (!has_point(points, points->min_row_bytes))
		wrong(c, "MinRowSize", hint, "must provide batch size for MinRowSize");
	if (!has_point(points, points->max_row_bytes))
		wrong(c, "MaxRowSize", hint, "must provide batch size for MaxRowSize");
	if (points->min_row_bytes > points->max_row_bytes)
		wrong(c, "MinRowSize", hint, "MinRowSize is larger than MaxRowSize");
	for (size_t i = 0; i < points->count; i++)
		if (points->items[i].rows == 0)
			wrong(c, "ControlPoints", NULL, "batch size for row size %llu must not be 0",
			      (unsigned long long)points->items[i].row_bytes);
}

static void check_batch_sizes(struct checks *c)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	if (!c->config->batch_size_override_given)
		return;
	c->prefix = "DataIterationBatchSizePoints invalid: ";
	c->object = "DataIterationBatchSizePerTableOverride.";
	check_points(c, &c->config->move.batch_points);
	while ((entry = map_next(&c->config->move.batch_rows_per_table, &cursor)))
		if (*(const uint64_t *)entry->value == 0)
			wrong(c, "TableOverride", NULL, "batch size for %s must not be 0",
			      entry->key);
	c->prefix = c->object = "";
}

/* Each takes a connection, a copying one two; the fence has room for three batches
 * of each (FENCE_TICKETS_MAX). */
#define CONCURRENCY_MAX 256

static void check_concurrency(struct checks *c)
{
	if (c->config->move.copy_workers > CONCURRENCY_MAX)
		wrong(c, "DataIterationConcurrency", NULL,
		      "DataIterationConcurrency must be at most %d", CONCURRENCY_MAX);
	if (c->config->move.apply_workers > CONCURRENCY_MAX)
		wrong(c, "BinlogWriterConcurrency", NULL,
		      "BinlogWriterConcurrency must be at most %d", CONCURRENCY_MAX);
}

/* Where would the state go, and which server would be written to? */
static void check_rollback(struct checks *c)
{
	if (!c->config->prepare_rollback)
		return;
	if (!c->config->state_file)
		wrong(c, "PrepareRollback", "set StateFile, or leave it out for its default",
		      "PrepareRollback needs a StateFile: the way back is kept beside it");
	if (c->config->move.tables.where.count > 0)
		wrong(c, "PrepareRollback", "leave one of them out",
		      "PrepareRollback cannot be used with Tables.Where: rows of others would go back "
		      "too");
	if (c->config->move.replica.enabled)
		wrong(c, "PrepareRollback", "move from the primary, or go without a way back",
		      "PrepareRollback and RunFerryFromReplica: there is no way back to a replica, "
		      "which nobody may write to");
}

static void run_checks(struct checks *c)
{
	check_filter(c, "Databases", &c->config->move.databases);
	check_filter(c, "Tables", &c->config->move.tables);
	check_where(c);
	check_collations(c);
	check_engines(c);
	check_timeouts(c);
	check_replica(c);
	check_throttle(c);
	check_log(c);
	check_server(c, "Source.", "source: ", &c->config->move.source);
	check_server(c, "Target.", "target: ", &c->config->move.target);
	check_verifier(c);
	check_control_server(c);
	check_callbacks(c);
	check_rollback(c);
	check_batch_sizes(c);
	check_concurrency(c);
}

void config_validate_rest(struct config *config, struct error *first)
{
	struct checks c = { config, CONFIG_VALIDATING, "", "", *first };

	run_checks(&c);
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

/* The other verifiers ignore the Iterative verifier's keys. */
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
	struct checks c = { config, CONFIG_VALIDATING, "", "", ERROR_INIT };
	struct move_options *move = &config->move;

	config->more_errors.count = config->hints.count = 0;
	run_checks(&c);
	if (c.first.kind != ERROR_NONE) {
		*err = c.first;
		return false;
	}
	move->watch_target = !config->skip_target_verification;
	move->target.logs_statements = move->watch_target;
	move->stops_writers = config->cutover_lock.uri != NULL;
	move->way_back.state_path =
		config->prepare_rollback ?
			config_keep(config, mem_printf("%s.back", config->state_file)) :
			NULL;
	share_memory(move, config->memory_limit);
	complete_verifier(config);
	return true;
}

/* The callbacks of the move would stop the wrong writers and switch to the wrong server; and an
 * automatic cutover would go back at once. */
void config_turn_round(struct config *config, struct move_options *turned)
{
	config->is_turned_round = true;
	config->state_file = config_keep(config, mem_printf("%s.back", config->state_file));
	config->cutover_lock = config->rollback.cutover_lock;
	config->cutover_unlock = config->rollback.cutover_unlock;
	turned->automatic_cutover = config->rollback.automatic_cutover;
	turned->stops_writers = config->cutover_lock.uri != NULL;
	turned->verify.spill_beside = config->state_file;
	config->move = *turned;
}
