/* One migration from start to end, in numbered steps (ferry_main()).
 *
 * Happy path: check both servers, read the source's binlog position, open the
 * stream there, create the tables, copy rows while changes are applied, wait until
 * the cutover is allowed, lock, read the source's position once more, follow the
 * stream up to it, unlock.
 *
 * Failure: any thread calls ferry_fail(); the first error stays, everybody is asked
 * to stop, and the listener (the app's loop) dumps the state and exits without
 * waiting for anyone. Steps up to the creation of tables fail as "not started".
 *
 * If the process dies at any point, the last state printed or saved is safe to
 * resume from: see state_tracker.h. */
#include "ferry_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "base/retry.h"
#include "base/version.h"
#include "ferry/name_filter.h"
#include "ferry/preflight.h"
#include "ferry/table_creator.h"
#include "ferry/writer_lock.h"

static const char log_tag[] = "ferry";

#define HEARTBEAT_MS 250
#define CAUGHT_UP_S 10.0
#define CAUGHT_UP_POLL_MS 500
#define CUTOVER_POLL_MS 1000
#define RUN_LOCK_WAIT_MS 10000
#define POSITION_ATTEMPTS 100
#define POSITION_SLEEP_MS 600
#define CATCH_UP_MAX_MS 60000
#define CATCH_UP_POLL_MS 20

static void announce(struct ferry *f, enum ferry_event event)
{
	f->listener(f->listener_context, event);
}

static void set_phase(struct ferry *f, enum phase phase)
{
	state_tracker_set_phase(&f->tracker, phase);
	log_debug("phase %s", phase_name(phase));
	announce(f, FERRY_PHASE_CHANGED);
}

static void wait_for(struct ferry *f, const char *what)
{
	mutex_lock(&f->lock);
	snprintf(f->waiting_for, sizeof(f->waiting_for), "%s", what);
	mutex_unlock(&f->lock);
}

/* --- failing ---------------------------------------------------------------- */

void ferry_fail(struct ferry *f, const char *from, const struct error *err)
{
	mutex_lock(&f->lock);
	bool is_done = f->is_done;
	bool is_first = !f->has_failed && !is_done;
	if (is_first) {
		f->has_failed = true;
		f->error = *err;
		f->error_from = from;
	}
	mutex_unlock(&f->lock);
	if (is_done) /* what is done cannot fail any more */
		return;
	stop_set(&f->stop);
	if (is_first)
		announce(f, FERRY_FAILED);
}

static void fail_run(void *context, const char *from, const struct error *err)
{
	ferry_fail(context, from, err);
}

bool ferry_error(struct ferry *f, struct error *err, const char **from)
{
	mutex_lock(&f->lock);
	bool failed = f->has_failed;
	if (failed) {
		*err = f->error;
		*from = f->error_from;
	}
	mutex_unlock(&f->lock);
	return failed;
}

/* A failure before anything was moved. */
static void fail_start(struct ferry *f, const struct error *err)
{
	mutex_lock(&f->lock);
	bool is_first = !f->has_failed;
	if (is_first) {
		f->has_failed = true;
		f->error = *err;
		f->error_from = f->step;
	}
	mutex_unlock(&f->lock);
	stop_set(&f->stop);
	if (is_first)
		announce(f, FERRY_NOT_STARTED);
}

static bool stopped(struct error *err)
{
	return error_set(err, ERROR_STOPPED, "stopped");
}

/* --- connecting -------------------------------------------------------------- */

/* The run's own lock tells a second process from the leftovers of a killed one: an
 * idle connection of a dead process ends at once, a live one stays. */
