/* A verification on demand (POST /api/verify): compares everything as it is,
 * in a thread of its own, only to report. */
#include "verifier_priv.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/mem.h"
#include "compare/recheck.h"

static const char log_tag[] = "verifier";

static bool begin_any(void *context, size_t table, struct key *low)
{
	const struct verifier *v = context;

	(void)low;
	return !v->tables[table].is_ignored;
}

static void put_result(struct verifier *v, unsigned number, const struct diff_report *report)
{
	struct buf message = BUF_INIT;
	bool differs = verifier_different_tables(v, report) > 0;
	bool is_equal = !differs && diff_report_unsettled(report) == 0;

	if (differs)
		buf_puts(&message, "verification failed for: ");
	diff_report_message(&message, report);
	if (diff_report_unsettled(report) > 0)
		buf_printf(&message,
			   "%" PRIu64 " rows changed whenever they were looked at and were never "
			   "seen equal",
			   diff_report_unsettled(report));
	if (is_equal)
		log_info("verification that was asked for: all tables are equal %s",
			 buf_text(&message));
	else
		log_error("%s", buf_text(&message));
	verifier_end(v, number, report, is_equal ? VERIFICATION_EQUAL : VERIFICATION_DIFFERENT,
		     buf_take(&message));
}

static void on_demand_main(void *argument)
{
	struct verifier *v = argument;
	const struct recheck_rules rules = { .stable_after = 2,
					     .attempts = 30,
					     .pause_ms = 100,
					     .catch_up = v->hooks.catch_up,
					     .context = v->hooks.context };
	const struct comparison how = { .rules = &rules,
					.begin = begin_any,
					.context = v,
					.workers = v->run->options->verify.workers };
	struct table_diff diff = v->diff; /* but with its own stop */
	struct diff_report report;
	struct error err;

	mutex_lock(&v->lock);
	unsigned number = v->on_demand_number;
	mutex_unlock(&v->lock);
	diff.stop = &v->stop;
	diff_report_init(&report, diff.hashes, diff.count);
	bool ok = table_diff_compare(&diff, &how, &report, &err);
	mutex_lock(&v->lock);
	v->on_demand_compares = false;
	mutex_unlock(&v->lock);
	if (ok)
		put_result(v, number, &report);
	else
		verifier_end(v, number, &report, VERIFICATION_FAILED, mem_strdup(err.text));
	diff_report_release(&report);
}

bool verifier_request(struct verifier *v, struct error *err)
{
	enum phase phase = state_tracker_phase(v->run->tracker);

	if (phase == PHASE_STARTING || phase == PHASE_COPYING)
		return error_set(err, ERROR_CONFIG,
				 "verification is possible once the rows are copied");
	mutex_lock(&v->lock);
	bool is_running = v->result == VERIFICATION_RUNNING || v->on_demand_compares;
	mutex_unlock(&v->lock);
	if (is_running)
		return error_set(err, ERROR_BUSY, "verification is on going");
	thread_join(&v->on_demand); /* of the last time: it is about to end */
	unsigned number = verifier_begin(v);
	mutex_lock(&v->lock);
	v->on_demand_number = number;
	v->on_demand_compares = true;
	mutex_unlock(&v->lock);
	log_info("verification was asked for");
	thread_start(&v->on_demand, "verifier", on_demand_main, v);
	return true;
}
