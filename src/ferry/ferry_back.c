/* The way back (PrepareRollback): what a run that goes back from the target to the source needs,
 * which is a state like any other: all tables copied, and a position in the target's binlog to
 * stream from.
 *
 * At the start: would such a run be possible? Its own start-up checks are made with source and
 * target swapped, and their results are added to the findings. In the cutover, in this order:
 *
 *   B1  the target's position is read when our last write there is committed, so that none of
 *       ours is ever streamed back: neither the copy nor a change, as all lie before it;
 *   B2  ... and before the last look for writes of others to the target: what others write before
 *       the position is found by that look, what they write after it is streamed;
 *   B3  ... and before CutoverUnlock, so before the application's first write;
 *   B4  the state of the way back is on the disk before the move's own state says that
 *       CutoverUnlock was called, and that is there before the callback is called;
 *   B5  a resumed run reads a position of its own, unless its state says that. Then the
 *       application may have written, and the earlier file stays as it is.
 *
 * If the process dies before B4's second step the application has not switched: the existing file
 * is overwritten by the run that is resumed, which may write to the target again. If it dies after
 * that, nothing is written to the target any more, as the source is quiesced. A source that is not
 * (an application that was not switched, or restarted because CutoverUnlock went unnoticed) is
 * noticed by the way back, which is refused then: it watches its target, our source, for writes of
 * others from the final position on. */
#include "ferry_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/advice.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "plan/computed.h"
#include "plan/small_tables.h"
#include "plan/name_filter.h"
#include "plan/turn_round.h"
#include "preflight/preflight.h"
#include "state/state_file.h"
#include "state/state_write.h"
#include "stream/gtid_source.h"

static const char log_tag[] = "way_back";

#define POSITION_ATTEMPTS 300

/* Used by the ferry's thread. Source and target are those of the way back. */
struct way_back_plan {
	struct map names;
	struct name_pair *pairs; /* owned; of names */
	struct turned_options turned;
	struct db_computing computing;
	struct db *source; /* our target */
	struct db *target;
	struct schema schema;
	struct moved_tables tables;

	/* The position, the server that reported it, and what lies before it. */
	struct db_identity identity;
	struct binlog_position place;
	bool has_gtids;
	struct gtid_set before;
};

static bool is_in_use(const struct ferry *f)
{
	return f->resume && f->resume->run.cutover_unlocked;
}

static bool is_wanted(const struct ferry *f)
{
	return f->options.way_back.state_path && !is_in_use(f);
}

/* --- the plan ------------------------------------------------------------------------ */

static bool is_moved(void *context, const char *schema, const char *table)
{
	const struct way_back_plan *plan = context;

	return name_is_chosen(&plan->turned.move, schema, table);
}

static void make_names(struct way_back_plan *plan, const struct moved_tables *tables)
{
	struct buf key = BUF_INIT;

	map_init(&plan->names);
	plan->pairs = mem_calloc(tables->count + 1, sizeof(*plan->pairs));
	for (size_t i = 0; i < tables->count; i++) {
		const struct moved_table *t = tables->tables[i];

		plan->pairs[i] = (struct name_pair){ { t->target_schema, t->target_name },
						     { t->source->schema, t->source->name } };
		buf_clear(&key);
		buf_printf(&key, "%s.%s", t->target_schema, t->target_name);
		map_put(&plan->names, key.data, key.length, &plan->pairs[i]);
	}
	buf_release(&key);
}

static void forget_tables(struct way_back_plan *plan)
{
	moved_tables_release(&plan->tables);
	schema_release(&plan->schema);
}

void ferry_way_back_free(struct ferry *f)
{
	struct way_back_plan *plan = f->way_back;

	if (!plan)
		return;
	forget_tables(plan);
	db_close(plan->source);
	db_close(plan->target);
	gtid_set_release(&plan->before);
	turned_options_release(&plan->turned);
	map_release(&plan->names);
	free(plan->pairs);
	free(plan);
}