static bool open_target(struct ferry *f, struct error *err)
{
	char name[WRITER_LOCK_NAME_SIZE];
	int64_t deadline = clock_ms() + RUN_LOCK_WAIT_MS;

	writer_lock_name(name, f->tracker.run_id, 0);
	snprintf(f->run.guard.lock_name, sizeof(f->run.guard.lock_name), "%s", name);
	for (;;) {
		f->target = db_open(&f->options->target, DB_SESSION_WRITE,
				    f->is_dry_run ? NULL : name, err);
		if (f->target || err->kind != ERROR_BUSY)
			return f->target != NULL;
		if (clock_ms() > deadline)
			return error_wrap(err,
					  "another process is working on this state (it holds the lock "
					  "'%s' on the target; SELECT IS_USED_LOCK('%s') names its "
					  "connection)",
					  name, name);
		if (!stop_sleep_ms(&f->stop, 200))
			return error_set(err, ERROR_STOPPED, "stopped");
	}
}

static void log_connected(struct db *db)
{
	const char *cipher = db_tls_cipher(db);
	const struct log_field fields[] = {
		{ "dbname", db_label(db) },
		{ "hasSSL", *cipher ? "true" : "false" },
		{ "ssl_cipher", cipher },
		{ "version", db_version(db)->text },
		{ NULL, NULL },
	};

	log_write(LOG_INFO, log_tag, NULL, fields, "connected to %s", db_label(db));
}

static bool connect_both(struct ferry *f, struct error *err)
{
	wait_for(f, "connections to both servers");
	f->source = db_open(&f->options->source, DB_SESSION_READ, NULL, err);
	if (!f->source)
		return false;
	log_connected(f->source);
	if (!open_target(f, err))
		return false;
	log_connected(f->target);
	return true;
}

/* What tells this source from another: a state must not be resumed elsewhere. */
static bool check_source_identity(struct ferry *f, struct error *err)
{
	struct buf uuid = BUF_INIT;
	const char *saved = f->resume ? f->resume->source_uuid : "";
	bool ok = true;

	if (db_version(f->source)->flavour == FLAVOUR_MYSQL)
		ok = db_value(f->source, &uuid, NULL, err, "SELECT @@global.server_uuid");
	else
		ok = db_value(f->source, &uuid, NULL, err,
			      "SELECT CONCAT(@@global.server_id, '@', @@global.hostname)");
	if (ok && *saved && strcmp(saved, buf_text(&uuid)) != 0)
		ok = error_set(err, ERROR_CONFIG,
			       "the state was made with another source server (%s, this is %s): its binlog "
			       "position means nothing here",
			       saved, buf_text(&uuid));
	if (ok)
		snprintf(f->tracker.source_uuid, sizeof(f->tracker.source_uuid), "%s",
			 buf_text(&uuid));
	buf_release(&uuid);
	return ok;
}

/* --- tables ------------------------------------------------------------------- */

static bool is_chosen(void *context, const char *schema, const char *table)
{
	struct ferry *f = context;

	return name_is_chosen(f->options, schema, table);
}

static char *key_name(const struct ferry_table *table)
{
	struct buf name = BUF_INIT;

	for (unsigned i = 0; i < table->key.count; i++)
		buf_printf(&name, "%s%s", i ? "," : "",
			   table->source->columns[table->key.columns[i]].name);
	return buf_take(&name);
}

/* From here on other threads may look at the tables. */
static void publish_tables(struct ferry *f)
{
	for (size_t i = 0; i < f->schema.table_count; i++)
		f->schema.tables[i].user =
			ferry_tables_find(&f->tables, f->schema.tables[i].schema,
					  f->schema.tables[i].name);
	f->key_names = mem_calloc(f->tables.count ? f->tables.count : 1, sizeof(*f->key_names));
	for (size_t i = 0; i < f->tables.count; i++)
		f->key_names[i] = key_name(f->tables.tables[i]);
	if (!f->options->no_schema_cache_in_state)
		f->schema_text = state_json_schema(&f->schema);
	state_tracker_set_tables(&f->tracker, &f->tables);
	mutex_lock(&f->lock);
	f->has_tables = true;
	mutex_unlock(&f->lock);
}

