/* In each step a database's objects are read on both servers, as they are at that moment, and each
 * that the target lacks is created, and compared with the source's. A process that dies or loses
 * its connection anywhere leaves whole objects behind, which the next attempt finds equal.
 *
 * An object that exists and differs was changed on the source since, if this process has created it
 * or found it equal: then it is created again. Otherwise somebody else has put it there, and the
 * run ends: it is not ours to replace.
 *
 * Views may be based on views: passes over them are repeated as long as that helps. Functions come
 * before them, and need not find what they read; so there is an order even for views that read
 * views through a function.
 *
 * Triggers and events are created when all changes are applied. A process that dies after that, and
 * before CutoverUnlock, leaves them there: the resumed run drops them before it writes rows again
 * (objects_drop_late()). */
#include "objects/objects_move.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "create/target_alter.h"
#include "db/db_rows.h"
#include "db/sql.h"
#include "objects/object_maker.h"
#include "objects/object_pairs.h"
#include "objects/object_text.h"
#include "plan/collation.h"
#include "plan/name_filter.h"

static const char log_tag[] = "objects";

struct objects_move {
	struct run *run;
	/* During a step. */
	struct db *source;
	struct db *target;
	struct db_params params;
	struct map collations;
	struct object_maker maker;
	struct object_list made; /* by this process, or found equal by it */
	/* Of a pass over all databases. */
	size_t made_now;
	size_t left;	   /* views that cannot be made yet */
	struct error lack; /* why the last of these cannot */
};

struct objects_move *objects_move_new(struct run *run)
{
	struct objects_move *m = mem_calloc(1, sizeof(*m));

	m->run = run;
	return m;
}

void objects_move_free(struct objects_move *m)
{
	if (!m)
		return;
	object_list_release(&m->made);
	free(m);
}

/* --- what was made ------------------------------------------------------------------ */

static struct object *find_made(const struct objects_move *m, const struct object *o)
{
	for (size_t i = 0; i < m->made.count; i++)
		if (m->made.items[i].kind == o->kind && strcmp(m->made.items[i].type, o->type) == 0 &&
		    strcmp(m->made.items[i].full_name, o->full_name) == 0)
			return &m->made.items[i];
	return NULL;
}

/* Takes ownership of what *o has: the caller clears it. */
static void remember(struct objects_move *m, struct object *o)
{
	struct object *old = find_made(m, o);
	struct object_list one = { .items = NULL, .count = 1 };

	if (old) {
		one.items = mem_calloc(1, sizeof(*one.items));
		one.items[0] = *old;
		*old = *o;
		object_list_release(&one);
	} else {
		m->made.items = mem_resize(m->made.items, m->made.count + 1, sizeof(*m->made.items));
		m->made.items[m->made.count++] = *o;
	}
}

static void forget(struct objects_move *m, size_t i)
{
	struct object_list one = { .items = mem_calloc(1, sizeof(*one.items)), .count = 1 };

	one.items[0] = m->made.items[i];
	m->made.items[i] = m->made.items[--m->made.count];
	object_list_release(&one);
}

/* --- one object --------------------------------------------------------------------- */

static bool make(struct objects_move *m, const struct object *o, struct error *err)
{
	const char *name;

	if (o->created.length == 0)
		return error_set(err, ERROR_ACCESS, "the account may not read its definition");
	name = object_rewritten_name(m->run->options, o);
	if (name) /* since the checks at the start */
		return error_set(err, ERROR_UNSUPPORTED,
				 "it mentions %s, which has another name on the target: change it on the "
				 "source, and resume from the state",
				 name);
	probe("before_object", "%s %s", o->type, o->full_name);
	if (!object_make(&m->maker, o, err))
		return false;
	probe("object_made", "%s %s", o->type, o->full_name);
	log_info("made %s %s on the target", o->type, o->full_name);
	return true;
}

static bool make_way(struct objects_move *m, const struct object_pairs *pairs,
		     const struct object *wanted, struct error *err)
{
	const struct object *there = object_list_find(&pairs->there, wanted);
	const struct object *made = find_made(m, wanted);

	if (!there)
		return true;
	if (!made || object_agrees(made, wanted, true))
		return error_set(err, ERROR_DIFFERENT,
				 "the target has another one of that name: drop it there, and resume "
				 "from the state");
	log_info("%s %s was changed on the source, and is made again on the target", wanted->type,
		 wanted->full_name);
	m->left++; /* what was dropped along with it is found in another pass */
	return object_drop(&m->maker, there, err);
}

/* --- a database's ------------------------------------------------------------------- */

/* What the view is based on may come later. */
static bool may_wait(const struct object *o, const struct error *err)
{
	return o->kind == OBJECT_VIEW && (err->server_code == 1146 || err->server_code == 1356);
}

