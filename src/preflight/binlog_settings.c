/* Checks of the binlogs that are followed: the source's, and the target's unless
 * SkipTargetVerification is set. */
#include "preflight_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool is_target(const struct preflight *p, const struct preflight_server *at)
{
	return at == &p->target;
}

PRINTF(4, 5)
static void add_error(struct preflight *p, const struct preflight_server *at, const char *remedy,
		      const char *format, ...)
{
	char *whole_remedy = mem_printf("%s%s", remedy,
					is_target(p, at) ? ", or set SkipTargetVerification" : "");
	va_list args;
	char line[1024];

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	finding_add(p->findings, FINDING_ERROR, whole_remedy, "%s: %s%s", db_label(at->db), line,
		    is_target(p, at) ? " (its binlog is watched for writes of others)" : "");
	free(whole_remedy);
}

static void add_missing_privilege(struct preflight *p, const struct preflight_server *at,
				  const char *privilege, const char *why)
{
	char *remedy = mem_printf("GRANT %s ON *.* TO %s", privilege, at->grants.account);

	add_error(p, at, remedy, "the account %s lacks the privilege %s%s", at->grants.account,
		  privilege, why);
	free(remedy);
}

/* MariaDB requires a privilege for SHOW SLAVE STATUS that nothing else here needs, but
 * shows every account how many replication threads are running. */
static bool query_is_replica(struct db *db, bool *is_replica, struct error *err)
{
	const struct server_version *version = db_version(db);
	bool is_mariadb = version->flavour == FLAVOUR_MARIADB;
	struct db_rows rows = db_rows_of(db,
					 is_mariadb ? "SHOW GLOBAL STATUS LIKE 'Slaves_running'" :
					 version->number >= 80022 ? "SHOW REPLICA STATUS" :
								    "SHOW SLAVE STATUS",
					 err);

	while (db_rows_next(&rows))
		*is_replica = !is_mariadb || strtoul(db_rows_text(&rows, 1), NULL, 10) > 0;
	return rows.ok;
}

/* Changes that a server replicates from another are in its binlog only with
 * log_replica_updates. */
static bool check_replicated_changes(struct preflight *p, const struct preflight_server *at,
				     struct error *err)
{
	const char *name = "log_replica_updates";
	const char *value = preflight_variable(at, name);
	struct error failure = ERROR_INIT;
	bool is_replica = at == &p->source && p->options->replica.enabled;

	if (!value)
		value = preflight_variable(at, name = "log_slave_updates");
	if (!value || strcasecmp(value, "OFF") != 0)
		return true;
	if (!is_replica && !query_is_replica(at->db, &is_replica, &failure))
		return preflight_forgive(p,
					 is_target(p, at) ?
						 "target: whether it is a replica cannot be read" :
						 "source: whether it is a replica cannot be read",
					 &failure, err);
	if (is_replica)
		add_error(p, at,
			  is_target(p, at) ?
				  "start the target with --log-replica-updates (--log-slave-updates)" :
				  "start the source with --log-replica-updates (--log-slave-updates), or "
				  "move from its primary",
			  "it is a replica and %s is OFF: the changes it replicates are not in its "
			  "binlog",
			  name);
	return true;
}

static bool check_status(struct preflight *p, const struct preflight_server *at, struct error *err)
{
	const struct server_version *version = db_version(at->db);
	const char *sql = server_binlog_status_query(version);
	struct error failure = ERROR_INIT;

	if (db_exec(at->db, sql, strlen(sql), &failure))
		return true;
	if (failure.kind != ERROR_ACCESS)
		return preflight_forgive(p,
					 is_target(p, at) ?
						 "target: the binlog position cannot be read" :
						 "source: the binlog position cannot be read",
					 &failure, err);
	add_missing_privilege(p, at,
			      version->flavour == FLAVOUR_MARIADB ? "BINLOG MONITOR" :
								    "REPLICATION CLIENT",
			      " (to read the binlog position)");
	return true;
}

static bool check_logger(struct preflight *p, const struct preflight_server *at, struct error *err)
{
	const char *id = preflight_variable(at, "server_id");

	if (id && strtoul(id, NULL, 10) == 0)
		add_error(p, at, "SET GLOBAL server_id = 1",
			  "server_id is 0, so the server does not send its binlog to replicas");
	if (grants_allow(&at->grants, "REPLICATION SLAVE", NULL) == GRANTS_NO)
		add_missing_privilege(p, at, "REPLICATION SLAVE", " (to read the binlog)");
	return check_status(p, at, err) && check_replicated_changes(p, at, err);
}