static bool load_tables(struct ferry *f, struct error *err)
{
	wait_for(f, "the source's table definitions");
	if (!schema_load(f->source, is_chosen, f, &f->schema, err))
		return error_wrap(err, "load table definitions of the source");
	for (size_t i = 0; i < f->schema.view_count; i++)
		log_info("view %s is left out", f->schema.views[i]);
	if (f->resume && !saved_state_check_schema(f->resume, &f->schema, err))
		return false;
	ferry_tables_make(f->options, &f->schema, &f->tables, &f->problems);
	ferry_tables_set_json(&f->tables, f->options, db_version(f->source),
			      db_version(f->target), &f->problems);
	publish_tables(f);
	log_info("table schemas cached: %zu tables", f->tables.count);
	if (f->tables.count == 0)
		log_warn("no table is chosen by Databases and Tables: there is nothing to copy");
	return true;
}

static bool choose_start(struct ferry *f, struct error *err)
{
	if (f->resume) {
		f->start = f->resume->position;
		log_info("resuming from state at " POSITION_FORMAT, POSITION_ARGS(&f->start));
		return true;
	}
	if (!binlog_current_position(f->source, &f->start, err))
		return error_wrap(err, "read the source's binlog position");
	probe("start_position_read", POSITION_FORMAT, POSITION_ARGS(&f->start));
	return true;
}

/* The position comes before the table definitions: an ALTER after it is in the
 * stream and ends the run, one before it shows in what is read. */
static bool check_all(struct ferry *f, struct error *err)
{
	wait_for(f, "the start-up checks");
	if (!preflight_servers(f->options, f->source, f->target, &f->problems, err))
		return false;
	/* With problems (no binlog, say) the run ends here anyway: list them all. */
	if (problems_errors(&f->problems) == 0 && !choose_start(f, err))
		return false;
	if (!load_tables(f, err))
		return false;
	return preflight_tables(f->options, f->source, f->target, &f->schema, &f->tables,
				f->resume != NULL, &f->problems, err);
}

/* What does not keep the run from starting is in the log; a run that is refused, and a
 * dry run, print all of it. */
static void log_problems(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->items[i];
		bool has_remedy = problem->remedy && *problem->remedy;

		log_write(problem->severity == PROBLEM_NOTE ? LOG_INFO : LOG_WARN, log_tag, NULL, NULL,
			  "%s%s%s%s", problem->text, has_remedy ? " (" : "",
			  has_remedy ? problem->remedy : "", has_remedy ? ")" : "");
	}
}

static bool refuse_problems(struct ferry *f, struct error *err)
{
	size_t errors = problems_errors(&f->problems);

	if (errors == 0) {
		log_problems(&f->problems);
		return true;
	}
	return error_set(err, ERROR_PREFLIGHT, "%zu problem%s must be mended first", errors,
			 errors == 1 ? "" : "s");
}

/* --- the stream --------------------------------------------------------------- */

static const struct table *stream_find_table(void *context, const char *schema, const char *name)
{
	struct ferry *f = context;
	const struct ferry_table *table = ferry_tables_find(&f->tables, schema, name);

	return table ? table->source : NULL;
}

static bool stream_row(void *context, const struct row_change *change, struct error *err)
{
	struct ferry *f = context;

	return binlog_writer_add(f->writer, change, err);
}

static bool stream_boundary(void *context, const struct binlog_position *position,
			    uint32_t timestamp, struct error *err)
{
	struct ferry *f = context;

	(void)err;
	binlog_writer_boundary(f->writer, position, timestamp);
	return true;
}

static void stream_failed(void *context, const struct error *err)
{
	ferry_fail(context, "binlog_streamer", err);
}

static void ticket_ended(void *context)
{
	struct ferry *f = context;

	binlog_writer_wake(f->writer);
}