/* Views that lack something are left for the next pass. */
static bool make_missing(struct objects_move *m, const struct object_pairs *pairs, struct error *err)
{
	for (size_t i = 0; i < pairs->wanted.count; i++) {
		const struct object *o = &pairs->wanted.items[i];

		if (object_pairs_has(pairs, o))
			continue;
		if (make_way(m, pairs, o, err) && make(m, o, err)) {
			m->made_now++;
			continue;
		}
		error_wrap(err, "%s %s", o->type, o->full_name);
		if (!may_wait(o, err))
			return false;
		m->lack = *err;
		m->left++;
	}
	return true;
}

static bool check_one(const struct object_pairs *pairs, const struct object *o, struct error *err)
{
	const struct object *there = object_list_find(&pairs->there, o);

	if (!there && object_may_be_over(o))
		log_warn("event %s was not made on the target, as its time is over", o->full_name);
	else if (!there || !object_pairs_has(pairs, o))
		return error_set(err, ERROR_SQL,
				 "%s %s: the target shows it otherwise than the source: leave its kind "
				 "out of MoveObjects and make it by hand",
				 o->type, o->full_name);
	else if (there->broken)
		log_warn("%s %s cannot be used on the target, though it is there: %s", o->type,
			 o->full_name, there->broken);
	return true;
}

/* All at once: to find one trigger MariaDB reads those of all tables. */
static bool check_made(struct objects_move *m, struct object_pairs *pairs, enum object_kind kind,
		       struct error *err)
{
	object_list_release(&pairs->there);
	if (!object_list_load(&pairs->there, m->target, kind, pairs->schema_here, NULL, err))
		return false;
	for (size_t i = 0; i < pairs->wanted.count; i++)
		if (!check_one(pairs, &pairs->wanted.items[i], err))
			return false;
	return true;
}

/* Drops those that were dropped on the source since they were created. */
static bool drop_gone(struct objects_move *m, const struct object_pairs *pairs, const char *schema,
		      enum object_kind kind, struct error *err)
{
	for (size_t i = m->made.count; i > 0; i--) {
		struct object *o = &m->made.items[i - 1];

		if (o->kind != kind || strcmp(o->source_schema, schema) != 0 ||
		    object_list_find(&pairs->wanted, o))
			continue;
		log_info("%s %s was dropped on the source, and is dropped on the target", o->type,
			 o->full_name);
		if (!object_drop(&m->maker, o, err))
			return false;
		forget(m, i - 1);
	}
	return true;
}

/* Left by a process that ended while it created an object. The start-up checks have ensured that a
 * database that is changed like that has the source's collation. */
static bool restore_collation(struct objects_move *m, struct object_pairs *pairs, struct error *err)
{
	log_info("database %s gets the collation %s on the target again", pairs->schema_here,
		 pairs->default_there);
	return object_set_database_collation(&m->maker, pairs->schema_here, pairs->default_there,
					     err);
}

static bool load(struct objects_move *m, struct object_pairs *pairs, const char *schema,
		 enum object_kind kind, struct error *err)
{
	return object_pairs_load(pairs, m->run->options, &m->collations, schema, kind, kind,
				 m->source, m->target, err);
}

static bool sync_once(struct objects_move *m, const char *schema, enum object_kind kind,
		      struct error *err)
{
	struct object_pairs pairs = { .exact = false };
	bool ok = db_ready(m->source, err) && db_ready(m->target, err) &&
		  load(m, &pairs, schema, kind, err);
	size_t left = m->left, made = m->made_now;

	if (ok && pairs.is_left_over) {
		ok = restore_collation(m, &pairs, err);
		object_pairs_release(&pairs);
		ok = ok && load(m, &pairs, schema, kind, err);
	}
	ok = ok && drop_gone(m, &pairs, schema, kind, err) && make_missing(m, &pairs, err) &&
	     (m->left > left || m->made_now == made || check_made(m, &pairs, kind, err));
	for (size_t i = 0; ok && m->left == left && i < pairs.wanted.count; i++) {
		remember(m, &pairs.wanted.items[i]);
		pairs.wanted.items[i] = (struct object){ .kind = kind };
	}
	if (!ok)
		m->left = left;
	object_pairs_release(&pairs);
	return ok;
}

static bool sync_database(struct objects_move *m, const char *schema, enum object_kind kind,
			  struct error *err)
{
	bool ok = false;

	for (struct retry r = run_write_begin(m->run, "make objects", log_tag);
	     !ok && retry_next(&r, err);)
		ok = sync_once(m, schema, kind, err);
	return ok;
}

