/* What makes every session alike.
 *
 * Order matters, as of two assignments in one SET the last one holds: first what the
 * configuration's Params may override (time limits), then the Params, then what values and literals
 * depend on, which must not be overridden. The Collation and a "charset" among the Params are for
 * the connection alone and never show in the data, as values travel as stored and statements are
 * utf8mb4: they are handed to the server, so that a wrong one is refused, and where they are not
 * utf8mb4 they are then overruled. */
#include "session.h"

#include "db/computing.h"
#include "db/sql.h"

static const char default_collation[] = "utf8mb4_general_ci";

static bool is_mariadb(const struct server_version *version)
{
	return version->flavour == FLAVOUR_MARIADB;
}

static void set_limits(struct buf *sql, enum db_session session,
		       const struct server_version *version)
{
	buf_puts(sql, "wait_timeout=31536000, net_read_timeout=3600, net_write_timeout=3600");
	/* A server-wide limit on statements would end the copy of a large table. */
	if (is_mariadb(version))
		buf_puts(sql, ", max_statement_time=0");
	else if (server_is_from(version, 50708, SERVER_NEVER))
		buf_puts(sql, ", max_execution_time=0");
	/* Or the first look at a table's size writes it into the server's dictionary:
	 * 18 s for 5000 tables instead of 2 s, and not fair to a source. */
	if (server_is_from(version, 80000, SERVER_NEVER))
		buf_puts(sql, ", information_schema_stats_expiry=0");
	/* Or information_schema hides a generated invisible primary key. */
	if (server_is_from(version, 80030, SERVER_NEVER))
		buf_puts(sql, ", show_gipk_in_create_table_and_information_schema=1");
	/* The servers' own limits are a day and a year: a lock would go unnoticed. */
	buf_printf(sql, ", lock_wait_timeout=%d", session == DB_SESSION_WRITE ? 300 : 60);
}

static void set_params(struct buf *sql, const struct db_params *params)
{
	const struct map_entry *variable;
	size_t cursor = 0;

	while ((variable = map_next(&params->variables, &cursor))) {
		/* Ghostferry's value has NO_BACKSLASH_ESCAPES: accepted, and not set. */
		if (strcmp(variable->key, "sql_mode") == 0)
			continue;
		/* The first of a list such as "utf8mb4,utf8", which may stand in quotes. */
		const char *first = (const char *)variable->value + strspn(variable->value, "'\"");

		if (strcmp(variable->key, "charset") == 0)
			buf_printf(sql, ", NAMES '%.*s'", (int)strcspn(first, ",'\""), first);
		else
			buf_printf(sql, ", %s=%s", variable->key, (const char *)variable->value);
	}
}

/* MySQL 8 knows only the new names, MariaDB before 11.1 only the old ones. */
static const char *transaction_prefix(const struct server_version *version)
{
	return server_is_from(version, 50720, 110100) ? "transaction" : "tx";
}

/* What servers are given to guard them against careless clients, or to suit one program.
 * An account may undo it for its own sessions. */
static void undo_guards(struct buf *sql, enum db_session session,
			const struct server_version *version)
{
	/* It would silently leave out tables, and rows of large reads. */
	buf_puts(sql, ", sql_select_limit=18446744073709551615");
	/* max_join_size forbids to read a whole table. */
	buf_puts(sql, ", sql_big_selects=1");
	/* A COMMIT is one: it neither begins the next transaction nor ends the session. */
	buf_puts(sql, ", completion_type=0");
	/* Names in what SHOW CREATE prints are in backticks. */
	buf_puts(sql, ", sql_quote_show_create=1");
	/* Tables would be created with options they do not have. */
	if (server_is_from(version, 80000, SERVER_NEVER))
		buf_puts(sql, ", show_create_table_verbosity=0");
	if (session != DB_SESSION_WRITE)
		return;
	/* Off, InnoDB finds no duplicates where a page of the index is not in memory: a row that
	 * holds a unique value which has moved on would not be displaced. */
	buf_puts(sql, ", unique_checks=1");
	/* Or rows of a table without a key cannot be deleted. */
	buf_puts(sql, ", sql_safe_updates=0");
	buf_printf(sql, ", %s_read_only=0", transaction_prefix(version));
}

static void set_binding(struct buf *sql, const struct db_params *params, enum db_session session,
			const struct server_version *version)
{
	const char *collation = params->collation;

	if (collation && collation[0] != '\0') {
		buf_puts(sql, ", collation_connection=");
		sql_text(sql, collation);
	}
	if (!collation || strncmp(collation, "utf8mb4_", 8) != 0)
		collation = default_collation;
	buf_puts(sql, ", NAMES utf8mb4 COLLATE ");
	sql_text(sql, collation);
	buf_puts(sql, ", character_set_results=NULL, time_zone='+00:00'");
	/* Twice: the change ends a transaction that init_connect has begun. */
	buf_puts(sql, ", autocommit=0, autocommit=1");
	buf_printf(sql, ", %s_isolation='READ-COMMITTED'", transaction_prefix(version));
	buf_puts(sql, ", sql_mode='" DB_SQL_MODE "'");
	/* A list that is cut short is useless. The maximum: servers with
	 * STRICT_ALL_TABLES refuse more, the others lower it. */
	buf_printf(sql, ", group_concat_max_len=%s",
		   is_mariadb(version) ? "1073741824" : "4294967295");
	computing_put(sql, params->computing, version);
	undo_guards(sql, session, version);
	if (session != DB_SESSION_WRITE)
		return;
	buf_puts(sql, ", foreign_key_checks=0");
	/* In strict mode, rounding a value raises a note only. */
	buf_puts(sql, ", sql_notes=1");
	/* Rows that were stored before a constraint, or without its being checked. */
	if (is_mariadb(version))
		buf_puts(sql, ", check_constraint_checks=0");
}

void session_setup(struct buf *sql, const struct db_params *params, enum db_session session,
		   const struct server_version *version)
{
	buf_puts(sql, "SET ");
	set_limits(sql, session, version);
	set_params(sql, params);
	set_binding(sql, params, session, version);
}
