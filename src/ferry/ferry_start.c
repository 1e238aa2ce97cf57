/* Everything up to the point where rows are moved: connections, checks, the source's position and
 * tables, the binlog stream, the tables on the target, the workers.
 *
 * The ferry's thread runs it. What fails here has moved nothing: the caller reports "not started",
 * and a resumed run keeps the state that it was given. */
#include "ferry_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "db/computing.h"
#include "plan/computed.h"
#include "plan/small_tables.h"
#include "create/fulltext_keys.h"
#include "create/target_engine.h"
#include "preflight/preflight.h"
#include "create/table_creator.h"
#include "rows/target_load.h"
#include "rows/target_write.h"
#include "preflight/live_runs.h"

static const char log_tag[] = "ferry";

#define CATCH_UP_MAX_MS 60000
#define CATCH_UP_POLL_MS 20

/* --- checks and tables ------------------------------------------------------------------- */

/* From here on other threads may look at the tables. */
static void publish_tables(struct ferry *f)
{
	f->key_names = mem_calloc(f->tables.count ? f->tables.count : 1, sizeof(*f->key_names));
	f->late = mem_calloc(f->tables.count ? f->tables.count : 1, sizeof(*f->late));
	for (size_t i = 0; i < f->tables.count; i++) {
		const struct moved_table *t = f->tables.tables[i];
		struct buf name = BUF_INIT;

		for (unsigned k = 0; k < t->key.count; k++)
			buf_printf(&name, "%s%s", k ? "," : "",
				   t->source->columns[t->key.columns[k]].name);
		f->key_names[i] = buf_take(&name);
	}
	if (!f->options.no_schema_cache_in_state)
		state_schema_make(&f->schema_text, &f->schema);
	state_tracker_set_tables(&f->tracker, &f->tables);
	mutex_lock(&f->lock);
	f->has_tables = true;
	mutex_unlock(&f->lock);
}

static bool load_tables(struct ferry *f, struct error *err)
{
	struct log_facts facts = { .count = 0 };

	ferry_waits_for(f, "the source's table definitions");
	if (!ferry_load_schema(f, err) || !ferry_recopy_state(f, err) ||
	    !small_tables_find(&f->schema, &f->options, f->source, err))
		return false;
	moved_tables_make(&f->options, f->run.run_id, &f->schema, &f->tables, &f->findings);
	run_make_syncs(&f->run);
	moved_tables_set_json(&f->tables, &f->options, db_version(f->source), db_version(f->target),
			      &f->findings);
	if (!computed_set(&f->tables, &f->computing, f->source, f->target, &f->findings, err))
		return false;
	publish_tables(f);
	log_fact_number(&facts, "#tables", (double)f->tables.count);
	log_info_facts(&facts, "table schemas cached: %zu table%s", f->tables.count,
		       f->tables.count == 1 ? "" : "s");
	probe("tables_loaded", " ");
	return preflight_names(&f->options, f->source, &f->schema,
			       f->resume && (ferry_may_recopy(f) || f->options.recopy.count > 0),
			       &f->findings, err);
}

static bool choose_start(struct ferry *f, struct error *err)
{
	const struct binlog_feed_params feed = ferry_feed_params(f);
	const struct binlog_position *start = &f->start.position;

	/* From now on any other server that answers is refused. */
	if (!db_ask_identity(f->source, &f->source_identity, err))
		return error_wrap(err, "read the identity of the source");
	state_tracker_set_source(&f->tracker, f->source_identity.text);
	if (!start_position_choose(&f->start, f->source, f->source_identity.text, &feed, f->resume,
				   &f->stop, err))
		return false;
	struct log_facts facts = { .count = 0 };

	binlog_position_facts(&facts, start);
	if (f->resume)
		log_info_facts(&facts, "resuming from state at " POSITION_FORMAT,
			       POSITION_ARGS(start));
	else
		probe("start_position_read", POSITION_FORMAT, POSITION_ARGS(start));
	return true;
}

static bool choose_write_method(struct ferry *f, struct error *err)
{
	if (f->options.write_method == WRITE_INSERT)
		return true;
	if (!target_load_is_allowed(f->target, &f->run.takes_loads, err))
		return false;
	if (!f->run.takes_loads)
		log_info("rows are copied by INSERT, as local_infile is off on the target: SET GLOBAL "
			 "local_infile = 1 there would save it a third of the work");
	return true;
}

/* The position is read before the table definitions: an ALTER after it is in the stream and ends
 * the run, one before it shows in what is read. */
