/* Who looks at which rows, and when.
 *
 * The queue (verify_queue.h) knows what is left to be verified. Batches and whole tables
 * put rows into it that differed when they were first compared, the binlog writers put
 * in every row whose change they applied; passes over it take out what is equal. So at
 * any moment before the cutover a row is either in the queue, or was equal after its last
 * applied change, or lies in a part of a table not compared yet. The last pass, when
 * nothing is written any more, leaves only rows that really differ. */
#include "ferry/verifier.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "ferry/recheck.h"
#include "ferry/verification.h"
#include "verify_queue.h"

static const char log_tag[] = "verifier";

#define PASSES_MAX 30
#define PASS_ENOUGH 1000 /* rows that may be left for the cutover */
#define FULL_ROUNDS_MAX 3
#define KEYS_PER_SLICE 2000

/* Nothing is written any more; a transaction may still become visible. */
static const struct recheck_rules standing_still = {
	.looks_same = 4,
	.looks_max = 12,
	.pause_ms = 20,
};

struct verifier {
	/* Constant once made. */
	struct run *run;
	enum verifier_type type;
	struct verifier_hooks hooks;
	struct verification verification;
	bool *is_ignored; /* owned; by ferry_table.index */

	struct verify_queue queue; /* locks itself */
	struct stop rounds_stop;
	struct stop stop; /* ends a verification that was asked for */
	struct thread rounds;	   /* Inline: over changed rows */
	struct thread asked;	   /* a verification that was asked for */

	/* Shared. */
	struct mutex lock;
	bool is_running;    /* guarded by lock: a verification that gives a result */
	unsigned number;    /* guarded by lock: of the verification whose result counts */
	unsigned asked_number; /* guarded by lock: of the one that was asked for last */
	bool has_started;   /* guarded by lock */
	bool is_done;	    /* guarded by lock */
	bool has_failed;    /* guarded by lock */
	bool data_correct;  /* guarded by lock */
	char *message;	    /* guarded by lock; owned; NULL: none */
	bool *is_incorrect; /* guarded by lock; owned; by ferry_table.index */
};

static const char *const type_names[] = {
	[VERIFIER_NONE] = "NoVerification",
	[VERIFIER_CHECKSUM_TABLE] = "ChecksumTable",
	[VERIFIER_ITERATIVE] = "Iterative",
	[VERIFIER_INLINE] = "Inline",
};

/* --- set-up ------------------------------------------------------------------------ */

static bool *ignored_tables(const struct run *run)
{
	const struct string_list *names = &run->options->verify.ignored_tables;
	bool *ignored = mem_calloc(run->tables->count + 1, sizeof(*ignored));

	for (size_t i = 0; i < run->tables->count; i++)
		for (size_t n = 0; n < names->count; n++)
			if (strcmp(run->tables->tables[i]->source->name, names->items[n]) == 0)
				ignored[i] = true;
	return ignored;
}

/* A state without our part: what was copied was not compared. */
static void distrust_copied(struct verifier *v)
{
	for (size_t i = 0; i < v->run->tables->count; i++) {
		struct key key = KEY_INIT;
		bool is_complete;

		state_tracker_key(v->run->tracker, v->run->tables->tables[i], &key, &is_complete);
		if (key.is_set || is_complete)
			verify_queue_set_stage(&v->queue, i, TABLE_UNCOMPARED);
		key_release(&key);
	}
}

static void take_over(struct verifier *v, const cJSON *stage)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(stage, "Type");
	const cJSON *tables = cJSON_GetObjectItemCaseSensitive(stage, "Tables");

	if (v->type == VERIFIER_CHECKSUM_TABLE)
		return;
	if (cJSON_IsString(type) && strcmp(type->valuestring, type_names[v->type]) == 0 &&
	    cJSON_IsObject(tables)) {
		verify_queue_from_json(&v->queue, tables);
		log_info("the verification goes on where it was: %zu tables are still to be compared "
			 "as a whole, %" PRIu64 " rows again",
			 verify_queue_uncompared(&v->queue), verify_queue_count(&v->queue));
	} else {
		distrust_copied(v);
	}
}

