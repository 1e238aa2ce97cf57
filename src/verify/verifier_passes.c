/* Passes over the pending rows while rows change: Inline's rounds, and what is done
 * before the cutover to leave little for it. */
#include "verifier_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "compare/recheck.h"

static const char log_tag[] = "verifier";

#define PASSES_MAX 30
#define PASS_ENOUGH 1000 /* rows that may be left for the cutover */
#define FULL_ROUNDS_MAX 3

/* --- passes ------------------------------------------------------------------------------ */

struct pass {
	struct verifier *v;
	struct range_diff comparer;
	struct map differing; /* conditions of the current slice */
};

static void found_in_pass(void *context, const struct row_hash *f,
			  const struct row_difference *difference)
{
	struct pass *pass = context;

	(void)f;
	map_put(&pass->differing, difference->condition, difference->condition_length, pass);
}

static bool pass_slice(void *context, size_t table, const struct queued_key *keys, size_t count,
		       struct error *err)
{
	struct pass *pass = context;
	struct verifier *v = pass->v;
	const char **conditions = pending_rows_conditions(keys, count);
	const struct map_entry *entry;
	size_t cursor = 0;

	map_clear(&pass->differing);
	bool ok = throttler_wait(v->run->throttler, THROTTLED_WORK, v->run->stop) ||
		  error_set(err, ERROR_STOPPED, "stopped");
	ok = ok && range_diff_keys(&pass->comparer, &v->diff.hashes[table], conditions, count, err);
	free(conditions);
	for (size_t i = 0; ok && i < count; i++)
		pending_rows_resolve(&v->pending, table, &keys[i],
				     !map_get(&pass->differing, keys[i].condition, keys[i].length));
	/* Rows that differ and were not requested: a collation took two keys for one. */
	for (size_t i = 0; ok && i < count; i++)
		map_remove(&pass->differing, keys[i].condition, keys[i].length);
	while (ok && (entry = map_next(&pass->differing, &cursor)))
		pending_rows_add(&v->pending, table, entry->key, entry->key_length);
	return ok;
}

static bool pass_all(struct pass *pass, struct error *err)
{
	for (size_t i = 0; i < pass->v->diff.count; i++)
		if (!pass->v->diff.hashes[i].finding &&
		    !pending_rows_each(&pass->v->pending, i, KEYS_PER_SLICE, false, pass_slice,
				       pass, err))
			return false;
	return true;
}

static bool pass_open(struct pass *pass, struct verifier *v, struct error *err)
{
	pass->v = v;
	map_init(&pass->differing);
	return range_diff_open(&pass->comparer, v->run->options, v->run->stop, found_in_pass, pass,
			       err);
}

static void pass_close(struct pass *pass)
{
	range_diff_close(&pass->comparer);
	map_release(&pass->differing);
}

/* Inline's own thread. */
void verifier_rounds_main(void *argument)
{
	struct verifier *v = argument;
	struct pass pass;
	struct error err;
	bool ok = pass_open(&pass, v, &err);

	while (ok && stop_sleep_ms(&v->rounds_stop, v->run->options->verify.interval_ms) &&
	       !stop_is_set(v->run->stop)) {
		uint64_t before = pending_rows_count(&v->pending);

		ok = before == 0 || pass_all(&pass, &err);
		if (ok && before > 0)
			probe("rows_reverified", "%" PRIu64 " %" PRIu64, before,
			      pending_rows_count(&v->pending));
	}
	pass_close(&pass);
	if (!ok && err.kind != ERROR_STOPPED)
		run_fail(v->run, PART_INLINE_VERIFIER, &err);
}

/* --- before the cutover -------------------------------------------------------------------- */

/* Without a key a table can only be compared when nothing is written any more. */
static bool begin_table_with_key(void *context, size_t table, struct key *low)
{
	struct verifier *v = context;

	return v->run->tables->tables[table]->key.count > 0 &&
	       verifier_begin_table(context, table, low);
}

static void table_went_on(void *context, size_t table, const struct key *end)
{
	struct verifier *v = context;

	pending_rows_compared(&v->pending, table, end);
}

