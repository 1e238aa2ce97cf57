/* The verdict: what still differs when source and target stand still. */
#include "verifier_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "compare/recheck.h"

static const char log_tag[] = "verifier";

#define REPAIR_ROUNDS_MAX 3 /* over a whole table */

/* Nothing is written any more; a transaction may still become visible. */
static const struct recheck_rules quiesced = {
	.stable_after = 4,
	.attempts = 12,
	.pause_ms = 20,
};

/* --- the verdict ------------------------------------------------------------------------------- */

unsigned verifier_begin(struct verifier *v)
{
	mutex_lock(&v->lock);
	unsigned number = ++v->number;
	v->result = VERIFICATION_RUNNING;
	free(v->message);
	v->message = NULL;
	verifier_set_findings(v, NULL);
	for (size_t i = 0; i < v->diff.count; i++)
		v->tables[i].is_incorrect = false;
	mutex_unlock(&v->lock);
	return number;
}

void verifier_end(struct verifier *v, unsigned number, const struct diff_report *report,
		  enum verification_result result, char *message)
{
	mutex_lock(&v->lock);
	if (number != v->number) {
		mutex_unlock(&v->lock);
		free(message);
		return;
	}
	v->result = result;
	free(v->message);
	v->message = message;
	for (size_t i = 0; result != VERIFICATION_FAILED && i < report->count; i++)
		v->tables[i].is_incorrect =
			table_report_is_different(&report->tables[i]) && !v->tables[i].is_ignored;
	if (result == VERIFICATION_DIFFERENT)
		verifier_set_findings(v, report);
	mutex_unlock(&v->lock);
}

/* One attempt to resolve everything. */
struct resolution {
	struct verifier *v;
	const bool *which; /* by table; NULL: all */
	const struct repair_plan *repair;
	struct diff_report *report;
};

/* Rows of the queue that still differ go into the verdict. */
struct queue_resolution {
	struct resolution *s;
	struct range_diff comparer;
	struct row_repair repair; /* initialised if there is a plan for it */
};

static bool resolve_slice(void *context, size_t table, const struct queued_key *keys, size_t count,
			  struct error *err)
{
	struct queue_resolution *q = context;

	return verifier_recheck(&q->comparer, keys, count, &quiesced,
				q->s->repair ? &q->repair : NULL, &q->s->report->tables[table], err);
}

static bool resolve_queue(struct resolution *s, struct error *err)
{
	struct verifier *v = s->v;
	struct queue_resolution q = { .s = s };
	bool ok = true;

	if (!range_diff_open(&q.comparer, v->run->options, v->run->stop, NULL, NULL, err))
		return false;
	if (s->repair)
		row_repair_init(&q.repair, s->repair, v->run->options->verify.workers);
	for (size_t i = 0; ok && i < s->report->count; i++)
		if (!s->report->tables[i].f->finding)
			ok = pending_rows_each(&v->pending, i, KEYS_PER_SLICE, true, resolve_slice,
					       &q, err);
	if (s->repair)
		row_repair_release(&q.repair);
	range_diff_close(&q.comparer);
	return ok;
}

static bool begin_concerned(void *context, size_t table, struct key *low)
{
	struct resolution *s = context;

	return s->which ? s->which[table] : verifier_begin_table(s->v, table, low);
}

static bool resolve(struct resolution *s, struct error *err)
{
	struct verifier *v = s->v;
	const struct comparison how = { .rules = &quiesced,
					.begin = begin_concerned,
					.compared = NULL,
					.context = s,
					.repair = s->repair,
					.workers = v->run->options->verify.workers };

	/* Tables that are compared from their start need nothing of the queue. */
	return table_diff_compare(&v->diff, &how, s->report, err) &&
	       (s->which || resolve_queue(s, err));
}

/* Rows that were equal once may be others without any change in the stream. */
static void invalidate_unlogged(struct verifier *v)
{
	for (size_t i = 0; v->type != VERIFIER_CHECKSUM_TABLE && i < v->diff.count; i++) {
		const struct moved_table *table = v->run->tables->tables[i];

		if (!table->may_change_unlogged || v->tables[i].is_ignored)
			continue;
		log_info("table %s is compared as a whole: foreign keys may have changed it without "
			 "a word in the binlog",
			 table->source->full_name);
		pending_rows_invalidate(&v->pending, i);
	}
}

/* Repairs may cost other rows: such tables are compared again from their start, and the
 * last time nothing is repaired any more. */
