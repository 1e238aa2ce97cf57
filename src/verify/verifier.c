/* Which rows are compared when, and by which thread.
 *
 * The pending rows (pending_rows.h) are what is left to be verified. Batches and whole tables
 * add rows that differed when they were first compared, the binlog writers add every row
 * whose change they applied; passes over them take out what is equal. So at any moment
 * before the cutover a row is either pending, or was equal after its last applied change,
 * or lies in a part of a table not compared yet. The last pass, when nothing is written any
 * more, leaves only rows that really differ. */
#include "verifier_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "compare/recheck.h"
#include "rows/row_batch.h"

static const char log_tag[] = "verifier";

static const char *const type_names[] = {
	[VERIFIER_NONE] = "NoVerification",
	[VERIFIER_CHECKSUM_TABLE] = "ChecksumTable",
	[VERIFIER_ITERATIVE] = "Iterative",
	[VERIFIER_INLINE] = "Inline",
};

/* --- set-up ------------------------------------------------------------------------ */

static void restore_stage(struct verifier *v, const cJSON *stage)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(stage, "Type");
	const cJSON *tables = cJSON_GetObjectItemCaseSensitive(stage, "Tables");

	if (v->type == VERIFIER_CHECKSUM_TABLE)
		return;
	if (cJSON_IsString(type) && strcmp(type->valuestring, type_names[v->type]) == 0 &&
	    cJSON_IsObject(tables)) {
		pending_rows_from_json(&v->pending, tables);
		size_t whole = pending_rows_uncompared(&v->pending);
		uint64_t rows = pending_rows_count(&v->pending);

		log_info("the verification goes on where it was: %zu table%s still to be compared "
			 "as a whole, %" PRIu64 " row%s again",
			 whole, whole == 1 ? "" : "s", rows, rows == 1 ? "" : "s");
		return;
	}
	/* A state without our part: what was copied was not compared. */
	for (size_t i = 0; i < v->run->tables->count; i++) {
		struct key key = KEY_INIT;
		bool is_complete;

		state_tracker_key(v->run->tracker, v->run->tables->tables[i], &key, &is_complete);
		if (key.is_set || is_complete)
			pending_rows_set_stage(&v->pending, i, TABLE_UNCOMPARED);
		key_release(&key);
	}
}

static void displaced(void *context, size_t table)
{
	struct verifier *v = context;

	mutex_lock(&v->lock);
	v->tables[table].is_displaced = true;
	mutex_unlock(&v->lock);
}

bool verifier_take_displaced(struct verifier *v, bool *which)
{
	bool any = false;

	mutex_lock(&v->lock);
	for (size_t i = 0; i < v->diff.count; i++) {
		which[i] = v->tables[i].is_displaced;
		any |= which[i];
		v->tables[i].is_displaced = false;
	}
	mutex_unlock(&v->lock);
	return any;
}

void verifier_count_repaired(struct verifier *v, const struct table_report *report)
{
	mutex_lock(&v->lock);
	v->tables[report->f->table->index].repaired += report->repaired;
	mutex_unlock(&v->lock);
}

static bool is_ignored(const struct run *run, const struct moved_table *table)
{
	const struct string_list *names = &run->options->verify.ignored_tables;

	for (size_t n = 0; n < names->count; n++)
		if (strcmp(table->source->name, names->items[n]) == 0)
			return true;
	return false;
}

struct verifier *verifier_new(struct run *run, struct db *target, const cJSON *stage,
			      bool is_resumed, const struct verifier_hooks *hooks, struct error *err)
{
	const struct verify_options *options = &run->options->verify;
	struct verifier *v = mem_calloc(1, sizeof(*v));

	v->run = run;
	v->type = options->type;
	v->hooks = *hooks;
	v->tables = mem_calloc(run->tables->count + 1, sizeof(*v->tables));
	v->plan = (struct repair_plan){ .run = run, .displaced = displaced, .context = v };
	v->repair = options->repair ? &v->plan : NULL;
	mutex_init(&v->lock);
	stop_init(&v->rounds_stop);
	stop_init(&v->stop);
	pending_rows_init(&v->pending, run->tables,
			  v->type == VERIFIER_INLINE ? TABLE_COMPARED : TABLE_UNCOMPARED,
			  options->queue_bytes);
	if (v->type != VERIFIER_CHECKSUM_TABLE)
		pending_rows_spill_to(&v->pending, options->spill_beside);
	if (is_resumed)
		restore_stage(v, stage);
	for (size_t i = 0; i < run->tables->count; i++) {
		v->tables[i].is_ignored = is_ignored(run, run->tables->tables[i]);
		if (v->tables[i].is_ignored)
			pending_rows_set_stage(&v->pending, i, TABLE_COMPARED);
		else if (run->tables->tables[i]->key.count == 0)
			pending_rows_set_stage(&v->pending, i, TABLE_UNCOMPARED);
	}
	if (table_diff_load(&v->diff, run->options, run->tables, target, run->stop, err))
		return v;
	verifier_free(v);
	return NULL;
}

void verifier_free(struct verifier *v)
{
	if (!v)
		return;
	stop_set(&v->rounds_stop);
	stop_set(&v->stop);
	thread_join(&v->rounds);
	thread_join(&v->on_demand);
	table_diff_release(&v->diff);
	pending_rows_release(&v->pending);
	free(v->tables);
	free(v->message);
	verifier_findings_free(v->findings, v->finding_count);
	stop_destroy(&v->rounds_stop);
	stop_destroy(&v->stop);
	mutex_destroy(&v->lock);
	free(v);
}

