/* Databases and tables are made of what SHOW CREATE prints on the source, with their
 * names on the target put in. Names inside foreign keys stay: those without a database
 * mean the table's own, which is right after a rewrite of databases; the start-up
 * checks refuse the cases where it is not (source_tables.c).
 *
 * Databases come first, then the tables whose order is configured, one after the other. The rest is
 * created over several connections at once: a server takes milliseconds for a CREATE TABLE, most of
 * them waiting for its disk, and there may be tens of thousands. Their order is free, as no foreign
 * keys are checked. These connections need no lock of the run (I8): they write no rows, and a run
 * that was killed this early left no state that could be resumed.
 *
 * There is no undo: when a statement fails, what was created stays. The error says which table it
 * was. */
#include "create/table_creator.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "base/stop.h"
#include "base/worker_pool.h"
#include "create/definition_match.h"
#include "create/table_maker.h"
#include "index_deferral.h"
#include "plan/collation.h"
#include "plan/findings.h"
#include "plan/table_pairs.h"

static const char log_tag[] = "table_creator";

#define TABLES_PER_CREATOR 20 /* fewer are not worth a connection */
#define CREATORS_MAX 8
#define LOG_EVERY_MS 10000

/* What several creators share. */
struct creation {
	struct worker_pool pool; /* its items are those of todo */
	/* Constant once they run. */
	const struct move_options *options;
	const struct recopies *only; /* or NULL */
	struct stop *stop;
	const struct moved_table **todo; /* owned; in the order of creation */
	size_t count;
	struct map collations; /* those that the target knows */
	struct index_deferral deferral;
	struct state_tracker *tracker; /* locks itself */

	struct mutex lock;
	size_t created;		/* guarded by lock */
	size_t seen;		/* guarded by lock: created, or there already */
	int64_t last_logged_ms; /* guarded by lock */
	size_t refused;		/* guarded by lock: tables that the server does not make */
	struct error refusal;	/* guarded by lock: the first of these */
};

/* One thread's. */
struct creator {
	struct creation *creation;
	struct table_maker maker;
};

/* What is there is not created again, not even with IF NOT EXISTS: a statement that
 * this server does not understand would fail all the same. */
static bool is_there(struct creator *c, const char *schema, const char *table, bool *found,
		     struct error *err)
{
	struct buf sql = BUF_INIT, value = BUF_INIT;
	bool ok;

	buf_puts(&sql, "SELECT 1 FROM information_schema.");
	buf_puts(&sql, table ? "TABLES WHERE TABLE_SCHEMA = " : "SCHEMATA WHERE SCHEMA_NAME = ");
	sql_text(&sql, schema);
	if (table) {
		buf_puts(&sql, " AND TABLE_NAME = ");
		sql_text(&sql, table);
	}
	ok = db_value(c->maker.target, &value, found, err, "%s", sql.data);
	buf_release(&value);
	buf_release(&sql);
	return ok;
}

static bool create_database(struct creator *c, const struct moved_table *t, struct error *err)
{
	struct table_maker *m = &c->maker;
	struct buf name = BUF_INIT;
	bool found, ok;

	if (!is_there(c, t->target_schema, NULL, &found, err) || found)
		return found;
	ok = table_maker_put_database(m, t, err) &&
	     db_exec(m->target, m->sql.data, m->sql.length, err);
	if (!ok) {
		sql_name(&name, t->target_schema);
		error_wrap(err,
			   "cannot create database %s; this may leave the target with some tables "
			   "created",
			   name.data);
		buf_release(&name);
	}
	return ok;
}

static void count_table(struct creation *all, bool was_there)
{
	mutex_lock(&all->lock);
	all->seen++;
	all->created += !was_there;
	bool is_due = clock_ms() - all->last_logged_ms >= LOG_EVERY_MS;
	size_t seen = all->seen;
	if (is_due)
		all->last_logged_ms = clock_ms();
	mutex_unlock(&all->lock);
	if (is_due)
		log_info("created %zu of %zu table%s on the target", seen, all->count,
			 all->count == 1 ? "" : "s");
}

