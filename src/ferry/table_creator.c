/* Databases and tables are made of what SHOW CREATE prints on the source, with their
 * names on the target put in. Names inside foreign keys stay: those without a database
 * mean the table's own, which is right after a rewrite of databases; the start-up
 * checks refuse the cases where it is not (preflight_foreign_keys.c).
 *
 * Databases come first, then the tables whose order was asked for, one after the other.
 * The rest is created over several connections at once: a server takes milliseconds for
 * a CREATE TABLE, most of them waiting for its disk, and there may be tens of thousands.
 * Their order is free, as no foreign keys are checked. These connections need no lock of
 * the run (README I8): they write no rows, and a run that was killed this early left no
 * state that could be resumed.
 *
 * There is no undo: when a statement fails, what was created stays, as it may not have
 * been created by us. The error says which table it was. */
#include "ferry/table_creator.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "base/stop.h"
#include "create_statement.h"
#include "create_translate.h"
#include "ferry/problems.h"
#include "target_definition.h"

static const char log_tag[] = "table_creator";

#define TABLES_PER_CREATOR 20 /* fewer are not worth a connection */
#define CREATORS_MAX 8
#define BUSY_ATTEMPTS 20
#define BUSY_SLEEP_MS 100
#define TELL_EVERY_MS 10000

/* What several creators share. */
struct creation {
	/* Constant once they run. */
	const struct ferry_options *options;
	struct stop *stop;
	const struct ferry_table **todo; /* owned; in the order of creation */
	size_t count;

	/* Shared. */
	struct mutex lock;
	size_t next;	 /* guarded by lock: of todo, to be taken */
	size_t created;	 /* guarded by lock */
	size_t seen;	 /* guarded by lock: created, or there already */
	int64_t told_ms; /* guarded by lock */
	bool has_failed; /* guarded by lock */
	struct error err; /* guarded by lock; the first one */
};

/* A connection to each server, one thread's. */
struct creator {
	struct creation *creation;
	struct thread thread;
	struct db *source;
	struct db *target;
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

