/* Rows are recorded after their change was applied, so a key that is here was already
 * written, and one that is verified and forgotten needs no more than its next change. */
#include "rows/pending_rows.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

static const char log_tag[] = "verifier";

#define KEY_OVERHEAD 96
#define SPILL_FACTOR 64 /* size of the file, to that of the memory */

void pending_rows_init(struct pending_rows *q, const struct moved_tables *tables,
		       enum table_stage stage, uint64_t bytes_max)
{
	*q = (struct pending_rows){ .count = tables->count, .bytes_max = bytes_max };
	q->spill.fd = -1;
	mutex_init(&q->lock);
	q->tables = mem_calloc(tables->count + 1, sizeof(*q->tables));
	for (size_t i = 0; i < q->count; i++) {
		q->tables[i].table = tables->tables[i];
		q->tables[i].stage = stage;
		map_init(&q->tables[i].keys);
	}
}

void pending_rows_spill_to(struct pending_rows *q, const char *beside)
{
	struct error err;

	if (!spill_file_open(&q->spill, beside, &err))
		log_warn("tables with more changed rows than memory holds will be compared as a "
			 "whole: %s",
			 err.text);
}

static void drop_spilled(struct queue_table *t)
{
	while (t->spilled) {
		struct spilled_keys *next = t->spilled->next;

		t->spilled_count -= t->spilled->count;
		free(t->spilled);
		t->spilled = next;
	}
}

void pending_rows_release(struct pending_rows *q)
{
	for (size_t i = 0; i < q->count; i++) {
		key_release(&q->tables[i].compared_up_to);
		map_release(&q->tables[i].keys);
		drop_spilled(&q->tables[i]);
	}
	spill_file_close(&q->spill);
	free(q->tables);
	mutex_destroy(&q->lock);
}

static void drop_keys(struct pending_rows *q, struct queue_table *t) REQUIRES(q->lock)
{
	q->bytes -= t->bytes;
	t->bytes = 0;
	map_release(&t->keys);
	map_init(&t->keys);
	drop_spilled(t);
}

static void compare_whole(struct pending_rows *q, struct queue_table *t) REQUIRES(q->lock)
{
	log_warn("too many rows of table %s are waiting to be verified: it will be compared as a "
		 "whole",
		 t->table->source->full_name);
	drop_keys(q, t);
	t->stage = TABLE_UNCOMPARED;
}

/* Keys on their way to the file. */
struct spilling {
	struct queue_table *table;
	struct spilled_keys *keys; /* owned until it is listed */
	struct map map;
};

/* Takes keys out of memory; false: they were dropped. */
static bool begin_spilling(struct pending_rows *q, struct spilling *spilling) REQUIRES(q->lock)
{
	struct queue_table *t = &q->tables[0];
	const struct map_entry *entry;
	size_t cursor = 0;
	uint64_t bytes = 0; /* in the file */

	for (size_t i = 1; i < q->count; i++)
		if (q->tables[i].bytes > t->bytes)
			t = &q->tables[i];
	while ((entry = map_next(&t->keys, &cursor)))
		bytes += sizeof(uint32_t) + entry->key_length;
	uint64_t rows = t->table->source->estimated_rows;

	if (q->spill.fd < 0 || (rows > 0 && t->keys.count + t->spilled_count > rows) ||
	    q->spill_end + bytes > q->bytes_max * SPILL_FACTOR) {
		compare_whole(q, t);
		return false;
	}
	*spilling = (struct spilling){ .table = t, .map = t->keys };
	spilling->keys = mem_calloc(1, sizeof(*spilling->keys));
	*spilling->keys = (struct spilled_keys){ .offset = q->spill_end,
						 .bytes = bytes,
						 .count = t->keys.count };
	q->spill_end += bytes;
	q->spill_users++;
	q->bytes -= t->bytes;
	t->bytes = 0;
	t->spilled_count += t->keys.count;
	map_init(&t->keys);
	return true;
}

/* The file is used from its start again when nothing in it is wanted. */
static void leave_spill(struct pending_rows *q) REQUIRES(q->lock)
{
	if (--q->spill_users > 0)
		return;
	for (size_t i = 0; i < q->count; i++)
		if (q->tables[i].spilled_count > 0)
			return;
	q->spill_end = 0;
}

