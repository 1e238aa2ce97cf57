/* Everything up to the point where rows are moved: connections, checks, the source's
 * position and tables, the binlog stream, the tables on the target, the workers.
 *
 * The ferry's thread runs it. What fails here has moved nothing: the caller says "not
 * started", and a resumed run keeps the state that it came with. */
#include "ferry_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "db/computing.h"
#include "plan/computed.h"
#include "create/fulltext_keys.h"
#include "plan/name_filter.h"
#include "preflight/preflight.h"
#include "create/table_creator.h"
#include "run/writer_lock.h"
#include "preflight/live_runs.h"

static const char log_tag[] = "ferry";

/* Of both client libraries: a handshake that failed, or a certificate. */
#define TLS_FAILED 2026
/* ER_SECURE_TRANSPORT_REQUIRED of MySQL; MariaDB denies access. */
#define TLS_WANTED 3159
#define HEARTBEAT_MS 250
#define RUN_LOCK_WAIT_MS 10000
#define HOLDER_IS_SILENT_S 5
#define CATCH_UP_MAX_MS 60000
#define CATCH_UP_POLL_MS 20

/* --- connecting -------------------------------------------------------------- */

/* Seconds since the connection that holds the run's lock was last heard of; -1: unknown. */
static int64_t holder_silent_s(struct ferry *f, const char *name)
{
	struct error ignored = ERROR_INIT;
	struct buf id = BUF_INIT;
	int64_t silent_s = -1;
	struct db_row row;
	struct db *db = db_open(&f->options->target, DB_SESSION_READ, NULL, &ignored);

	if (db && db_value(db, &id, NULL, &ignored, "SELECT IS_USED_LOCK('%s')", name) &&
	    db_queryf(db, &ignored, "SHOW PROCESSLIST"))
		while (db_row_next(db, &row, &ignored) == DB_ROW)
			if (row.count > 5 && row.values[0] && row.values[4] && row.values[5] &&
			    strcmp(row.values[0], buf_text(&id)) == 0 &&
			    strcmp(row.values[4], "Sleep") == 0)
				silent_s = strtoll(row.values[5], NULL, 10);
	buf_release(&id);
	db_close(db);
	return silent_s;
}

static bool fail_busy(const char *name, int64_t silent_s, struct error *err)
{
	return error_wrap(err,
			  "another process is working on this state (it holds the lock '%s' on the "
			  "target; SELECT IS_USED_LOCK('%s') names its connection, which was last "
			  "heard of %" PRId64 " s ago; where its machine is gone the lock ends by "
			  "itself %d s after its last sign of life, and an hour after it where that "
			  "process had just begun: resume then)",
			  name, name, silent_s < 0 ? 0 : silent_s, RUN_LOCK_LEASE_S);
}

/* The run's own lock tells a second process from the leftovers of a killed one: an
 * idle connection of a dead process ends at once, a live one stays, and gives a sign of life
 * twice a second. One that gives none is waited for until its lease is over. */
