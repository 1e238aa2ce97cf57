/* Before the final position is read: what is still open on copied tables must end first, as it
 * would commit after that position and be missing on the target.
 *
 * Two kinds: transactions of sessions, listed by the server that is written to (for a replica that
 * is its master), and prepared XA transactions, whose rows the stream has received and holds. The
 * wait is for those that are open when it begins, not for those of writers that continue, which
 * nobody has stopped in a rehearsal. (These are found after the final position: ferry_late.c.)
 *
 * The wait ends after OpenTransactionsTimeout: with an error where CutoverLock has confirmed that
 * nobody writes, else with a warning. The ferry's thread runs it. */
#include "ferry_priv.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/probe.h"
#include "open_transactions.h"

static const char log_tag[] = "cutover";

/* InnoDB answers from a cache that is up to 100 ms old: the second answer is fresh. */
#define FRESH_MS 120
#define POLL_MS 250
#define LOG_EVERY_MS 10000

struct quiesce {
	struct ferry *f;
	struct db *db; /* the server that is written to */
	struct open_transactions now;
	int64_t began_ms;
	int64_t logged_ms;
};

static bool look(struct quiesce *q, struct error *err)
{
	for (struct retry r = ferry_retry(q->f, "look for open transactions", log_tag, ASK_ATTEMPTS);
	     retry_next(&r, err);)
		if (db_ready(q->db, err) &&
		    open_transactions_read(q->db, &q->f->tables, &q->now, err))
			return true;
	return false;
}

static void show(struct quiesce *q, const char *what)
{
	char text[sizeof(q->f->waiting_for)];

	snprintf(text, sizeof(text), "%s", what);
	ferry_waits_for(q->f, text);
	if (q->logged_ms && clock_ms() - q->logged_ms < LOG_EVERY_MS)
		return;
	q->logged_ms = clock_ms();
	log_info("waiting for %s", what);
}

/* True: keep waiting. False with *done: the time is over and only a warning is due. */
static bool may_wait(struct quiesce *q, const char *what, const char *remedy, bool *done,
		     struct error *err)
{
	int64_t limit_ms = q->f->options.open_transactions_ms;

	*done = false;
	if (limit_ms > 0 && clock_ms() - q->began_ms < limit_ms)
		return true;
	if (limit_ms > 0 && q->f->options.stops_writers)
		return error_set(err, ERROR_TIMEOUT,
				 "still waiting for %s after %.1f s (OpenTransactionsTimeout), although "
				 "CutoverLock was called: %s, then resume",
				 what, (double)limit_ms / 1000, remedy);
	log_warn("the cutover goes on without waiting any longer for %s: what they commit behind the "
		 "final position is not moved (%s)",
		 what, remedy);
	*done = true;
	return false;
}

/* --- sessions ------------------------------------------------------------------------- */

static bool wait_for_sessions(struct quiesce *q, struct open_transactions *first, struct error *err)
{
	struct buf what = BUF_INIT, remedy = BUF_INIT;
	bool done = false, ok = true;

	while (ok && !done && first->count > 0) {
		buf_clear(&what);
		buf_clear(&remedy);
		buf_printf(&what, "transactions that are open on the %s: ", db_label(q->db));
		open_transactions_text(first, &what);
		buf_printf(&remedy, "end them, by KILL %" PRIu64 " and so on",
			   first->items[0].connection);
		show(q, buf_text(&what));
		probe("transactions_are_open", "%s", buf_text(&what));
		ok = may_wait(q, buf_text(&what), buf_text(&remedy), &done, err);
		if (!ok || done) {
			ok = done;
			break;
		}
		ok = stop_sleep_ms(&q->f->stop, POLL_MS) ? look(q, err) : ferry_stopped(err);
		open_transactions_keep(first, &q->now);
	}
	buf_release(&remedy);
	buf_release(&what);
	return ok;
}

static bool cannot_look(struct quiesce *q, struct error *err)
{
	if (err->kind == ERROR_STOPPED || error_is_retryable(err))
		return false;
	log_warn_err(err,
		     "transactions that are open on the %s cannot be seen (the account needs "
		     "PROCESS): what they commit behind the final position is not moved",
		     db_label(q->db));
	return true;
}

/* On the server that is written to. */
static bool sessions_end(struct quiesce *q, struct error *err)
{
	struct open_transactions first;

	if (!look(q, err))
		return cannot_look(q, err);
	if (!stop_sleep_ms(&q->f->stop, FRESH_MS))
		return ferry_stopped(err);
	if (!look(q, err))
		return cannot_look(q, err);
	first = q->now;
	q->now = (struct open_transactions)OPEN_TRANSACTIONS_INIT;

	bool ok = wait_for_sessions(q, &first, err);

	open_transactions_release(&first);
	return ok;
}

bool ferry_wait_for_sessions(struct ferry *f, struct error *err)
{
	struct quiesce q = { .f = f, .db = f->source, .began_ms = clock_ms() };
	const struct replica_options *replica = &f->options.replica;

	ferry_waits_for(f, "transactions that are open on the source");
	if (replica->enabled)
		q.db = db_new(&replica->master, DB_SESSION_READ, NULL);

	bool ok = sessions_end(&q, err);

	if (replica->enabled)
		db_close(q.db);
	open_transactions_release(&q.now);
	return ok;
}

/* --- XA ----------------------------------------------------------------------------------- */

/* Waits until all that is prepared by now is received; *undecided: what of it is undecided. */
static bool receive_all(struct ferry *f, struct buf *undecided, struct error *err)
{
	if (f->options.replica.enabled && !ferry_wait_for_replica(f, err))
		return false;
	if (!ferry_read_end(f, ASK_ATTEMPTS, &f->seen_end, err))
		return error_wrap(err, "read the source's binlog position");
	while (!binlog_streamer_undecided(f->streamer, &f->seen_end, undecided))
		if (!stop_sleep_ms(&f->stop, 10))
			return ferry_stopped(err);
	return true;
}

bool ferry_wait_for_xa(struct ferry *f, struct error *err)
{
	static const char remedy[] = "XA COMMIT or XA ROLLBACK (XA RECOVER shows them)";
	struct quiesce q = { .f = f, .began_ms = clock_ms() };
	struct buf undecided = BUF_INIT, what = BUF_INIT;
	bool done = false, ok;

	ferry_waits_for(f, "the stream to reach the source's position");
	while ((ok = receive_all(f, &undecided, err)) && undecided.length > 0) {
		buf_clear(&what);
		buf_printf(&what,
			   "XA transactions that have changed copied tables, are prepared and not "
			   "decided: %s",
			   buf_text(&undecided));
		show(&q, buf_text(&what));
		probe("xa_is_undecided", "%s", buf_text(&undecided));
		if (!may_wait(&q, buf_text(&what), remedy, &done, err)) {
			ok = done;
			break;
		}
		if (!stop_sleep_ms(&f->stop, POLL_MS)) {
			ok = ferry_stopped(err);
			break;
		}
	}
	buf_release(&what);
	buf_release(&undecided);
	return ok;
}
