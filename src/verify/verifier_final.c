/* The verdict: what still differs when source and target stand still. */
#include "verifier_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "compare/recheck.h"
#include "compare/row_repair.h"

static const char log_tag[] = "verifier";

#define REPAIR_ROUNDS_MAX 3 /* over a whole table */

/* Nothing is written any more; a transaction may still become visible. */
static const struct recheck_rules standing_still = {
	.stable_after = 4,
	.attempts = 12,
	.pause_ms = 20,
};

/* --- the verdict ------------------------------------------------------------------------------- */

/* The newest one counts: a verification that was asked for gives way to the verdict. */
unsigned verifier_set_running(struct verifier *v)
{
	mutex_lock(&v->lock);
	unsigned number = ++v->number;
	v->is_running = v->has_started = true;
	v->is_done = v->has_failed = v->data_correct = false;
	free(v->message);
	v->message = NULL;
	memset(v->is_incorrect, 0, v->verification.count * sizeof(*v->is_incorrect));
	mutex_unlock(&v->lock);
	return number;
}

/* Takes message. */
void verifier_set_result(struct verifier *v, unsigned number, const struct diff_report *verdict,
			 bool failed, bool correct, char *message)
{
	mutex_lock(&v->lock);
	if (number != v->number) {
		mutex_unlock(&v->lock);
		free(message);
		return;
	}
	v->is_running = false;
	v->is_done = true;
	v->has_failed = failed;
	v->data_correct = correct;
	free(v->message);
	v->message = message;
	for (size_t i = 0; !failed && i < verdict->count; i++)
		v->is_incorrect[i] = table_report_is_different(&verdict->tables[i]) &&
				     !v->is_ignored[i];
	mutex_unlock(&v->lock);
}

/* One attempt to settle everything: the verdict of the tables in which. */
struct settlement {
	struct verifier *v;
	const bool *which; /* by table; NULL: all */
	const struct repair_plan *repair;
	struct diff_report *verdict;
};

/* Rows of the queue that still differ go into the verdict. */
struct queue_settlement {
	struct settlement *s;
	struct range_diff comparer;
	struct row_repair repair; /* initialised if there is a plan for it */
};

static bool settle_slice(void *context, size_t table, const struct queued_key *keys, size_t count,
			 struct error *err)
{
	struct queue_settlement *q = context;
	struct recheck recheck;

	recheck_init(&recheck, &q->s->v->verification.prints[table]);
	for (size_t i = 0; i < count; i++)
		recheck_add_key(&recheck, keys[i].condition, keys[i].length);
	bool ok = recheck_run(&recheck, &q->comparer, &standing_still,
			      q->s->repair ? &q->repair : NULL, &q->s->verdict->tables[table], err);
	recheck_release(&recheck);
	return ok;
}

static bool settle_queue(struct settlement *s, struct error *err)
{
	struct verifier *v = s->v;
	struct queue_settlement q = { .s = s };
	bool ok = true;

	if (!range_diff_open(&q.comparer, v->run->options, v->run->stop, NULL, NULL, err))
		return false;
	if (s->repair)
		row_repair_init(&q.repair, s->repair, v->run->options->verify.workers);
	for (size_t i = 0; ok && i < s->verdict->count; i++)
		if (!s->verdict->tables[i].f->finding)
			ok = pending_rows_each(&v->queue, i, KEYS_PER_SLICE, true, settle_slice, &q,
					       err);
	if (s->repair)
		row_repair_release(&q.repair);
	range_diff_close(&q.comparer);
	return ok;
}

static bool begin_concerned(void *context, size_t table, struct key *low)
{
	struct settlement *s = context;

	return s->which ? s->which[table] : verifier_begin_table(s->v, table, low);
}

static bool settle(struct settlement *s, struct error *err)
{
	struct verifier *v = s->v;
	const struct comparison how = { .rules = &standing_still,
					.begin = begin_concerned,
					.compared = NULL,
					.context = s,
					.repair = s->repair,
					.workers = v->run->options->verify.workers };

	/* Tables that are compared from their start need nothing of the queue. */
	return table_diff_compare(&v->verification, &how, s->verdict, err) &&
	       (s->which || settle_queue(s, err));
}

/* Rows that were equal once may be others without any change in the stream. */
static void distrust_unlogged(struct verifier *v)
{
	for (size_t i = 0; v->type != VERIFIER_CHECKSUM_TABLE && i < v->verification.count; i++) {
		const struct moved_table *table = v->run->tables->tables[i];

		if (!table->may_change_unlogged || v->is_ignored[i])
			continue;
		log_info("table %s is compared as a whole: foreign keys may have changed it without "
			 "a word in the binlog",
			 table->source->full_name);
		pending_rows_forget(&v->queue, i);
	}
}