struct verifier *verifier_new(struct run *run, struct db *target, const cJSON *stage,
			      bool is_resumed, const struct verifier_hooks *hooks,
			      struct error *err)
{
	const struct verify_options *options = &run->options->verify;
	struct verifier *v = mem_calloc(1, sizeof(*v));

	v->run = run;
	v->type = options->type;
	v->hooks = *hooks;
	v->is_ignored = ignored_tables(run);
	v->is_incorrect = mem_calloc(run->tables->count + 1, sizeof(*v->is_incorrect));
	mutex_init(&v->lock);
	stop_init(&v->rounds_stop);
	stop_init(&v->stop);
	verify_queue_init(&v->queue, run->tables,
			  v->type == VERIFIER_INLINE ? TABLE_COMPARED : TABLE_UNCOMPARED,
			  options->queue_bytes);
	if (is_resumed)
		take_over(v, stage);
	for (size_t i = 0; i < run->tables->count; i++)
		if (v->is_ignored[i])
			verify_queue_set_stage(&v->queue, i, TABLE_COMPARED);
	if (verification_load(&v->verification, run->options, run->tables, target, run->stop, err))
		return v;
	verifier_free(v);
	return NULL;
}

void verifier_free(struct verifier *v)
{
	if (!v)
		return;
	verifier_stop(v);
	verification_release(&v->verification);
	verify_queue_release(&v->queue);
	free(v->is_ignored);
	free(v->is_incorrect);
	free(v->message);
	stop_destroy(&v->rounds_stop);
	stop_destroy(&v->stop);
	mutex_destroy(&v->lock);
	free(v);
}

/* --- rows that are to be looked at ---------------------------------------------------- */

void verifier_note(struct verifier *v, const struct ferry_table *table, const char *condition,
		   size_t length)
{
	if (v->type != VERIFIER_CHECKSUM_TABLE && !v->is_ignored[table->index])
		verify_queue_add(&v->queue, table->index, condition, length);
}

static void queue_difference(void *context, const struct fingerprint *f,
			     const struct row_difference *difference)
{
	struct verifier *v = context;

	verify_queue_add(&v->queue, f->table->index, difference->condition,
			 difference->condition_length);
}

bool verifier_wants_batches(const struct verifier *v)
{
	return v && v->type == VERIFIER_INLINE;
}

bool verifier_open_comparer(struct verifier *v, struct table_comparer *c, struct error *err)
{
	return table_comparer_open(c, v->run->options, v->run->stop, queue_difference, v, err);
}

bool verifier_batch(struct verifier *v, struct table_comparer *c, const struct ferry_table *table,
		    const struct key *low, const struct key *high, struct error *err)
{
	const struct fingerprint *f = &v->verification.prints[table->index];
	struct range_rows rows;

	if (f->problem || v->is_ignored[table->index])
		return true; /* the verdict will say so */
	if (!table_comparer_range(c, f, low, high, &rows, err))
		return false;
	if (rows.differences > 0)
		log_debug("inline verification during data copy noticed %" PRIu64
			  " mismatched rows of %s, which is okay",
			  rows.differences, table->source->full_name);
	return true;
}

/* --- passes ------------------------------------------------------------------------------ */

struct pass {
	struct verifier *v;
	struct table_comparer comparer;
	struct map differing; /* conditions of the slice at hand */
};

static void found_in_pass(void *context, const struct fingerprint *f,
			  const struct row_difference *difference)
{
	struct pass *pass = context;

	(void)f;
	map_put(&pass->differing, difference->condition, difference->condition_length, pass);
}