/* --- rows that are to be compared ---------------------------------------------------- */

void verifier_record(struct verifier *v, const struct moved_table *table, const char *condition,
		     size_t length)
{
	if (v->type != VERIFIER_CHECKSUM_TABLE && !v->tables[table->index].is_ignored &&
	    table->key.count > 0)
		pending_rows_add(&v->pending, table->index, condition, length);
}

void verifier_invalidate_all(struct verifier *v)
{
	for (size_t i = 0; v->type != VERIFIER_CHECKSUM_TABLE && i < v->diff.count; i++)
		if (!v->tables[i].is_ignored)
			pending_rows_invalidate(&v->pending, i);
}

void verifier_queue_difference(void *context, const struct row_hash *f,
			       const struct row_difference *difference)
{
	struct verifier *v = context;

	pending_rows_add(&v->pending, f->table->index, difference->condition,
			 difference->condition_length);
}

bool verifier_recheck(struct range_diff *c, const struct queued_key *keys, size_t count,
		      const struct recheck_rules *rules, struct row_repair *repair,
		      struct table_report *report, struct error *err)
{
	struct recheck recheck;

	recheck_init(&recheck, report->f);
	for (size_t i = 0; i < count; i++)
		recheck_add_key(&recheck, keys[i].condition, keys[i].length);
	bool ok = recheck_run(&recheck, c, rules, repair, report, err);
	recheck_release(&recheck);
	return ok;
}

bool verifier_wants_batches(const struct verifier *v)
{
	return v && v->type == VERIFIER_INLINE;
}

bool verifier_open_comparer(struct verifier *v, struct range_diff *c, struct error *err)
{
	return range_diff_open(c, v->run->options, v->run->stop, verifier_queue_difference, v, err);
}

void verifier_begin_batch(const struct verifier *v, struct row_batch *batch)
{
	unsigned index = batch->table->index;

	if (!verifier_wants_batches(v) || v->tables[index].is_ignored)
		return;
	batch->sums_values = v->diff.hashes[index].is_by_values;
	if (!batch->sums_values)
		batch->sum_expression = v->diff.hashes[index].sum[SIDE_SOURCE];
}

/* The source was summed up by the very statement that read the rows, so they are not read
 * there a second time and cannot have changed in between. */
bool verifier_batch(struct verifier *v, struct range_diff *c, const struct row_batch *batch,
		    struct error *err)
{
	const struct moved_table *table = batch->table;
	const struct row_hash *f = &v->diff.hashes[table->index];
	const struct range_source source = {
		.rows = batch->rows,
		.sum = batch->has_sum ? &batch->sum : NULL,
		.is_of_values = batch->sums_values,
	};
	struct range_rows rows;

	if (f->finding || v->tables[table->index].is_ignored)
		return true; /* the verdict will report it */
	if (!range_diff_target(c, f, &batch->low, &batch->high, &source, &rows, err))
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

	return !v->tables[table].is_ignored && pending_rows_begin(&v->pending, table, low);
}

size_t verifier_uncompared(struct verifier *v)
{
	size_t all = pending_rows_uncompared(&v->pending);
	size_t without_key = 0;

	for (size_t i = 0; i < v->run->tables->count; i++)
		without_key += v->run->tables->tables[i]->key.count == 0 && !v->tables[i].is_ignored;
	return all > without_key ? all - without_key : 0;
}

void verifier_start(struct verifier *v)
{
	if (v->type == VERIFIER_INLINE)
		thread_start(&v->rounds, "verifier", verifier_rounds_main, v);
}

/* --- for the other rooms
 * ---------------------------------------------------------------------------- */

void verifier_status(struct verifier *v, struct verifier_status *status)
{
	enum phase phase = state_tracker_phase(v->run->tracker);

	*status = (struct verifier_status){ .type = type_names[v->type] };
	status->incorrect_tables = mem_calloc(v->diff.count + 1, sizeof(*status->incorrect_tables));
	mutex_lock(&v->lock);
	status->result = v->result;
	status->message = mem_strdup(v->message ? v->message : "");
	for (size_t i = 0; i < v->diff.count; i++) {
		status->repaired += v->tables[i].repaired;
		if (v->tables[i].is_incorrect)
			status->incorrect_tables[status->incorrect_count++] =
				v->run->tables->tables[i]->source->full_name;
	}
	verifier_copy_findings(v, status);
	mutex_unlock(&v->lock);
	status->is_available = phase != PHASE_STARTING && phase != PHASE_COPYING &&
			       status->result != VERIFICATION_RUNNING;
	status->queued = pending_rows_count(&v->pending);
}

void verifier_status_release(struct verifier_status *status)
{
	free(status->message);
	free(status->incorrect_tables);
	verifier_findings_free(status->findings, status->finding_count);
	*status = (struct verifier_status){ .type = NULL };
}

cJSON *verifier_state(struct verifier *v)
{
	cJSON *object;

	if (v->type == VERIFIER_CHECKSUM_TABLE)
		return cJSON_CreateNull();
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "Type", type_names[v->type]);
	cJSON_AddItemToObject(object, "Tables", pending_rows_to_json(&v->pending));
	return object;
}