static bool run_checks(struct ferry *f, struct preflight *checks, struct error *err)
{
	const struct preflight_attempt attempt = { f->run.run_id, &f->stop };

	if (!preflight_servers(checks, err))
		return false;
	if (f->options.replica.enabled && !ferry_check_replica(f, err))
		return false;
	throttle_watch_check(&f->throttle_watch, f->resume != NULL, &f->findings);
	/* With findings that are errors (no binlog, say) the run ends here anyway: list them all. */
	if (findings_errors(&f->findings) == 0 && !choose_start(f, err))
		return false;
	if (!load_tables(f, err) || !ferry_check_finished(f, err))
		return false;
	if (!f->is_finished && !ferry_way_back_foresee(f, err))
		return false;
	f->tables.carried_cascades = f->resume && f->resume->cascades;
	return f->is_finished ||
	       preflight_tables(checks, &f->schema, &f->tables, f->resume ? &f->recopies : NULL,
				f->is_dry_run ? NULL : &attempt, err);
}

static bool check_all(struct ferry *f, struct error *err)
{
	struct preflight *checks;
	bool ok;

	ferry_waits_for(f, "the start-up checks");
	checks = preflight_new(&f->options, f->source, f->target, &f->findings, err);
	ok = checks && run_checks(f, checks, err);
	preflight_free(checks);
	return ok;
}

/* Findings that do not prevent the start are in the log; a run that is refused, and a dry run,
 * print all of them. */
static bool refuse_errors(struct ferry *f, struct error *err)
{
	size_t errors = findings_errors(&f->findings);

	if (errors > 0)
		return error_set(err, ERROR_PREFLIGHT, "%zu problem%s must be fixed first", errors,
				 errors == 1 ? "" : "s");
	for (size_t i = 0; i < f->findings.count; i++) {
		const struct finding *finding = &f->findings.items[i];
		bool has_remedy = finding->remedy && *finding->remedy;

		log_write(finding->severity == FINDING_NOTE ? LOG_INFO : LOG_WARN, log_tag, NULL,
			  NULL, "%s%s%s%s", finding->text, has_remedy ? " (" : "",
			  has_remedy ? finding->remedy : "", has_remedy ? ")" : "");
	}
	return true;
}

/* --- the state, and the target ------------------------------------------------- */

/* Ghostferry never copies rows whose integer key is 0 or less, or whose text key is empty, and
 * counts their tables as done: the tables of its states are copied again from their start. Rows
 * that exist already stay as they are (I3). */
static bool resume_from(struct ferry *f, struct error *err)
{
	if (f->resume->run.cutover_unlocked && f->options.verify.type != VERIFIER_NONE &&
	    f->options.verify.repair)
		return error_set(err, ERROR_CONFIG,
				 "the state says that this move was finished, or CutoverUnlock "
				 "called, and VerifierRepair would undo what was written to the "
				 "target since: take VerifierRepair out of the configuration");
	if (!saved_state_apply(f->resume, &f->tables, &f->tracker, err))
		return false;
	for (size_t i = 0; i < f->tables.count; i++)
		f->run.syncs[i].mark.is_ours =
			saved_state_has_table(f->resume, f->tables.tables[i]->source->full_name);
	if (f->resume->run.run_id[0])
		return true;
	log_warn("the state is another program's: its binlog position is taken up, and all tables "
		 "are walked again, as rows with keys of 0 or less may have been left out");
	state_tracker_forget_copied(&f->tracker);
	return true;
}

/* Before tables are created: nobody may have written to them unseen. */
static bool watch_target(struct ferry *f, struct error *err)
{
	struct binlog_position from = { .file = "" };

	if (!f->options.watch_target) {
		log_info("the target is not watched for writes of others (SkipTargetVerification)");
		return true;
	}
	if (f->resume && f->resume->run.cutover_unlocked) {
		log_warn("the target is not watched for writes of others: by the state it may be in "
			 "use");
		return true;
	}
	ferry_waits_for(f, "the target's binlog");
	if (f->resume)
		from = f->resume->run.watched;
	if (f->resume && !binlog_position_is_set(&from))
		log_info("the state does not tell up to where the target was watched for writes of "
			 "others: it is from now on");
	f->target_verifier = target_watch_open(&f->run, f->target, &from, err);
	return f->target_verifier != NULL;
}

static bool prepare_target(struct ferry *f, struct error *err)
{
	unsigned count = f->run.locks.count;

	f->step = PART_CREATE_TABLES;
	ferry_waits_for(f, f->resume ? "connections of the earlier run to end on the target" :
				       "the tables to be created on the target");
	if (f->resume) {
		if (!writer_locks_take_over(f->target, f->run.run_id, f->resume->run.lock_count,
					    &f->stop, err))
			return false;
		if (count < f->resume->run.lock_count)
			count = f->resume->run.lock_count;
		if (!ferry_recopy_tables(f, err))
			return false;
		if (!ferry_target_is_in_use(f) &&
		    (!fulltext_keys_drop(&f->run, f->target, err) ||
		     !objects_drop_late(&f->run, f->source, f->target, err)))
			return false;
	} else {
		ferry_waits_for(f, "the creation of tables on the target");
		if (!tables_create(&f->options, f->source, f->target, &f->schema, &f->tables, NULL,
				   &f->tracker, &f->stop, err))
			return error_wrap(err, "create databases and tables");
	}
	if (!(f->resume && f->resume->run.cutover_unlocked) &&
	    !target_engines_take(&f->run, f->target, err))
		return false;
	state_tracker_set_lock_count(&f->tracker, count);
	return true;
}