static bool resolve_all(struct verifier *v, struct diff_report *report, struct error *err)
{
	struct resolution s = { .v = v, .repair = v->repair, .report = report };
	bool *which = mem_calloc(report->count + 1, sizeof(*which));
	size_t uncompared = verifier_uncompared(v);

	if (uncompared > 0 && v->type != VERIFIER_CHECKSUM_TABLE)
		log_warn("%zu table%s changed too much to be verified before: compared now",
			 uncompared, uncompared == 1 ? "" : "s");
	invalidate_unlogged(v);
	bool ok = resolve(&s, err);

	for (unsigned round = 1; ok && verifier_take_displaced(v, which); round++) {
		s.which = which;
		if (round == REPAIR_ROUNDS_MAX)
			s.repair = NULL;
		for (size_t i = 0; i < report->count; i++)
			if (which[i])
				table_report_reset(&report->tables[i]);
		ok = resolve(&s, err);
	}
	for (size_t i = 0; i < report->count; i++)
		verifier_count_repaired(v, &report->tables[i]);
	free(which);
	return ok;
}

/* The text of an error is cut when it grows long: here each table has a line. */
static void log_incorrect(const struct verifier *v, const struct diff_report *report)
{
	struct buf names = BUF_INIT, line = BUF_INIT;

	for (size_t i = 0; i < report->count; i++) {
		if (!table_report_is_different(&report->tables[i]) || v->tables[i].is_ignored)
			continue;
		buf_clear(&line);
		table_report_message(&line, &report->tables[i]);
		log_error("different: %s", buf_text(&line));
		buf_printf(&names, "%s%s", names.length ? "," : "",
			   report->tables[i].f->table->source->full_name);
	}
	const struct log_field fields[] = { { "incorrect_tables", buf_text(&names) },
					    { NULL, NULL } };
	log_write(LOG_ERROR, log_tag, NULL, fields, "cutover verification failed");
	buf_release(&names);
	buf_release(&line);
}

size_t verifier_different_tables(const struct verifier *v, const struct diff_report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < report->count; i++)
		count += table_report_is_different(&report->tables[i]) && !v->tables[i].is_ignored;
	return count;
}

/* "" when nothing was; sum: of all tables. */
static void put_repaired(struct verifier *v, struct buf *message, uint64_t *sum)
{
	*sum = 0;
	mutex_lock(&v->lock);
	for (size_t i = 0; i < v->diff.count; i++) {
		if (v->tables[i].repaired == 0)
			continue;
		buf_printf(message, "%s%s (%" PRIu64 ")", *sum ? ", " : "repaired rows: ",
			   v->run->tables->tables[i]->source->full_name, v->tables[i].repaired);
		*sum += v->tables[i].repaired;
	}
	mutex_unlock(&v->lock);
}

static void accept(struct verifier *v, unsigned number, const struct diff_report *report)
{
	struct buf message = BUF_INIT;
	uint64_t repaired;

	put_repaired(v, &message, &repaired);
	if (repaired > 0)
		log_warn("verification: all tables are equal, but not by the copy alone: %s",
			 buf_text(&message));
	else
		log_info("verification: all tables are equal");
	verifier_end(v, number, report, VERIFICATION_EQUAL, buf_take(&message));
}

static bool conclude(struct verifier *v, unsigned number, const struct diff_report *report,
		     struct error *err)
{
	struct buf message = BUF_INIT;
	uint64_t repaired;

	if (verifier_different_tables(v, report) == 0 && diff_report_unsettled(report) == 0) {
		accept(v, number, report);
		return true;
	}
	buf_puts(&message, "cutover verification failed for: ");
	diff_report_message(&message, report);
	if (diff_report_unsettled(report) > 0)
		buf_printf(&message,
			   "%" PRIu64 " rows were written during the verification: the writers "
			   "must be stopped before the cutover (CutoverLock)",
			   diff_report_unsettled(report));
	put_repaired(v, &message, &repaired);
	log_incorrect(v, report);
	error_set(err, ERROR_DIFFERENT, "%s", buf_text(&message));
	verifier_end(v, number, report, VERIFICATION_DIFFERENT, buf_take(&message));
	return false;
}

bool verifier_during_cutover(struct verifier *v, struct error *err)
{
	struct diff_report report;
	bool ok;

	probe("before_final_verification", " ");
	unsigned number = verifier_begin(v);
	diff_report_init(&report, v->diff.hashes, v->diff.count);
	ok = resolve_all(v, &report, err);
	if (ok)
		ok = conclude(v, number, &report, err);
	else
		verifier_end(v, number, &report, VERIFICATION_FAILED, mem_strdup(err->text));
	diff_report_release(&report);
	return ok;
}
