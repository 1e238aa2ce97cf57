/* Rows are noted after their change was applied, so a key that is here was already
 * written, and one that is verified and forgotten needs no more than its next change.
 *
 * A key is the condition that finds its row. In the state it stands as such, and what
 * is read back is taken only when it has just the form in which it is written here, so
 * that no other SQL can come that way. */
#include "verify_queue.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "saved_key.h"

static const char log_tag[] = "verifier";

#define KEY_OVERHEAD 96
#define KEYS_IN_STATE_MAX 2000

static const char *const stage_names[] = {
	[TABLE_UNCOMPARED] = "uncompared",
	[TABLE_COMPARING] = "comparing",
	[TABLE_COMPARED] = "compared",
};

void verify_queue_init(struct verify_queue *q, const struct ferry_tables *tables,
		       enum table_stage stage, uint64_t bytes_max)
{
	*q = (struct verify_queue){ .count = tables->count, .bytes_max = bytes_max };
	mutex_init(&q->lock);
	q->tables = mem_calloc(tables->count + 1, sizeof(*q->tables));
	for (size_t i = 0; i < q->count; i++) {
		q->tables[i].table = tables->tables[i];
		q->tables[i].stage = stage;
		map_init(&q->tables[i].keys);
	}
}

void verify_queue_release(struct verify_queue *q)
{
	for (size_t i = 0; i < q->count; i++) {
		key_release(&q->tables[i].compared_up_to);
		map_release(&q->tables[i].keys);
	}
	free(q->tables);
	mutex_destroy(&q->lock);
}

static void drop_keys(struct verify_queue *q, struct queue_table *t) REQUIRES(q->lock)
{
	q->bytes -= t->bytes;
	t->bytes = 0;
	map_release(&t->keys);
	map_init(&t->keys);
}

static void make_room(struct verify_queue *q) REQUIRES(q->lock)
{
	struct queue_table *largest = &q->tables[0];

	for (size_t i = 1; i < q->count; i++)
		if (q->tables[i].bytes > largest->bytes)
			largest = &q->tables[i];
	log_warn("too many rows of table %s are waiting to be verified: it will be compared as a "
		 "whole",
		 largest->table->source->full_name);
	drop_keys(q, largest);
	largest->stage = TABLE_UNCOMPARED;
}

void verify_queue_add(struct verify_queue *q, size_t table, const char *condition, size_t length)
{
	mutex_lock(&q->lock);
	struct queue_table *t = &q->tables[table];
	uint64_t note = ++q->notes;

	if (t->stage != TABLE_UNCOMPARED &&
	    !map_put(&t->keys, condition, length, (void *)(uintptr_t)note)) {
		t->bytes += length + KEY_OVERHEAD;
		q->bytes += length + KEY_OVERHEAD;
		if (q->bytes > q->bytes_max)
			make_room(q);
	}
	mutex_unlock(&q->lock);
}

struct queued_key *verify_queue_copy(struct verify_queue *q, size_t table, size_t *count)
{
	mutex_lock(&q->lock);
	const struct queue_table *t = &q->tables[table];
	struct queued_key *keys = mem_calloc(t->keys.count + 1, sizeof(*keys));
	const struct map_entry *entry;
	size_t cursor = 0;

	*count = 0;
	while ((entry = map_next(&t->keys, &cursor)))
		keys[(*count)++] = (struct queued_key){
			.condition = mem_memdup(entry->key, entry->key_length),
			.length = entry->key_length,
			.note = (uintptr_t)entry->value,
		};
	mutex_unlock(&q->lock);
	return keys;
}

void queued_keys_free(struct queued_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(keys[i].condition);
	free(keys);
}

void verify_queue_equal(struct verify_queue *q, size_t table, const struct queued_key *key)
{
	mutex_lock(&q->lock);
	struct queue_table *t = &q->tables[table];
	uint64_t note = (uintptr_t)map_get(&t->keys, key->condition, key->length);

	if (note && note == key->note) {
		map_remove(&t->keys, key->condition, key->length);
		t->bytes -= key->length + KEY_OVERHEAD;
		q->bytes -= key->length + KEY_OVERHEAD;
	}
	mutex_unlock(&q->lock);
}

uint64_t verify_queue_count(struct verify_queue *q)
{
	uint64_t count = 0;

	mutex_lock(&q->lock);
	for (size_t i = 0; i < q->count; i++)
		count += q->tables[i].keys.count;
	mutex_unlock(&q->lock);
	return count;
}

bool verify_queue_begin(struct verify_queue *q, size_t table, struct key *low)
{
	mutex_lock(&q->lock);
	struct queue_table *t = &q->tables[table];
	bool wanted = t->stage != TABLE_COMPARED;

	if (t->stage == TABLE_UNCOMPARED)
		key_release(&t->compared_up_to);
	if (wanted) {
		t->stage = TABLE_COMPARING;
		key_copy(low, &t->compared_up_to);
	}
	mutex_unlock(&q->lock);
	return wanted;
}