/* The target's tables as they are now. */
static bool load_tables(struct ferry *f, struct findings *found, struct error *err)
{
	struct way_back_plan *plan = f->way_back;

	forget_tables(plan);
	if (!schema_load(plan->source, is_moved, plan, &plan->schema, err) ||
	    !small_tables_find(&plan->schema, &plan->turned.move, plan->source, err))
		return error_wrap(err, "load table definitions of the target");
	moved_tables_make(&plan->turned.move, f->run.run_id, &plan->schema, &plan->tables, found);
	if (plan->tables.count == f->tables.count)
		return true;
	return error_set(err, ERROR_PREFLIGHT,
			 "PrepareRollback: %zu of %zu tables are found on the target by the names "
			 "that they were given (lower_case_table_names, or a table that was dropped "
			 "or renamed there)",
			 plan->tables.count, f->tables.count);
}

/* --- at the start ------------------------------------------------------------------------ */

/* Whoever follows a remedy must know on which of the two servers. */
static char *turned_text(const char *text)
{
	static const char turned[] = "for the way back (PrepareRollback), with source and target "
				     "turned round";
	const char *colon = strncmp(text, "source: ", 8) == 0 || strncmp(text, "target: ", 8) == 0 ?
				    text + 6 :
				    NULL;

	if (!colon)
		return mem_printf("%s: %s", turned, text);
	return mem_printf("%s: %.6s (the %s of this move)%s", turned, text,
			  *text == 's' ? "target" : "source", colon);
}

static void take_over(struct ferry *f, const struct findings *found, bool logs)
{

	for (size_t i = 0; i < found->count; i++) {
		const struct finding *finding = &found->items[i];
		bool is_error = finding->severity == FINDING_ERROR;
		char *remedy = mem_printf("%s%s%s", finding->remedy,
					  is_error && *finding->remedy ? ", or " : "",
					  is_error ? "leave out PrepareRollback" : "");
		char *text = turned_text(finding->text);

		if (finding->severity != FINDING_NOTE)
			finding_add(&f->findings, finding->severity, remedy, "%s", text);
		if (finding->severity == FINDING_WARNING && logs)
			log_warn("%s (%s)", text, remedy);
		free(text);
		free(remedy);
	}
}

/* What only another copy could restore, as the way back makes none. */
static void refuse_keyless(struct ferry *f)
{
	for (size_t i = 0; i < f->tables.count; i++)
		if (f->tables.tables[i]->key.count == 0)
			finding_add(&f->findings, FINDING_ERROR,
				    "give it a key, move it in a run of its own, or leave out "
				    "PrepareRollback",
				    "source: table %s has no key: its changes cannot be applied twice, "
				    "so a way back that is interrupted would have to empty it",
				    f->tables.tables[i]->source->full_name);
}

static bool connect(struct way_back_plan *plan, struct error *err)
{
	struct move_options *options = &plan->turned.move;

	plan->source = db_open(&options->source, DB_SESSION_READ, NULL, err);
	if (!plan->source || !computing_ask(plan->source, &plan->computing, err))
		return false;
	options->target.computing = &plan->computing;
	plan->target = db_open(&options->target, DB_SESSION_WRITE, NULL, err);
	return plan->target != NULL;
}

static bool check_servers(struct ferry *f, struct findings *found, struct error *err)
{
	struct way_back_plan *plan = f->way_back;
	struct preflight *checks =
		preflight_new(&plan->turned.move, plan->source, plan->target, found, err);
	bool ok = checks && preflight_servers(checks, err);

	preflight_free(checks);
	return ok;
}