/* Without the lock. What is on its way counts as spilled all the time. */
static void spill(struct pending_rows *q, struct spilling *spilling)
{
	struct queue_table *t = spilling->table;
	struct spilled_keys **end = &t->spilled;
	struct buf records = BUF_INIT;
	const struct map_entry *entry;
	size_t cursor = 0;
	struct error err;

	while ((entry = map_next(&spilling->map, &cursor))) {
		uint32_t length = (uint32_t)entry->key_length;

		buf_add(&records, &length, sizeof(length));
		buf_add(&records, entry->key, entry->key_length);
	}
	bool ok = spill_file_write(&q->spill, spilling->keys->offset, records.data, records.length,
				   &err);
	buf_release(&records);
	map_release(&spilling->map);

	mutex_lock(&q->lock);
	if (ok && t->stage != TABLE_UNCOMPARED) {
		log_debug("%" PRIu64 " rows of table %s to be verified were put into a file",
			  spilling->keys->count, t->table->source->full_name);
		while (*end)
			end = &(*end)->next;
		*end = spilling->keys;
	} else {
		t->spilled_count -= spilling->keys->count;
		free(spilling->keys);
	}
	if (!ok) {
		log_warn("%s", err.text);
		compare_whole(q, t);
	}
	leave_spill(q);
	mutex_unlock(&q->lock);
}

void pending_rows_add(struct pending_rows *q, size_t table, const char *condition, size_t length)
{
	struct spilling spilling;
	bool spills = false;

	mutex_lock(&q->lock);
	struct queue_table *t = &q->tables[table];
	uint64_t sequence = ++q->sequence;

	if (t->stage != TABLE_UNCOMPARED &&
	    !map_put(&t->keys, condition, length, (void *)(uintptr_t)sequence)) {
		t->bytes += length + KEY_OVERHEAD;
		q->bytes += length + KEY_OVERHEAD;
		spills = q->bytes > q->bytes_max && begin_spilling(q, &spilling);
	}
	mutex_unlock(&q->lock);
	if (spills)
		spill(q, &spilling);
}

/* --- going through the keys ---------------------------------------------------------- */

static void free_keys(struct queued_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(keys[i].condition);
	free(keys);
}

static bool each_in_memory(struct pending_rows *q, size_t table, size_t slice,
			   pending_rows_slice *take, void *context, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0, count = 0;
	bool ok = true;

	mutex_lock(&q->lock);
	const struct map *map = &q->tables[table].keys;
	struct queued_key *keys = mem_calloc(map->count + 1, sizeof(*keys));
	while ((entry = map_next(map, &cursor)))
		keys[count++] = (struct queued_key){
			.condition = mem_memdup(entry->key, entry->key_length),
			.length = entry->key_length,
			.sequence = (uintptr_t)entry->value,
		};
	mutex_unlock(&q->lock);
	for (size_t at = 0; ok && at < count; at += slice)
		ok = take(context, table, keys + at, count - at < slice ? count - at : slice, err);
	free_keys(keys, count);
	return ok;
}

static bool read_key_record(const struct pending_rows *q, uint64_t *at, uint64_t end,
			    struct queued_key *key, struct error *err)
{
	uint32_t length;

	if (end - *at < sizeof(length) ||
	    !spill_file_read(&q->spill, *at, (char *)&length, sizeof(length), err))
		return false;
	*at += sizeof(length);
	if (length > end - *at)
		return error_set(err, ERROR_CORRUPT, "the file of rows to be verified is damaged");
	key->condition = mem_alloc(length + 1);
	key->condition[length] = '\0';
	key->length = length;
	if (!spill_file_read(&q->spill, *at, key->condition, length, err))
		return false;
	*at += length;
	return true;
}

static bool each_of(struct pending_rows *q, size_t table, const struct spilled_keys *spilled,
		    size_t slice, pending_rows_slice *take, void *context, struct error *err)
{
	uint64_t at = spilled->offset, end = at + spilled->bytes;
	bool ok = true;

	while (ok && at < end) {
		struct queued_key *keys = mem_calloc(slice, sizeof(*keys));
		size_t count = 0;

		while (ok && at < end && count < slice)
			ok = read_key_record(q, &at, end, &keys[count++], err);
		ok = ok && take(context, table, keys, count, err);
		free_keys(keys, count);
	}
	return ok;
}