	if (!is_there(c, t->target_schema, NULL, &found, err) || found)
		return found;
	sql_name(&name, t->target_schema);
	buf_clear(&c->sql);
	sql_comment(&c->sql, c->creation->options->target_marginalia);
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

static bool put_create(struct creator *c, const struct ferry_table *t, const char *name,
		       struct error *err)
{
	buf_clear(&c->sql);
	sql_comment(&c->sql, c->creation->options->target_marginalia);
	return create_show_table(c->source, t->source->schema, t->source->name, &c->shown, err) &&
	       translate(c, err) &&
	       create_rename(&c->sql, c->translated.data, "TABLE",
			     c->creation->options->allow_existing_target_table, name, err);
}

/* Two that refer to each other may deadlock over their names: then nothing was done. */
static bool exec_create(struct creator *c, struct error *err)
{
	for (unsigned i = 1; !db_exec(c->target, c->sql.data, c->sql.length, err); i++)
		if (err->kind != ERROR_BUSY || i >= BUSY_ATTEMPTS ||
		    !stop_sleep_ms(c->creation->stop, BUSY_SLEEP_MS))
			return false;
	return true;
}

static void count_table(struct creation *all, bool was_there)
{
	mutex_lock(&all->lock);
	all->seen++;
	all->created += !was_there;
	bool tell = clock_ms() - all->told_ms >= TELL_EVERY_MS;
	size_t seen = all->seen;
	if (tell)
		all->told_ms = clock_ms();
	mutex_unlock(&all->lock);
	if (tell)
		log_info("created %zu of %zu tables on the target", seen, all->count);
}

static bool create_table(struct creator *c, const struct ferry_table *t, struct error *err)
{
	bool may_exist = c->creation->options->allow_existing_target_table;
	struct buf name = BUF_INIT;
	bool found = false, ok;

	if (stop_is_set(c->creation->stop))
		return error_set(err, ERROR_STOPPED, "stopped");
	if (may_exist && !is_there(c, t->target_schema, t->target_name, &found, err))
		return false;
	sql_table_name(&name, t->target_schema, t->target_name);
	probe("before_create_table", "%s", t->source->full_name);
	ok = found || (put_create(c, t, name.data, err) && exec_create(c, err));
	if (ok)
		count_table(c->creation, found);
	else
		error_wrap(err,
			   "cannot create table %s for %s; this may leave the target with some "
			   "tables created",
			   name.data, t->source->full_name);
	buf_release(&name);
	return ok;
}

/* Names in create_first that are no table of the run are passed over, as in
 * Ghostferry. *first: how many lead the list because of it. */
static void list_tables(struct creation *all, const struct schema *schema,
			const struct ferry_tables *tables, size_t *first)
{
	const struct string_list *names = &all->options->create_first;
	const struct ferry_table *t;
	struct map listed;

	map_init(&listed);
	all->todo = mem_calloc(schema->table_count + 1, sizeof(*all->todo));
	for (size_t i = 0; i < names->count; i++)
		if ((t = map_get_text(&tables->by_source, names->items[i])) &&
		    !map_put_text(&listed, names->items[i], &listed))
			all->todo[all->count++] = t;
	*first = all->count;
	for (size_t i = 0; i < schema->table_count; i++)
		if ((t = map_get_text(&tables->by_source, schema->tables[i].full_name)) &&
		    !map_put_text(&listed, schema->tables[i].full_name, &listed))
			all->todo[all->count++] = t;
	map_release(&listed);
}

static bool create_databases(struct creator *c, struct error *err)
{
	struct map seen;
	bool ok = true;

	map_init(&seen);
	for (size_t i = 0; ok && i < c->creation->count; i++)
		if (!map_put_text(&seen, c->creation->todo[i]->target_schema, &seen))
			ok = create_database(c, c->creation->todo[i], err);
	map_release(&seen);
	return ok;
}

static const struct ferry_table *take_table(struct creation *all)
{
	const struct ferry_table *t = NULL;

	mutex_lock(&all->lock);
	if (!all->has_failed && all->next < all->count)
		t = all->todo[all->next++];
	mutex_unlock(&all->lock);
	return t;
}

static void fail(struct creation *all, const struct error *err)
{
	mutex_lock(&all->lock);
	if (!all->has_failed)
		all->err = *err;
	all->has_failed = true;
	mutex_unlock(&all->lock);
}

static void create_taken(struct creator *c)
{
	const struct ferry_table *t;
	struct error err;

	while ((t = take_table(c->creation)))
		if (!create_table(c, t, &err))
			fail(c->creation, &err);
}

static void creator_main(void *argument)
{
	struct creator *c = argument;
	const struct ferry_options *options = c->creation->options;
	struct error err;

	c->source = db_open(&options->source, DB_SESSION_READ, NULL, &err);
	if (c->source)
		c->target = db_open(&options->target, DB_SESSION_WRITE, NULL, &err);
	if (!c->target || !create_dialect_begin_target(c->target, db_version(c->source), &err))
		fail(c->creation, &err);
	create_taken(c);
	db_close(c->source);
	db_close(c->target);
}

static void release_buffers(struct creator *c)
{
	buf_release(&c->shown);
	buf_release(&c->translated);
	buf_release(&c->sql);
}

/* This thread's connections and others' beside them. */
static void create_rest(struct creator *c)
{
	struct creation *all = c->creation;
	size_t wanted = (all->count - all->next) / TABLES_PER_CREATOR;
	size_t limit = all->options->copy_workers < CREATORS_MAX ? all->options->copy_workers :
								   CREATORS_MAX;
	size_t others = wanted < limit ? wanted : limit - 1;
	struct creator *helpers = mem_calloc(others + 1, sizeof(*helpers));

	for (size_t i = 0; i < others; i++) {
		helpers[i].creation = all;
		thread_start(&helpers[i].thread, "table_creator", creator_main, &helpers[i]);
	}
	create_taken(c);
	for (size_t i = 0; i < others; i++) {
		thread_join(&helpers[i].thread);
		release_buffers(&helpers[i]);
	}
	free(helpers);
}

static bool create_all(struct creator *c, const struct schema *schema,
		       const struct ferry_tables *tables, struct error *err)
{
	struct creation *all = c->creation;
	size_t first;

	list_tables(all, schema, tables, &first);
	if (!create_databases(c, err))
		return false;
	for (; all->next < first; all->next++)
		if (!create_table(c, all->todo[all->next], err))
			return false;
	create_rest(c);
	if (all->has_failed)
		*err = all->err;
	return !all->has_failed;
}

static bool is_created(void *context, const char *schema, const char *table)
{
	struct buf name = BUF_INIT;

	sql_table_name(&name, schema, table);
	bool found = map_get(context, name.data, name.length) != NULL;
	buf_release(&name);
	return found;
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

static void put_target_names(struct map *names, const struct ferry_tables *tables)
{
	struct buf name = BUF_INIT;

	for (size_t i = 0; i < tables->count; i++) {
		buf_clear(&name);
		sql_table_name(&name, tables->tables[i]->target_schema,
			       tables->tables[i]->target_name);
		map_put(names, name.data, name.length, names);
	}
	buf_release(&name);
}

/* Did the other flavour make of the statements what they mean on the source? */
static bool check_created(struct creator *c, const struct ferry_tables *tables, struct error *err)
{
	struct problems problems;
	struct schema made;
	struct map names;
	bool ok;

	map_init(&names);
	put_target_names(&names, tables);
	ok = schema_load(c->target, is_created, &names, &made, err);
	map_release(&names);
	if (!ok)
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
static bool end_dialect(struct creator *c, bool ok, struct error *err)
{
	struct error end_error = ERROR_INIT;
	bool ended = create_dialect_end_target(c->target, &end_error);

	if (ok && !ended)
		*err = end_error;
	return ok && ended;
}

bool tables_create(const struct ferry_options *options, struct db *source, struct db *target,
		   const struct schema *schema, const struct ferry_tables *tables,
		   struct stop *stop, struct error *err)
{
	struct creation all = { .options = options, .stop = stop, .told_ms = clock_ms() };
	struct creator c = { .creation = &all, .source = source, .target = target };
	bool ok;

	if (!db_ready(source, err) || !db_ready(target, err))
		return false;
	mutex_init(&all.lock);
	ok = create_dialect_begin_target(target, db_version(source), err) &&
	     create_all(&c, schema, tables, err) &&
	     (!is_cross(&c) || check_created(&c, tables, err));
	ok = end_dialect(&c, ok, err);
	if (ok)
		log_info("created %zu of %zu tables on the target", all.created, all.count);
	mutex_destroy(&all.lock);
	free(all.todo);
	release_buffers(&c);
	return ok;
}
