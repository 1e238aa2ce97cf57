/* Ghostferry hands Params to go-sql-driver/mysql, which takes its own options out of them and sets
 * the rest as session variables. So there are configurations with "parseTime" and "timeout" among
 * the variables; no server has these. What means the same here is taken over, and wins over the
 * key, as it does there. The driver compares names with case. */
#include "driver_params.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config_keys.h"

/* charset stays: session.c takes it for SET NAMES. */
enum meaning { NOTHING, CONNECT_TIMEOUT, READ_TIMEOUT, WRITE_TIMEOUT, COLLATION, TLS };

static const struct driver_param {
	const char *name;
	enum meaning meaning;
	const char *because; /* of one without a meaning; NULL: it is about the driver itself */
} driver_params[] = {
	{ "allowAllFiles", NOTHING, NULL },
	{ "allowCleartextPasswords", NOTHING,
	  "a password goes in the clear only over TLS or a socket" },
	{ "allowFallbackToPlaintext", NOTHING, "with TLS a connection without it is never made" },
	{ "allowNativePasswords", NOTHING, "the client library decides" },
	{ "allowOldPasswords", NOTHING, "the client library decides" },
	{ "checkConnLiveness", NOTHING, NULL },
	{ "clientFoundRows", NOTHING, NULL },
	{ "collation", COLLATION, NULL },
	{ "columnsWithAlias", NOTHING, NULL },
	{ "compress", NOTHING, "connections are not compressed" },
	{ "connectionAttributes", NOTHING, NULL },
	{ "interpolateParams", NOTHING, NULL },
	{ "loc", NOTHING, "times are moved as they are stored" },
	{ "maxAllowedPacket", NOTHING, "the server's own limit counts" },
	{ "multiStatements", NOTHING, NULL },
	{ "parseTime", NOTHING, "times are moved as they are stored" },
	{ "readTimeout", READ_TIMEOUT, NULL },
	{ "rejectReadOnly", NOTHING, "a read-only target is refused at the start" },
	{ "serverPubKey", NOTHING, "the server sends its key" },
	{ "timeTruncate", NOTHING, "times are moved as they are stored" },
	{ "timeout", CONNECT_TIMEOUT, NULL },
	{ "tls", TLS, NULL },
	{ "writeTimeout", WRITE_TIMEOUT, NULL },
};

/* Whole seconds, rounded up: only 0 is 0. */
static bool set_seconds(const char *value, unsigned *seconds, struct error *err)
{
	int64_t ns, whole;

	if (!clock_parse_duration(value, &ns) || ns < 0)
		return error_set(err, ERROR_CONFIG, "time: invalid duration \"%s\"", value);
	whole = ns / 1000000000 + (ns % 1000000000 > 0);
	*seconds = whole > UINT32_MAX ? UINT32_MAX : (unsigned)whole;
	return true;
}

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(value, *words) == 0)
			return true;
	return false;
}

/* "preferred" would do without TLS if an attacker in between claims that there is none: then it is
 * better not to connect. */
static bool set_tls(const char *value, struct db_params *server, struct error *err)
{
	static const char *const no[] = { "0", "f", "F", "false", "False", "FALSE", "", NULL };
	static const char *const yes[] = { "1", "t", "T", "true", "True", "TRUE", NULL };
	static const char *const unverified[] = { "skip-verify", "preferred", NULL };

	if (server->use_tls || is_one_of(value, no)) /* the key TLS says more */
		return true;
	if (is_one_of(value, unverified))
		server->tls_verify = DB_TLS_NONE;
	else if (!is_one_of(value, yes))
		return error_set(err, ERROR_CONFIG,
				 "\"%s\" is not known: true, false, skip-verify or preferred; what "
				 "certificates are expected is for the key TLS",
				 value);
	server->use_tls = true;
	return true;
}

static bool take(const struct driver_param *param, const char *value, struct db_params *server,
		 struct error *err)
{
	switch (param->meaning) {
	case NOTHING:
		return true;
	case CONNECT_TIMEOUT:
		return set_seconds(value, &server->connect_timeout_s, err);
	case READ_TIMEOUT:
		return set_seconds(value, &server->read_timeout_s, err);
	case WRITE_TIMEOUT:
		return set_seconds(value, &server->write_timeout_s, err);
	case COLLATION:
		server->collation = value;
		return true;
	case TLS:
		return set_tls(value, server, err);
	}
	return true;
}

void driver_params_take(struct config *config, const char *object, struct db_params *server,
			struct config_warnings *warnings, struct error *first)
{
	struct error found = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(driver_params); i++) {
		const struct driver_param *param = &driver_params[i];
		const char *value = map_get_text(&server->variables, param->name);
		char *path;

		if (!value)
			continue;
		map_remove(&server->variables, param->name, strlen(param->name));
		path = mem_printf("%s.Params.%s", object, param->name);
		if (!take(param, value, server, &found)) {
			error_wrap(&found, "%s", path);
			config_add_error(config, CONFIG_PARSING, &found, config_find(config, path),
					 NULL, first);
		} else if (param->meaning == NOTHING) {
			config_warn(warnings,
				    mem_printf("%s is an option of Go's driver, and has no effect%s%s",
					       path, param->because ? ": " : "",
					       param->because ? param->because : ""));
		}
		free(path);
	}
}
