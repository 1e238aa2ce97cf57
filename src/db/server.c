/* What a server's version says. The text is free-form: Debian's "9.7.4-2",
 * Percona's "8.0.36-28", MariaDB's "10.11.19-MariaDB-log", or "5.5.5-10.6.2-MariaDB"
 * where a MariaDB server pretends to be old; some managed servers leave the
 * patch number out ("5.7.mysql_aurora.2.11"). */
#include "db/server.h"

#include <stdio.h>
#include <string.h>

static const char replication_prefix[] = "5.5.5-";

/* "major.minor" and perhaps ".patch"; whatever follows does not count. */
static bool parse_numbers(const char *at, unsigned *number)
{
	static const unsigned most[] = { 9999, 99, 99 };
	unsigned parts[ARRAY_LEN(most)] = { 0 };

	for (unsigned i = 0; i < ARRAY_LEN(most); i++) {
		bool is_there = (i == 0 || *at++ == '.') && *at >= '0' && *at <= '9';

		if (!is_there && i < 2)
			return false;
		for (; is_there && *at >= '0' && *at <= '9'; at++) {
			parts[i] = parts[i] * 10 + (unsigned)(*at - '0');
			if (parts[i] > most[i])
				return false;
		}
	}
	*number = parts[0] * 10000 + parts[1] * 100 + parts[2];
	return true;
}

bool server_version_parse(const char *text, const char *comment, struct server_version *version,
			  struct error *err)
{
	struct server_version parsed = { .flavour = FLAVOUR_MYSQL };
	const char *numbers = text;

	if (strcasestr(text, "mariadb") || (comment && strcasestr(comment, "mariadb")))
		parsed.flavour = FLAVOUR_MARIADB;
	if (parsed.flavour == FLAVOUR_MARIADB &&
	    strncmp(text, replication_prefix, strlen(replication_prefix)) == 0)
		numbers += strlen(replication_prefix);
	if (!parse_numbers(numbers, &parsed.number))
		return error_set(err, ERROR_PREFLIGHT, "\"%s\" is not a server version known here",
				 text);
	snprintf(parsed.text, sizeof(parsed.text), "%s", text);
	*version = parsed;
	return true;
}

const char *flavour_name(enum flavour flavour)
{
	return flavour == FLAVOUR_MARIADB ? "MariaDB" : "MySQL";
}

bool server_is_from(const struct server_version *version, unsigned mysql, unsigned mariadb)
{
	return version->number >= (version->flavour == FLAVOUR_MARIADB ? mariadb : mysql);
}

const char *server_share_lock(const struct server_version *version)
{
	return server_is_from(version, 80001, SERVER_NEVER) ? "FOR SHARE" : "LOCK IN SHARE MODE";
}

const char *server_share_lock_nowait(const struct server_version *version)
{
	if (server_is_from(version, 80001, SERVER_NEVER))
		return "FOR SHARE NOWAIT";
	return server_is_from(version, SERVER_NEVER, 100300) ? "LOCK IN SHARE MODE NOWAIT" : NULL;
}

const char *server_binlog_status_query(const struct server_version *version)
{
	return server_is_from(version, 80200, SERVER_NEVER) ? "SHOW BINARY LOG STATUS" :
							      "SHOW MASTER STATUS";
}

const char *server_replicas_query(const struct server_version *version)
{
	if (server_is_from(version, 80022, 100501))
		return version->flavour == FLAVOUR_MARIADB ? "SHOW REPLICA HOSTS" : "SHOW REPLICAS";
	return "SHOW SLAVE HOSTS";
}

bool server_logs_cascades(const struct server_version *version)
{
	return server_is_from(version, 90600, SERVER_NEVER);
}

bool server_is_supported(const struct server_version *version)
{
	return server_is_from(version, 50700, 100500);
}
