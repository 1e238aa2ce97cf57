/* The target as the place for the tables: what the account may do there, what the server
 * requires of new tables, which other run is at work, and whether it is the source itself. */
#include "preflight_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "create/fulltext_keys.h"

/* Tables that will be created as they are on the source. */
static void check_primary_keys(struct preflight *p)
{
	static const char *const rules[] = { "sql_require_primary_key", "innodb_force_primary_key",
					     "sql_generate_invisible_primary_key" };

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		char *remedy;

		if (!preflight_is_on(&p->target, rules[i]))
			continue;
		remedy = mem_printf("SET GLOBAL %s = OFF on the target, or create the table there "
				    "and set AllowExistingTargetTable",
				    rules[i]);
		for (size_t n = 0; n < p->tables->count; n++)
			if (!p->pairs.there[n] && !table_primary(p->tables->tables[n]->source))
				finding_add(p->findings, FINDING_ERROR, remedy,
					    "target: %s is ON, and %s has no primary key", rules[i],
					    p->tables->tables[n]->source->full_name);
		free(remedy);
	}
}

/* MariaDB's enforce_storage_engine applies to every session. */
static void check_engine(struct preflight *p)
{
	const char *engine = preflight_variable(&p->target, "enforce_storage_engine");
	size_t missing = 0;

	for (size_t i = 0; i < p->tables->count; i++)
		missing += !p->pairs.there[i];
	if (missing > 0 && engine && *engine && strcasecmp(engine, "InnoDB") != 0)
		finding_add(p->findings, FINDING_ERROR,
			    "SET GLOBAL enforce_storage_engine = NULL on the target",
			    "target: enforce_storage_engine is %s, and tables are to be created in "
			    "InnoDB",
			    engine);
}

static bool has_engine(const struct preflight *p, const struct map *engines, const char *engine)
{
	const char *disabled = preflight_variable(&p->target, "disabled_storage_engines");
	const char *enforced = preflight_variable(&p->target, "enforce_storage_engine");

	return map_get_text(engines, engine) && !(disabled && strcasestr(disabled, engine)) &&
	       (!enforced || !*enforced || strcasecmp(enforced, engine) == 0);
}

/* In the cutover it would be too late. */
static bool check_kept_engines(struct preflight *p, struct error *err)
{
	struct db_rows rows = db_rows_of(p->target.db,
					 "SELECT ENGINE FROM information_schema.ENGINES"
					 " WHERE SUPPORT IN ('YES', 'DEFAULT')",
					 err);
	struct map engines;

	map_init(&engines);
	while (db_rows_next(&rows))
		map_put_text(&engines, db_rows_text(&rows, 0), p);
	for (size_t i = 0; rows.ok && i < p->tables->count; i++) {
		const struct moved_table *t = p->tables->tables[i];
		struct buf remedy = BUF_INIT;

		if (!t->keeps_engine || has_engine(p, &engines, t->source->engine))
			continue;
		buf_printf(&remedy, "set \"EngineRewrites\": {\"%s\": \"InnoDB\"}",
			   t->source->engine);
		finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
			    "target: the engine %s of %s is not to be had on the server",
			    t->source->engine, t->source->full_name);
		buf_release(&remedy);
	}
	map_release(&engines);
	return rows.ok;
}

/* CREATE TABLE would fail, with half of the tables there. */
static bool is_type_known(const struct preflight *p, const struct column *column)
{
	const struct server_version *version = db_version(p->target.db);
	bool is_mariadb = version->flavour == FLAVOUR_MARIADB;

	switch (column->type) {
	case COLUMN_UUID:
	case COLUMN_INET4:
	case COLUMN_INET6:
		return is_mariadb;
	case COLUMN_VECTOR:
		return version->number >= (is_mariadb ? 110700 : 90000);
	default: /* what has another name there is translated (create_translate.c) */
		return true;
	}
}

static void refuse_type(struct preflight *p, const struct moved_table *t,
			const struct column *column)
{
	const struct table *table = t->source;
	struct buf remedy = BUF_INIT;

	p->is_refused[t->index] = true;
	buf_puts(&remedy, "leave the table out (Tables.Blacklist), or convert the column: "
			  "ALTER TABLE ");
	sql_table_name(&remedy, table->schema, table->name);
	buf_puts(&remedy, " MODIFY ");
	sql_name(&remedy, column->name);
	buf_puts(&remedy, " ...");
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
		    "target: the server does not know the type of the column %s.%s, %s%s",
		    table->full_name, column->name, column->raw_type,
		    column->is_compressed ? " COMPRESSED" : "");
	buf_release(&remedy);
}

static void check_types(struct preflight *p)
{
	for (size_t i = 0; i < p->tables->count; i++) {
		const struct table *table = p->tables->tables[i]->source;

		for (unsigned c = 0; !p->pairs.there[i] && c < table->column_count; c++)
			if (!is_type_known(p, &table->columns[c]))
				refuse_type(p, p->tables->tables[i], &table->columns[c]);
	}
}

/* Of the tables that go to this database on the target: are some to be created (with
 * AllowExistingTargetTable perhaps none), and are keys added to some later? */
static void find_work(const struct preflight *p, const char *schema, bool *creates, bool *alters)
{
	*creates = *alters = false;
	for (size_t i = 0; i < p->tables->count; i++) {
		const struct moved_table *t = p->tables->tables[i];

		if (strcmp(t->target_schema, schema) != 0)
			continue;
		*creates = *creates || (!p->pairs.there[i] && !p->is_resuming);
		*alters = *alters || p->options->defer_indexes ||
			  fulltext_keys_are_late(t->source) || t->keeps_engine;
	}
}

