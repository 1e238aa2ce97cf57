/* From the end of the copy to the end: permission, verification, the CutoverLock callback, the wait
 * for open transactions (and for a replica, until it has executed its master's position), the
 * source's position, the stream up to it, the verdict, a look for owed rows, AUTO_INCREMENT,
 * objects and FULLTEXT keys that can only be made now, a last look for writes of others to the
 * target and for writes to the source after that position, CutoverUnlock.
 *
 * The ferry's thread runs it. A failure anywhere leaves source and target as they are:
 * CutoverUnlock is not sent, and the state can be resumed. */
#include "ferry_priv.h"

#include <stdio.h>

#include "base/advice.h"
#include "base/log.h"
#include "base/probe.h"
#include "ferry/auto_increment.h"
#include "create/fulltext_keys.h"
#include "create/target_engine.h"
#include "verify/owed_check.h"

static const char log_tag[] = "ferry";

#define CAUGHT_UP_S 10.0
#define CAUGHT_UP_POLL_MS 500
#define CUTOVER_POLL_MS 1000
#define POSITION_ATTEMPTS 300

static bool wait_until_allowed(struct ferry *f, struct error *err)
{
	ferry_set_phase(f, PHASE_WAIT_FOR_CUTOVER);
	mutex_lock(&f->lock);
	if (!f->automatic_cutover)
		snprintf(f->waiting_for, sizeof(f->waiting_for),
			 "permission to cut over (AutomaticCutover or POST /api/cutover)");
	while (!f->automatic_cutover && !stop_is_set(&f->stop))
		condition_wait_ms(&f->changed, &f->lock, CUTOVER_POLL_MS);
	f->waiting_for[0] = '\0';
	mutex_unlock(&f->lock);
	probe("cutover_allowed", " ");
	return !stop_is_set(&f->stop) || ferry_stopped(err);
}

/* By the source's clock as it is now: ours may differ, or have been set. */
static bool is_behind(struct ferry *f, bool *behind, struct error *err)
{
	for (struct retry r =
		     ferry_retry(f, "read the source's clock", "cutover", POSITION_ATTEMPTS);
	     retry_next(&r, err);) {
		if (!ferry_ask_clock(f, err))
			continue;
		*behind = binlog_streamer_lag_s(f->streamer, ferry_source_now(f)) >= CAUGHT_UP_S ||
			  binlog_writer_lag_s(f->writer, ferry_source_now(f)) >= CAUGHT_UP_S;
		return true;
	}
	return error_wrap(err, "read the source's clock");
}

static bool wait_until_caught_up(struct ferry *f, struct error *err)
{
	bool behind;

	ferry_waits_for(f, "the binlog streamer and writers to catch up");
	for (;;) {
		if (!is_behind(f, &behind, err))
			return false;
		if (!behind)
			return true;
		if (!stop_sleep_ms(&f->stop, CAUGHT_UP_POLL_MS))
			return ferry_stopped(err);
	}
}

static bool wait_for_replica(struct ferry *f, struct error *err)
{
	return !f->options.replica.enabled || ferry_wait_for_replica(f, err);
}

static bool lock_cutover(struct ferry *f, struct error *err)
{
	const struct retry_policy policy = {
		.verb = "lock for cutover",
		.tag = "cutover",
		.attempts = f->options.cutover_attempts,
		.sleep_ms = (int64_t)f->options.cutover_retry_wait_s * 1000,
	};

	if (!f->hooks.cutover_lock)
		return true;
	ferry_waits_for(f, "the CutoverLock callback");
	for (struct retry r = retry_begin(&policy, &f->stop); retry_next(&r, err);) {
		if (f->hooks.cutover_lock(f->hooks.context, err))
			return true;
		err->kind = ERROR_BUSY; /* Ghostferry tries again whatever the endpoint answered */
	}
	return error_wrap(err, "locking failed, aborting run");
}