/* What differs and was not asked for: a collation took two keys for one. */
static void queue_others(struct pass *pass, size_t table, const struct queued_key *keys,
			 size_t count)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	for (size_t i = 0; i < count; i++)
		map_remove(&pass->differing, keys[i].condition, keys[i].length);
	while ((entry = map_next(&pass->differing, &cursor)))
		verify_queue_add(&pass->v->queue, table, entry->key, entry->key_length);
}

static bool pass_slice(struct pass *pass, size_t table, const struct queued_key *keys,
		       size_t count, struct error *err)
{
	struct verifier *v = pass->v;
	const char **conditions = mem_calloc(count, sizeof(*conditions));

	for (size_t i = 0; i < count; i++)
		conditions[i] = keys[i].condition;
	map_clear(&pass->differing);
	bool ok = throttler_wait(v->run->throttler, v->run->stop) ||
		  error_set(err, ERROR_STOPPED, "stopped");
	ok = ok && table_comparer_keys(&pass->comparer, &v->verification.prints[table], conditions,
				       count, err);
	free(conditions);
	for (size_t i = 0; ok && i < count; i++)
		if (!map_get(&pass->differing, keys[i].condition, keys[i].length))
			verify_queue_equal(&v->queue, table, &keys[i]);
	if (ok)
		queue_others(pass, table, keys, count);
	return ok;
}

static bool pass_table(struct pass *pass, size_t table, struct error *err)
{
	size_t count;
	struct queued_key *keys = verify_queue_copy(&pass->v->queue, table, &count);
	bool ok = true;

	for (size_t at = 0; ok && at < count; at += KEYS_PER_SLICE)
		ok = pass_slice(pass, table, keys + at,
				count - at < KEYS_PER_SLICE ? count - at : KEYS_PER_SLICE, err);
	queued_keys_free(keys, count);
	return ok;
}

static bool pass_all(struct pass *pass, struct error *err)
{
	for (size_t i = 0; i < pass->v->verification.count; i++)
		if (!pass->v->verification.prints[i].problem && !pass_table(pass, i, err))
			return false;
	return true;
}

static bool pass_open(struct pass *pass, struct verifier *v, struct error *err)
{
	pass->v = v;
	map_init(&pass->differing);
	return table_comparer_open(&pass->comparer, v->run->options, v->run->stop, found_in_pass,
				   pass, err);
}

static void pass_close(struct pass *pass)
{
	table_comparer_close(&pass->comparer);
	map_release(&pass->differing);
}

/* Inline's own thread. */
static void rounds_main(void *argument)
{
	struct verifier *v = argument;
	struct pass pass;
	struct error err;
	bool ok = pass_open(&pass, v, &err);

	while (ok && stop_sleep_ms(&v->rounds_stop, v->run->options->verify.interval_ms) &&
	       !stop_is_set(v->run->stop)) {
		uint64_t before = verify_queue_count(&v->queue);

		ok = before == 0 || pass_all(&pass, &err);
		if (ok && before > 0)
			probe("rows_reverified", "%" PRIu64 " %" PRIu64, before,
			      verify_queue_count(&v->queue));
	}
	pass_close(&pass);
	if (!ok && err.kind != ERROR_STOPPED)
		v->run->fail(v->run->fail_context, "inline_verifier", &err);
}

void verifier_start(struct verifier *v)
{
	if (v->type == VERIFIER_INLINE)
		thread_start(&v->rounds, "verifier", rounds_main, v);
}

void verifier_stop(struct verifier *v)
{
	stop_set(&v->rounds_stop);
	stop_set(&v->stop);
	thread_join(&v->rounds);
	thread_join(&v->asked);
}

/* --- before the cutover -------------------------------------------------------------------- */

static bool begin_table(void *context, size_t table, struct key *low)
{
	struct verifier *v = context;

	return !v->is_ignored[table] && verify_queue_begin(&v->queue, table, low);
}

static void table_went_on(void *context, size_t table, const struct key *end)
{
	struct verifier *v = context;

	verify_queue_compared(&v->queue, table, end);
}

