/* The keys are kept in a queue like the verifier's (pending_rows.h): bounded, what does
 * not fit into memory goes to a file, and where that does not serve all rows of the table
 * are looked for instead. Only keys are compared, by their bytes: content is the
 * verifier's. A row that the source does not have (any more) is not owed.
 *
 * When a key is added:
 *
 *  - skipped: after the batch's commit, before its chunk is recorded. If the process dies
 *    in between the chunk is copied again, its rows are skipped again and looked up again.
 *  - displaced: before the commit, with the state saved, as a replay of the change finds
 *    nothing left to displace; and once more after it, see below. */
#include "rows/owed_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/probe.h"

#define SAVE_WAIT_MS 30000 /* for a disk that is full */
#define SAVE_PAUSE_MS 500

/* --- set-up ------------------------------------------------------------------------ */

/* A state that knows nothing of owed rows: what was copied by then is looked for. */
static void invalidate_copied(struct owed_rows *o)
{
	const struct run *run = o->run;

	for (size_t i = 0; i < run->tables->count; i++) {
		struct key key = KEY_INIT;
		bool is_complete;

		state_tracker_key(run->tracker, run->tables->tables[i], &key, &is_complete);
		if (key.is_set || is_complete)
			pending_rows_set_stage(&o->queue, i, TABLE_UNCOMPARED);
		key_release(&key);
	}
}

/* A state names only tables of which something is owed. */
static void restore_stage(struct owed_rows *o, const cJSON *stage)
{
	const struct run *run = o->run;

	pending_rows_from_json(&o->queue, stage);
	for (size_t i = 0; i < run->tables->count; i++)
		if (!cJSON_GetObjectItemCaseSensitive(stage,
						      run->tables->tables[i]->source->full_name))
			pending_rows_set_stage(&o->queue, i, TABLE_COMPARED);
}

/* Without a key nothing is skipped or displaced: there it is an error. */
static void forget_keyless(struct owed_rows *o)
{
	const struct moved_tables *tables = o->run->tables;

	for (size_t i = 0; i < tables->count; i++)
		if (tables->tables[i]->key.count == 0)
			pending_rows_set_stage(&o->queue, i, TABLE_COMPARED);
}

struct owed_rows *owed_rows_new(struct run *run, const cJSON *stage, bool is_resumed)
{
	const struct move_options *options = run->options;
	struct owed_rows *o = mem_calloc(1, sizeof(*o));

	o->run = run;
	mutex_init(&o->lock);
	condition_init(&o->quiet);
	pending_rows_init(&o->queue, run->tables, TABLE_COMPARED, options->owed_bytes);
	pending_rows_spill_to(&o->queue, options->verify.spill_beside);
	if (cJSON_IsObject(stage))
		restore_stage(o, stage);
	else if (is_resumed)
		invalidate_copied(o);
	forget_keyless(o);
	return o;
}

void owed_rows_add_saved(struct owed_rows *o, const cJSON *stage)
{
	pending_rows_add_json(&o->queue, stage);
	forget_keyless(o);
}

void owed_rows_free(struct owed_rows *o)
{
	if (!o)
		return;
	pending_rows_release(&o->queue);
	condition_destroy(&o->quiet);
	mutex_destroy(&o->lock);
	free(o);
}

/* --- adding -------------------------------------------------------------------------- */

void owed_rows_skipped(struct owed_rows *o, const struct moved_table *table, const char *condition,
		       size_t length)
{
	pending_rows_add(&o->queue, table->index, condition, length);
}

static void add_all(struct owed_rows *o, const struct moved_table *table,
		    const struct map *conditions)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(conditions, &cursor)))
		pending_rows_add(&o->queue, table->index, entry->key, entry->key_length);
}

void owed_rows_begin(struct owed_rows *o, bool *has_begun)
{
	if (*has_begun)
		return;
	*has_begun = true;
	mutex_lock(&o->lock);
	o->begun++;
	mutex_unlock(&o->lock);
}

/* May be tried again, like a lost connection; what ends the run then has written nothing. When the
 * run ends, its state may have been printed before the key was added: nothing is committed any
 * more. */
static bool save(struct owed_rows *o, const struct moved_table *table, struct error *err)
{
	const struct run *run = o->run;
	int64_t until_ms = clock_ms() + SAVE_WAIT_MS;
	bool is_saved;

	do
		is_saved = !run->save_state || run->save_state(run->save_context);
	while (!is_saved && clock_ms() < until_ms && stop_sleep_ms(run->stop, SAVE_PAUSE_MS));
	if (stop_is_set(run->stop))
		return error_set(err, ERROR_STOPPED, "stopped");
	return is_saved ||
	       error_set(err, ERROR_BUSY,
			 "rows of table %s would be displaced, and the state file, which has to "
			 "remember them, cannot be written: see to the disk it is on",
			 table->source->full_name);
}

bool owed_rows_displacing(struct owed_rows *o, const struct moved_table *table,
			  const struct map *conditions, struct error *err)
{
	add_all(o, table, conditions);
	probe("rows_displaced", "%s %zu", table->source->full_name, conditions->count);
	return save(o, table, err);
}

bool owed_rows_displacing_some(struct owed_rows *o, const struct moved_table *table,
			       struct error *err)
{
	pending_rows_invalidate(&o->queue, table->index);
	return save(o, table, err);
}

void owed_rows_displaced(struct owed_rows *o, const struct moved_table *table,
			 const struct map *conditions)
{
	if (conditions)
		add_all(o, table, conditions);
	else
		pending_rows_invalidate(&o->queue, table->index);
	mutex_lock(&o->lock);
	if (++o->ended == o->begun)
		condition_broadcast(&o->quiet);
	mutex_unlock(&o->lock);
}

bool owed_rows_has(struct owed_rows *o, const struct moved_table *table)
{
	struct pending_rows *q = &o->queue;

	mutex_lock(&q->lock);
	const struct queue_table *t = &q->tables[table->index];
	bool has = t->stage != TABLE_COMPARED || t->keys.count > 0 || t->spilled_count > 0;
	mutex_unlock(&q->lock);
	return has;
}

/* --- the state ---------------------------------------------------------------------------------- */

cJSON *owed_rows_state(struct owed_rows *o)
{
	cJSON *object = pending_rows_to_json(&o->queue);
	cJSON *next;

	for (cJSON *table = object->child; table; table = next) {
		const cJSON *stage = cJSON_GetObjectItemCaseSensitive(table, "Stage");
		const cJSON *rows = cJSON_GetObjectItemCaseSensitive(table, "Rows");

		next = table->next;
		if (cJSON_GetArraySize(rows) == 0 && cJSON_IsString(stage) &&
		    strcmp(stage->valuestring, "compared") == 0)
			cJSON_Delete(cJSON_DetachItemViaPointer(object, table));
	}
	return object;
}
