/* The verdict: what still differs when source and target stand still. */
#include "verifier_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "ferry/recheck.h"

static const char log_tag[] = "verifier";

/* Nothing is written any more; a transaction may still become visible. */
static const struct recheck_rules standing_still = {
	.looks_same = 4,
	.looks_max = 12,
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
void verifier_set_result(struct verifier *v, unsigned number, const struct verdict *verdict,
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
		v->is_incorrect[i] = table_verdict_is_different(&verdict->tables[i]) &&
				     !v->is_ignored[i];
	mutex_unlock(&v->lock);
}

uint64_t verifier_unsettled(const struct verdict *verdict)
{
	uint64_t count = 0;

	for (size_t i = 0; i < verdict->count; i++)
		count += verdict->tables[i].unsettled;
	return count;
}

/* Rows of the queue that still differ go into the verdict. */
static bool settle_table(struct verifier *v, struct table_comparer *c,
			 struct table_verdict *verdict, struct error *err)
{
	size_t table = verdict->f->table->index;
	size_t count;
	struct queued_key *keys = verify_queue_copy(&v->queue, table, &count);
	struct recheck recheck;
	bool ok = true;

	recheck_init(&recheck, verdict->f);
	for (size_t at = 0; ok && at < count; at++) {
		recheck_add_key(&recheck, keys[at].condition, keys[at].length);
		if (recheck.rows.count >= KEYS_PER_SLICE || at + 1 == count)
			ok = recheck_run(&recheck, c, &standing_still, verdict, err);
	}
	recheck_release(&recheck);
	queued_keys_free(keys, count);
	return ok;
}

static bool settle_all(struct verifier *v, struct verdict *verdict, struct error *err)
{
	const struct comparison how = { .rules = &standing_still,
					.begin = verifier_begin_table,
					.compared = NULL,
					.context = v,
					.workers = v->run->options->verify.workers };
	struct table_comparer comparer;
	size_t uncompared = verify_queue_uncompared(&v->queue);

	if (uncompared > 0 && v->type != VERIFIER_CHECKSUM_TABLE)
		log_warn("%zu tables changed too much to be verified before: they are compared now",
			 uncompared);
	if (!verification_compare(&v->verification, &how, verdict, err))
		return false;
	if (!table_comparer_open(&comparer, v->run->options, v->run->stop, NULL, NULL, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < verdict->count; i++)
		if (!verdict->tables[i].f->problem)
			ok = settle_table(v, &comparer, &verdict->tables[i], err);
	table_comparer_close(&comparer);
	return ok;
}

static void log_incorrect(const struct verifier *v, const struct verdict *verdict)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < verdict->count; i++)
		if (table_verdict_is_different(&verdict->tables[i]) && !v->is_ignored[i])
			buf_printf(&names, "%s%s", names.length ? "," : "",
				   verdict->tables[i].f->table->source->full_name);
	const struct log_field fields[] = { { "incorrect_tables", buf_text(&names) },
					    { NULL, NULL } };
	log_write(LOG_ERROR, log_tag, NULL, fields, "cutover verification failed");
	buf_release(&names);
}

size_t verifier_different_tables(const struct verifier *v, const struct verdict *verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < verdict->count; i++)
		count += table_verdict_is_different(&verdict->tables[i]) && !v->is_ignored[i];
	return count;
}

static bool judge(struct verifier *v, unsigned number, const struct verdict *verdict,
		  struct error *err)
{
	struct buf message = BUF_INIT;

	if (verifier_different_tables(v, verdict) == 0 && verifier_unsettled(verdict) == 0) {
		verifier_set_result(v, number, verdict, false, true, mem_strdup(""));
		log_info("verification: all tables are equal");
		return true;
	}
	buf_puts(&message, "cutover verification failed for: ");
	verdict_message(&message, verdict);
	if (verifier_unsettled(verdict) > 0)
		buf_printf(&message,
			   "%" PRIu64 " rows were written during the verification: the writers "
			   "must be stopped before the cutover (CutoverLock)",
			   verifier_unsettled(verdict));
	log_incorrect(v, verdict);
	error_set(err, ERROR_DIFFERENT, "%s", buf_text(&message));
	verifier_set_result(v, number, verdict, false, false, buf_take(&message));
	return false;
}

bool verifier_during_cutover(struct verifier *v, struct error *err)
{
	struct verdict verdict;
	bool ok;

	probe("before_final_verification", " ");
	unsigned number = verifier_set_running(v);
	verdict_init(&verdict, v->verification.prints, v->verification.count);
	ok = settle_all(v, &verdict, err);
	if (ok)
		ok = judge(v, number, &verdict, err);
	else
		verifier_set_result(v, number, &verdict, true, false, mem_strdup(err->text));
	verdict_release(&verdict);
	return ok;
}
