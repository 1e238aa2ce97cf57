/* Databases and tables are made of what SHOW CREATE prints on the source, with their
 * names on the target put in. Names inside foreign keys stay: those without a database
 * mean the table's own, which is right after a rewrite of databases; the start-up
 * checks refuse the cases where it is not (preflight_foreign_keys.c).
 *
 * There is no undo: when a statement fails, what was created stays, as it may not have
 * been created by us. The error says which table it was. */
#include "ferry/table_creator.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "create_statement.h"
#include "create_translate.h"
#include "ferry/problems.h"
#include "target_definition.h"

static const char log_tag[] = "table_creator";

struct creator {
	const struct ferry_options *options;
	struct db *source;
	struct db *target;
	struct map databases; /* target names, seen already */
	struct map tables;    /* full source names, seen already */
	size_t created;
	struct buf shown;
	struct buf translated;
	struct buf sql;
};

/* What is there is not created again, not even with IF NOT EXISTS: a statement that
 * this server does not understand would fail all the same. */
static bool is_there(struct creator *c, const char *schema, const char *table, bool *found,
		     struct error *err)
{
	struct buf value = BUF_INIT;
	bool ok;

	buf_clear(&c->sql);
	buf_puts(&c->sql, "SELECT 1 FROM information_schema.");
	buf_puts(&c->sql, table ? "TABLES WHERE TABLE_SCHEMA = " : "SCHEMATA WHERE SCHEMA_NAME = ");
	sql_text(&c->sql, schema);
	if (table) {
		buf_puts(&c->sql, " AND TABLE_NAME = ");
		sql_text(&c->sql, table);
	}
	ok = db_value(c->target, &value, found, err, "%s", c->sql.data);
	buf_release(&value);
	return ok;
}

static bool is_cross(const struct creator *c)
{
	return db_version(c->source)->flavour != db_version(c->target)->flavour;
}

/* What was shown, in the target's words. */
static bool translate(struct creator *c, struct error *err)
{
	buf_clear(&c->translated);
	return create_translate(&c->translated, c->shown.data, db_version(c->source)->flavour,
				db_version(c->target)->flavour, err);
}

static bool create_database(struct creator *c, const struct ferry_table *t, struct error *err)
{
	struct buf name = BUF_INIT;
	bool found, ok;

	if (map_put_text(&c->databases, t->target_schema, c))
		return true;
	if (!is_there(c, t->target_schema, NULL, &found, err) || found)
		return found;
	sql_name(&name, t->target_schema);
	buf_clear(&c->sql);
	sql_comment(&c->sql, c->options->target_marginalia);
	ok = create_show_database(c->source, t->source->schema, &c->shown, err) &&
	     translate(c, err) &&
	     create_rename(&c->sql, c->translated.data, "DATABASE", true, name.data, err) &&
	     db_exec(c->target, c->sql.data, c->sql.length, err);
	if (!ok)
		error_wrap(err,
			   "cannot create database %s; this may leave the target with some tables "
			   "created",
			   name.data);
	buf_release(&name);
	return ok;
}

static bool create_table(struct creator *c, const struct ferry_table *t, struct error *err)
{
	bool may_exist = c->options->allow_existing_target_table;
	struct buf name = BUF_INIT;
	bool found = false, ok;

	if (map_put_text(&c->tables, t->source->full_name, c))
		return true;
	if (!create_database(c, t, err) ||
	    (may_exist && !is_there(c, t->target_schema, t->target_name, &found, err)))
		return false;
	if (found)
		return true;
	sql_table_name(&name, t->target_schema, t->target_name);
	buf_clear(&c->sql);
	sql_comment(&c->sql, c->options->target_marginalia);
	ok = create_show_table(c->source, t->source->schema, t->source->name, &c->shown, err) &&
	     translate(c, err) &&
	     create_rename(&c->sql, c->translated.data, "TABLE", may_exist, name.data, err) &&
	     db_exec(c->target, c->sql.data, c->sql.length, err);
	if (ok)
		c->created++;
	else
		error_wrap(err,
			   "cannot create table %s for %s; this may leave the target with some "
			   "tables created",
			   name.data, t->source->full_name);
	buf_release(&name);
	return ok;
}

