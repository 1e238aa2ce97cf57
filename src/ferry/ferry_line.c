/* Is the state that is resumed on the run's line, and how do others learn that this process
 * continues from it?
 *
 * Before a row is written, the line that now ends with this process is recorded where the next
 * process looks: in the record on the target and in the state file. Only then are rows taken back
 * through the older images that lie after the state, which invalidates every state that others made
 * later. Before that, the file gets the state that is resumed: a process that dies at any moment
 * leaves one there that the record, too, allows to be resumed.
 *
 * The record takes precedence over the file: each process of the run finds the same one, while
 * another configuration has another file. Where the account may not have a record, the file alone
 * counts, and without either, nothing is known (ghostferry-copydb.7, RESUMING). */
#include "ferry_priv.h"

#include "base/log.h"
#include "base/probe.h"
#include "plan/name_filter.h"
#include "line_record.h"
#include "part_record.h"

static const char log_tag[] = "ferry";

static bool refuse(const struct state_line *known, const char *where, struct error *err)
{
	struct buf states = BUF_INIT;

	state_line_describe(&states, known);
	error_set(err, ERROR_CONFIG,
		  "the state that is to be resumed was left: the run was resumed from an older one "
		  "since, and %s says so; rows were led back through changes that this state takes "
		  "for applied, and would stay so; resume from a state that is on the run's line "
		  "(%s; see StateLine in a state), such as the newest one",
		  where, buf_text(&states));
	buf_release(&states);
	return false;
}

bool ferry_check_line(struct ferry *f, struct error *err)
{
	const struct saved_state *resume = f->given;
	struct state_line known = STATE_LINE_INIT;
	bool ok = true;

	if (!line_record_is_possible(f->target, &f->has_line_record, err))
		return false;
	if (!f->has_line_record)
		log_debug("no record of the run's states is made on the target, as the account may "
			  "not make and drop tables in " OWN_SCHEMA);
	if (!resume)
		return true;
	if (f->has_line_record && !line_record_read(f->target, f->run.run_id, &known, err))
		return false;
	if (known.count > 0 && state_line_branches(&resume->run.line, &known))
		ok = refuse(&known, "table " OWN_SCHEMA ".run_… of the target", err);
	else if (known.count == 0 && state_line_branches(&resume->run.line, &resume->line_on_file))
		ok = refuse(&resume->line_on_file, "the state file", err);
	state_line_release(&known);
	return ok;
}

static bool record_line(struct ferry *f, struct error *err)
{
	struct state_line line = STATE_LINE_INIT;
	bool ok;

	if (f->resume)
		state_line_copy(&line, &f->resume->run.line);
	/* Any save of this process comes after it. */
	state_line_add(&line, f->tracker.process, 0);
	ok = line_record_write(f->target, f->run.run_id, &line, err);
	state_line_release(&line);
	return ok;
}

static bool save(struct ferry *f, bool *may_save)
{
	mutex_lock(&f->lock);
	*may_save = true;
	mutex_unlock(&f->lock);
	return f->hooks.save_state && f->hooks.save_state(f->hooks.context);
}

/* Privileges that were revoked for one database may not show in the grants. */
static bool try_to_record(struct ferry *f, struct error *err)
{
	if (!f->has_line_record || record_line(f, err))
		return true;
	if (err->kind != ERROR_ACCESS)
		return false;
	log_warn_err(err, "no record of the run's states is made on the target");
	f->has_line_record = false;
	return true;
}

/* The next process must know what follows. */
bool ferry_accept_state(struct ferry *f, struct error *err)
{
	if (!save(f, &f->is_accepted) && f->hooks.save_state)
		return error_set(err, ERROR_BUSY,
				 "the state file cannot be written: see to the "
				 "disk it is on");
	probe("recopy_accepted", " ");
	return try_to_record(f, err);
}

/* Only runs that may have others alongside are recorded for these. */
static bool enter_part(struct ferry *f, struct error *err)
{
	if (f->options.friendly_runs.count == 0)
		return true;
	if (f->has_line_record) {
		bool ok = part_record_enter(f->target, &f->run, err);

		if (ok || err->kind != ERROR_ACCESS)
			return ok;
	}
	log_warn("whether the FriendlyRuns move other rows than this one cannot be noticed, as the "
		 "account may not make and drop tables in " OWN_SCHEMA);
	return true;
}

bool ferry_keep_line(struct ferry *f, struct error *err)
{
	save(f, &f->is_accepted);
	probe("line_accepted", " ");
	if (!enter_part(f, err) || !try_to_record(f, err))
		return false;
	probe("line_recorded", " ");
	if (save(f, &f->is_started) || f->has_line_record || !f->resume ||
	    !state_line_is_before(&f->resume->run.line, &f->resume->line_on_file))
		return true;
	return error_set(err, ERROR_CONFIG,
			 "the state file holds a later state than the one that is to be resumed, "
			 "and cannot be written: nobody could tell that the later one must not be "
			 "resumed any more; make room for it, and resume again");
}

void ferry_forget_line(struct ferry *f)
{
	struct error err = ERROR_INIT;
	struct db *target;

	if (!f->has_line_record)
		return;
	target = db_open(&f->options.target, DB_SESSION_WRITE, NULL, &err);
	if (!target || !line_record_drop(target, f->run.run_id, &err))
		log_warn_err(&err, "the record of the run's states stays on the target; it may be "
				   "dropped");
	db_close(target);
}