static bool begin_maker(struct creator *c, struct db *source, struct db *target, struct error *err)
{
	const struct creation *all = c->creation;

	if (!table_maker_begin(&c->maker, source, target, all->options, &all->collations, err))
		return false;
	c->maker.deferral = &all->deferral;
	return true;
}

static bool create_table(struct creator *c, const struct moved_table *t, struct error *err)
{
	bool may_exist = c->creation->options->allow_existing_target_table || t->filter;
	struct buf name = BUF_INIT;
	bool found = false, ok;

	if (stop_is_set(c->creation->stop))
		return error_set(err, ERROR_STOPPED, "stopped");
	if (may_exist && !is_there(c, t->target_schema, t->target_name, &found, err))
		return false;
	sql_table_name(&name, t->target_schema, t->target_name);
	probe("before_create_table", "%s", t->source->full_name);
	ok = found || (table_maker_put_table(&c->maker, t, name.data, may_exist, err) &&
		       table_maker_execute(&c->maker, t, c->creation->stop, err));
	if (ok && !found)
		state_tracker_set_deferred(c->creation->tracker, t,
					   index_deferral_of(&c->creation->deferral, t));
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

static bool is_wanted(const struct creation *all, const struct moved_table *t)
{
	return t && (!all->only || recopies_is_pending(all->only, t->source->full_name));
}

/* Names in create_first that are no table of the run are passed over, as in
 * Ghostferry. *first: how many lead the list because of it. */
static void list_tables(struct creation *all, const struct schema *schema,
			const struct moved_tables *tables, size_t *first)
{
	const struct string_list *names = &all->options->create_first;
	const struct moved_table *t;
	struct map listed;

	map_init(&listed);
	all->todo = mem_calloc(schema->table_count + 1, sizeof(*all->todo));
	for (size_t i = 0; i < names->count; i++)
		if (is_wanted(all, t = map_get_text(&tables->by_source, names->items[i])) &&
		    !map_put_text(&listed, names->items[i], &listed))
			all->todo[all->count++] = t;
	*first = all->count;
	for (size_t i = 0; i < schema->table_count; i++)
		if (is_wanted(all,
			      t = map_get_text(&tables->by_source, schema->tables[i].full_name)) &&
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

/* A table that the server refuses does not end it: the others are still tried, so that all that are
 * refused are reported at once. */
static void create_taken(struct creator *c)
{
	struct creation *all = c->creation;
	struct error err;
	size_t i;

	while (worker_pool_next(&all->pool, &i)) {
		if (create_table(c, all->todo[i], &err))
			continue;
		if (error_is_retryable(&err) || err.kind == ERROR_STOPPED) {
			worker_pool_fail(&all->pool, &err);
			continue;
		}
		mutex_lock(&all->lock);
		if (all->refused++ == 0)
			all->refusal = err;
		mutex_unlock(&all->lock);
		log_error("%s", err.text);
	}
}

static void creator_main(void *argument)
{
	struct creator *c = argument;
	const struct move_options *options = c->creation->options;
	struct error err;
	struct db *source = db_open(&options->source, DB_SESSION_READ, NULL, &err);
	struct db *target = source ? db_open(&options->target, DB_SESSION_WRITE, NULL, &err) : NULL;
	bool ok = target && begin_maker(c, source, target, &err);

	if (ok) {
		create_taken(c);
		ok = table_maker_end(&c->maker, true, &err);
	}
	if (!ok)
		worker_pool_fail(&c->creation->pool, &err);
	db_close(source);
	db_close(target);
}

/* first: how many are created in their order. The rest by this thread's connections and those
 * of others beside it. */
static bool create_tables(struct creator *c, size_t first, struct error *err)
{
	struct creation *all = c->creation;
	unsigned workers = all->options->copy_workers;
	size_t limit = workers < CREATORS_MAX ? workers : CREATORS_MAX;
	size_t wanted = (all->count - first) / TABLES_PER_CREATOR;
	unsigned others = (unsigned)(wanted < limit ? wanted : limit - 1);
	struct creator *helpers;
	bool ok;

	for (size_t i = 0; i < first; i++)
		if (!create_table(c, all->todo[i], err))
			return false;
	worker_pool_init(&all->pool, first, all->count);
	helpers = mem_calloc(others + 1, sizeof(*helpers));
	for (unsigned i = 0; i < others; i++)
		helpers[i].creation = all;
	worker_pool_start(&all->pool, "table_creator", creator_main, helpers, sizeof(*helpers),
			  others);
	create_taken(c);
	ok = worker_pool_join(&all->pool, err);
	free(helpers);
	if (!ok || all->refused == 0)
		return ok;
	*err = all->refusal;
	return all->refused > 1 && error_wrap(err,
					      "%zu tables cannot be created, all of them named "
					      "in the log; the first",
					      all->refused);
}

/* Do the statements mean on this server what they mean on the source? Another flavour or version
 * may not, and what SHOW CREATE cannot print is lost on any. Of tables that may have been there the
 * collations were compared before. */
static bool check_created(const struct creation *all, struct db *target,
			  const struct moved_tables *tables, struct error *err)
{
	const struct move_options *options = all->options;
	struct map without_default;
	struct findings findings;
	struct table_pairs pairs;
	bool ok = true;

	if (!table_pairs_load(&pairs, tables, target, err))
		return false;
	map_init(&without_default);
	findings_init(&findings);
	for (size_t i = 0; i < tables->count; i++) {
		if (!pairs.there[i] || !is_wanted(all, tables->tables[i]))
			continue;
		target_definition_check(tables->tables[i], pairs.there[i], &without_default,
					&findings);
		if (!options->allow_existing_target_table)
			target_definition_check_orders(tables->tables[i], pairs.there[i],
						       &options->collation_rewrites, &findings);
	}
	for (size_t i = 0; ok && i < findings.count; i++)
		if (findings.items[i].severity == FINDING_ERROR)
			ok = error_set(err, ERROR_UNSUPPORTED,
				       "%s; create the table yourself and set "
				       "AllowExistingTargetTable",
				       findings.items[i].text);
	findings_release(&findings);
	map_release(&without_default);
	table_pairs_release(&pairs);
	return ok;
}

bool tables_create(const struct move_options *options, struct db *source, struct db *target,
		   const struct schema *schema, const struct moved_tables *tables,
		   const struct recopies *only, struct state_tracker *tracker, struct stop *stop,
		   struct error *err)
{
	struct creation all = { .options = options,
				.only = only,
				.tracker = tracker,
				.stop = stop,
				.last_logged_ms = clock_ms() };
	struct creator c = { .creation = &all };
	struct log_facts facts = { .count = 0 };
	size_t first;
	bool ok;

	map_init(&all.collations);
	mutex_init(&all.lock);
	list_tables(&all, schema, tables, &first);
	ok = index_deferral_load(&all.deferral, options, source, target, err) &&
	     collations_load(&all.collations, target, err) && begin_maker(&c, source, target, err);
	if (ok) {
		ok = create_databases(&c, err) && create_tables(&c, first, err);
		ok = table_maker_end(&c.maker, ok, err) && check_created(&all, target, tables, err);
	}
	log_fact_number(&facts, "#tables", (double)all.created);
	if (ok)
		log_info_facts(&facts, "created %zu of %zu table%s on the target", all.created,
			       all.count, all.count == 1 ? "" : "s");
	mutex_destroy(&all.lock);
	map_release(&all.collations);
	index_deferral_release(&all.deferral);
	free(all.todo);
	return ok;
}