void verify_queue_compared(struct verify_queue *q, size_t table, const struct key *end)
{
	mutex_lock(&q->lock);
	struct queue_table *t = &q->tables[table];

	/* It may have become uncompared meanwhile. */
	if (t->stage == TABLE_COMPARING && end->is_set)
		key_copy(&t->compared_up_to, end);
	else if (t->stage == TABLE_COMPARING)
		t->stage = TABLE_COMPARED;
	mutex_unlock(&q->lock);
}

void verify_queue_set_stage(struct verify_queue *q, size_t table, enum table_stage stage)
{
	mutex_lock(&q->lock);
	q->tables[table].stage = stage;
	mutex_unlock(&q->lock);
}

void verify_queue_forget(struct verify_queue *q, size_t table)
{
	mutex_lock(&q->lock);
	drop_keys(q, &q->tables[table]);
	q->tables[table].stage = TABLE_UNCOMPARED;
	mutex_unlock(&q->lock);
}

size_t verify_queue_uncompared(struct verify_queue *q)
{
	size_t count = 0;

	mutex_lock(&q->lock);
	for (size_t i = 0; i < q->count; i++)
		count += q->tables[i].stage != TABLE_COMPARED;
	mutex_unlock(&q->lock);
	return count;
}

/* --- the state ---------------------------------------------------------------------- */

static cJSON *table_to_json(struct queue_table *t)
{
	cJSON *object = cJSON_CreateObject();
	bool fits = t->keys.count <= KEYS_IN_STATE_MAX;
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
	return object;
}

cJSON *verify_queue_to_json(struct verify_queue *q)
{
	cJSON *object = cJSON_CreateObject();

	mutex_lock(&q->lock);
	for (size_t i = 0; i < q->count; i++)
		cJSON_AddItemToObject(object, q->tables[i].table->source->full_name,
				      table_to_json(&q->tables[i]));
	mutex_unlock(&q->lock);
	return object;
}

/* One literal as sql_key_literal() writes them: 12, -1.5, 'text' with its quotes
 * doubled, x'00', _latin1 x'00', _utf8mb4'text'. */
static const char *skip_literal(const char *at)
{
	if (*at == '-' || isdigit((unsigned char)*at))
		return at + 1 + strspn(at + 1, "0123456789.");
	if (*at == '_')
		at += 1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (*at == ' ')
		at++;
	if (*at == 'x')
		at++;
	if (*at != '\'')
		return NULL;
	for (at++; *at; at++) {
		if (*at != '\'')
			continue;
		if (at[1] != '\'')
			return at + 1;
		at++;
	}
	return NULL;
}

static bool is_condition(const struct ferry_table *t, const char *at)
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
		     (at = skip_literal(at + name.length)) != NULL;
	}
	buf_release(&name);
	return ok && *at == '\0';
}

static bool read_rows(struct verify_queue *q, size_t table, const cJSON *rows)
{
	const cJSON *row;

	if (!cJSON_IsArray(rows))
		return false;
	cJSON_ArrayForEach(row, rows)
	{
		if (!cJSON_IsString(row) || !is_condition(q->tables[table].table, row->valuestring))
			return false;
		verify_queue_add(q, table, row->valuestring, strlen(row->valuestring));
	}
	return true;
}

static bool read_key(struct queue_table *t, const cJSON *node)
{
	struct saved_key saved = { .table = t->table->source->full_name };
	struct error err;

	if (!node)
		return true;
	bool ok = saved_key_read(node, "ComparedUpTo", &saved, &err) &&
		  saved_key_fits(&saved, &t->table->key, &err);
	if (ok)
		key_copy(&t->compared_up_to, &saved.key);
	key_release(&saved.key);
	return ok;
}

static bool read_table(struct verify_queue *q, size_t table, const cJSON *object)
{
	const cJSON *stage = cJSON_GetObjectItemCaseSensitive(object, "Stage");
	struct queue_table *t = &q->tables[table];

	for (enum table_stage s = TABLE_COMPARING; cJSON_IsString(stage) && s <= TABLE_COMPARED; s++) {
		if (strcmp(stage->valuestring, stage_names[s]) != 0)
			continue;
		t->stage = s;
		return read_key(t, cJSON_GetObjectItemCaseSensitive(object, "ComparedUpTo")) &&
		       read_rows(q, table, cJSON_GetObjectItemCaseSensitive(object, "Rows"));
	}
	return false;
}

/* Before other threads exist. */
void verify_queue_from_json(struct verify_queue *q, const cJSON *tables)
{
	for (size_t i = 0; i < q->count; i++) {
		const char *name = q->tables[i].table->source->full_name;

		if (!read_table(q, i, cJSON_GetObjectItemCaseSensitive(tables, name)))
			q->tables[i].stage = TABLE_UNCOMPARED;
	}
}