bool ferry_way_back_foresee(struct ferry *f, struct error *err)
{
	struct findings found;
	bool ok;

	if (!is_wanted(f))
		return true;
	ferry_waits_for(f, "the start-up checks for the way back");
	f->way_back = mem_calloc(1, sizeof(*f->way_back));
	make_names(f->way_back, &f->tables);
	turn_round(&f->way_back->turned, &f->options, &f->way_back->names);
	f->way_back->turned.move.way_back.is_foreseen = true;
	refuse_keyless(f);
	if (f->options.verify.type == VERIFIER_NONE)
		finding_add(&f->findings, FINDING_WARNING, "set a VerifierType",
			    "PrepareRollback without a verifier: the way back begins at two servers "
			    "that nobody has compared");
	findings_init(&found);
	ok = connect(f->way_back, err) && check_servers(f, &found, err);
	take_over(f, &found, false);
	findings_release(&found);
	return ok || error_wrap(err, "look at the servers for the way back");
}

/* Of this move, or absent: a move never overwrites another one's way back. *back must be released
 * if the file is there. */
static bool check_file(struct ferry *f, struct saved_state *back, bool *is_there, struct error *err)
{
	const char *path = f->options.way_back.state_path;
	cJSON *tree;

	*is_there = access(path, F_OK) == 0 || errno != ENOENT;
	if (!*is_there)
		return true;
	if (state_file_is_written(path))
		return error_set(err, ERROR_CONFIG,
				 "%s is the state of a way back that goes on just now", path);
	tree = json_parse_file(path, err);
	if (!tree || !saved_state_parse(tree, back, err))
		return error_wrap(err,
				  "%s holds no way back that can be read (remove it, or take "
				  "another StateFile)",
				  path);
	if (strcmp(back->way_back.run_id, f->run.run_id) == 0)
		return true;
	saved_state_release(back);
	return error_set(err, ERROR_CONFIG,
			 "%s holds the way back from another move: remove it when nobody will go that "
			 "way, or take another StateFile",
			 path);
}

/* The application may be using the target: only the earlier file leads back from there. */
static bool check_kept(const struct ferry *f, const struct saved_state *back, bool is_there,
		       struct error *err)
{
	const char *path = f->options.way_back.state_path;

	if (!is_there)
		log_warn("%s is gone, and cannot be made now that the target may be in use: there is "
			 "no way back",
			 path);
	else if (back->way_back.has_begun)
		return error_set(err, ERROR_CONFIG,
				 "%s says that the way back has begun: what it wrote to the source "
				 "would be moved to the target again, over what is newer there; there "
				 "is nothing left to do for this run",
				 path);
	return true;
}

bool ferry_way_back_check_file(struct ferry *f, struct error *err)
{
	struct saved_state back;
	bool is_there, ok;

	if (!f->options.way_back.state_path)
		return true;
	if (!check_file(f, &back, &is_there, err))
		return false;
	ok = !is_in_use(f) || check_kept(f, &back, is_there, err);
	if (is_there)
		saved_state_release(&back);
	return ok;
}

static bool check_tables(struct ferry *f, struct findings *found, struct error *err)
{
	static const struct recopies none;
	struct way_back_plan *plan = f->way_back;
	struct move_options *options = &plan->turned.move;
	struct preflight *checks;
	bool ok;

	if (!load_tables(f, found, err))
		return false;
	moved_tables_set_json(&plan->tables, options, db_version(plan->source),
			      db_version(plan->target), found);
	if (!computed_set(&plan->tables, &plan->computing, plan->source, plan->target, found, err))
		return false;
	checks = preflight_new(options, plan->source, plan->target, found, err);
	ok = checks && preflight_tables(checks, &plan->schema, &plan->tables, &none, NULL, err);
	preflight_free(checks);
	return ok;
}

bool ferry_way_back_check_tables(struct ferry *f, struct error *err)
{
	struct findings found;
	size_t errors;
	bool ok;

	if (!is_wanted(f))
		return true;
	findings_init(&found);
	ok = check_tables(f, &found, err);
	errors = findings_errors(&found);
	take_over(f, &found, true);
	findings_release(&found);
	if (!ok)
		return error_wrap(err, "look at the tables for the way back");
	return errors == 0 ||
	       error_set(err, ERROR_PREFLIGHT,
			 "%zu problem%s of the way back must be fixed first (the tables "
			 "on the target are made, and still empty in a run that has just "
			 "begun: drop them before the next attempt)",
			 errors, errors == 1 ? "" : "s");
}