/* Checks a session that is set up like the writers': they may have it on although the
 * global setting is off. */
static bool check_texts(struct preflight *p, const struct preflight_server *at, struct error *err)
{
	const char *name = db_version(at->db)->flavour == FLAVOUR_MARIADB ?
				   "binlog_annotate_row_events" :
				   "binlog_rows_query_log_events";
	struct buf value = BUF_INIT;
	bool ok = db_value(at->db, &value, NULL, err, "SELECT @@session.%s", name);
	bool is_on = strcmp(buf_text(&value), "1") == 0;

	buf_release(&value);
	if (!ok || is_on)
		return ok;

	char *remedy = mem_printf("SET GLOBAL %s = ON", name);

	add_error(p, at, remedy,
		  "%s must be ON, not OFF: our own writes cannot be distinguished from those of others",
		  name);
	free(remedy);
	return true;
}

static bool check_target(struct preflight *p, struct error *err)
{
	const struct preflight_server *at = &p->target;
	const char *format = preflight_variable(at, "binlog_format");

	if (!p->options->watch_target)
		return true;
	if (!preflight_is_on(at, "log_bin")) {
		add_error(p, at, "start the server with --log-bin and --server-id",
			  "log_bin must be ON, not OFF");
		return true;
	}
	if (format && strcasecmp(format, "ROW") != 0)
		add_error(p, at,
			  "SET GLOBAL binlog_format = 'ROW', and have clients reconnect: sessions "
			  "keep the old one",
			  "binlog_format must be ROW, not %s", format);
	return check_texts(p, at, err) && check_logger(p, at, err);
}

bool binlog_settings_check(struct preflight *p, struct error *err)
{
	return check_logger(p, &p->source, err) && check_target(p, err);
}

/* --- filters ------------------------------------------------------------------------ */

/* Is the name in "a,b"? */
static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (list) {
		if (strncmp(list, name, length) == 0 && strchr(",", list[length]))
			return true;
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	return false;
}

struct binlog_filter {
	char *only;   /* --binlog-do-db, or "" */
	char *ignore; /* --binlog-ignore-db, or "" */
};

static bool read_filter(struct db *db, struct binlog_filter *filter, struct error *err)
{
	struct db_rows rows = db_rows_of(db, server_binlog_status_query(db_version(db)), err);

	while (db_rows_next(&rows))
		for (unsigned i = 0; i < rows.row.count; i++) {
			const char *name = db_column_name(db, i);
			char **part = strcasecmp(name, "Binlog_Do_DB") == 0	? &filter->only :
				      strcasecmp(name, "Binlog_Ignore_DB") == 0 ? &filter->ignore :
										  NULL;

			if (part) {
				free(*part);
				*part = mem_strdup(db_rows_text(&rows, i));
			}
		}
	return rows.ok;
}

static void check_filter(struct preflight *p, const struct preflight_server *at,
			 const struct binlog_filter *filter)
{
	struct map seen;

	map_init(&seen);
	for (size_t i = 0; i < p->tables->count; i++) {
		const struct moved_table *table = p->tables->tables[i];
		const char *schema = is_target(p, at) ? table->target_schema : table->source->schema;

		if (map_put_text(&seen, schema, p))
			continue;
		if (is_listed(filter->ignore, schema) ||
		    (*filter->only && !is_listed(filter->only, schema)))
			add_error(p, at,
				  is_target(p, at) ?
					  "start the target without --binlog-do-db and --binlog-ignore-db" :
					  "start the source without --binlog-do-db and --binlog-ignore-db",
				  "changes of database %s are not written to the binlog", schema);
	}
	map_release(&seen);
}

static bool check_filters(struct preflight *p, const struct preflight_server *at, struct error *err)
{
	struct binlog_filter filter = { mem_strdup(""), mem_strdup("") };
	struct error failure = ERROR_INIT;
	bool ok = read_filter(at->db, &filter, &failure);

	if (ok)
		check_filter(p, at, &filter);
	free(filter.only);
	free(filter.ignore);
	/* A missing privilege was reported by the server's checks. */
	return ok || failure.kind == ERROR_ACCESS ||
	       preflight_forgive(p,
				 is_target(p, at) ? "target: the binlog's filters cannot be read" :
						    "source: the binlog's filters cannot be read",
				 &failure, err);
}

bool binlog_settings_check_filters(struct preflight *p, struct error *err)
{
	return check_filters(p, &p->source, err) &&
	       (!p->options->watch_target || check_filters(p, &p->target, err));
}
