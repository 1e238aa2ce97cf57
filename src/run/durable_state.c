/* Twice a second a look at the target: its settings, when it was started, and how much of
 * its log is on the disk.
 *
 * Where its settings make every commit last there is nothing to do, and the state of the
 * moment counts. Else a state is taken and then the end of the target's log read: all that
 * the state counts in had been confirmed before, so its records lie before that end. Once
 * the log is on the disk up to there the state lasts, whatever happens to the target, and
 * replaces the one before. A state that lasts is as good as one of a process that was
 * killed then: what was written since is written again (I3 and I5).
 *
 * Both looks go over one connection. While it answers, the server is the one that it was: had it
 * been restarted in between, the connection would be gone. A new connection shows by the server's
 * start whether it was; then it is unknown what it has forgotten, and the run ends. The start is
 * given in whole seconds: two within one second look the same, but then the connection that was
 * lost had been made in that second too. Writers that were faster may have gone on meanwhile: the
 * state does not count that in, as only this thread moves it on.
 *
 * A setting that is changed while the run is on is noticed with the next look. */
#include "run/durable_state.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "state/crash_safety.h"

static const char log_tag[] = "durable_state";

#define LOOK_MS 500
#define SETTLE_LOOK_MS 50
#define YOUNG_S 2
#define LATE_MS 2000   /* by which MySQL's end of the log may lag, generously */
#define REST_FACTOR 10 /* no more than a tenth of the time goes into making states */
#define LOG_EVERY_MS 60000

/* A state whose writes are on their way to the disk. */
struct pending_state {
	bool is_set;
	bool is_last; /* nothing was written any more when it was taken */
	bool has_end;
	uint64_t end; /* of the log, when it was read after the state was taken */
	int64_t taken_ms;
	struct buf text;
};

struct durable_state {
	/* Constant once started. */
	struct run *run;
	state_taker *take;
	void *context;

	/* The thread's, and the ferry's before it starts. */
	struct thread thread;
	struct db *target;
	struct crash_safety safety; /* by the last look */
	unsigned generation;	    /* of the connection, at the last look */
	bool was_young;		    /* the server, when that one was made */
	bool is_forgotten;	    /* what was confirmed last may be */
	struct pending_state pending;
	int64_t rest_until_ms; /* a large state takes time to be made */
	int64_t last_logged_ms;

	/* Shared. */
	struct mutex lock;
	struct condition changed;
	bool is_behind;	  /* guarded by lock: text is the state */
	struct buf text;  /* guarded by lock */
	bool is_settling; /* guarded by lock: nothing is written any more */
	bool is_settled;  /* guarded by lock: and all of it is on the disk */
	bool is_ended;	  /* guarded by lock: the thread is to end */
};

struct durable_state *durable_state_new(struct run *run, state_taker *take, void *context)
{
	struct durable_state *d = mem_calloc(1, sizeof(*d));

	d->run = run;
	d->take = take;
	d->context = context;
	mutex_init(&d->lock);
	condition_init(&d->changed);
	return d;
}

void durable_state_free(struct durable_state *d)
{
	if (!d)
		return;
	mutex_lock(&d->lock);
	d->is_ended = true;
	condition_broadcast(&d->changed);
	mutex_unlock(&d->lock);
	thread_join(&d->thread);
	buf_release(&d->pending.text);
	buf_release(&d->text);
	condition_destroy(&d->changed);
	mutex_destroy(&d->lock);
	free(d);
}

bool durable_state_text(struct durable_state *d, struct buf *text)
{
	mutex_lock(&d->lock);
	bool is_behind = d->is_behind;
	if (is_behind)
		buf_add(text, d->text.data, d->text.length);
	mutex_unlock(&d->lock);
	return is_behind;
}

/* Takes *text: it is the state, from now on. */
static void set_text(struct durable_state *d, struct buf *text)
{
	mutex_lock(&d->lock);
	struct buf former = d->text;
	d->text = *text;
	d->is_behind = true;
	mutex_unlock(&d->lock);
	*text = former;
	buf_clear(text);
}

/* The state of now lasts. */
static void collect_text(struct durable_state *d)
{
	struct buf text = BUF_INIT;

	d->take(d->context, &text);
	set_text(d, &text);
	buf_release(&text);
}

static bool is_behind(struct durable_state *d)
{
	mutex_lock(&d->lock);
	bool is = d->is_behind;
	mutex_unlock(&d->lock);
	return is;
}

/* --- looking ------------------------------------------------------------------- */

/* A clean restart forgets nothing, but from here it looks like a crash. */
static bool on_restart(struct durable_state *d, const struct crash_safety *now, struct error *err)
{
	struct buf reason = BUF_INIT;

	if (!is_behind(d)) {
		log_info("the target was restarted; its settings made every commit last");
		d->safety = *now;
		return true;
	}
	d->is_forgotten = true;
	crash_safety_put_reason(&reason, &d->safety);
	error_set(err, ERROR_CONFIG,
		  "the target was restarted, and %s: it may have forgotten what it confirmed "
		  "last; the state is that of a moment before, of which everything is on its disk: "
		  "resume from it",
		  buf_text(&reason));
	buf_release(&reason);
	return false;
}

static void collect_pending(struct durable_state *d, bool is_final)
{
	struct pending_state *p = &d->pending;

	p->is_set = true;
	p->is_last = is_final;
	p->has_end = false;
	p->taken_ms = clock_ms();
	buf_clear(&p->text);
	d->take(d->context, &p->text);
	d->rest_until_ms = clock_ms() + REST_FACTOR * (clock_ms() - p->taken_ms);
}

