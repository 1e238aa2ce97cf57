/* Tables in doubt (C4) are compared as a whole, and what differs is copied again: online, before
 * the cutover, once the stream has passed the position beyond which no doubt arises; tables that
 * come into doubt meanwhile are compared once more. Anything is left for the cutover only where
 * changes came too fast, or right before it. */
#include "cascades_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "compare/recheck.h"
#include "rows/owed_rows.h"

static const char log_tag[] = "cascades";

#define ROUNDS_MAX 5
#define POLL_MS 50
#define CERTAIN_MAX_MS 60000

/* One comparison of the tables that were in doubt when it began. */
struct doubt_check {
	struct cascades *c;
	uint64_t *numbers; /* the doubts at that time */
};

static bool is_in_doubt(void *context, size_t table, struct key *low UNUSED)
{
	const struct doubt_check *check = context;

	return check->numbers[table] != 0;
}

static size_t take_doubts(struct doubt_check *check)
{
	struct cascades *c = check->c;
	size_t count = 0;

	mutex_lock(&c->lock);
	for (size_t i = 0; i < c->run->tables->count; i++) {
		check->numbers[i] = c->doubts[i];
		count += c->doubts[i] != 0;
	}
	mutex_unlock(&c->lock);
	return count;
}

/* An owed row of a child (I9) is found neither by its values nor, where a foreign key was the last
 * to change it, by a later change. */
static void doubt_owed(struct cascades *c)
{
	for (size_t i = 0; i < c->run->tables->count; i++)
		if (c->is_child[i] && owed_rows_has(c->run->owed, c->run->tables->tables[i]))
			cascades_doubt(c, i, "rows of it were skipped or displaced");
}

/* Clears doubts about tables found equal; those that arose since stay. */
static void settle(struct doubt_check *check, const struct diff_report *report)
{
	struct cascades *c = check->c;

	mutex_lock(&c->lock);
	for (size_t i = 0; i < report->count; i++)
		if (check->numbers[i] && c->doubts[i] == check->numbers[i] &&
		    report->tables[i].is_compared && report->tables[i].different == 0 &&
		    report->tables[i].unsettled == 0)
			c->doubts[i] = 0;
	mutex_unlock(&c->lock);
}

static bool check_findings(const struct doubt_check *check, struct error *err)
{
	const struct cascades *c = check->c;

	for (size_t i = 0; i < c->diff.count; i++)
		if (check->numbers[i] && c->diff.hashes[i].finding)
			return error_set(err, ERROR_UNSUPPORTED,
					 "table %s, which foreign keys may have changed, cannot be "
					 "compared: %s",
					 c->run->tables->tables[i]->source->full_name,
					 c->diff.hashes[i].finding);
	return true;
}

static void log_end(const struct diff_report *report, size_t count, int64_t began_ms)
{
	uint64_t rows = 0, repaired = 0;

	for (size_t i = 0; i < report->count; i++) {
		rows += report->tables[i].rows[SIDE_SOURCE];
		repaired += report->tables[i].repaired;
	}
	log_info("%zu table%s that foreign keys may have changed compared: %" PRIu64
		 " rows, %" PRIu64 " copied again, %" PRId64 " ms",
		 count, count == 1 ? "" : "s", rows, repaired, clock_ms() - began_ms);
	probe("doubts_compared", "%" PRIu64, repaired);
}

static bool compare(struct doubt_check *check, const struct recheck_rules *rules, size_t count,
		    struct error *err)
{
	struct cascades *c = check->c;
	const struct comparison how = { .rules = rules,
					.begin = is_in_doubt,
					.context = check,
					.throttler = c->run->throttler,
					.repair = &c->check_plan,
					.workers = c->options.verify.workers };
	int64_t began_ms = clock_ms();
	struct diff_report report;

	probe("before_doubts_compared", "%zu", count);
	if (!check_findings(check, err))
		return false;
	diff_report_init(&report, c->diff.hashes, c->diff.count);
	bool ok = table_diff_compare(&c->diff, &how, &report, err);

	if (ok) {
		settle(check, &report);
		log_end(&report, count, began_ms);
	}
	diff_report_release(&report);
	return ok || error_wrap(err, "compare tables that foreign keys may have changed");
}

/* Until the stream has passed the position up to which doubts keep arising; later ones are compared
 * again. Not forever: an undecided XA transaction holds the position back. */
static bool wait_until_certain(struct cascades *c, struct error *err)
{
	int64_t deadline = clock_ms() + CERTAIN_MAX_MS;
	struct binlog_position applied, from;

	while (clock_ms() < deadline) {
		mutex_lock(&c->lock);
		from = c->certain_from;
		mutex_unlock(&c->lock);
		if (state_tracker_position(c->run->tracker, &applied) &&
		    binlog_position_compare(&applied, &from) >= 0)
			return true;
		if (!stop_sleep_ms(c->run->stop, POLL_MS))
			return error_set(err, ERROR_STOPPED, "stopped");
	}
	return true;
}

static bool begin(struct doubt_check *check, struct cascades *c)
{
	*check = (struct doubt_check){ .c = c };
	if (c->hooks.is_target_in_use)
		return false;
	check->numbers = mem_calloc(c->run->tables->count + 1, sizeof(*check->numbers));
	doubt_owed(c);
	return true;
}

bool cascades_before_cutover(struct cascades *c, struct error *err)
{
	const struct recheck_rules rules = { .stable_after = 2,
					     .attempts = 10,
					     .pause_ms = 100,
					     .catch_up = c->hooks.catch_up,
					     .context = c->hooks.context };
	struct doubt_check check;
	bool ok = true;
	size_t count;

	if (!begin(&check, c))
		return true;
	for (unsigned round = 0; ok && round < ROUNDS_MAX && take_doubts(&check) > 0; round++) {
		ok = wait_until_certain(c, err);
		count = take_doubts(&check);
		ok = ok && compare(&check, &rules, count, err);
	}
	free(check.numbers);
	return ok;
}

static bool refuse_rest(const struct doubt_check *check, struct error *err)
{
	const struct moved_tables *tables = check->c->run->tables;
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < tables->count; i++)
		if (check->numbers[i])
			buf_printf(&names, "%s%s", names.length ? ", " : "",
				   tables->tables[i]->source->full_name);
	error_set(err, ERROR_DIFFERENT,
		  "rows that foreign keys changed on the source are not the same on the target: %s "
		  "(the log names rows that cannot be written)",
		  buf_text(&names));
	buf_release(&names);
	return false;
}

bool cascades_during_cutover(struct cascades *c, struct error *err)
{
	/* Nothing is written any more; a transaction may still become visible. */
	const struct recheck_rules rules = { .stable_after = 4, .attempts = 12, .pause_ms = 20 };
	struct doubt_check check;
	bool ok = true;
	size_t count;

	if (!begin(&check, c))
		return true;
	for (unsigned round = 0; ok && (count = take_doubts(&check)) > 0; round++) {
		if (round == 0)
			log_warn("%zu table%s that foreign keys may have changed could not be "
				 "compared before: compared now",
				 count, count == 1 ? "" : "s");
		ok = round < ROUNDS_MAX ? compare(&check, &rules, count, err) :
					  refuse_rest(&check, err);
	}
	free(check.numbers);
	return ok;
}
