/* Who looks at which rows, and when.
 *
 * The queue (pending_rows.h) knows what is left to be verified. Batches and whole tables
 * put rows into it that differed when they were first compared, the binlog writers put
 * in every row whose change they applied; passes over it take out what is equal. So at
 * any moment before the cutover a row is either in the queue, or was equal after its last
 * applied change, or lies in a part of a table not compared yet. The last pass, when
 * nothing is written any more, leaves only rows that really differ. */
#include "verifier_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "rows/row_batch.h"

static const char log_tag[] = "verifier";

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
			pending_rows_set_stage(&v->queue, i, TABLE_UNCOMPARED);
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
		pending_rows_from_json(&v->queue, tables);
		log_info("the verification goes on where it was: %zu tables are still to be compared "
			 "as a whole, %" PRIu64 " rows again",
			 pending_rows_uncompared(&v->queue), pending_rows_count(&v->queue));
	} else {
		distrust_copied(v);
	}
}

static void pushed_out(void *context, size_t table)
{
	struct verifier *v = context;

	mutex_lock(&v->lock);
	v->is_displaced[table] = true;
	mutex_unlock(&v->lock);
}

bool verifier_take_pushed_out(struct verifier *v, bool *which)
{
	bool any = false;

	mutex_lock(&v->lock);
	for (size_t i = 0; i < v->verification.count; i++) {
		which[i] = v->is_displaced[i];
		any |= which[i];
		v->is_displaced[i] = false;
	}
	mutex_unlock(&v->lock);
	return any;
}

const struct repair_plan *verifier_repair(const struct verifier *v)
{
	return v->repair.run ? &v->repair : NULL;
}

void verifier_count_repaired(struct verifier *v, const struct table_verdict *verdict)
{
	mutex_lock(&v->lock);
	v->repaired[verdict->f->table->index] += verdict->repaired;
	mutex_unlock(&v->lock);
}

struct verifier *verifier_new(struct run *run, struct db *target, const cJSON *stage,
			      bool is_resumed, const struct verifier_hooks *hooks, struct error *err)
{
	const struct verify_options *options = &run->options->verify;
	struct verifier *v = mem_calloc(1, sizeof(*v));

	v->run = run;
	v->type = options->type;
	v->hooks = *hooks;
	v->is_ignored = ignored_tables(run);
	v->is_incorrect = mem_calloc(run->tables->count + 1, sizeof(*v->is_incorrect));
	v->is_displaced = mem_calloc(run->tables->count + 1, sizeof(*v->is_displaced));
	v->repaired = mem_calloc(run->tables->count + 1, sizeof(*v->repaired));
	if (options->repair)
		v->repair = (struct repair_plan){ .run = run,
						  .pushed_out = pushed_out,
						  .context = v };
	mutex_init(&v->lock);
	stop_init(&v->rounds_stop);
	stop_init(&v->stop);
	pending_rows_init(&v->queue, run->tables,
			  v->type == VERIFIER_INLINE ? TABLE_COMPARED : TABLE_UNCOMPARED,
			  options->queue_bytes);
	if (v->type != VERIFIER_CHECKSUM_TABLE)
		pending_rows_spill_to(&v->queue, options->spill_beside);
	if (is_resumed)
		take_over(v, stage);
	for (size_t i = 0; i < run->tables->count; i++)
		if (v->is_ignored[i])
			pending_rows_set_stage(&v->queue, i, TABLE_COMPARED);
		else if (run->tables->tables[i]->key.count == 0)
			pending_rows_set_stage(&v->queue, i, TABLE_UNCOMPARED);
	if (table_diff_load(&v->verification, run->options, run->tables, target, run->stop, err))
		return v;
	verifier_free(v);
	return NULL;
}