static bool open_target(struct ferry *f, struct error *err)
{
	char name[WRITER_LOCK_NAME_SIZE];
	int64_t deadline = clock_ms() + RUN_LOCK_WAIT_MS;
	bool is_told = false;

	writer_lock_name(name, f->tracker.run_id, 0);
	snprintf(f->run.guard.lock_name, sizeof(f->run.guard.lock_name), "%s", name);
	for (;;) {
		f->target = db_new(&f->options->target, DB_SESSION_WRITE,
				   f->is_dry_run ? NULL : name);
		db_set_lease(f->target, RUN_LOCK_START_LEASE_S);
		if (db_ready(f->target, err))
			return true;
		db_close(f->target);
		f->target = NULL;
		if (err->kind != ERROR_BUSY)
			return false;
		if (clock_ms() > deadline) {
			int64_t silent_s = holder_silent_s(f, name);

			if (silent_s < HOLDER_IS_SILENT_S || silent_s > RUN_LOCK_LEASE_S + 10)
				return fail_busy(name, silent_s, err);
			if (!is_told)
				log_warn("the process that holds the lock '%s' on the target was last "
					 "heard of %" PRId64 " s ago: waiting until %d s are over",
					 name, silent_s, RUN_LOCK_LEASE_S);
			is_told = true;
			deadline = clock_ms() + 1000;
		}
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

/* At the first connection it is mostly the configuration that is wrong. */
static bool fail_connect(const char *key, const struct db_params *server, struct error *err)
{
	size_t length = strlen(err->text);
	size_t room = sizeof(err->text) - length;

	if (server->use_tls && err->server_code == TLS_FAILED)
		snprintf(err->text + length, room,
			 ": does it offer TLS, does CertPath hold its CA, and is its certificate "
			 "valid for %s.Host? Else see %s.TLS.Verify",
			 key, key);
	else if (err->server_code == TLS_WANTED)
		snprintf(err->text + length, room,
			 ": it wants TLS, set %s.TLS (Verify is for a certificate of its own making)",
			 key);
	else if (err->server_code == DB_PLUGIN_REFUSED)
		snprintf(err->text + length, room,
			 ": set %s.TLS, so that it is known who answers, or have the account use "
			 "another plugin",
			 key);
	else if (err->kind == ERROR_LOST)
		snprintf(err->text + length, room,
			 ": does it run there, and are %s.Host and %s.Port right?", key, key);
	else if (err->kind == ERROR_ACCESS)
		snprintf(err->text + length, room,
			 ": are %s.User and its password (Pass, PassFile or PassEnv) right%s%s%s?",
			 key, server->use_tls ? "" : ", and if the server or the account wants TLS, is ",
			 server->use_tls ? "" : key, server->use_tls ? "" : ".TLS set");
	return false;
}

static void warn_unverified(const struct db_params *server, const char *key)
{
	if (server->use_tls && server->tls_verify == DB_TLS_NONE)
		log_warn("%s: its certificate is not verified (%s.TLS.Verify): the connection is "
			 "encrypted, but another server may answer in its place",
			 server->label, key);
}

static bool connect_both(struct ferry *f, struct error *err)
{
	ferry_waits_for(f, "connections to both servers");
	f->source = db_open(&f->options->source, DB_SESSION_READ, NULL, err);
	if (!f->source)
		return fail_connect("Source", &f->options->source, err);
	log_connected(f->source);
	if (!computing_ask(f->source, f->options->computing, err))
		return false;
	if (!open_target(f, err))
		return fail_connect("Target", &f->options->target, err);
	log_connected(f->target);
	warn_unverified(&f->options->source, "Source");
	warn_unverified(&f->options->target, "Target");
	if (f->options->replica.enabled)
		warn_unverified(&f->options->replica.master, "SourceReplicationMaster");
	return true;
}

/* From now on any other server that answers is refused. */
static bool learn_source(struct ferry *f, struct error *err)
{
	struct db_identity *identity = f->options->source_identity;

	if (!db_ask_identity(f->source, identity, err))
		return error_wrap(err, "ask the source who it is");
	snprintf(f->tracker.source_uuid, sizeof(f->tracker.source_uuid), "%s", identity->text);
	return true;
}

/* --- tables ------------------------------------------------------------------- */

static bool is_chosen(void *context, const char *schema, const char *table)
{
	struct ferry *f = context;

	return name_is_chosen(f->options, schema, table);
}

static char *key_name(const struct moved_table *table)
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
			moved_tables_find(&f->tables, f->schema.tables[i].schema,
					  f->schema.tables[i].name);
	f->key_names = mem_calloc(f->tables.count ? f->tables.count : 1, sizeof(*f->key_names));
	f->late = mem_calloc(f->tables.count ? f->tables.count : 1, sizeof(*f->late));
	for (size_t i = 0; i < f->tables.count; i++)
		f->key_names[i] = key_name(f->tables.tables[i]);
	if (!f->options->no_schema_cache_in_state)
		state_json_schema(&f->schema_text, &f->schema);
	state_tracker_set_tables(&f->tracker, &f->tables);
	mutex_lock(&f->lock);
	f->has_tables = true;
	mutex_unlock(&f->lock);
}

static bool load_tables(struct ferry *f, struct error *err)
{
	ferry_waits_for(f, "the source's table definitions");
	if (!schema_load(f->source, is_chosen, f, &f->schema, err))
		return error_wrap(err, "load table definitions of the source");
	for (size_t i = 0; i < f->schema.view_count; i++)
		log_info("view %s is left out", f->schema.views[i]);
	if (f->resume && !saved_state_check_schema(f->resume, &f->schema, err))
		return false;
	moved_tables_make(f->options, f->tracker.run_id, &f->schema, &f->tables,
			  &f->findings);
	run_make_syncs(&f->run);
	moved_tables_set_json(&f->tables, f->options, db_version(f->source),
			      db_version(f->target), &f->findings);
	if (!computed_set(&f->tables, f->options->computing, f->source, f->target, &f->findings,
			  err))
		return false;
	publish_tables(f);
	log_info("table schemas cached: %zu tables", f->tables.count);
	return preflight_names(f->options, f->source, &f->schema, &f->findings, err);
}

static struct binlog_feed_params feed_params(struct ferry *f)
{
	return (struct binlog_feed_params){ .server = &f->options->source,
					    .server_id = f->options->server_id,
					    .heartbeat_ms = HEARTBEAT_MS,
					    .if_purged = "drop what was copied on the target and "
							 "start anew" };
}

static bool choose_start(struct ferry *f, struct error *err)
{
	const struct binlog_feed_params feed = feed_params(f);
	const struct binlog_position *start = &f->start.position;

	if (!learn_source(f, err) ||
	    !start_position_choose(&f->start, f->source, f->options->source_identity->text, &feed,
				 f->resume, &f->stop, err))
		return false;
	if (f->resume)
		log_info("resuming from state at " POSITION_FORMAT, POSITION_ARGS(start));
	else
		probe("start_position_read", POSITION_FORMAT, POSITION_ARGS(start));
	return true;
}

/* The position comes before the table definitions: an ALTER after it is in the
 * stream and ends the run, one before it shows in what is read. */
static bool check_all(struct ferry *f, struct error *err)
{
	const struct preflight_attempt attempt = { f->tracker.run_id, &f->stop };

	ferry_waits_for(f, "the start-up checks");
	if (!preflight_servers(f->options, f->source, f->target, &f->findings, err))
		return false;
	if (f->options->replica.enabled && !ferry_check_replica(f, err))
		return false;
	/* With problems (no binlog, say) the run ends here anyway: list them all. */
	if (findings_errors(&f->findings) == 0 && !choose_start(f, err))
		return false;
	if (!load_tables(f, err) || !ferry_check_finished(f, err))
		return false;
	if (f->is_finished)
		return true;
	return preflight_tables(f->options, f->source, f->target, &f->schema, &f->tables,
				f->resume != NULL, f->is_dry_run ? NULL : &attempt, &f->findings, err);
}

/* What does not keep the run from starting is in the log; a run that is refused, and a
 * dry run, print all of it. */
static void log_problems(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		bool has_remedy = finding->remedy && *finding->remedy;

		log_write(finding->severity == PROBLEM_NOTE ? LOG_INFO : LOG_WARN, log_tag, NULL, NULL,
			  "%s%s%s%s", finding->text, has_remedy ? " (" : "",
			  has_remedy ? finding->remedy : "", has_remedy ? ")" : "");
	}
}

