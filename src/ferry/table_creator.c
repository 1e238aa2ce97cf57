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

static const char log_tag[] = "table_creator";

struct creator {
	const struct ferry_options *options;
	struct db *source;
	struct db *target;
	struct map databases; /* target names, created already */
	struct map tables;    /* full source names, created already */
	struct buf shown;
	struct buf sql;
};

static bool create_database(struct creator *c, const struct ferry_table *t, struct error *err)
{
	struct buf name = BUF_INIT;
	bool ok;

	if (map_get_text(&c->databases, t->target_schema))
		return true;
	sql_name(&name, t->target_schema);
	buf_clear(&c->sql);
	sql_comment(&c->sql, c->options->target_marginalia);
	ok = create_show_database(c->source, t->source->schema, &c->shown, err) &&
	     create_rename(&c->sql, c->shown.data, "DATABASE", true, name.data, err) &&
	     db_exec(c->target, c->sql.data, c->sql.length, err);
	if (ok)
		map_put_text(&c->databases, t->target_schema, c);
	else
		error_wrap(err,
			   "cannot create database %s; this may leave the target with some tables "
			   "created",
			   name.data);
	buf_release(&name);
	return ok;
}

static bool create_table(struct creator *c, const struct ferry_table *t, struct error *err)
{
	bool if_not_exists = c->options->allow_existing_target_table;
	struct buf name = BUF_INIT;
	bool ok;

	if (map_put_text(&c->tables, t->source->full_name, c))
		return true;
	if (!create_database(c, t, err))
		return false;
	sql_table_name(&name, t->target_schema, t->target_name);
	buf_clear(&c->sql);
	sql_comment(&c->sql, c->options->target_marginalia);
	ok = create_show_table(c->source, t->source->schema, t->source->name, &c->shown, err) &&
	     create_rename(&c->sql, c->shown.data, "TABLE", if_not_exists, name.data, err) &&
	     db_exec(c->target, c->sql.data, c->sql.length, err);
	if (ok)
		log_debug("created table %s", name.data);
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
	     create_all(&c, schema, tables, err);
	ok = end_dialects(&c, ok, err);
	if (ok)
		log_info("created %zu tables on the target", c.tables.count);
	map_release(&c.databases);
	map_release(&c.tables);
	buf_release(&c.shown);
	buf_release(&c.sql);
	return ok;
}
