/* The queue's part of the state. A key is the condition that finds its row. It stands
 * there as such, and what is read back is taken only when it has just the form in which
 * it is written, so that no other SQL can come that way. */
#include "rows/pending_rows.h"

#include <string.h>

#include "plan/key_condition.h"
#include "state/state_key.h"

#define KEYS_IN_STATE_MAX 2000	  /* per table */
#define STATE_BYTES_MAX (1 << 20) /* of all keys */

static const char *const stage_names[] = {
	[TABLE_UNCOMPARED] = "uncompared",
	[TABLE_COMPARING] = "comparing",
	[TABLE_COMPARED] = "compared",
};

/* room: bytes left for keys. */
static cJSON *table_to_json(struct queue_table *t, size_t *room)
{
	cJSON *object = cJSON_CreateObject();
	bool fits = t->keys.count <= KEYS_IN_STATE_MAX && t->spilled_count == 0 && t->bytes <= *room;
	enum table_stage stage = fits ? t->stage : TABLE_UNCOMPARED;
	const struct map_entry *entry;
	size_t cursor = 0;

	cJSON_AddStringToObject(object, "Stage", stage_names[stage]);
	if (stage == TABLE_COMPARING && t->compared_up_to.is_set)
		cJSON_AddItemToObject(object, "ComparedUpTo",
				      saved_key_write(&t->table->key, &t->compared_up_to));
	cJSON *keys = cJSON_AddArrayToObject(object, "Rows");
	while (stage != TABLE_UNCOMPARED && (entry = map_next(&t->keys, &cursor)))
		cJSON_AddItemToArray(keys, cJSON_CreateString(entry->key));
	if (fits)
		*room -= t->bytes;
	return object;
}

cJSON *pending_rows_to_json(struct pending_rows *q)
{
	cJSON *object = cJSON_CreateObject();
	size_t room = STATE_BYTES_MAX;

	mutex_lock(&q->lock);
	for (size_t i = 0; i < q->count; i++)
		cJSON_AddItemToObject(object, q->tables[i].table->source->full_name,
				      table_to_json(&q->tables[i], &room));
	mutex_unlock(&q->lock);
	return object;
}

static bool is_condition(const struct moved_table *t, const char *at)
{
	struct buf name = BUF_INIT;
	bool ok = true;

	for (unsigned i = 0; ok && i < t->key.count; i++) {
		buf_clear(&name);
		if (i > 0)
			buf_puts(&name, " AND ");
		sql_name(&name, t->source->columns[t->key.columns[i]].name);
		buf_puts(&name, " = ");
		ok = strncmp(at, buf_text(&name), name.length) == 0 &&
		     (at = key_condition_skip_literal(at + name.length)) != NULL;
	}
	buf_release(&name);
	return ok && *at == '\0';
}

static bool read_table(struct pending_rows *q, size_t table, const cJSON *object)
{
	const cJSON *stage = cJSON_GetObjectItemCaseSensitive(object, "Stage");
	const cJSON *up_to = cJSON_GetObjectItemCaseSensitive(object, "ComparedUpTo");
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(object, "Rows"), *row;
	struct queue_table *t = &q->tables[table];
	enum table_stage found = TABLE_UNCOMPARED;

	for (enum table_stage s = TABLE_COMPARING; cJSON_IsString(stage) && s <= TABLE_COMPARED; s++)
		if (strcmp(stage->valuestring, stage_names[s]) == 0)
			found = s;
	if (found == TABLE_UNCOMPARED || !cJSON_IsArray(rows))
		return false;
	t->stage = found;
	if (up_to) {
		struct saved_key saved = { .table = t->table->source->full_name };
		struct error err;
		bool fits = saved_key_read(up_to, "ComparedUpTo", &saved, &err) &&
			    saved_key_fits(&saved, &t->table->key, &err);

		if (fits)
			key_copy(&t->compared_up_to, &saved.key);
		key_release(&saved.key);
		if (!fits)
			return false;
	}
	cJSON_ArrayForEach(row, rows)
	{
		if (!cJSON_IsString(row) || !is_condition(t->table, row->valuestring))
			return false;
		pending_rows_add(q, table, row->valuestring, strlen(row->valuestring));
	}
	return true;
}

/* Before other threads exist. */
void pending_rows_from_json(struct pending_rows *q, const cJSON *tables)
{
	for (size_t i = 0; i < q->count; i++) {
		const char *name = q->tables[i].table->source->full_name;

		if (!read_table(q, i, cJSON_GetObjectItemCaseSensitive(tables, name)))
			q->tables[i].stage = TABLE_UNCOMPARED;
	}
}

void pending_rows_add_json(struct pending_rows *q, const cJSON *tables)
{
	for (size_t i = 0; i < q->count; i++) {
		const char *name = q->tables[i].table->source->full_name;
		const cJSON *object = cJSON_GetObjectItemCaseSensitive(tables, name);
		bool was_compared = q->tables[i].stage == TABLE_COMPARED;

		if (object && !(was_compared && read_table(q, i, object) &&
				q->tables[i].stage == TABLE_COMPARED))
			q->tables[i].stage = TABLE_UNCOMPARED;
	}
}
