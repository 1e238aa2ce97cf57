/* The database has the name of table_trial.c's, so if the process dies here, the next start drops
 * it. It contains the tables that views and triggers name, without rows.
 *
 * A statement that names its own database would affect that one: such views and triggers are
 * not tried. A table or function that is missing in the trial does not count, as it may exist
 * on the target: the rules check that (objects_check.c). */
#include "object_trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/probe.h"
#include "objects/object_maker.h"
#include "objects/object_text.h"
#include "plan/collation.h"
#include "table_trial.h"

struct trial {
	struct preflight *preflight;
	const struct object_pairs *pairs;
	const char *scratch;
	const char *collation; /* the scratch database's */
	struct object_maker maker;
};

static bool execute(const struct trial *trial, const char *verb, const char *collation,
		    struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	sql_comment(&sql, trial->maker.marginalia);
	buf_puts(&sql, verb);
	sql_name(&sql, trial->scratch);
	if (collation) {
		buf_puts(&sql, " COLLATE ");
		sql_text(&sql, collation);
	}
	ok = db_exec(trial->maker.target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

static bool is_tried(const struct trial *trial, const struct object *o)
{
	bool reads_tables = o->kind == OBJECT_VIEW || o->kind == OBJECT_TRIGGER;

	return !object_list_find(&trial->pairs->there, o) &&
	       !(reads_tables &&
		 (object_mentions(o, o->source_schema) || object_mentions(o, o->schema)));
}

/* --- tables -------------------------------------------------------------------------- */

static bool is_named(const struct trial *trial, const struct moved_table *t)
{
	for (size_t i = 0; i < trial->pairs->wanted.count; i++) {
		const struct object *o = &trial->pairs->wanted.items[i];

		if ((o->kind == OBJECT_VIEW || o->kind == OBJECT_TRIGGER) && is_tried(trial, o) &&
		    strcmp(o->source_schema, t->source->schema) == 0 &&
		    object_mentions(o, t->source->name))
			return true;
	}
	return false;
}

/* As somebody made it there, perhaps because the source's definition would not do. */
static bool make_like(const struct trial *trial, const struct moved_table *t, const char *name,
		      struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	sql_comment(&sql, trial->maker.marginalia);
	buf_printf(&sql, "CREATE TABLE %s LIKE ", name);
	sql_table_name(&sql, t->target_schema, t->target_name);
	ok = db_exec(trial->maker.target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

static bool make_table(const struct trial *trial, struct table_maker *m,
		       const struct moved_table *t, struct error *err)
{
	struct buf name = BUF_INIT;
	bool ok;

	sql_table_name(&name, trial->scratch, t->target_name);
	if (trial->preflight->pairs.there[t->index])
		ok = make_like(trial, t, name.data, err);
	else
		ok = table_maker_put_table(m, t, name.data, false, err) &&
		     table_maker_execute(m, t, trial->preflight->attempt->stop, err);
	buf_release(&name);
	return ok;
}

static bool make_tables(const struct trial *trial, struct error *err)
{
	struct preflight *p = trial->preflight;
	struct table_maker maker;
	bool ok = true;

	if (!table_maker_begin(&maker, p->objects_source, trial->maker.target, p->options,
			       &p->collations, err))
		return false;
	for (size_t i = 0; ok && i < p->tables->count; i++)
		if (is_named(trial, p->tables->tables[i]))
			ok = make_table(trial, &maker, p->tables->tables[i], err);
	return table_maker_end(&maker, ok, err);
}

/* --- objects ------------------------------------------------------------------------- */

static bool is_missing(const struct error *why)
{
	static const unsigned codes[] = { 1049, 1146, 1305, 1356 }; /* 1049: so says MySQL */

	return error_has_code_of(why, codes, ARRAY_LEN(codes));
}

/* Does the server show the definition that it was given? */
static bool check_shown(const struct trial *trial, const struct object *tried, struct error *why)
{
	struct object_list found = { .count = 0 };
	bool ok = object_list_load(&found, trial->maker.target, tried->kind, tried->schema,
				   tried->name, why);
	const struct object *there = ok ? object_list_find(&found, tried) : NULL;

	if (ok && (there ? !object_agrees(tried, there, trial->pairs->exact) :
			   !object_may_be_over(tried)))
		ok = error_set(why, ERROR_SQL, "it shows it otherwise than the source");
	object_list_release(&found);
	return ok;
}

/* A default that the target does not know becomes whatever its database gets there. */
static const char *collation_on_trial(const struct trial *trial, const struct object *o)
{
	const char *own = o->database_collation;
	bool is_known = !*own || collation_is_known(&trial->preflight->collations, own);

	return is_known ? own : trial->collation;
}

/* *made: it exists now. */
static bool try_object(const struct trial *trial, const struct object *o, bool *made,
		       struct error *err)
{
	struct preflight *p = trial->preflight;
	struct object tried = *o;
	struct error why = ERROR_INIT;

	/* Borrowed for this call. */
	tried.schema = mem_strdup(trial->scratch);
	tried.database_collation = mem_strdup(collation_on_trial(trial, o));
	*made = object_make(&trial->maker, &tried, &why) && check_shown(trial, &tried, &why);
	free(tried.schema);
	free(tried.database_collation);
	if (*made || is_missing(&why))
		return true;
	if (error_is_retryable(&why)) {
		*err = why;
		return false;
	}
	*made = true; /* once is enough */
	/* A privilege that it lacks here need not be lacking there. */
	if (why.kind != ERROR_ACCESS)
		finding_add(p->findings, FINDING_ERROR,
			    o->kind == OBJECT_VIEW ?
				    "leave it out (Tables.Blacklist), and make it by hand in words that "
				    "the target knows" :
				    "leave its kind out of MoveObjects, and make it by hand in words "
				    "that the target knows",
			    "source: %s %s cannot be made on the target: %s", o->type, o->full_name,
			    why.text);
	return true;
}

static bool try_objects(const struct trial *trial, struct error *err)
{
	size_t count = trial->pairs->wanted.count;
	bool *is_done = mem_calloc(count + 1, sizeof(*is_done));
	bool progress = true, ok = true;

	while (ok && progress) {
		progress = false;
		for (size_t i = 0; ok && i < count; i++) {
			const struct object *o = &trial->pairs->wanted.items[i];

			if (is_done[i] || !is_tried(trial, o))
				continue;
			if (stop_is_set(trial->preflight->attempt->stop))
				ok = error_set(err, ERROR_STOPPED, "stopped");
			else
				ok = try_object(trial, o, &is_done[i], err);
			progress |= is_done[i];
		}
	}
	free(is_done);
	return ok;
}

bool object_trial_run(struct preflight *p, const struct object_pairs *pairs, struct error *err)
{
	static const char check[] = "target: objects cannot be tried";
	const struct grants *grants = &p->target.grants;
	struct error failure = ERROR_INIT, drop_failure = ERROR_INIT;
	char scratch[TABLE_TRIAL_NAME_SIZE];
	struct buf collation = BUF_INIT;
	struct trial trial = {
		.preflight = p,
		.pairs = pairs,
		.scratch = scratch,
		.maker = { p->objects_target, p->options->target.marginalia, NULL },
	};

	table_trial_name(scratch, p->attempt->run_id);
	if (pairs->wanted.count == 0 || grants_allow(grants, "CREATE", scratch) != GRANTS_YES ||
	    grants_allow(grants, "DROP", scratch) != GRANTS_YES)
		return true;
	if (!execute(&trial, "CREATE DATABASE ",
		     pairs->default_here ? pairs->default_here :
		     collation_is_known(&p->collations, pairs->default_there) ? pairs->default_there :
										NULL,
		     &failure))
		return preflight_forgive(p, check, &failure, err);
	probe("before_object_trial", "%s", scratch);

	bool is_done = db_value(p->objects_target, &collation, NULL, &failure,
				"SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA"
				" WHERE SCHEMA_NAME = '%s'",
				scratch);

	trial.collation = buf_text(&collation);
	is_done = is_done && make_tables(&trial, &failure) && try_objects(&trial, &failure);

	bool is_dropped = db_ready(p->objects_target, &drop_failure) &&
			  execute(&trial, "DROP DATABASE ", NULL, &drop_failure);

	buf_release(&collation);
	if (is_done && is_dropped)
		return true;
	return preflight_forgive(p, check, is_done ? &drop_failure : &failure, err);
}