static bool is_on_disk(struct durable_state *d, const struct redo_ends *ends)
{
	struct pending_state *p = &d->pending;

	/* Without information from the server: it flushes every so many seconds, "not
	 * guaranteed". */
	if (!ends->is_known)
		return clock_ms() - p->taken_ms >=
		       3 * (int64_t)d->safety.flush_every_s * 1000 + LATE_MS;
	if (!p->has_end) {
		if (ends->is_late && clock_ms() - p->taken_ms < LATE_MS)
			return false;
		p->end = ends->current;
		p->has_end = true;
	}
	return ends->on_disk >= p->end;
}

static void resolve(struct durable_state *d, bool is_settled)
{
	mutex_lock(&d->lock);
	d->is_behind = false;
	d->is_settled = is_settled;
	buf_release(&d->text);
	condition_broadcast(&d->changed);
	mutex_unlock(&d->lock);
}

/* The pending state lasts. */
static void accept(struct durable_state *d)
{
	bool is_safe = crash_safety_is_full(&d->safety);

	d->pending.is_set = false;
	if (d->pending.is_last || is_safe)
		resolve(d, d->pending.is_last);
	else
		set_text(d, &d->pending.text);
	probe("state_is_durable", "%s",
	      d->pending.is_last ? "settled" :
	      is_safe		 ? "safe" :
				   "behind");
}

/* In every look at most one state is taken and one accepted. */
static bool move_on(struct durable_state *d, bool is_final, struct error *err)
{
	struct redo_ends ends;

	if (!d->pending.is_set && !is_final && clock_ms() < d->rest_until_ms)
		return true;
	if (!d->pending.is_set || d->pending.is_last != is_final)
		collect_pending(d, is_final);
	if (!crash_safety_ask_redo(d->target, &ends, err))
		return false;
	if (is_on_disk(d, &ends))
		accept(d);
	return true;
}

static bool look(struct durable_state *d, struct error *err)
{
	struct buf reason = BUF_INIT;
	struct crash_safety now;
	bool was_young = d->was_young;

	mutex_lock(&d->lock);
	bool is_final = d->is_settling;
	mutex_unlock(&d->lock);

	if (!db_ready(d->target, err) || !crash_safety_ask(d->target, &now, err))
		return false;
	bool is_lost = db_generation(d->target) != d->generation;
	if (is_lost)
		d->was_young = now.up_s < YOUNG_S;
	d->generation = db_generation(d->target);
	if (now.started != d->safety.started || (is_lost && was_young))
		return on_restart(d, &now, err);
	/* A state that was taken under another setting may have been confirmed under that. */
	if (crash_safety_is_full(&now) != crash_safety_is_full(&d->safety))
		d->pending.is_set = false;
	d->safety = now;
	/* What was confirmed since the look before may be forgotten already; no longer. */
	if (!crash_safety_is_full(&now) && !is_behind(d)) {
		crash_safety_put_reason(&reason, &now);
		log_info("target: %s: the state says only what is known to be on its disk",
			 buf_text(&reason));
		buf_release(&reason);
		collect_text(d);
	}
	if (is_behind(d))
		return move_on(d, is_final, err);
	if (is_final)
		resolve(d, true);
	return true;
}

/* False: there is nothing to do any more. */
static bool wait_turn(struct durable_state *d)
{
	mutex_lock(&d->lock);
	if (!d->is_ended && !d->is_settled)
		condition_wait_ms(&d->changed, &d->lock, d->is_settling ? SETTLE_LOOK_MS : LOOK_MS);
	bool goes_on = !d->is_ended && !d->is_settled;
	mutex_unlock(&d->lock);
	return goes_on && !stop_is_set(d->run->stop);
}

static void keep(void *argument)
{
	struct durable_state *d = argument;
	struct error err;

	while (wait_turn(d)) {
		if (look(d, &err)) {
			d->last_logged_ms = 0;
		} else if (error_is_retryable(&err)) {
			/* What was read of the log is of a connection that is gone. */
			d->pending.is_set = false;
			if (d->last_logged_ms == 0 ||
			    clock_ms() - d->last_logged_ms >= LOG_EVERY_MS) {
				log_warn_err(&err, "what of the state is on the target's disk cannot "
						   "be found out, trying on");
				d->last_logged_ms = clock_ms();
			}
		} else {
			run_fail(d->run, d->is_forgotten ? PART_TARGET_FORGOT : PART_DURABLE_STATE,
				 &err);
			break;
		}
	}
	db_close(d->target);
	d->target = NULL;
}

/* --- the ferry's thread ---------------------------------------------------------- */

bool durable_state_begin(struct durable_state *d, struct db *target, struct error *err)
{
	if (!crash_safety_ask(target, &d->safety, err))
		return error_wrap(err, "ask the target what it would forget in a crash");
	if (crash_safety_is_full(&d->safety))
		return true;
	/* Until another start would show: the thread's own connection is still to be made. */
	if (d->safety.up_s < YOUNG_S && !stop_sleep_ms(d->run->stop, YOUNG_S * 1000))
		return error_set(err, ERROR_STOPPED, "stopped");
	collect_text(d);
	return true;
}

void durable_state_start(struct durable_state *d)
{
	d->target = db_new(&d->run->options->target, DB_SESSION_READ, NULL);
	thread_start(&d->thread, "durable_state", keep, d);
}

bool durable_state_settle(struct durable_state *d, struct error *err)
{
	mutex_lock(&d->lock);
	d->is_settling = true;
	condition_broadcast(&d->changed);
	while (!d->is_settled && !stop_is_set(d->run->stop))
		condition_wait_ms(&d->changed, &d->lock, LOOK_MS);
	bool ok = d->is_settled;
	mutex_unlock(&d->lock);
	return ok || error_set(err, ERROR_STOPPED, "stopped");
}