/* An account without the privilege sees no trigger: then there may be some. */
static bool ask_side_effects(struct ferry *f, bool *may_have, struct error *err)
{
	struct buf answer = BUF_INIT;
	bool ok = db_ready(f->source, err) &&
		  db_value(f->source, &answer, NULL, err,
			   "SELECT EXISTS(SELECT 1 FROM information_schema.TRIGGERS"
			   " WHERE TRIGGER_SCHEMA NOT IN ('mysql', 'sys'))"
			   " OR EXISTS(SELECT 1 FROM information_schema.ROUTINES"
			   " WHERE ROUTINE_TYPE <> 'PROCEDURE'"
			   " AND ROUTINE_SCHEMA NOT IN ('mysql', 'sys'))"
			   " OR NOT EXISTS(SELECT 1 FROM information_schema.USER_PRIVILEGES"
			   " WHERE PRIVILEGE_TYPE = 'TRIGGER' AND GRANTEE ="
			   " CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@',"
			   " QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1))))");

	*may_have = strcmp(buf_text(&answer), "0") != 0;
	buf_release(&answer);
	return ok || error_wrap(err, "look for triggers and stored functions of the source");
}

static bool open_stream(struct ferry *f, struct error *err)
{
	bool has_side_effects;

	if (!ask_side_effects(f, &has_side_effects, err))
		return false;

	const struct binlog_streamer_params params = {
		.feed = { .server = &f->options->source,
			  .server_id = f->options->server_id,
			  .heartbeat_ms = HEARTBEAT_MS },
		.start = f->start,
		.handler = { .context = f,
			     .find_table = stream_find_table,
			     .is_chosen = is_chosen,
			     .row = stream_row,
			     .boundary = stream_boundary,
			     .failed = stream_failed },
		.has_side_effects = has_side_effects,
		.xa_bytes_max = f->options->xa_bytes,
		.stop = &f->stop,
	};

	struct binlog_streamer *streamer = binlog_streamer_open(&params, err);

	if (!streamer)
		return error_wrap(err, "open the source's binlog at " POSITION_FORMAT,
				  POSITION_ARGS(&f->start));
	mutex_lock(&f->lock);
	f->streamer = streamer;
	mutex_unlock(&f->lock);
	log_info("streaming the source's binlog from " POSITION_FORMAT, POSITION_ARGS(&f->start));
	return true;
}

/* --- start --------------------------------------------------------------------- */

static void make_workers(struct ferry *f)
{
	struct data_iterator *iterator = data_iterator_new(&f->run);
	struct binlog_writer *writer = binlog_writer_new(&f->run);

	data_iterator_on_ticket_end(iterator, ticket_ended, f);
	mutex_lock(&f->lock);
	f->iterator = iterator;
	f->writer = writer;
	mutex_unlock(&f->lock);
}

static unsigned lock_count(const struct ferry_options *options)
{
	return options->copy_workers + options->apply_workers;
}

static bool prepare_target(struct ferry *f, struct error *err)
{
	unsigned count = lock_count(f->options);

	f->step = "ferry.createDatabasesAndTables";
	if (f->resume) {
		if (!writer_locks_take_over(f->target, f->tracker.run_id, f->resume->lock_count,
					    &f->stop, err))
			return false;
		if (count < f->resume->lock_count)
			count = f->resume->lock_count;
	} else {
		wait_for(f, "the creation of tables on the target");
		if (!tables_create(f->options, f->source, f->target, &f->schema, &f->tables, &f->stop,
				   err))
			return error_wrap(err, "create databases and tables");
	}
	f->tracker.lock_count = count;
	return true;
}

/* For rows that are compared while they change. When the stream has ended, or is far
 * behind, they are looked at as they are. */