/* Repairs may cost other rows: such tables are compared anew from their start, and the
 * last time nothing is repaired any more. */
static bool settle_all(struct verifier *v, struct diff_report *verdict, struct error *err)
{
	struct settlement s = { .v = v, .repair = verifier_repair(v), .verdict = verdict };
	bool *which = mem_calloc(verdict->count + 1, sizeof(*which));
	size_t uncompared = verifier_uncompared(v);

	if (uncompared > 0 && v->type != VERIFIER_CHECKSUM_TABLE)
		log_warn("%zu tables changed too much to be verified before: they are compared now",
			 uncompared);
	distrust_unlogged(v);
	bool ok = settle(&s, err);

	for (unsigned round = 1; ok && verifier_take_displaced(v, which); round++) {
		s.which = which;
		if (round == REPAIR_ROUNDS_MAX)
			s.repair = NULL;
		for (size_t i = 0; i < verdict->count; i++)
			if (which[i])
				table_report_reset(&verdict->tables[i]);
		ok = settle(&s, err);
	}
	for (size_t i = 0; i < verdict->count; i++)
		verifier_count_repaired(v, &verdict->tables[i]);
	free(which);
	return ok;
}

/* The text of an error is cut when it grows long: here each table has a line. */
static void log_incorrect(const struct verifier *v, const struct diff_report *verdict)
{
	struct buf names = BUF_INIT, line = BUF_INIT;

	for (size_t i = 0; i < verdict->count; i++) {
		if (!table_report_is_different(&verdict->tables[i]) || v->is_ignored[i])
			continue;
		buf_clear(&line);
		table_report_message(&line, &verdict->tables[i]);
		log_error("different: %s", buf_text(&line));
		buf_printf(&names, "%s%s", names.length ? "," : "",
			   verdict->tables[i].f->table->source->full_name);
	}
	const struct log_field fields[] = { { "incorrect_tables", buf_text(&names) },
					    { NULL, NULL } };
	log_write(LOG_ERROR, log_tag, NULL, fields, "cutover verification failed");
	buf_release(&names);
	buf_release(&line);
}

size_t verifier_different_tables(const struct verifier *v, const struct diff_report *verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < verdict->count; i++)
		count += table_report_is_different(&verdict->tables[i]) && !v->is_ignored[i];
	return count;
}

/* "" when nothing was; sum: of all tables. */
static void put_repaired(struct verifier *v, struct buf *message, uint64_t *sum)
{
	*sum = 0;
	mutex_lock(&v->lock);
	for (size_t i = 0; i < v->verification.count; i++) {
		if (v->repaired[i] == 0)
			continue;
		buf_printf(message, "%s%s (%" PRIu64 ")", *sum ? ", " : "repaired rows: ",
			   v->run->tables->tables[i]->source->full_name, v->repaired[i]);
		*sum += v->repaired[i];
	}
	mutex_unlock(&v->lock);
}

static void accept(struct verifier *v, unsigned number, const struct diff_report *verdict)
{
	struct buf message = BUF_INIT;
	uint64_t repaired;

	put_repaired(v, &message, &repaired);
	if (repaired > 0)
		log_warn("verification: all tables are equal, but not by the copy alone: %s",
			 buf_text(&message));
	else
		log_info("verification: all tables are equal");
	verifier_set_result(v, number, verdict, false, true, buf_take(&message));
}

static bool judge(struct verifier *v, unsigned number, const struct diff_report *verdict,
		  struct error *err)
{
	struct buf message = BUF_INIT;
	uint64_t repaired;

	if (verifier_different_tables(v, verdict) == 0 && diff_report_unsettled(verdict) == 0) {
		accept(v, number, verdict);
		return true;
	}
	buf_puts(&message, "cutover verification failed for: ");
	diff_report_message(&message, verdict);
	if (diff_report_unsettled(verdict) > 0)
		buf_printf(&message,
			   "%" PRIu64 " rows were written during the verification: the writers "
			   "must be stopped before the cutover (CutoverLock)",
			   diff_report_unsettled(verdict));
	put_repaired(v, &message, &repaired);
	log_incorrect(v, verdict);
	error_set(err, ERROR_DIFFERENT, "%s", buf_text(&message));
	verifier_set_result(v, number, verdict, false, false, buf_take(&message));
	return false;
}

bool verifier_during_cutover(struct verifier *v, struct error *err)
{
	struct diff_report verdict;
	bool ok;

	probe("before_final_verification", " ");
	unsigned number = verifier_set_running(v);
	diff_report_init(&verdict, v->verification.prints, v->verification.count);
	ok = settle_all(v, &verdict, err);
	if (ok)
		ok = judge(v, number, &verdict, err);
	else
		verifier_set_result(v, number, &verdict, true, false, mem_strdup(err->text));
	diff_report_release(&verdict);
	return ok;
}