static bool compare_into_queue(struct verifier *v, struct error *err)
{
	const struct comparison how = { .found = queue_difference,
					.begin = begin_table,
					.compared = table_went_on,
					.context = v,
					.throttler = v->run->throttler,
					.workers = v->run->options->verify.workers };
	struct verdict verdict;

	verdict_init(&verdict, v->verification.prints, v->verification.count);
	bool ok = verification_compare(&v->verification, &how, &verdict, err);
	verdict_release(&verdict);
	return ok;
}

static bool passes(struct pass *pass, struct error *err)
{
	struct verifier *v = pass->v;
	int64_t limit_ms = v->run->options->verify.max_downtime_ms;
	int64_t took_ms = 0;
	uint64_t before = UINT64_MAX, after = verify_queue_count(&v->queue);

	for (unsigned i = 1; after > 0 && i <= PASSES_MAX; i++) {
		int64_t began_ms = clock_ms();

		before = after;
		if (!pass_all(pass, err))
			return false;
		took_ms = clock_ms() - began_ms;
		after = verify_queue_count(&v->queue);
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

bool verifier_before_cutover(struct verifier *v, struct error *err)
{
	struct pass pass;

	stop_set(&v->rounds_stop);
	thread_join(&v->rounds);
	if (v->type == VERIFIER_CHECKSUM_TABLE)
		return true;
	log_info("pre-cutover verification started");
	for (unsigned i = 0; i < FULL_ROUNDS_MAX && verify_queue_uncompared(&v->queue) > 0; i++)
		if (!compare_into_queue(v, err))
			return false;
	bool ok = pass_open(&pass, v, err) && passes(&pass, err);
	pass_close(&pass);
	return ok;
}

/* --- the verdict ------------------------------------------------------------------------------- */

/* The newest one counts: a verification that was asked for gives way to the verdict. */
static unsigned set_running(struct verifier *v)
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
static void set_result(struct verifier *v, unsigned number, const struct verdict *verdict,
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

static uint64_t unsettled(const struct verdict *verdict)
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
					.begin = begin_table,
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

static size_t different_tables(const struct verifier *v, const struct verdict *verdict)
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

	if (different_tables(v, verdict) == 0 && unsettled(verdict) == 0) {
		set_result(v, number, verdict, false, true, mem_strdup(""));
		log_info("verification: all tables are equal");
		return true;
	}
	buf_puts(&message, "cutover verification failed for: ");
	verdict_message(&message, verdict);
	if (unsettled(verdict) > 0)
		buf_printf(&message,
			   "%" PRIu64 " rows were written during the verification: the writers "
			   "must be stopped before the cutover (CutoverLock)",
			   unsettled(verdict));
	log_incorrect(v, verdict);
	error_set(err, ERROR_DIFFERENT, "%s", buf_text(&message));
	set_result(v, number, verdict, false, false, buf_take(&message));
	return false;
}

bool verifier_during_cutover(struct verifier *v, struct error *err)
{
	struct verdict verdict;
	bool ok;

	probe("before_final_verification", " ");
	unsigned number = set_running(v);
	verdict_init(&verdict, v->verification.prints, v->verification.count);
	ok = settle_all(v, &verdict, err);
	if (ok)
		ok = judge(v, number, &verdict, err);
	else
		set_result(v, number, &verdict, true, false, mem_strdup(err->text));
	verdict_release(&verdict);
	return ok;
}

/* --- when asked ------------------------------------------------------------------------------- */

static bool begin_any(void *context, size_t table, struct key *low)
{
	const struct verifier *v = context;

	(void)low;
	return !v->is_ignored[table];
}

static void report(struct verifier *v, unsigned number, const struct verdict *verdict)
{
	struct buf message = BUF_INIT;
	bool correct = different_tables(v, verdict) == 0;

	if (!correct)
		buf_puts(&message, "verification failed for: ");
	verdict_message(&message, verdict);
	if (unsettled(verdict) > 0)
		buf_printf(&message, "%" PRIu64 " rows changed whenever they were looked at",
			   unsettled(verdict));
	if (correct)
		log_info("verification that was asked for: all tables are equal %s",
			 buf_text(&message));
	else
		log_error("%s", buf_text(&message));
	set_result(v, number, verdict, false, correct, buf_take(&message));
}

static bool catch_up(void *context, struct db *source, struct error *err)
{
	struct verifier *v = context;

	return v->hooks.catch_up(v->hooks.context, source, err);
}

static void asked_main(void *argument)
{
	struct verifier *v = argument;
	const struct recheck_rules rules = { .looks_same = 2,
					     .looks_max = 30,
					     .pause_ms = 100,
					     .catch_up = catch_up,
					     .context = v };
	const struct comparison how = { .rules = &rules,
					.begin = begin_any,
					.context = v,
					.workers = v->run->options->verify.workers };
	struct verification verification = v->verification; /* but for whom it stops */
	struct verdict verdict;
	struct error err;

	mutex_lock(&v->lock);
	unsigned number = v->asked_number;
	mutex_unlock(&v->lock);
	verification.stop = &v->stop;
	verdict_init(&verdict, verification.prints, verification.count);
	if (verification_compare(&verification, &how, &verdict, &err))
		report(v, number, &verdict);
	else
		set_result(v, number, &verdict, true, false, mem_strdup(err.text));
	verdict_release(&verdict);
}

bool verifier_request(struct verifier *v, struct error *err)
{
	enum phase phase = state_tracker_phase(v->run->tracker);

	if (phase == PHASE_STARTING || phase == PHASE_COPYING)
		return error_set(err, ERROR_CONFIG,
				 "verification is possible once the rows are copied");
	mutex_lock(&v->lock);
	bool is_running = v->is_running;
	mutex_unlock(&v->lock);
	if (is_running)
		return error_set(err, ERROR_BUSY, "verification is on going");
	thread_join(&v->asked); /* of the last time: it has set its result */
	unsigned number = set_running(v);
	mutex_lock(&v->lock);
	v->asked_number = number;
	mutex_unlock(&v->lock);
	log_info("verification was asked for");
	thread_start(&v->asked, "verifier", asked_main, v);
	return true;
}

/* --- for others ---------------------------------------------------------------------------------- */

static void result_status(struct verifier *v, struct verifier_status *status)
{
	mutex_lock(&v->lock);
	status->has_started = v->has_started;
	status->is_done = v->is_done;
	status->has_failed = v->has_failed;
	status->data_correct = v->data_correct;
	status->message = mem_strdup(v->message ? v->message : "");
	for (size_t i = 0; i < v->verification.count; i++)
		if (v->is_incorrect[i])
			status->incorrect_tables[status->incorrect_count++] =
				v->run->tables->tables[i]->source->full_name;
	mutex_unlock(&v->lock);
}

void verifier_status(struct verifier *v, struct verifier_status *status)
{
	enum phase phase = state_tracker_phase(v->run->tracker);

	*status = (struct verifier_status){ .type = type_names[v->type] };
	status->incorrect_tables =
		mem_calloc(v->verification.count + 1, sizeof(*status->incorrect_tables));
	result_status(v, status);
	status->is_available = phase != PHASE_STARTING && phase != PHASE_COPYING &&
			       (!status->has_started || status->is_done);
	status->queued = verify_queue_count(&v->queue);
}

void verifier_status_release(struct verifier_status *status)
{
	free(status->message);
	free(status->incorrect_tables);
	*status = (struct verifier_status){ .type = NULL };
}

cJSON *verifier_state(struct verifier *v)
{
	cJSON *object;

	if (v->type == VERIFIER_CHECKSUM_TABLE)
		return cJSON_CreateNull();
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "Type", type_names[v->type]);
	cJSON_AddItemToObject(object, "Tables", verify_queue_to_json(&v->queue));
	return object;
}