static bool refuse_problems(struct ferry *f, struct error *err)
{
	size_t errors = findings_errors(&f->findings);

	if (errors == 0) {
		log_problems(&f->findings);
		return true;
	}
	return error_set(err, ERROR_PREFLIGHT, "%zu problem%s must be mended first", errors,
			 errors == 1 ? "" : "s");
}

/* --- the stream --------------------------------------------------------------- */

static const struct table *stream_find_table(void *context, const char *schema, const char *name)
{
	struct ferry *f = context;
	const struct moved_table *table = moved_tables_find(&f->tables, schema, name);

	return table ? table->source : NULL;
}

static bool stream_row(void *context, const struct row_change *change, struct error *err)
{
	struct ferry *f = context;

	/* One event has many rows. */
	if (change->end->offset != f->streamed.offset ||
	    strcmp(change->end->file, f->streamed.file) != 0) {
		f->streamed = *change->end;
		state_tracker_streamed(&f->tracker, change->end);
	}
	return binlog_writer_add(f->writer, change, err);
}

static void stream_received(void *context, const struct gtid *gtid)
{
	struct ferry *f = context;

	if (!gtid)
		log_warn("the source's binlog has a transaction without GTID: from now on the state "
			 "cannot be resumed on another server");
	state_tracker_received(&f->tracker, gtid);
}