/* Views of one database may be based on those of another. */
static bool sync_kind(struct objects_move *m, const struct string_list *schemas,
		      enum object_kind kind, struct error *err)
{
	do {
		m->left = m->made_now = 0;
		for (size_t i = 0; i < schemas->count; i++)
			if (!sync_database(m, schemas->items[i], kind, err))
				return false;
	} while (m->left > 0 && m->made_now > 0);
	if (m->left > 0)
		*err = m->lack;
	return m->left == 0;
}

/* --- steps -------------------------------------------------------------------------- */

static void close_sessions(struct objects_move *m)
{
	db_close(m->source);
	db_close(m->target);
	map_release(&m->collations);
	m->source = m->target = NULL;
}

static bool open_sessions(struct objects_move *m, struct string_list *schemas, struct error *err)
{
	struct run *run = m->run;
	bool ok = false;

	*schemas = (struct string_list){ .count = 0 };
	map_init(&m->collations);
	m->source = db_new(&run->options->source, DB_SESSION_READ, NULL);
	m->target = target_alter_session(run, 0, &m->params);
	m->maker = (struct object_maker){ m->target, run->options->target.marginalia, run->run_id };
	for (struct retry r = run_write_begin(run, "connect", log_tag); !ok && retry_next(&r, err);) {
		object_databases_release(schemas);
		*schemas = (struct string_list){ .count = 0 };
		ok = db_ready(m->source, err) && db_ready(m->target, err) &&
		     collations_load(&m->collations, m->target, err) &&
		     object_databases_load(schemas, run->options, m->source, err);
	}
	return ok;
}

/* what: NULL, or what else to do for each object, depending on its kind. */
static bool step(struct objects_move *m, enum object_kind last,
		 bool (*what)(struct objects_move *m, struct object *o, struct error *err),
		 struct error *err)
{
	const struct move_options *options = m->run->options;
	struct string_list schemas;
	bool ok;

	if (!object_is_moved_any(options))
		return true;
	ok = open_sessions(m, &schemas, err);
	for (enum object_kind kind = 0; ok && kind <= last; kind++)
		if (object_kind_is_moved(options, kind))
			ok = sync_kind(m, &schemas, kind, err);
	for (size_t i = 0; ok && what && i < m->made.count; i++)
		ok = what(m, &m->made.items[i], err);
	object_databases_release(&schemas);
	close_sessions(m);
	return ok || error_wrap(err, "make what MoveObjects lists");
}

bool objects_move_early(struct objects_move *m, struct error *err)
{
	return step(m, OBJECT_VIEW, NULL, err);
}

/* The next value that the source has not yet recorded as used: those before it may be cached in its
 * memory, and nobody will get them once the source is no longer in use. */
static bool copy_value(struct objects_move *m, struct object *o, struct error *err)
{
	struct buf name = BUF_INIT, wanted = BUF_INIT, there = BUF_INIT;
	static const char query[] =
		"SELECT CONCAT(next_not_cached_value, ',0,', cycle_count) FROM %s";
	char *source_name = NULL;
	bool ok = false;

	if (o->kind != OBJECT_SEQUENCE)
		return true;
	sql_table_name(&name, o->source_schema, o->name);
	source_name = buf_take(&name);
	sql_table_name(&name, o->schema, o->name);
	for (struct retry r = run_write_begin(m->run, "set the value of a sequence", log_tag);
	     !ok && retry_next(&r, err);)
		ok = db_ready(m->source, err) && db_ready(m->target, err) &&
		     db_value(m->source, &wanted, NULL, err, query, source_name) &&
		     object_set_value(&m->maker, o, buf_text(&wanted), err) &&
		     db_value(m->target, &there, NULL, err, query, buf_text(&name));
	if (ok && strcmp(buf_text(&wanted), buf_text(&there)) != 0)
		ok = error_set(err, ERROR_DIFFERENT,
			       "its next value is %s on the source and %s on the target: drop it on "
			       "the target, and resume from the state",
			       buf_text(&wanted), buf_text(&there));
	free(source_name);
	buf_release(&name);
	buf_release(&wanted);
	buf_release(&there);
	return ok || error_wrap(err, "SEQUENCE %s", o->full_name);
}

bool objects_move_late(struct objects_move *m, struct error *err)
{
	return step(m, OBJECT_EVENT, copy_value, err);
}

static bool load_one(struct objects_move *m, const struct object *o, struct object_list *found,
		     struct error *err)
{
	*found = (struct object_list){ .count = 0 };
	return object_list_load(found, m->target, o->kind, o->schema, o->name, err);
}

