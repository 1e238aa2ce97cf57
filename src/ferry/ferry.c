/* One migration from start to end, in numbered steps (ferry_main()).
 *
 * Happy path: check both servers, read the source's binlog position, open the stream there, create
 * the tables, copy rows while changes are applied, wait until the cutover is allowed, lock, read
 * the source's position once more, follow the stream up to it, unlock.
 *
 * Failure: any thread calls ferry_fail(); the first error counts, all threads are signalled to
 * stop, and the listener (the app's loop) dumps the state and exits without waiting for anyone.
 * Steps up to the creation of tables fail as "not started".
 *
 * If the process dies at any point, the last state printed or saved is safe to resume from: see
 * state_tracker.h. */
#include "ferry_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/advice.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "base/version.h"
#include "create/deferred_indexes.h"
#include "state/state_write.h"

static const char log_tag[] = "ferry";

static void announce(struct ferry *f, enum ferry_event event)
{
	f->hooks.listener(f->hooks.context, event);
}

void ferry_set_phase(struct ferry *f, enum phase phase)
{
	struct log_facts facts = { .count = 0 };

	state_tracker_set_phase(&f->tracker, phase);
	log_fact(&facts, "phase", phase_name(phase));
	log_debug_facts(&facts, "phase %s", phase_name(phase));
	announce(f, FERRY_PHASE_CHANGED);
}

void ferry_waits_for(struct ferry *f, const char *what)
{
	mutex_lock(&f->lock);
	snprintf(f->waiting_for, sizeof(f->waiting_for), "%s", what);
	mutex_unlock(&f->lock);
}

/* --- failing ---------------------------------------------------------------- */

bool ferry_fail(struct ferry *f, enum run_part part, const struct error *err)
{
	mutex_lock(&f->lock);
	bool is_done = f->is_done; /* a run that is done cannot fail any more */
	bool is_first = !f->has_failed && !is_done;
	if (is_first) {
		f->has_failed = true;
		f->error = *err;
		f->error_part = part;
	}
	mutex_unlock(&f->lock);
	if (!is_done)
		stop_set(&f->stop);
	return is_first;
}

void ferry_fail_run(void *context, enum run_part part, const struct error *err)
{
	struct ferry *f = context;

	/* The stream may not have delivered the statement yet. */
	if (part != PART_USER_INTERRUPT && ferry_is_schema_change(f, err))
		part = PART_SCHEMA_CHANGE;
	if (ferry_fail(f, part, err))
		announce(f, FERRY_FAILED);
}

bool ferry_error(struct ferry *f, struct error *err, enum run_part *part)
{
	mutex_lock(&f->lock);
	bool failed = f->has_failed;
	if (failed) {
		*err = f->error;
		*part = f->error_part;
	}
	mutex_unlock(&f->lock);
	return failed;
}

bool ferry_stopped(struct error *err)
{
	return error_set(err, ERROR_STOPPED, "stopped");
}

/* --- run ------------------------------------------------------------------------ */

static bool copy_rows(struct ferry *f, struct error *err)
{
	ferry_set_phase(f, PHASE_COPYING);
	probe("before_copy", " ");
	if (f->target_verifier)
		target_watch_start(f->target_verifier);
	run_lock_start(&f->run_lock, &f->run, f->target);
	f->target = NULL;
	throttle_watch_start(&f->throttle_watch);
	durable_state_start(f->durable);
	binlog_writer_start(f->writer);
	binlog_streamer_start(f->streamer);
	owed_watch_start(&f->owed_watch, f->owed);
	data_iterator_start(f->iterator);
	if (f->verifier)
		verifier_start(f->verifier);
	if (!data_iterator_join(f->iterator))
		return ferry_stopped(err);
	probe("copy_done", " ");
	return ferry_note_copied(f, err);
}

/* Before the cutover may begin, so as not to prolong it. */
static bool add_indexes(struct ferry *f, struct error *err)
{
	if (!deferred_indexes_are_left(&f->run))
		return true;
	log_info("data copy is complete, adding the indexes that were left out");
	ferry_set_phase(f, PHASE_INDEXING);
	ferry_waits_for(f, "indexes to be added on the target");
	if (!deferred_indexes_add(&f->run, err))
		return false;
	ferry_waits_for(f, "");
	return true;
}

/* Likewise before the cutover. A target that is in use has its own objects. */
static bool make_objects(struct ferry *f, struct error *err)
{
	if (f->options.move_objects.count == 0 || ferry_target_is_in_use(f))
		return true;
	ferry_set_phase(f, PHASE_OBJECTS);
	ferry_waits_for(f, "views, routines and sequences to be made on the target");
	if (!objects_move_early(f->objects, err))
		return false;
	ferry_waits_for(f, "");
	return true;
}