static bool catch_up(void *context, struct db *source, struct error *err)
{
	struct ferry *f = context;
	int64_t deadline = clock_ms() + CATCH_UP_MAX_MS;
	struct binlog_position wanted, applied;

	if (!db_ready(source, err) || !binlog_current_position(source, &wanted, err))
		return false;
	while (state_tracker_phase(&f->tracker) != PHASE_DONE && clock_ms() < deadline) {
		if (state_tracker_position(&f->tracker, &applied) &&
		    binlog_position_compare(&applied, &wanted) >= 0)
			return true;
		if (!stop_sleep_ms(&f->stop, CATCH_UP_POLL_MS))
			return stopped(err);
	}
	return true;
}

static bool make_verifier(struct ferry *f, struct error *err)
{
	const struct verifier_hooks hooks = { .catch_up = catch_up, .context = f };

	if (f->options->verify.type == VERIFIER_NONE)
		return true;
	struct verifier *verifier =
		verifier_new(&f->run, f->target, f->resume ? f->resume->verifier_stage : NULL,
			     f->resume != NULL, &hooks, err);
	mutex_lock(&f->lock);
	f->verifier = f->run.verifier = verifier;
	mutex_unlock(&f->lock);
	return verifier != NULL;
}

/* Ghostferry never copies rows whose integer key is 0 or less, or whose text key is
 * empty, and counts their tables as done: the tables of its states are walked again
 * from their start. Rows that are there already stay as they are (README I3). */
static bool resume_from(struct ferry *f, struct error *err)
{
	if (!saved_state_apply(f->resume, &f->tables, &f->tracker, err))
		return false;
	if (f->resume->run_id[0])
		return true;
	log_warn("the state is another program's: its binlog position is taken up, and all tables "
		 "are walked again, as rows with keys of 0 or less may have been left out");
	state_tracker_forget_copied(&f->tracker);
	return true;
}

/* Everything up to the point where a state is worth dumping. */
static bool start(struct ferry *f, struct error *err)
{
	f->step = "ferry.initialize";
	if (!connect_both(f, err) || !check_all(f, err))
		return false;
	f->step = "ferry.start";
	if (f->is_dry_run)
		return true;
	if (!refuse_problems(f, err) || !check_source_identity(f, err))
		return false;
	wait_for(f, "the source's binlog");
	if (f->resume && !resume_from(f, err))
		return false;
	if (!open_stream(f, err) || !prepare_target(f, err) || !make_verifier(f, err))
		return false;
	make_workers(f);
	state_tracker_set_position(&f->tracker, &f->start);
	mutex_lock(&f->lock);
	f->is_started = true;
	mutex_unlock(&f->lock);
	wait_for(f, "");
	log_info("ferry initialized");
	return true;
}

/* --- run ------------------------------------------------------------------------ */

static bool copy_rows(struct ferry *f, struct error *err)
{
	set_phase(f, PHASE_COPYING);
	probe("before_copy", " ");
	run_lock_start(&f->run_lock, &f->run, f->target);
	f->target = NULL;
	binlog_writer_start(f->writer, 1 + f->options->copy_workers);
	binlog_streamer_start(f->streamer);
	data_iterator_start(f->iterator, 1);
	if (f->verifier)
		verifier_start(f->verifier);
	if (!data_iterator_join(f->iterator))
		return stopped(err);
	probe("copy_done", " ");
	log_info("data copy is complete, waiting for cutover");
	return true;
}

static bool wait_until_allowed(struct ferry *f, struct error *err)
{
	set_phase(f, PHASE_WAIT_FOR_CUTOVER);
	mutex_lock(&f->lock);
	if (!f->automatic_cutover)
		snprintf(f->waiting_for, sizeof(f->waiting_for),
			 "permission to cut over (AutomaticCutover or POST /api/cutover)");
	while (!f->automatic_cutover && !stop_is_set(&f->stop))
		condition_wait_ms(&f->changed, &f->lock, CUTOVER_POLL_MS);
	f->waiting_for[0] = '\0';
	mutex_unlock(&f->lock);
	probe("cutover_allowed", " ");
	return !stop_is_set(&f->stop) || stopped(err);
}