static bool stream_boundary(void *context, const struct binlog_position *position,
			    struct gtid_set *gtids, uint32_t timestamp, struct error *err)
{
	struct ferry *f = context;

	(void)err;
	binlog_writer_boundary(f->writer, position, gtids, timestamp);
	return true;
}

static bool stream_late(void *context, const struct row_change *change, struct error *err)
{
	return ferry_on_late_row(context, change, err);
}

static void stream_failed(void *context, const struct error *err)
{
	if (!ferry_on_late_failure(context, err))
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

/* A statement is logged with the names as the session wrote them, and means the tables
 * that are known in lower case. */
static bool ask_name_case(struct ferry *f, bool *ignores_case, struct error *err)
{
	struct buf mode = BUF_INIT;
	bool ok = db_value(f->source, &mode, NULL, err, "SELECT @@lower_case_table_names");

	*ignores_case = strcmp(buf_text(&mode), "0") != 0;
	buf_release(&mode);
	return ok || error_wrap(err, "ask the source how it compares names");
}

static bool open_stream(struct ferry *f, struct error *err)
{
	const struct binlog_position *start = &f->start.position;
	bool has_side_effects;
	bool ignores_case;

	if (!ask_side_effects(f, &has_side_effects, err) ||
	    !ask_name_case(f, &ignores_case, err) || !ferry_ask_clock(f, err))
		return false;

	const struct binlog_streamer_params params = {
		.feed = feed_params(f),
		.tag = "source_binlog_streamer",
		.start = *start,
		.applied = f->start.has_gtids ? &f->start.applied : NULL,
		.is_other_server = f->start.is_elsewhere,
		.delivered = f->resume && !f->start.is_elsewhere ?
				     f->resume->streamed :
				     (struct binlog_position){ .offset = 0 },
		.handler = { .context = f,
			     .find_table = stream_find_table,
			     .is_chosen = is_chosen,
			     .row = stream_row,
			     .received = stream_received,
			     .boundary = stream_boundary,
			     .late = stream_late,
			     .failed = stream_failed },
		.has_side_effects = has_side_effects,
		.ignores_case = ignores_case,
		.xa_bytes_max = f->options->xa_bytes,
		.buffered_bytes_max = f->options->xa_bytes / 8,
		.stop = &f->stop,
	};

	struct binlog_streamer *streamer = binlog_streamer_open(&params, err);

	if (!streamer)
		return error_wrap(err, "open the source's binlog at " POSITION_FORMAT,
				  POSITION_ARGS(start));
	mutex_lock(&f->lock);
	f->streamer = streamer;
	mutex_unlock(&f->lock);
	log_info("streaming the source's binlog from " POSITION_FORMAT, POSITION_ARGS(start));
	return true;
}

/* Before tables are created: nobody may have written to them unseen. */
static bool watch_target(struct ferry *f, struct error *err)
{
	struct binlog_position from = { .file = "" };

	if (!f->options->watch_target) {
		log_info("the target is not watched for writes of others (SkipTargetVerification)");
		return true;
	}
	if (f->resume && f->resume->cutover_unlocked) {
		log_warn("the target is not watched for writes of others: by the state it may be in "
			 "use");
		return true;
	}
	ferry_waits_for(f, "the target's binlog");
	if (f->resume)
		from = f->resume->target_position;
	if (f->resume && !binlog_position_is_set(&from))
		log_info("the state does not tell up to where the target was watched for writes of "
			 "others: it is from now on");
	f->target_verifier = target_watch_open(&f->run, f->target, &from, err);
	return f->target_verifier != NULL;
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
	/* Readers write tables without a key themselves. */
	return options->copy_workers + options->apply_workers + verifier_lock_count(options) +
	       (options->allow_tables_without_key ? options->copy_workers : 0);
}

static bool prepare_target(struct ferry *f, struct error *err)
{
	unsigned count = lock_count(f->options);

	f->step = "ferry.createDatabasesAndTables";
	ferry_waits_for(f, f->resume ? "connections of the earlier run to end on the target" :
				       "the tables to be created on the target");
	if (f->resume) {
		if (!writer_locks_take_over(f->target, f->tracker.run_id, f->resume->lock_count,
					    &f->stop, err))
			return false;
		if (count < f->resume->lock_count)
			count = f->resume->lock_count;
		if (!f->resume->cutover_unlocked && !fulltext_keys_drop(&f->run, f->target, err))
			return false;
	} else {
		ferry_waits_for(f, "the creation of tables on the target");
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
			return ferry_stopped(err);
	}
	return true;
}

/* On another server the copy is as far as the state says, so what it owes is, too. */
static void make_owed_rows(struct ferry *f)
{
	/* On a target that is in use rows may be missing for good reasons. */
	bool may_owe = f->resume && !f->resume->cutover_unlocked;
	struct owed_rows *owed =
		owed_rows_new(&f->run, may_owe ? f->resume->owed_rows : NULL, may_owe);

	mutex_lock(&f->lock);
	f->owed = f->run.owed = owed;
	mutex_unlock(&f->lock);
}

/* What was found equal on another server is to be compared again on this one. */
static bool make_verifier(struct ferry *f, struct error *err)
{
	const struct verifier_hooks hooks = { .catch_up = catch_up,
					      .ticket_ended = ticket_ended,
					      .context = f };
	const cJSON *stage =
		f->resume && !f->start.is_elsewhere ? f->resume->verifier_stage : NULL;
	unsigned first_lock = 1 + f->options->copy_workers + f->options->apply_workers;

	if (f->options->verify.type == VERIFIER_NONE)
		return true;
	struct verifier *verifier =
		verifier_new(&f->run, f->target, stage, f->resume != NULL, first_lock, &hooks, err);
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
	if (f->resume->cutover_unlocked && verifier_lock_count(f->options) > 0)
		return error_set(err, ERROR_CONFIG,
				 "the state says that this move was finished, or CutoverUnlock "
				 "called, and VerifierRepair would undo what was written to the "
				 "target since: take VerifierRepair out of the configuration");
	if (!saved_state_apply(f->resume, &f->tables, &f->tracker, err))
		return false;
	for (size_t i = 0; i < f->tables.count; i++)
		f->run.syncs[i].mark.is_ours =
			saved_state_has_table(f->resume, f->tables.tables[i]);
	if (f->resume->run_id[0])
		return true;
	log_warn("the state is another program's: its binlog position is taken up, and all tables "
		 "are walked again, as rows with keys of 0 or less may have been left out");
	state_tracker_forget_copied(&f->tracker);
	return true;
}

bool ferry_prepare(struct ferry *f, struct error *err)
{
	f->step = "ferry.initialize";
	if (!connect_both(f, err) || !check_all(f, err))
		return false;
	f->step = "ferry.start";
	if (f->is_dry_run || f->is_finished)
		return true;
	if (!refuse_problems(f, err))
		return false;
	ferry_waits_for(f, "the source's binlog");
	if ((f->resume && !resume_from(f, err)) || !ferry_check_line(f, err) ||
	    !live_runs_enter(f->target, err))
		return false;
	if (!open_stream(f, err) || !watch_target(f, err) || !prepare_target(f, err) ||
	    !make_verifier(f, err))
		return false;
	if (f->resume && !f->start.is_elsewhere)
		state_tracker_set_source_started(&f->tracker, f->resume->source_started);
	if (!ferry_check_source(f, err))
		return false;
	make_owed_rows(f);
	make_workers(f);
	state_tracker_set_position(&f->tracker, &f->start.position);
	if (f->start.is_elsewhere)
		state_tracker_forget_streamed(&f->tracker);
	if (f->start.has_gtids)
		state_tracker_set_gtids(&f->tracker, &f->start.applied, &f->start.received);
	if (!durable_state_begin(f->durable, f->target, err))
		return false;
	ferry_waits_for(f, "the state to be saved");
	if (!ferry_keep_line(f, err))
		return false;
	ferry_waits_for(f, "");
	log_info("ferry initialized");
	return true;
}