/* Names in create_first that are no table of the run are passed over, as in
 * Ghostferry. */
static bool create_all(struct creator *c, const struct schema *schema,
		       const struct ferry_tables *tables, struct error *err)
{
	const struct string_list *first = &c->options->create_first;
	const struct ferry_table *t;

	for (size_t i = 0; i < first->count; i++) {
		t = map_get_text(&tables->by_source, first->items[i]);
		if (t && !create_table(c, t, err))
			return false;
	}
	for (size_t i = 0; i < schema->table_count; i++) {
		t = map_get_text(&tables->by_source, schema->tables[i].full_name);
		if (t && !create_table(c, t, err))
			return false;
	}
	return true;
}

static bool is_created(void *context, const char *schema, const char *table)
{
	const struct ferry_tables *tables = context;

	for (size_t i = 0; i < tables->count; i++)
		if (strcmp(tables->tables[i]->target_schema, schema) == 0 &&
		    strcmp(tables->tables[i]->target_name, table) == 0)
			return true;
	return false;
}

static void compare_all(const struct schema *made, const struct ferry_tables *tables,
			struct problems *problems)
{
	struct map without_default;
	struct buf name = BUF_INIT;

	map_init(&without_default);
	for (size_t i = 0; i < tables->count; i++) {
		const struct ferry_table *t = tables->tables[i];
		const struct table *found;

		buf_clear(&name);
		buf_printf(&name, "%s.%s", t->target_schema, t->target_name);
		found = schema_find(made, name.data);
		if (found)
			target_definition_check(t, found, &without_default, problems);
	}
	buf_release(&name);
	map_release(&without_default);
}

/* Did the other flavour make of the statements what they mean on the source? */
static bool check_created(struct creator *c, const struct ferry_tables *tables, struct error *err)
{
	union {
		const struct ferry_tables *given;
		void *context;
	} all = { .given = tables };
	struct problems problems;
	struct schema made;
	bool ok = true;

	if (!schema_load(c->target, is_created, all.context, &made, err))
		return error_wrap(err, "load what was created on the target");
	problems_init(&problems);
	compare_all(&made, tables, &problems);
	for (size_t i = 0; ok && i < problems.count; i++)
		if (problems.items[i].severity == PROBLEM_ERROR)
			ok = error_set(err, ERROR_UNSUPPORTED,
				       "%s; create the table yourself and set "
				       "AllowExistingTargetTable",
				       problems.items[i].text);
	problems_release(&problems);
	schema_release(&made);
	return ok;
}

/* After a failure the first error is the one to tell. */
static bool end_dialects(struct creator *c, bool ok, struct error *err)
{
	struct error source_error = ERROR_INIT, target_error = ERROR_INIT;
	bool source_ended = create_dialect_end(c->source, &source_error);
	bool target_ended = create_dialect_end(c->target, &target_error);

	if (ok && !source_ended)
		*err = source_error;
	else if (ok && !target_ended)
		*err = target_error;
	return ok && source_ended && target_ended;
}

bool tables_create(const struct ferry_options *options, struct db *source, struct db *target,
		   const struct schema *schema, const struct ferry_tables *tables,
		   struct error *err)
{
	struct creator c = { .options = options, .source = source, .target = target };
	bool ok;

	if (!db_ready(source, err) || !db_ready(target, err))
		return false;
	map_init(&c.databases);
	map_init(&c.tables);
	ok = create_dialect_begin(source, err) && create_dialect_begin(target, err) &&
	     create_all(&c, schema, tables, err) &&
	     (!is_cross(&c) || check_created(&c, tables, err));
	ok = end_dialects(&c, ok, err);
	if (ok)
		log_info("created %zu of %zu tables on the target", c.created, c.tables.count);
	map_release(&c.databases);
	map_release(&c.tables);
	buf_release(&c.shown);
	buf_release(&c.translated);
	buf_release(&c.sql);
	return ok;
}