static bool wait_until_caught_up(struct ferry *f, struct error *err)
{
	wait_for(f, "the binlog streamer and writers to catch up");
	while (binlog_streamer_lag_s(f->streamer) >= CAUGHT_UP_S ||
	       binlog_writer_lag_s(f->writer) >= CAUGHT_UP_S)
		if (!stop_sleep_ms(&f->stop, CAUGHT_UP_POLL_MS))
			return stopped(err);
	return !stop_is_set(&f->stop) || stopped(err);
}

static bool attempt_lock(void *argument, struct error *err)
{
	struct ferry *f = argument;

	if (f->options->cutover_lock(f->options->hook_context, err))
		return true;
	err->kind = ERROR_BUSY; /* Ghostferry tries whatever the endpoint said again */
	return false;
}

static bool lock_cutover(struct ferry *f, struct error *err)
{
	const struct retry_policy policy = {
		.verb = "lock for cutover",
		.tag = "cutover",
		.attempts = f->options->cutover_attempts,
		.sleep_ms = (int64_t)f->options->cutover_retry_wait_s * 1000,
	};

	if (!f->options->cutover_lock)
		return true;
	wait_for(f, "the CutoverLock callback");
	return retry_run(&policy, &f->stop, attempt_lock, f, err) ||
	       error_wrap(err, "locking failed, aborting run");
}

static bool attempt_position(void *argument, struct error *err)
{
	struct ferry *f = argument;
	struct binlog_position final;

	if (!db_ready(f->source, err) || !binlog_current_position(f->source, &final, err))
		return false;
	mutex_lock(&f->lock);
	f->final = final;
	mutex_unlock(&f->lock);
	return true;
}

static bool drain(struct ferry *f, struct error *err)
{
	const struct retry_policy policy = {
		.verb = "read current binlog position",
		.tag = "cutover",
		.attempts = POSITION_ATTEMPTS,
		.sleep_ms = POSITION_SLEEP_MS,
	};

	wait_for(f, "the stream to reach the source's position");
	if (!retry_run(&policy, &f->stop, attempt_position, f, err))
		return error_wrap(err, "read the source's final binlog position");
	log_info("current stop binlog position was recorded: " POSITION_FORMAT,
		 POSITION_ARGS(&f->final));
	probe("final_position_read", " ");
	binlog_streamer_stop_at(f->streamer, &f->final);
	if (!binlog_streamer_join(f->streamer) || !binlog_writer_finish(f->writer))
		return stopped(err);
	probe("drained", " ");
	return !stop_is_set(&f->stop) || stopped(err);
}

static bool verify_before(struct ferry *f, struct error *err)
{
	if (!f->verifier)
		return true;
	set_phase(f, PHASE_VERIFY_BEFORE_CUTOVER);
	wait_for(f, "the verification before the cutover");
	return verifier_before_cutover(f->verifier, err);
}

/* Always by itself: nobody has to ask for the verdict. */
static bool verify_during(struct ferry *f, struct error *err)
{
	if (!f->verifier)
		return true;
	wait_for(f, "the final verification");
	if (verifier_during_cutover(f->verifier, err))
		return true;
	if (err->kind != ERROR_STOPPED)
		ferry_fail(f, "verifier", err);
	return false;
}

static bool cut_over(struct ferry *f, struct error *err)
{
	log_info("entering cutover phase, notifying caller that row copy is complete");
	set_phase(f, PHASE_CUTOVER);
	if (!wait_until_caught_up(f, err) || !lock_cutover(f, err) || !drain(f, err) ||
	    !verify_during(f, err))
		return false;
	if (f->options->cutover_unlock) {
		wait_for(f, "the CutoverUnlock callback");
		if (!f->options->cutover_unlock(f->options->hook_context, err))
			return error_wrap(err, "unlocking failed, aborting run");
	}
	wait_for(f, "");
	return true;
}

