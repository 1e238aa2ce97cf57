/* Each worker takes one table after the other, the largest first: reads the source's definition,
 * sees what of it the target's table lacks, adds that, and looks again. What is there is
 * no longer owed by the state.
 *
 * If the process dies before, in or after a statement, the state says as much or more than is
 * missing, and the target decides: a resumed run waits for the end of a statement that still runs
 * (I8: the connection holds a lock of the run), and adds what is not there then. A lost connection
 * is handled in the same way. The servers add the indexes of a statement all or none.
 *
 * Changes of the table are applied meanwhile. A writer that waits for the statement, as it
 * begins and ends, or all the time with FULLTEXT and SPATIAL indexes, gives up after its
 * lock_wait_timeout and tries again without end, as with any lock.
 *
 * The servers keep plain keys in the order in which they are added. So one that was there from
 * the start and stands behind one that was not is dropped and added in the same statement,
 * which they notice: it is not built again, unless it is over expressions, where it stays in its
 * place. FULLTEXT keys come last whatever the order. */
#include "create/deferred_indexes.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "base/retry.h"
#include "base/worker_pool.h"
#include "create_keys.h"
#include "create/create_statement.h"
#include "create/create_text.h"
#include "create/table_maker.h"
#include "index_deferral.h"
#include "plan/collation.h"
#include "create/target_alter.h"

static const char log_tag[] = "deferred_indexes";

#define POLL_MS 50
#define LOG_EVERY_MS 60000
#define NAMES_SHOWN 300
/* Of our statement, for others that have the table open when it ends: its work would be lost. */
#define LOCK_WAIT_S 86400

struct index_adder {
	struct run *run;
	struct worker_pool pool;
	const struct moved_table **todo; /* owned */
	size_t count;
	_Atomic unsigned working;
	struct index_worker *workers; /* owned */
};

struct index_worker {
	struct index_adder *adder;
	unsigned number;
	struct db *source;
	struct db *target;
	struct map collations; /* that the target knows */
	/* Of the statement that is made, or under way. */
	struct buf what;
	struct buf names; /* for the log */
	unsigned adds;
};

/* --- the statement ---------------------------------------------------------------- */

static void put_add(struct index_worker *w, const struct buf *text)
{
	buf_puts(&w->what, w->what.length > 0 ? ", ADD " : " ADD ");
	buf_add(&w->what, text->data, text->length);
}

static bool refuse_other(const struct moved_table *t, const struct create_key *key,
			 struct error *err)
{
	struct buf remedy = BUF_INIT;

	buf_puts(&remedy, "ALTER TABLE ");
	sql_table_name(&remedy, t->target_schema, t->target_name);
	buf_puts(&remedy, " DROP KEY ");
	sql_name(&remedy, buf_text(&key->name));
	error_set(err, ERROR_SQL,
		  "the target's table has got an index %s that is not the source's; drop it (%s)",
		  buf_text(&key->name), buf_text(&remedy));
	buf_release(&remedy);
	return false;
}

/* wanted and there: how the table is to be, and is. The servers take one FULLTEXT key in a
 * statement, or copy the table: a second one is left to the next. */
static bool make_statement(struct index_worker *w, const struct moved_table *t, uint64_t deferred,
			   const char *wanted, const char *there, struct error *err)
{
	struct create_key key = { .is_fulltext = false }, found = { .is_fulltext = false };
	int left = __builtin_popcountll(deferred);
	bool has_fulltext = false, ok = true;

	buf_clear(&w->what);
	buf_clear(&w->names);
	w->adds = 0;
	while (ok && create_next_key(&wanted, &key)) {
		bool is_there = create_find_key(there, buf_text(&key.name), &found);

		bool is_deferred = index_set_has(t->source, deferred, buf_text(&key.name));

		left -= is_deferred;
		if (!is_deferred) {
			const char *text = buf_text(&key.text);

			/* It moves behind those that are added. */
			if (!is_there || w->adds == 0 || key.is_fulltext ||
			    create_find(text, "((") || create_find(text, ",("))
				continue;
			buf_puts(&w->what, ", DROP KEY ");
			sql_name(&w->what, buf_text(&key.name));
			put_add(w, &key.text);
		} else if (is_there) {
			ok = create_same_key(&key, &found) || refuse_other(t, &key, err);
		} else if (!key.is_fulltext || !has_fulltext) {
			has_fulltext |= key.is_fulltext;
			put_add(w, &key.text);
			if (w->names.length < NAMES_SHOWN)
				buf_printf(&w->names, "%s%s", w->names.length > 0 ? ", " : "",
					   buf_text(&key.name));
			w->adds++;
		}
	}
	create_key_release(&key);
	create_key_release(&found);
	return ok && (left == 0 || error_set(err, ERROR_SCHEMA,
					     "the source does not show all of them any more"));
}