/* Reads the source's position once more, and waits for the stream to reach it. */
static bool drain(struct ferry *f, struct error *err)
{
	struct binlog_position final;

	struct log_facts facts = { .count = 0 };

	ferry_waits_for(f, "the stream to reach the source's position");
	if (!ferry_read_end(f, POSITION_ATTEMPTS, &final, err))
		return error_wrap(err, "read the source's final binlog position");
	mutex_lock(&f->lock);
	f->final = final;
	mutex_unlock(&f->lock);
	binlog_position_facts(&facts, &final);
	log_info_facts(&facts, "current stop binlog position was recorded: " POSITION_FORMAT,
		       POSITION_ARGS(&final));
	probe("final_position_read", " ");
	binlog_streamer_set_final(f->streamer, &final);
	if (!binlog_streamer_wait_final(f->streamer) || !binlog_writer_finish(f->writer))
		return ferry_stopped(err);
	probe("drained", " ");
	return !stop_is_set(&f->stop) || ferry_stopped(err);
}

bool ferry_note_copied(struct ferry *f, struct error *err)
{
	struct binlog_position end;

	if (!f->cascades)
		return true;
	/* Several attempts: the ferry's own connection has been idle during the whole copy. */
	if (!ferry_read_end(f, POSITION_ATTEMPTS, &end, err))
		return error_wrap(err, "read the source's binlog position");
	cascades_copied(f->cascades, &end);
	return true;
}

/* Is the target equal to the source? */
static bool verify(struct ferry *f, struct error *err)
{
	/* What others did to the target explains the differences that the verdict would find. */
	if (f->target_verifier) {
		ferry_waits_for(f, "the target's binlog to be read up to its end");
		if (!target_watch_catch_up(f->target_verifier, err))
			return false;
	}
	if (f->cascades) {
		ferry_waits_for(f, "tables to be compared that foreign keys may have changed");
		if (!cascades_during_cutover(f->cascades, err))
			return false;
	}
	if (f->verifier) {
		ferry_waits_for(f, "the final verification");
		if (!verifier_during_cutover(f->verifier, err)) {
			if (err->kind != ERROR_STOPPED)
				ferry_fail_run(f, PART_VERIFIER, err);
			return false;
		}
	}
	/* After the verdict, which says more, and may have repaired what is missing. */
	ferry_waits_for(f, "rows that were skipped or displaced to be seen on the target");
	return owed_check_during_cutover(f->owed, err);
}

/* Whatever may write a row comes before the wait for the target's disk: what it loses in a crash
 * after CutoverUnlock would not be written again. FULLTEXT keys are on the disk when their
 * statement has ended, whatever innodb_flush_log_at_trx_commit says. */
static bool complete_target(struct ferry *f, struct error *err)
{
	/* A target that is in use has its own values, keys, and objects. */
	bool is_in_use = ferry_target_is_in_use(f);

	if (!is_in_use) {
		/* Rows that the source handed out values for and no longer has raise nothing on the
		 * target. */
		ferry_waits_for(f, "AUTO_INCREMENT on the target to be raised");
		if (!auto_increments_raise(&f->run, f->source, err))
			return false;
		ferry_waits_for(f, "what MoveObjects lists to be made on the target");
		probe("before_late_objects", " ");
		if (!objects_move_late(f->objects, err))
			return false;
	}
	ferry_waits_for(f, "the target to have everything on its disk");
	probe("before_settling", " ");
	if (!durable_state_settle(f->durable, err))
		return false;
	if (is_in_use)
		return true;
	ferry_waits_for(f, "FULLTEXT keys to be made on the target");
	if (!fulltext_keys_add(&f->run, f->source, err))
		return false;
	ferry_waits_for(f, "tables to get their own engine on the target");
	return target_engines_give(&f->run, err);
}

/* The last check, after the verdict: for writes of others to the target, and for writes to the
 * source after the final position. */