static bool enable_once(struct objects_move *m, const struct object *o, struct error *err)
{
	struct object_list found = { .count = 0 };
	const struct object *there;
	bool ok = db_ready(m->target, err) && load_one(m, o, &found, err);

	there = ok ? object_list_find(&found, o) : NULL;
	/* An event whose time is over is gone by itself. */
	if (there && there->status != OBJECT_ENABLED)
		ok = object_enable(&m->maker, o, err);
	object_list_release(&found);
	return ok;
}

static bool enable(struct objects_move *m, struct object *o, struct error *err)
{
	bool ok = false;

	if (o->kind != OBJECT_EVENT)
		return true;
	if (o->status == OBJECT_ENABLED_ELSEWHERE)
		log_warn("event %s is left disabled on the target, as the source does not run it "
			 "either: the server that it replicates from does",
			 o->full_name);
	if (o->status != OBJECT_ENABLED)
		return true;
	probe("before_enabling", "%s", o->full_name);
	for (struct retry r = run_write_begin(m->run, "enable events", log_tag);
	     !ok && retry_next(&r, err);)
		ok = enable_once(m, o, err);
	return ok || error_wrap(err, "EVENT %s: enable it on the target", o->full_name);
}

/* They were read a moment ago: only whether they are enabled is read again. */
bool objects_move_enable(struct objects_move *m, struct error *err)
{
	struct string_list schemas;
	bool ok = true;

	if (!object_kind_is_moved(m->run->options, OBJECT_EVENT))
		return true;
	ok = open_sessions(m, &schemas, err);
	for (size_t i = 0; ok && i < m->made.count; i++)
		ok = enable(m, &m->made.items[i], err);
	object_databases_release(&schemas);
	close_sessions(m);
	return ok;
}

/* --- before rows are written again --------------------------------------------------- */

static bool drop_those(const struct object_maker *maker, const struct object_pairs *pairs,
		       struct error *err)
{
	for (size_t i = 0; i < pairs->wanted.count; i++) {
		const struct object *o = &pairs->wanted.items[i];

		if (!object_pairs_has(pairs, o))
			continue;
		log_info("dropping %s %s from the target, to be made again in the cutover", o->type,
			 o->full_name);
		if (!object_drop(maker, o, err))
			return false;
	}
	return true;
}

bool objects_drop_late(struct run *run, struct db *source, struct db *target, struct error *err)
{
	const struct object_maker maker = { target, run->options->target.marginalia, run->run_id };
	struct string_list schemas;
	struct map collations;
	bool ok;

	if (!object_is_moved_any(run->options))
		return true;
	map_init(&collations);
	ok = object_databases_load(&schemas, run->options, source, err) &&
	     collations_load(&collations, target, err);
	for (size_t i = 0; ok && i < schemas.count; i++) {
		struct object_pairs pairs;

		ok = object_pairs_load(&pairs, run->options, &collations, schemas.items[i],
				       OBJECT_TRIGGER, OBJECT_EVENT, source, target, err) &&
		     drop_those(&maker, &pairs, err);
		object_pairs_release(&pairs);
	}
	object_databases_release(&schemas);
	map_release(&collations);
	return ok;
}

/* --- report -------------------------------------------------------------------------- */

static size_t count_made(const struct objects_move *m, enum object_kind kind, const char *schema)
{
	size_t count = 0;

	for (size_t i = 0; i < m->made.count; i++)
		count += m->made.items[i].kind == kind &&
			 (!schema || strcmp(m->made.items[i].source_schema, schema) == 0);
	return count;
}

static bool report_left(struct objects_move *m, struct db *source, enum object_kind kind,
			struct error *err)
{
	struct buf sql = BUF_INIT;

	object_kind_put_count(&sql, kind);

	struct db_rows rows = db_rows_of(source, buf_text(&sql), err);

	while (db_rows_next(&rows)) {
		const char *schema = db_rows_text(&rows, 0);
		size_t count = strtoul(db_rows_text(&rows, 1), NULL, 10);
		size_t made = count_made(m, kind, schema);

		if (name_is_chosen(m->run->options, schema, NULL) && count > made)
			log_info("%s of database %s that were not moved: %zu",
				 object_kind_name(kind), schema, count - made);
	}
	buf_release(&sql);
	return rows.ok;
}

void objects_move_report(struct objects_move *m)
{
	struct db *source = db_open(&m->run->options->source, DB_SESSION_READ, NULL, &m->lack);
	bool ok = source != NULL;

	for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++) {
		if (count_made(m, kind, NULL) > 0)
			log_info("%s that were moved: %zu", object_kind_name(kind),
				 count_made(m, kind, NULL));
		ok = ok && report_left(m, source, kind, &m->lack);
	}
	if (!ok)
		log_warn("what was not moved cannot be listed: %s", m->lack.text);
	db_close(source);
}