/* Copies the nth that is there, counted from 0. */
static bool nth_spilled(struct pending_rows *q, size_t table, size_t n, struct spilled_keys *copy)
{
	mutex_lock(&q->lock);
	const struct spilled_keys *at = q->tables[table].spilled;
	while (at && n-- > 0)
		at = at->next;
	if (at)
		*copy = *at;
	mutex_unlock(&q->lock);
	return at != NULL;
}

/* The first, if it is still there. */
static void forget_spilled(struct pending_rows *q, size_t table, const struct spilled_keys *taken)
{
	mutex_lock(&q->lock);
	struct queue_table *t = &q->tables[table];
	struct spilled_keys *first = t->spilled;

	if (first && first->offset == taken->offset) {
		t->spilled = first->next;
		t->spilled_count -= first->count;
		free(first);
	}
	mutex_unlock(&q->lock);
}

bool pending_rows_each(struct pending_rows *q, size_t table, size_t slice, bool keep,
		       pending_rows_slice *take, void *context, struct error *err)
{
	struct spilled_keys spilled;
	size_t count = 0;

	mutex_lock(&q->lock);
	q->spill_users++;
	for (const struct spilled_keys *at = q->tables[table].spilled; at; at = at->next)
		count++;
	mutex_unlock(&q->lock);
	bool ok = each_in_memory(q, table, slice, take, context, err);

	for (size_t i = 0; ok && i < count && nth_spilled(q, table, keep ? i : 0, &spilled); i++) {
		ok = each_of(q, table, &spilled, slice, take, context, err);
		if (ok && !keep)
			forget_spilled(q, table, &spilled);
	}
	mutex_lock(&q->lock);
	leave_spill(q);
	mutex_unlock(&q->lock);
	return ok;
}

const char **pending_rows_conditions(const struct queued_key *keys, size_t count)
{
	const char **conditions = mem_calloc(count + 1, sizeof(*conditions));

	for (size_t i = 0; i < count; i++)
		conditions[i] = keys[i].condition;
	return conditions;
}

void pending_rows_resolve(struct pending_rows *q, size_t table, const struct queued_key *key,
			  bool is_equal)
{
	if (!is_equal) {
		if (key->sequence == 0)
			pending_rows_add(q, table, key->condition, key->length);
		return;
	}
	mutex_lock(&q->lock);
	struct queue_table *t = &q->tables[table];
	uint64_t sequence = (uintptr_t)map_get(&t->keys, key->condition, key->length);

	if (sequence && sequence == key->sequence) {
		map_remove(&t->keys, key->condition, key->length);
		t->bytes -= key->length + KEY_OVERHEAD;
		q->bytes -= key->length + KEY_OVERHEAD;
	}
	mutex_unlock(&q->lock);
}

uint64_t pending_rows_count(struct pending_rows *q)
{
	uint64_t count = 0;

	mutex_lock(&q->lock);
	for (size_t i = 0; i < q->count; i++)
		count += q->tables[i].keys.count + q->tables[i].spilled_count;
	mutex_unlock(&q->lock);
	return count;
}

bool pending_rows_begin(struct pending_rows *q, size_t table, struct key *low)
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

void pending_rows_compared(struct pending_rows *q, size_t table, const struct key *end)
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

void pending_rows_set_stage(struct pending_rows *q, size_t table, enum table_stage stage)
{
	mutex_lock(&q->lock);
	q->tables[table].stage = stage;
	mutex_unlock(&q->lock);
}

void pending_rows_invalidate(struct pending_rows *q, size_t table)
{
	mutex_lock(&q->lock);
	drop_keys(q, &q->tables[table]);
	q->tables[table].stage = TABLE_UNCOMPARED;
	mutex_unlock(&q->lock);
}

size_t pending_rows_uncompared(struct pending_rows *q)
{
	size_t count = 0;

	mutex_lock(&q->lock);
	for (size_t i = 0; i < q->count; i++)
		count += q->tables[i].stage != TABLE_COMPARED;
	mutex_unlock(&q->lock);
	return count;
}
