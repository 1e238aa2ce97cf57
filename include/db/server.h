/* Which server this is and what it can do. Flavour comes first: MariaDB's
 * "10.11" is not newer than MySQL's "8.4". Pure functions, any thread. */
#ifndef DB_SERVER_H
#define DB_SERVER_H

#include "base/error.h"

enum flavour { FLAVOUR_MYSQL, FLAVOUR_MARIADB };

struct server_version {
	enum flavour flavour;
	unsigned number; /* 8.4.3 is 80403, 10.11.19 is 101119 */
	char text[64];	 /* @@version as the server says it */
};

/* text is @@version, comment is @@version_comment ("" when unknown): Percona and
 * others count as MySQL; "-MariaDB" in the version decides. */
bool server_version_parse(const char *text, const char *comment, struct server_version *version,
			  struct error *err) MUST_CHECK;

#define SERVER_NEVER 99999999
/* Is it of this version, by flavour, or a later one? */
bool server_is_from(const struct server_version *version, unsigned mysql, unsigned mariadb);
const char *flavour_name(enum flavour flavour); /* "MySQL", "MariaDB" */

/* "FOR SHARE" (MySQL 8.0.1 on) or "LOCK IN SHARE MODE". */
const char *server_share_lock(const struct server_version *version);
/* The same with NOWAIT: a row that another session has locked fails the statement with ERROR_BUSY
 * at once. NULL: MySQL before 8.0.1 has none. */
const char *server_share_lock_nowait(const struct server_version *version);
/* "SHOW BINARY LOG STATUS" (MySQL 8.2 on) or "SHOW MASTER STATUS". */
const char *server_binlog_status_query(const struct server_version *version);
/* "SHOW REPLICAS" (MySQL 8.0.22 on), "SHOW REPLICA HOSTS" (MariaDB 10.5.1 on) or
 * "SHOW SLAVE HOSTS". */
const char *server_replicas_query(const struct server_version *version);
/* MySQL 9.6 on: cascades of foreign keys are done in the SQL layer and logged. */
bool server_logs_cascades(const struct server_version *version);
/* The oldest servers the program is made for: MySQL 5.7, MariaDB 10.5. */
bool server_is_supported(const struct server_version *version);

#endif