void verifier_free(struct verifier *v)
{
	if (!v)
		return;
	verifier_stop(v);
	table_diff_release(&v->verification);
	pending_rows_release(&v->queue);
	free(v->is_ignored);
	free(v->is_incorrect);
	free(v->is_displaced);
	free(v->repaired);
	free(v->message);
	stop_destroy(&v->rounds_stop);
	stop_destroy(&v->stop);
	mutex_destroy(&v->lock);
	free(v);
}

/* --- rows that are to be looked at ---------------------------------------------------- */

void verifier_record(struct verifier *v, const struct moved_table *table, const char *condition,
		   size_t length)
{
	if (v->type != VERIFIER_CHECKSUM_TABLE && !v->is_ignored[table->index] &&
	    table->key.count > 0)
		pending_rows_add(&v->queue, table->index, condition, length);
}

void verifier_distrust_all(struct verifier *v)
{
	for (size_t i = 0; v->type != VERIFIER_CHECKSUM_TABLE && i < v->verification.count; i++)
		if (!v->is_ignored[i])
			pending_rows_forget(&v->queue, i);
}

bool verifier_catch_up(void *context, struct db *source, struct error *err)
{
	struct verifier *v = context;

	return v->hooks.catch_up(v->hooks.context, source, err);
}

void verifier_queue_difference(void *context, const struct row_hash *f,
			       const struct row_difference *difference)
{
	struct verifier *v = context;

	pending_rows_add(&v->queue, f->table->index, difference->condition,
			 difference->condition_length);
}

bool verifier_wants_batches(const struct verifier *v)
{
	return v && v->type == VERIFIER_INLINE;
}

bool verifier_open_comparer(struct verifier *v, struct range_diff *c, struct error *err)
{
	return range_diff_open(c, v->run->options, v->run->stop, verifier_queue_difference, v, err);
}

const char *verifier_row_sum(const struct verifier *v, const struct moved_table *table)
{
	if (!verifier_wants_batches(v) || v->is_ignored[table->index])
		return NULL;
	return v->verification.prints[table->index].sum[SIDE_SOURCE];
}

/* The source was summed up by the very statement that read the rows, so they are not read
 * there a second time and cannot have changed in between. */
bool verifier_batch(struct verifier *v, struct range_diff *c, const struct row_batch *batch,
		    struct error *err)
{
	const struct moved_table *table = batch->table;
	const struct row_hash *f = &v->verification.prints[table->index];
	struct range_rows rows;

	if (f->finding || v->is_ignored[table->index])
		return true; /* the verdict will say so */
	if (!range_diff_target(c, f, &batch->low, &batch->high, batch->rows,
				   batch->has_sum ? &batch->sum : NULL, &rows, err))
		return false;
	if (rows.differences > 0)
		log_debug("inline verification during data copy noticed %" PRIu64
			  " mismatched rows of %s, which is okay",
			  rows.differences, table->source->full_name);
	return true;
}

bool verifier_begin_table(void *context, size_t table, struct key *low)
{
	struct verifier *v = context;

	return !v->is_ignored[table] && pending_rows_begin(&v->queue, table, low);
}

size_t verifier_uncompared(struct verifier *v)
{
	size_t all = pending_rows_uncompared(&v->queue);
	size_t without_key = 0;

	for (size_t i = 0; i < v->run->tables->count; i++)
		without_key += v->run->tables->tables[i]->key.count == 0 && !v->is_ignored[i];
	return all > without_key ? all - without_key : 0;
}

void verifier_start(struct verifier *v)
{
	if (v->type == VERIFIER_INLINE)
		thread_start(&v->rounds, "verifier", verifier_rounds_main, v);
}

void verifier_stop(struct verifier *v)
{
	stop_set(&v->rounds_stop);
	stop_set(&v->stop);
	thread_join(&v->rounds);
	thread_join(&v->asked);
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
		status->repaired += v->repaired[i];
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
	status->queued = pending_rows_count(&v->queue);
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
	cJSON_AddItemToObject(object, "Tables", pending_rows_to_json(&v->queue));
	return object;
}