static bool compare_into_queue(struct verifier *v, struct error *err)
{
	const struct comparison how = { .found = verifier_queue_difference,
					.begin = begin_table_with_key,
					.compared = table_went_on,
					.context = v,
					.throttler = v->run->throttler,
					.workers = v->run->options->verify.workers };
	struct diff_report report;

	diff_report_init(&report, v->diff.hashes, v->diff.count);
	bool ok = table_diff_compare(&v->diff, &how, &report, err);
	diff_report_release(&report);
	return ok;
}

static bool passes(struct pass *pass, struct error *err)
{
	struct verifier *v = pass->v;
	int64_t limit_ms = v->run->options->verify.max_downtime_ms;
	int64_t took_ms = 0;
	uint64_t before = UINT64_MAX, after = pending_rows_count(&v->pending);

	for (unsigned i = 1; after > 0 && i <= PASSES_MAX; i++) {
		int64_t began_ms = clock_ms();

		before = after;
		if (!pass_all(pass, err))
			return false;
		took_ms = clock_ms() - began_ms;
		after = pending_rows_count(&v->pending);
		log_info("completed re-verification iteration %u: %" PRIu64 " rows before, %" PRIu64
			 " after",
			 i, before, after);
		if (after <= PASS_ENOUGH || after >= before)
			break;
	}
	if (limit_ms > 0 && took_ms > limit_ms)
		return error_set(err, ERROR_TIMEOUT,
				 "cutover stage verification will not complete within max downtime "
				 "duration (took %" PRId64 " ms)",
				 took_ms);
	return true;
}

/* The repair of one table's queued rows. */
struct live_repair {
	struct pass *pass;
	struct row_repair repair;
	struct table_report report;
};

static bool repair_queued(void *context, size_t table, const struct queued_key *keys, size_t count,
			  struct error *err)
{
	struct live_repair *live = context;
	struct verifier *v = live->pass->v;
	const struct recheck_rules rules = { .stable_after = 2,
					     .attempts = 10,
					     .pause_ms = 100,
					     .catch_up = v->hooks.catch_up,
					     .context = v->hooks.context };

	(void)table;
	return verifier_recheck(&live->pass->comparer, keys, count, &rules, &live->repair,
				&live->report, err);
}

/* What still differs when the target has caught up is repaired already now, so that it
 * does not have to be while the application waits. The keys stay in the queue: the
 * verdict looks at them as at all others. */
static bool repair_remaining(struct pass *pass, struct error *err)
{
	struct verifier *v = pass->v;
	bool *which = mem_calloc(v->diff.count + 1, sizeof(*which));
	struct live_repair live = { .pass = pass };
	bool ok = true;

	row_repair_init(&live.repair, v->repair, v->run->options->verify.workers);
	for (size_t i = 0; ok && i < v->diff.count; i++) {
		live.report = (struct table_report){ .f = &v->diff.hashes[i] };
		ok = live.report.f->finding || pending_rows_each(&v->pending, i, KEYS_PER_SLICE,
								 true, repair_queued, &live, err);
		verifier_count_repaired(v, &live.report);
		table_report_reset(&live.report);
	}
	row_repair_release(&live.repair);
	verifier_take_displaced(v, which);
	for (size_t i = 0; i < v->diff.count; i++)
		if (which[i])
			pending_rows_invalidate(&v->pending, i);
	free(which);
	return ok;
}

static bool compare_uncompared(struct verifier *v, struct error *err)
{
	for (unsigned i = 0; i < FULL_ROUNDS_MAX && verifier_uncompared(v) > 0; i++)
		if (!compare_into_queue(v, err))
			return false;
	return true;
}

bool verifier_before_cutover(struct verifier *v, struct error *err)
{
	struct pass pass;

	stop_set(&v->rounds_stop);
	thread_join(&v->rounds);
	if (v->type == VERIFIER_CHECKSUM_TABLE)
		return true;
	log_info("pre-cutover verification started");
	if (!compare_uncompared(v, err))
		return false;
	bool ok = pass_open(&pass, v, err);

	if (ok && v->repair)
		ok = passes(&pass, err) && repair_remaining(&pass, err) &&
		     compare_uncompared(v, err);
	ok = ok && passes(&pass, err);
	pass_close(&pass);
	return ok;
}