static void disconnect(struct ferry *f)
{
	db_close(f->source);
	db_close(f->target);
	f->source = f->target = NULL;
}

static void ferry_main(void *argument)
{
	struct ferry *f = argument;
	struct error err;

	/* 1. Check both servers, open the stream, create the tables. */
	log_info("hello world from %s", version_text);
	bool ok = ferry_prepare(f, &err);
	if (!ok || f->is_dry_run || f->is_finished) {
		if (!ok && ferry_has_changed(f, &err))
			f->step = PART_SCHEMA_CHANGE;
		disconnect(f);
		if (ok)
			announce(f, f->is_dry_run ? FERRY_DRY_RUN_DONE : FERRY_NOTHING_TO_DO);
		else if (ferry_fail(f, f->step, &err))
			announce(f, FERRY_NOT_STARTED);
		return;
	}

	/* 2. Copy all rows while changes are applied. 3. Cut over. */
	if (f->resume && f->resume->run.cutover_unlocked)
		log_warn("the state says that this move was finished, or CutoverUnlock called: it "
			 "is followed up to the source's position again");
	bool is_copied = copy_rows(f, &err) && add_indexes(f, &err) && make_objects(f, &err);
	if (is_copied)
		log_info("data copy is complete, waiting for cutover");
	if (!is_copied || !ferry_cut_over(f, &err)) {
		/* ERROR_STOPPED: another thread has failed already and is the first. */
		ferry_fail_run(f, PART_CUTOVER, &err);
		return;
	}

	/* 4. Release what is held on the servers; from here on nothing can fail. */
	objects_move_report(f->objects);
	run_lock_end(&f->run_lock);
	disconnect(f);
	log_info("ghostferry run is complete, shutting down auxiliary services");
	mutex_lock(&f->lock);
	bool has_failed = f->has_failed; /* a signal was faster */
	f->is_done = !has_failed;
	mutex_unlock(&f->lock);
	if (has_failed)
		return;
	ferry_set_phase(f, PHASE_DONE);
	ferry_forget_line(f);
	probe("run_is_done", " ");
	announce(f, FERRY_DONE);
}

/* --- for other threads ----------------------------------------------------------- */

/* The state as of now; a state_taker. */
static void live_state(void *context, struct buf *text)
{
	struct ferry *f = context;
	struct run_state snapshot;

	mutex_lock(&f->lock);
	struct verifier *verifier = f->verifier;
	struct owed_rows *owed = f->owed;
	struct cascades *cascades = f->cascades;
	mutex_unlock(&f->lock);
	state_tracker_snapshot(&f->tracker, &snapshot);

	/* After the snapshot: see verifier_state(). */
	struct state_parts parts = { .schema = f->schema_text.text ? &f->schema_text : NULL };

	parts.verification = verifier ? verifier_state(verifier) : NULL;
	parts.owed_rows = owed_rows_state(owed);
	parts.cascades = cascades_state(cascades);
	if (f->options.way_back.names)
		parts.way_back =
			way_back_begun(cJSON_GetObjectItemCaseSensitive(f->resume->tree, "WayBack"));
	state_write(text, &f->tracker, &snapshot, &parts);
	run_state_release(&snapshot);
}

struct ferry *ferry_new(const struct move_options *options, const struct ferry_hooks *hooks,
			const struct saved_state *resume, const struct saved_state *finished,
			bool dry_run)
{
	struct ferry *f = mem_calloc(1, sizeof(*f));

	f->options = *options;
	f->options.source.identity = &f->source_identity;
	f->options.target.computing = &f->computing;
	f->hooks = *hooks;
	f->given = f->resume = resume;
	f->run.recopies = &f->recopies;
	f->finished = finished;
	f->is_dry_run = dry_run;
	f->automatic_cutover = options->automatic_cutover;
	stop_init(&f->stop);
	throttler_init(&f->throttler);
	throttler_set_limits(&f->throttler, &options->throttle.limits);
	f->throttle_watch.options = &f->options;
	f->throttle_watch.throttler = &f->throttler;
	f->throttle_watch.stop = &f->stop;
	state_tracker_init(&f->tracker);
	findings_init(&f->findings);
	mutex_init(&f->lock);
	condition_init(&f->changed);
	owed_watch_init(&f->owed_watch);
	f->run.options = &f->options;
	lock_numbers_make(&f->run.locks, &f->options);
	f->run.tables = &f->tables;
	f->run.tracker = &f->tracker;
	f->run.throttler = &f->throttler;
	f->run.stop = &f->stop;
	f->run.fail = ferry_fail_run;
	f->run.fail_context = f;
	f->run.save_state = hooks->save_state;
	f->run.save_context = hooks->context;
	budget_init(&f->run.rows, options->rows_bytes);
	work_sheet_init(&f->run.work);
	atomic_store(&f->run.batch_rows, options->batch_rows);
	f->durable = durable_state_new(&f->run, live_state, f);
	f->objects = objects_move_new(&f->run);
	if (resume && resume->run.cutover_unlocked) {
		state_tracker_set_cutover_unlocked(&f->tracker);
		advice_target_in_use();
	}
	if (options->way_back.names)
		advice_on_way_back();
	if (options->tables.where.count > 0)
		advice_of_parts();
	state_tracker_begin(&f->tracker, resume ? resume->run.run_id : NULL);
	f->run.run_id = f->tracker.state.run_id;
	return f;
}

