/* A verification that was asked for (POST /api/verify): compares everything as it is,
 * in a thread of its own, only to report. */
#include "verifier_priv.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/mem.h"
#include "compare/recheck.h"

static const char log_tag[] = "verifier";

/* --- when asked ------------------------------------------------------------------------------- */

static bool begin_any(void *context, size_t table, struct key *low)
{
	const struct verifier *v = context;

	(void)low;
	return !v->is_ignored[table];
}

static void report(struct verifier *v, unsigned number, const struct diff_report *verdict)
{
	struct buf message = BUF_INIT;
	bool differs = verifier_different_tables(v, verdict) > 0;
	bool correct = !differs && diff_report_unsettled(verdict) == 0;

	if (differs)
		buf_puts(&message, "verification failed for: ");
	diff_report_message(&message, verdict);
	if (diff_report_unsettled(verdict) > 0)
		buf_printf(&message,
			   "%" PRIu64 " rows changed whenever they were looked at and were never "
			   "seen equal",
			   diff_report_unsettled(verdict));
	if (correct)
		log_info("verification that was asked for: all tables are equal %s",
			 buf_text(&message));
	else
		log_error("%s", buf_text(&message));
	verifier_set_result(v, number, verdict, false, correct, buf_take(&message));
}

static void set_comparing(struct verifier *v, bool compares)
{
	mutex_lock(&v->lock);
	v->asked_compares = compares;
	mutex_unlock(&v->lock);
}

static void asked_main(void *argument)
{
	struct verifier *v = argument;
	const struct recheck_rules rules = { .stable_after = 2,
					     .attempts = 30,
					     .pause_ms = 100,
					     .catch_up = verifier_catch_up,
					     .context = v };
	const struct comparison how = { .rules = &rules,
					.begin = begin_any,
					.context = v,
					.workers = v->run->options->verify.workers };
	struct table_diff verification = v->verification; /* but for whom it stops */
	struct diff_report verdict;
	struct error err;

	mutex_lock(&v->lock);
	unsigned number = v->asked_number;
	mutex_unlock(&v->lock);
	verification.stop = &v->stop;
	diff_report_init(&verdict, verification.prints, verification.count);
	bool ok = table_diff_compare(&verification, &how, &verdict, &err);
	set_comparing(v, false);
	if (ok)
		report(v, number, &verdict);
	else
		verifier_set_result(v, number, &verdict, true, false, mem_strdup(err.text));
	diff_report_release(&verdict);
}

bool verifier_request(struct verifier *v, struct error *err)
{
	enum phase phase = state_tracker_phase(v->run->tracker);

	if (phase == PHASE_STARTING || phase == PHASE_COPYING)
		return error_set(err, ERROR_CONFIG,
				 "verification is possible once the rows are copied");
	mutex_lock(&v->lock);
	bool is_running = v->is_running || v->asked_compares;
	mutex_unlock(&v->lock);
	if (is_running)
		return error_set(err, ERROR_BUSY, "verification is on going");
	thread_join(&v->asked); /* of the last time: it is about to end */
	unsigned number = verifier_set_running(v);
	mutex_lock(&v->lock);
	v->asked_number = number;
	v->asked_compares = true;
	mutex_unlock(&v->lock);
	log_info("verification was asked for");
	thread_start(&v->asked, "verifier", asked_main, v);
	return true;
}