/* --- workers --------------------------------------------------------------------- */

/* For rows that are compared while they change. When the stream has ended, or is far behind, they
 * are compared as they are. */
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
			return ferry_stopped(err);
	}
	return true;
}

/* On another server, too, the copy is as far as the state says, and owes the same rows. */
static void make_owed_rows(struct ferry *f)
{
	/* On a target that is in use rows may be missing for good reasons. */
	bool may_owe = f->resume && !f->resume->run.cutover_unlocked;
	struct owed_rows *owed =
		owed_rows_new(&f->run, may_owe ? f->resume->owed_rows : NULL, may_owe);

	if (may_owe)
		owed_rows_add_saved(owed, f->resume->owed_on_file);
	mutex_lock(&f->lock);
	f->owed = f->run.owed = owed;
	mutex_unlock(&f->lock);
}

/* What was found equal on another server must be compared again on this one. */
static bool make_verifier(struct ferry *f, struct error *err)
{
	const struct verifier_hooks hooks = { .catch_up = catch_up, .context = f };
	const cJSON *stage =
		f->resume && !f->start.is_other_server ? f->resume->verifier_stage : NULL;

	if (f->options.verify.type == VERIFIER_NONE)
		return true;
	struct verifier *verifier =
		verifier_new(&f->run, f->target, stage, f->resume != NULL, &hooks, err);
	mutex_lock(&f->lock);
	f->verifier = verifier;
	mutex_unlock(&f->lock);
	return verifier != NULL;
}

static void make_workers(struct ferry *f)
{
	struct data_iterator *iterator =
		data_iterator_new(&f->run, f->verifier, write_packet_limit(f->target));
	struct binlog_writer *writer = binlog_writer_new(&f->run, f->verifier);

	mutex_lock(&f->lock);
	f->iterator = iterator;
	f->writer = writer;
	mutex_unlock(&f->lock);
}

static bool make_cascades(struct ferry *f, struct error *err)
{
	const struct cascades_hooks hooks = { .catch_up = catch_up,
					      .context = f,
					      .is_target_in_use = ferry_target_is_in_use(f) };

	if (f->tables.cascade_count == 0)
		return true;
	struct cascades *cascades = cascades_new(&f->run, f->writer, f->verifier, f->target,
						 f->resume ? f->resume->cascades : NULL,
						 f->resume != NULL, &hooks, err);
	mutex_lock(&f->lock);
	f->cascades = cascades;
	mutex_unlock(&f->lock);
	return cascades != NULL;
}

bool ferry_prepare(struct ferry *f, struct error *err)
{
	f->step = PART_INITIALIZE;
	if (!ferry_connect(f, err) || !ferry_check_way_back(f, err) ||
	    !choose_write_method(f, err) || !check_all(f, err))
		return false;
	f->step = PART_START;
	if (f->is_dry_run || f->is_finished)
		return true;
	if (!refuse_errors(f, err))
		return false;
	ferry_waits_for(f, "the source's binlog");
	if ((f->resume && !resume_from(f, err)) || !ferry_check_line(f, err) ||
	    !live_runs_enter(f->target, err))
		return false;
	if (!ferry_way_back_check_file(f, err) || !ferry_open_stream(f, err) ||
	    !watch_target(f, err) || !prepare_target(f, err) ||
	    !ferry_way_back_check_tables(f, err) || !make_verifier(f, err))
		return false;
	if (f->resume && !f->start.is_other_server)
		state_tracker_set_source_started(&f->tracker, f->resume->run.source_started);
	if (!ferry_check_source(f, err))
		return false;
	make_owed_rows(f);
	make_workers(f);
	if (!make_cascades(f, err))
		return false;
	state_tracker_start_at(&f->tracker, &f->start.position, f->start.is_other_server,
			       f->start.has_gtids ? &f->start.applied : NULL, &f->start.received);
	if (!durable_state_begin(f->durable, f->target, err))
		return false;
	ferry_waits_for(f, "the state to be saved");
	if (!ferry_keep_line(f, err))
		return false;
	ferry_waits_for(f, "");
	log_info("ferry initialized");
	return true;
}