static bool move(struct ferry *f, struct error *err)
{
	if (f->resume && f->resume->is_done)
		log_warn("the state says that this move was finished: it is followed up to the "
			 "source's position again");
	return copy_rows(f, err) && wait_until_allowed(f, err) && verify_before(f, err) &&
	       cut_over(f, err);
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

	log_info("hello world from %s", version_text);
	if (!start(f, &err)) {
		disconnect(f);
		fail_start(f, &err);
		return;
	}
	if (f->is_dry_run) {
		disconnect(f);
		announce(f, FERRY_DRY_RUN_DONE);
		return;
	}
	if (!move(f, &err)) {
		/* ERROR_STOPPED: somebody else has failed already and is the first. */
		ferry_fail(f, "cutover", &err);
		return;
	}
	run_lock_end(&f->run_lock);
	disconnect(f);
	log_info("ghostferry run is complete, shutting down auxiliary services");
	mutex_lock(&f->lock);
	bool has_failed = f->has_failed; /* a signal was faster */
	f->is_done = !has_failed;
	mutex_unlock(&f->lock);
	if (has_failed)
		return;
	set_phase(f, PHASE_DONE);
	announce(f, FERRY_DONE);
}

/* --- for other threads ----------------------------------------------------------- */

struct ferry *ferry_new(const struct ferry_options *options, const struct saved_state *resume,
			bool dry_run, ferry_listener *listener, void *context)
{
	struct ferry *f = mem_calloc(1, sizeof(*f));

	f->options = options;
	f->resume = resume;
	f->is_dry_run = dry_run;
	f->listener = listener;
	f->listener_context = context;
	f->automatic_cutover = options->automatic_cutover;
	stop_init(&f->stop);
	throttler_init(&f->throttler);
	state_tracker_init(&f->tracker);
	problems_init(&f->problems);
	mutex_init(&f->lock);
	condition_init(&f->changed);
	f->run.options = options;
	f->run.tables = &f->tables;
	f->run.tracker = &f->tracker;
	f->run.throttler = &f->throttler;
	f->run.stop = &f->stop;
	f->run.fail = fail_run;
	f->run.fail_context = f;
	budget_init(&f->run.rows, options->rows_bytes);
	atomic_store(&f->run.batch_rows, options->batch_rows);
	/* The source's identity and the locks follow when they are known. */
	state_tracker_begin(&f->tracker, resume ? resume->run_id : NULL, "", 0);
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
	verifier_free(f->verifier); /* its threads use the rest */
	data_iterator_free(f->iterator);
	binlog_writer_free(f->writer);
	binlog_streamer_free(f->streamer);
	for (size_t i = 0; f->key_names && i < f->tables.count; i++)
		free(f->key_names[i]);
	free(f->key_names);
	free(f->schema_text);
	ferry_tables_release(&f->tables);
	schema_release(&f->schema);
	problems_release(&f->problems);
	state_tracker_destroy(&f->tracker);
	throttler_destroy(&f->throttler);
	budget_destroy(&f->run.rows);
	stop_destroy(&f->stop);
	condition_destroy(&f->changed);
	mutex_destroy(&f->lock);
	free(f);
}

static cJSON *verifier_stage(void *context)
{
	return verifier_state(context);
}

bool ferry_state(struct ferry *f, struct buf *out)
{
	mutex_lock(&f->lock);
	bool started = f->is_started;
	struct verifier *verifier = f->verifier;
	mutex_unlock(&f->lock);

	if (started)
		state_json_write(&f->tracker, f->schema_text, verifier ? verifier_stage : NULL,
				 verifier, out);
	else if (f->resume) /* nothing has moved since: the same state again */
		json_print(out, f->resume->tree, 1);
	return started || f->resume;
}

void ferry_set_paused(struct ferry *f, bool paused)
{
	throttler_set_paused(&f->throttler, paused);
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

const struct problems *ferry_problems(const struct ferry *f)
{
	return &f->problems;
}

const struct ferry_tables *ferry_tables(const struct ferry *f)
{
	return &f->tables;
}