void ferry_start(struct ferry *f)
{
	thread_start(&f->thread, "ferry", ferry_main, f);
}

void ferry_join(struct ferry *f)
{
	thread_join(&f->thread);
}

void ferry_free(struct ferry *f)
{
	if (!f)
		return;
	durable_state_free(f->durable); /* its thread uses the rest */
	verifier_free(f->verifier);	/* so do its threads */
	data_iterator_free(f->iterator);
	binlog_writer_free(f->writer);
	owed_watch_destroy(&f->owed_watch);
	owed_rows_free(f->owed);
	start_position_release(&f->start);
	binlog_streamer_free(f->streamer);
	cascades_free(f->cascades);
	target_watch_free(f->target_verifier);
	ferry_way_back_free(f);
	objects_move_free(f->objects);
	for (size_t i = 0; f->key_names && i < f->tables.count; i++)
		free(f->key_names[i]);
	free(f->key_names);
	free(f->late);
	state_schema_release(&f->schema_text);
	run_free_syncs(&f->run);
	moved_tables_release(&f->tables);
	recopies_release(&f->recopies);
	recopies_release(&f->changed_tables);
	if (f->resume != f->given)
		saved_state_release(&f->recopy_state);
	schema_release(&f->schema);
	findings_release(&f->findings);
	state_tracker_destroy(&f->tracker);
	throttle_watch_join(&f->throttle_watch);
	throttler_destroy(&f->throttler);
	work_sheet_destroy(&f->run.work);
	budget_destroy(&f->run.rows);
	stop_destroy(&f->stop);
	condition_destroy(&f->changed);
	mutex_destroy(&f->lock);
	free(f);
}

bool ferry_state(struct ferry *f, struct buf *out)
{
	struct buf durable = BUF_INIT;

	mutex_lock(&f->lock);
	bool started = f->is_started;
	struct owed_rows *owed = f->owed;
	const struct saved_state *resume = f->resume;
	mutex_unlock(&f->lock);

	if (!started && resume) /* nothing has moved since: the same state again */
		json_print(out, resume->tree, 1);
	else if (started && durable_state_text(f->durable, &durable))
		/* A row that is displaced now is owed in the slightly older state, too. */
		state_write_again(out, &f->tracker, &durable, owed_rows_state(owed));
	else if (started)
		live_state(f, out);
	buf_release(&durable);
	return started || resume;
}

bool ferry_may_save(struct ferry *f)
{
	mutex_lock(&f->lock);
	bool may_save = f->is_started || f->is_accepted;
	mutex_unlock(&f->lock);
	return may_save;
}

void ferry_set_paused(struct ferry *f, bool paused)
{
	if (!throttler_set_paused(&f->throttler, paused) && paused)
		log_warn("the cutover has begun: nothing is paused any more, as the source's "
			 "writers would wait");
}

void ferry_throttle_limits(struct ferry *f, struct throttle_limits *limits)
{
	throttler_limits(&f->throttler, limits);
}

void ferry_set_throttle_limits(struct ferry *f, const struct throttle_limits *limits)
{
	throttler_set_limits(&f->throttler, limits);
}

void ferry_set_automatic_cutover(struct ferry *f, bool automatic)
{
	mutex_lock(&f->lock);
	f->automatic_cutover = automatic;
	condition_broadcast(&f->changed);
	mutex_unlock(&f->lock);
}

bool ferry_verify(struct ferry *f, struct error *err)
{
	mutex_lock(&f->lock);
	struct verifier *verifier = f->verifier;
	mutex_unlock(&f->lock);
	if (!verifier)
		return error_set(err, ERROR_UNSUPPORTED, "no verifier is configured");
	return verifier_request(verifier, err);
}

void ferry_set_batch_rows(struct ferry *f, uint64_t rows)
{
	atomic_store(&f->run.batch_rows, rows);
}

uint64_t ferry_batch_rows(struct ferry *f)
{
	return atomic_load(&f->run.batch_rows);
}

const struct findings *ferry_findings(const struct ferry *f)
{
	return &f->findings;
}

const struct moved_tables *ferry_tables(const struct ferry *f)
{
	return &f->tables;
}