static bool final_check(struct ferry *f, struct error *err)
{
	if (f->target_verifier) {
		ferry_waits_for(f, "the target's binlog to be read up to its end");
		probe("before_last_look", " ");
		if (!target_watch_finish(f->target_verifier, err))
			return false;
	}
	return ferry_check_late(f, err);
}

/* After the last look, which would take what events write for the writes of others. The way back
 * starts before it, as those writes must be streamed back, too. */
static bool enable_events(struct ferry *f, struct error *err)
{
	ferry_waits_for(f, "events to be enabled on the target");
	return ferry_target_is_in_use(f) || objects_move_enable(f->objects, err);
}

bool ferry_may_unlock(struct ferry *f, struct error *err)
{
	mutex_lock(&f->lock);
	bool may = !f->has_failed;
	if (may)
		state_tracker_set_cutover_unlocked(&f->tracker);
	mutex_unlock(&f->lock);
	return may || ferry_stopped(err);
}

/* The target may be in use from here on. A resumed run must know, as it would repeat what it has no
 * record of, over what was written since: the hook has the state saved before it posts. */
static bool unlock_cutover(struct ferry *f, struct error *err)
{
	probe("before_unlock", " ");
	if (!f->hooks.cutover_unlock)
		return true;
	ferry_waits_for(f, "the CutoverUnlock callback");
	if (!ferry_may_unlock(f, err))
		return false;
	advice_target_in_use();
	return f->hooks.cutover_unlock(f->hooks.context, err) ||
	       error_wrap(err, "unlocking failed, aborting run");
}

/* Once the source's writers may be stopped, nothing must wait on purpose: not for a server's load,
 * to which they no longer add, nor for a pause, whose end is awaited first. */
static bool end_throttling(struct ferry *f, struct error *err)
{
	ferry_waits_for(f, throttler_is_paused(&f->throttler) ? "the end of the pause" : "");
	return throttler_end(&f->throttler, &f->stop) || ferry_stopped(err);
}

bool ferry_cut_over(struct ferry *f, struct error *err)
{
	if (!wait_until_allowed(f, err) || !ferry_check_source(f, err))
		return false;
	/* Where the writers are stopped by hand, that was done before the cutover was allowed. */
	if (!f->hooks.cutover_lock && !f->options.automatic_cutover && !end_throttling(f, err))
		return false;
	if (f->cascades) {
		ferry_waits_for(f, "tables to be compared that foreign keys may have changed");
		if (!owed_check_before_cutover(f->owed, err) ||
		    !cascades_before_cutover(f->cascades, err))
			return false;
	}
	if (f->verifier) {
		ferry_set_phase(f, PHASE_VERIFY_BEFORE_CUTOVER);
		ferry_waits_for(f, "the verification before the cutover");
		if (!verifier_before_cutover(f->verifier, err))
			return false;
	}
	ferry_waits_for(f, "rows that were skipped or displaced to be seen on the target");
	owed_watch_end(&f->owed_watch);
	if (!owed_check_before_cutover(f->owed, err) || !ferry_way_back_load(f, err))
		return false;

	log_info("entering cutover phase, notifying caller that row copy is complete");
	ferry_set_phase(f, PHASE_CUTOVER);
	/* A replica that lags is first waited for while the writers still write. */
	if (!wait_until_caught_up(f, err) || !wait_for_replica(f, err) || !end_throttling(f, err) ||
	    !lock_cutover(f, err) || !ferry_wait_for_sessions(f, err) ||
	    !wait_for_replica(f, err) || !ferry_wait_for_xa(f, err) || !drain(f, err))
		return false;
	if (!ferry_check_source(f, err) || !verify(f, err) || !complete_target(f, err) ||
	    !ferry_way_back_place(f, err) || !final_check(f, err) || !enable_events(f, err) ||
	    !ferry_way_back_write(f, err) || !unlock_cutover(f, err))
		return false;
	ferry_waits_for(f, "");
	return true;
}