/* --- in the cutover -------------------------------------------------------------------- */

bool ferry_way_back_load(struct ferry *f, struct error *err)
{
	struct findings found;
	bool ok = false;

	if (!is_wanted(f))
		return true;
	ferry_waits_for(f, "the target's table definitions, for the way back");
	findings_init(&found);
	for (struct retry r =
		     ferry_retry(f, "load table definitions of the target", log_tag, ASK_ATTEMPTS);
	     !ok && retry_next(&r, err);)
		ok = db_ready(f->way_back->source, err) && load_tables(f, &found, err);
	if (ok && findings_errors(&found) > 0)
		ok = error_set(err, ERROR_PREFLIGHT,
			       "the way back cannot be prepared (PrepareRollback): the target's tables "
			       "were changed: %s",
			       found.items[0].text);
	findings_release(&found);
	return ok;
}

static bool query_place(struct way_back_plan *plan, struct error *err)
{
	return db_ready(plan->source, err) && db_ask_identity(plan->source, &plan->identity, err) &&
	       gtid_source_has(plan->source, &plan->has_gtids, err) &&
	       (plan->has_gtids ?
			gtid_source_current(plan->source, &plan->place, &plan->before, err) :
			binlog_current_position(plan->source, &plan->place, err));
}

bool ferry_way_back_place(struct ferry *f, struct error *err)
{
	struct way_back_plan *plan = f->way_back;
	bool ok = false;

	if (!is_wanted(f))
		return true;
	ferry_waits_for(f, "the target's binlog position, for the way back");
	for (struct retry r = ferry_retry(f, "read the target's binlog position", log_tag,
					  POSITION_ATTEMPTS);
	     !ok && retry_next(&r, err);)
		ok = query_place(plan, err);
	if (!ok)
		return error_wrap(err, "read the target's binlog position for the way back");
	probe("way_back_placed", POSITION_FORMAT, POSITION_ARGS(&plan->place));
	return true;
}

/* Of what the verdict has just found equal, only what changes on the way back must be compared.
 * Only Inline builds on that; other verifiers compare everything in any case. */
static cJSON *verification(const struct ferry *f)
{
	cJSON *stage = f->verifier ? verifier_state(f->verifier) : NULL;
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(stage, "Tables");
	cJSON *tables = cJSON_CreateObject();

	for (size_t i = 0; i < f->tables.count; i++) {
		const struct moved_table *t = f->tables.tables[i];
		const cJSON *table = cJSON_GetObjectItemCaseSensitive(found, t->source->full_name);
		const cJSON *rows = cJSON_GetObjectItemCaseSensitive(table, "Rows");
		char *name = mem_printf("%s.%s", t->target_schema, t->target_name);

		if (rows && !rows->child)
			cJSON_AddItemToObject(tables, name, cJSON_Duplicate(table, true));
		free(name);
	}
	if (stage && !cJSON_IsNull(stage))
		cJSON_ReplaceItemInObjectCaseSensitive(stage, "Tables", tables);
	else
		cJSON_Delete(tables);
	return stage;
}

static cJSON *describe(const struct ferry *f)
{
	struct verifier_status status = { .type = "" };
	struct way_back back = { .verifier = "" };
	cJSON *described;

	if (f->verifier)
		verifier_status(f->verifier, &status);
	back.verifier = status.type;
	memcpy(back.run_id, f->run.run_id, sizeof(back.run_id));
	snprintf(back.old_source, sizeof(back.old_source), "%s", f->source_identity.text);
	described = way_back_json(&back, &f->way_back->tables);
	if (f->verifier)
		verifier_status_release(&status);
	return described;
}