/* All is read as it is now, and by sessions that know the dialect of CREATE statements. */
static bool look(struct index_worker *w, const struct moved_table *t, uint64_t deferred,
		 struct error *err)
{
	const struct move_options *options = w->adder->run->options;
	struct table_maker m;
	struct buf name = BUF_INIT, there = BUF_INIT;
	bool ok = table_maker_begin(&m, w->source, w->target, options, &w->collations, err);

	if (!ok)
		return false;
	m.keeps_late_keys = true;
	sql_table_name(&name, t->target_schema, t->target_name);
	ok = table_maker_put_table(&m, t, name.data, false, err) &&
	     create_show_table(w->target, t->target_schema, t->target_name, &there, err) &&
	     make_statement(w, t, deferred, m.translated.data, there.data, err);
	ok = table_maker_end(&m, ok, err);
	buf_release(&name);
	buf_release(&there);
	return ok;
}

/* --- adding ----------------------------------------------------------------------- */

static const char *remedy_of(const struct error *err)
{
	switch (err->server_code) {
	case 3:	   /* error writing a file */
	case 1021: /* disk full */
	case 1026:
	case 1030:
	case 1114: /* table full */
	case 1878: /* temporary file */
		return "make room on the target's disk (of its data, and of tmpdir and innodb_tmpdir)";
	case 1061:
		return "somebody has added an index of that name: drop it if it is another one";
	case 1317:
		return "somebody has killed the statement";
	default:
		return "remove the cause, or add the indexes there yourself";
	}
}

/* Locks of others pass; but a build that failed after hours would fail again. */
static bool explain(struct index_worker *w, struct error *err)
{
	struct error cause = *err;

	if (err->kind == ERROR_LOST || err->kind == ERROR_READ_ONLY || db_error_is_deadlock(err) ||
	    db_error_is_lock_wait(err))
		return false;
	error_set(err, ERROR_SQL, "indexes %s: %s; %s, and resume from the state",
		  buf_text(&w->names), cause.text, remedy_of(&cause));
	err->server_code = cause.server_code;
	return false;
}

static bool alter(struct index_worker *w, const struct moved_table *t, struct error *err)
{
	int64_t begun_ms = clock_ms();

	log_info("adding %u index%s to %s on the target: %s", w->adds, w->adds == 1 ? "" : "es",
		 t->source->full_name, buf_text(&w->names));
	probe("before_indexing", "%s", t->source->full_name);
	if (!db_execf(w->target, err, "SET SESSION lock_wait_timeout = %d", LOCK_WAIT_S))
		return false;
	if (!target_alter(w->adder->run, w->target, t, w->what.data, err))
		return explain(w, err);
	probe("indexes_added", "%s", t->source->full_name);
	log_info("added %u index%s to %s in %.1f s", w->adds, w->adds == 1 ? "" : "es",
		 t->source->full_name, (double)(clock_ms() - begun_ms) / 1000);
	return true;
}

static bool try_table(struct index_worker *w, const struct moved_table *t, uint64_t deferred,
		      struct error *err)
{
	for (unsigned i = 0; i <= t->source->index_count; i++) {
		if (!db_ready(w->source, err) || !db_ready(w->target, err) ||
		    !look(w, t, deferred, err))
			return false;
		if (w->adds == 0)
			return true;
		if (!alter(w, t, err))
			return false;
	}
	return error_set(err, ERROR_SQL,
			 "the target has added the indexes %s and does not show them",
			 buf_text(&w->names));
}

static bool add_to_table(struct index_worker *w, const struct moved_table *t, struct error *err)
{
	struct run *run = w->adder->run;
	uint64_t deferred = state_tracker_deferred(run->tracker, t);
	bool ok = false;

	if (!throttler_wait(run->throttler, THROTTLED_WORK, run->stop))
		return error_set(err, ERROR_STOPPED, "stopped");
	state_tracker_set_indexing(run->tracker, t, true);
	for (struct retry r = run_write_begin(run, "add indexes", log_tag);
	     !ok && retry_next(&r, err);)
		ok = try_table(w, t, deferred, err);
	state_tracker_set_indexing(run->tracker, t, false);
	if (!ok)
		return error_wrap(err, "table %s: add its indexes to the target",
				  t->source->full_name);
	state_tracker_set_deferred(run->tracker, t, 0);
	probe("indexes_recorded", "%s", t->source->full_name);
	return true;
}