/* Now, or when a definition changes. */
static bool may_recopy(const struct preflight *p)
{
	return p->options->recopies || p->options->recopies_of.count > 0 ||
	       (p->resumed && recopies_pending(p->resumed) > 0);
}

/* On the way back. */
static bool may_truncate(const struct move_options *options)
{
	return options->truncates || options->truncates_of.count > 0;
}

/* has_work: tables may be created there. */
static void check_privileges(struct preflight *p, const char *schema, bool has_work)
{
	bool creates = false, alters = false, recopies = has_work && may_recopy(p);

	if (has_work)
		find_work(p, schema, &creates, &alters);

	const char *const needed[] = {
		"SELECT",
		"INSERT",
		"UPDATE",
		"DELETE",
		creates || recopies ? "CREATE" : NULL,
		recopies || may_truncate(p->options) ? "DROP" : NULL,
		alters ? "ALTER" : NULL,
	};
	struct buf missing = BUF_INIT, remedy = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (needed[i] && grants_allow(&p->target.grants, needed[i], schema) == GRANTS_NO)
			buf_printf(&missing, "%s%s", missing.length > 0 ? ", " : "", needed[i]);
	if (missing.length > 0) {
		buf_printf(&remedy, "GRANT %s ON ", buf_text(&missing));
		sql_name(&remedy, schema);
		buf_printf(&remedy, ".* TO %s", p->target.grants.account);
		finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
			    "target: the account %s lacks privileges on %s: %s",
			    p->target.grants.account, schema, buf_text(&missing));
	}
	buf_release(&missing);
	buf_release(&remedy);
}

/* Is it the database of some table on the target? */
static bool is_target_schema(const struct preflight *p, const char *schema)
{
	for (size_t i = 0; i < p->tables->count; i++)
		if (strcmp(p->tables->tables[i]->target_schema, schema) == 0)
			return true;
	return false;
}

static bool check_events(struct preflight *p, struct error *err)
{
	static const char sql[] = "SELECT EVENT_SCHEMA, COUNT(*) FROM information_schema.EVENTS"
				  " WHERE STATUS = 'ENABLED' GROUP BY EVENT_SCHEMA";
	struct error failure = ERROR_INIT;
	struct db_rows rows;

	if (!preflight_is_on(&p->target, "event_scheduler"))
		return true;
	rows = db_rows_of(p->target.db, sql, &failure);
	while (db_rows_next(&rows))
		if (is_target_schema(p, db_rows_text(&rows, 0)))
			finding_add(p->findings, FINDING_WARNING,
				    "SET GLOBAL event_scheduler = OFF on the target until the move is "
				    "done",
				    "target: the event scheduler is ON and database %s has %s event(s), "
				    "which may change rows",
				    db_rows_text(&rows, 0), db_rows_text(&rows, 1));
	return rows.ok || preflight_forgive(p, "target: events cannot be listed", &failure, err);
}

/* Named locks belong to one server: if the lock acquired here is held there, both are the same
 * server. */
static bool query_same_server(struct preflight *p, bool *is_same, struct error *err)
{
	struct buf taken = BUF_INIT;
	uint64_t id = db_connection_id(p->source.db);
	bool ok;

	*is_same = false;
	ok = db_execf(p->source.db, err, "DO GET_LOCK('ghostferry-copydb/same/%" PRIu64 "', 1)",
		      id) &&
	     db_value(p->target.db, &taken, NULL, err,
		      "SELECT IS_USED_LOCK('ghostferry-copydb/same/%" PRIu64 "')", id) &&
	     db_execf(p->source.db, err, "DO RELEASE_LOCK('ghostferry-copydb/same/%" PRIu64 "')",
		      id);
	if (ok && taken.length > 0)
		*is_same = strtoull(buf_text(&taken), NULL, 10) == id;
	buf_release(&taken);
	return ok;
}

static bool check_same_server(struct preflight *p, struct error *err)
{
	struct error failure = ERROR_INIT;
	bool is_same;

	if (!query_same_server(p, &is_same, &failure))
		return preflight_forgive(p, "whether source and target are one server", &failure,
					 err);
	for (size_t i = 0; is_same && i < p->tables->count; i++) {
		const struct table *source = p->tables->tables[i]->source;

		if (table_pairs_find(&p->pairs, source->schema, source->name))
			finding_add(p->findings, FINDING_ERROR,
				    "correct Target, or set Databases.Rewrites",
				    "source and target are the same server, and %s would be copied "
				    "over a table of the source",
				    source->full_name);
	}
	return true;
}

static void check_all_privileges(struct preflight *p)
{
	struct map seen;

	map_init(&seen);
	for (size_t i = 0; i < p->tables->count; i++)
		if (!map_put_text(&seen, p->tables->tables[i]->target_schema, p))
			check_privileges(p, p->tables->tables[i]->target_schema, true);
	map_release(&seen);
}

void target_server_foresee(struct preflight *p)
{
	const struct map_entry *entry;
	struct map seen;
	size_t cursor = 0;

	map_init(&seen);
	while ((entry = map_next(p->options->way_back.names, &cursor))) {
		const struct name_pair *pair = entry->value;

		if (!map_put_text(&seen, pair->target.schema, p))
			check_privileges(p, pair->target.schema, false);
	}
	map_release(&seen);
}

bool target_server_check(struct preflight *p, struct error *err)
{
	if (!p->options->way_back.is_foreseen)
		check_all_privileges(p);
	check_primary_keys(p);
	check_engine(p);
	check_types(p);
	return check_kept_engines(p, err) && check_same_server(p, err) && check_events(p, err);
}