static void put_state(struct ferry *f, struct buf *text)
{
	struct way_back_plan *plan = f->way_back;
	struct state_schema schema = { .text = NULL };
	struct state_tracker tracker;
	struct run_state snapshot;

	if (!f->options.no_schema_cache_in_state)
		state_schema_make(&schema, &plan->schema);
	state_tracker_init(&tracker);
	state_tracker_begin(&tracker, NULL);
	state_tracker_set_source(&tracker, plan->identity.text);
	state_tracker_set_tables(&tracker, &plan->tables);
	for (size_t i = 0; i < plan->tables.count; i++)
		state_tracker_set_complete(&tracker, plan->tables.tables[i], true);
	state_tracker_start_at(&tracker, &plan->place, false,
			       plan->has_gtids ? &plan->before : NULL, &plan->before);
	state_tracker_set_watched(&tracker, &f->final);
	state_tracker_snapshot(&tracker, &snapshot);

	struct state_parts parts = { .schema = schema.text ? &schema : NULL,
				     .verification = verification(f),
				     .cascades = server_logs_cascades(db_version(plan->source)) ?
							 NULL :
							 cascades_nothing_in_doubt(),
				     .way_back = describe(f) };

	state_write(text, &tracker, &snapshot, &parts);
	run_state_release(&snapshot);
	state_tracker_destroy(&tracker);
	state_schema_release(&schema);
}

/* Without CutoverLock they only cause a warning, but then the two sides are not equal. */
static bool refuse_late_rows(const struct ferry *f, struct error *err)
{
	for (size_t i = 0; i < f->tables.count; i++)
		if (atomic_load(&f->late[i].count) > 0)
			return error_set(err, ERROR_UNSUPPORTED,
					 "the way back cannot be prepared (PrepareRollback): table %s was "
					 "changed on the source behind the final position, so that the "
					 "two sides differ: stop the writers, then resume",
					 f->tables.tables[i]->source->full_name);
	return true;
}

static bool write_file(struct ferry *f, struct error *err)
{
	const char *path = f->options.way_back.state_path;
	struct buf text = BUF_INIT;
	bool ok;

	if (state_file_is_written(path))
		return error_set(err, ERROR_CONFIG,
				 "%s is the state of a way back that goes on just now", path);
	put_state(f, &text);
	ok = state_file_write(path, &text, NULL, err);
	buf_release(&text);
	return ok || error_wrap(err, "the state of the way back cannot be written");
}

bool ferry_way_back_write(struct ferry *f, struct error *err)
{
	if (!is_wanted(f))
		return true;
	ferry_waits_for(f, "the state of the way back to be written");
	if (!refuse_late_rows(f, err) || !write_file(f, err))
		return false;
	probe("way_back_written", " ");
	if (!ferry_may_unlock(f, err))
		return false;
	if (f->run.save_state && !f->run.save_state(f->run.save_context)) {
		state_tracker_clear_cutover_unlocked(&f->tracker);
		return error_set(err, ERROR_SYSTEM,
				 "the state file cannot be written: a run that is resumed from it could "
				 "not tell that the target is in use, and would spoil the way back; "
				 "CutoverUnlock is not called");
	}
	advice_target_in_use();
	mutex_lock(&f->lock);
	f->way_back_place = f->way_back->place;
	mutex_unlock(&f->lock);
	log_info("the way back is prepared, from " POSITION_FORMAT
		 " of the target on: ghostferry-copydb -back (its state is in %s)",
		 POSITION_ARGS(&f->way_back->place), f->options.way_back.state_path);
	return true;
}

/* --- on the way back ------------------------------------------------------------------------ */

bool ferry_check_way_back(struct ferry *f, struct error *err)
{
	const struct way_back *back = f->resume ? &f->resume->way_back : NULL;
	struct db_identity now;

	if (!back || !back->is_set)
		return true;
	if (!db_ask_identity(f->target, &now, err))
		return error_wrap(err, "read the identity of the target");
	return !*back->old_source || strcmp(back->old_source, now.text) == 0 ||
	       error_set(err, ERROR_CONFIG,
			 "the way back leads to the server %s, and this is %s: only the source of the "
			 "move has what the way back begins with",
			 back->old_source, now.text);
}