static bool connect(struct index_worker *w, struct db_params *params, struct error *err)
{
	struct run *run = w->adder->run;
	bool ok = false;

	w->target = target_alter_session(run, w->number, params);
	w->source = db_new(&run->options->source, DB_SESSION_READ, NULL);
	for (struct retry r = run_write_begin(run, "connect", log_tag); !ok && retry_next(&r, err);)
		ok = db_ready(w->source, err) && db_ready(w->target, err) &&
		     collations_load(&w->collations, w->target, err);
	return ok;
}

static void worker_main(void *argument)
{
	struct index_worker *w = argument;
	struct index_adder *adder = w->adder;
	struct db_params params;
	struct error err;
	size_t i;

	map_init(&w->collations);

	bool ok = connect(w, &params, &err);

	while (ok && worker_pool_next(&adder->pool, &i))
		ok = add_to_table(w, adder->todo[i], &err);
	db_close(w->source);
	db_close(w->target);
	map_release(&w->collations);
	buf_release(&w->what);
	buf_release(&w->names);
	if (!ok)
		run_fail(adder->run, PART_DEFERRED_INDEXES, &err);
	atomic_fetch_sub(&adder->working, 1);
}

/* --- the ferry's thread ------------------------------------------------------------ */

bool deferred_indexes_are_left(struct run *run)
{
	for (size_t i = 0; i < run->tables->count; i++)
		if (state_tracker_deferred(run->tracker, run->tables->tables[i]))
			return true;
	return false;
}

static void report_progress(struct run *run)
{
	struct run_state state;

	state_tracker_copy(run->tracker, &state);
	for (size_t i = 0; i < state.table_count; i++)
		if (state.tables[i].indexing_since > 0)
			log_info("the target has been adding indexes to %s for %.0f s",
				 state.tables[i].table->source->full_name,
				 (double)(clock_ms() - state.tables[i].indexing_since) / 1000);
	run_state_release(&state);
}

static void start(struct index_adder *adder)
{
	struct run *run = adder->run;
	unsigned workers = run->options->copy_workers;

	adder->todo = mem_calloc(run->tables->count, sizeof(*adder->todo));
	for (size_t i = 0; i < run->tables->count; i++)
		if (state_tracker_deferred(run->tracker, run->tables->tables[i]))
			adder->todo[adder->count++] = run->tables->tables[i];
	if (workers > adder->count)
		workers = (unsigned)adder->count;
	adder->workers = mem_calloc(workers, sizeof(*adder->workers));
	for (unsigned i = 0; i < workers; i++)
		adder->workers[i] = (struct index_worker){ .adder = adder, .number = i };
	atomic_store(&adder->working, workers);
	worker_pool_init(&adder->pool, 0, adder->count);
	worker_pool_start(&adder->pool, "index_adder", worker_main, adder->workers,
			  sizeof(*adder->workers), workers);
}

bool deferred_indexes_add(struct run *run, struct error *err)
{
	struct index_adder *adder = mem_calloc(1, sizeof(*adder));
	int64_t begun_ms = clock_ms(), logged_ms = begun_ms;

	adder->run = run;
	start(adder);
	while (atomic_load(&adder->working) > 0) {
		/* A statement may take hours: the process ends without waiting for it. */
		if (!stop_sleep_ms(run->stop, POLL_MS))
			return error_set(err, ERROR_STOPPED, "stopped");
		if (clock_ms() - logged_ms < LOG_EVERY_MS)
			continue;
		report_progress(run);
		logged_ms = clock_ms();
	}

	bool ok = worker_pool_join(&adder->pool, err);

	if (ok && !stop_is_set(run->stop))
		log_info("indexes of %zu table%s were added on the target in %.1f s", adder->count,
			 adder->count == 1 ? "" : "s", (double)(clock_ms() - begun_ms) / 1000);
	free(adder->todo);
	free(adder->workers);
	free(adder);
	return ok && (!stop_is_set(run->stop) || error_set(err, ERROR_STOPPED, "stopped"));
}
