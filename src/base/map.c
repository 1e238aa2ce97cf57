/* A hash map in two parts: the entries in order of insertion, and an open
 * addressing table of their indexes.
 *
 * Removing leaves the entry in place with key NULL; its slot goes on pointing at
 * it, so that probing does not stop there. Such leftovers go when the entries
 * array is full: it is compacted, or doubled when most of it is alive, and the
 * slots are filled again. There are always twice as many slots as entries have room,
 * so probing ends. Keys come from other people's data (row keys, table names),
 * hence the random seed: nobody can choose keys that all collide. */
#include "base/map.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"

enum { SMALLEST_ROOM = 8 };

static uint64_t seed(void)
{
	static _Atomic uint64_t chosen;
	uint64_t known = atomic_load_explicit(&chosen, memory_order_relaxed);
	uint64_t fresh = 0;

	if (known != 0)
		return known;
	if (getrandom(&fresh, sizeof(fresh), GRND_NONBLOCK) != sizeof(fresh))
		fresh = (uint64_t)clock_us();
	fresh |= 1; /* 0 means: not chosen yet */
	/* The first thread wins, and all use its choice. */
	if (atomic_compare_exchange_strong(&chosen, &known, fresh))
		return fresh;
	return known;
}

uint64_t hash_mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53u;
	h ^= h >> 33;
	return h;
}

uint64_t hash_bytes(const void *key, size_t length)
{
	const unsigned char *at = key;
	uint64_t h = seed() ^ length;
	uint64_t word;

	for (; length >= sizeof(word); at += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		h = hash_mix(h ^ word);
	}
	word = 0;
	if (length > 0)
		memcpy(&word, at, length);
	return hash_mix(h ^ word);
}

void map_init(struct map *m)
{
	*m = (struct map){ 0 };
}

void map_release(struct map *m)
{
	map_clear(m);
	free(m->entries);
	free(m->slots);
	map_init(m);
}

void map_clear(struct map *m)
{
	for (size_t i = 0; i < m->used; i++)
		free(m->entries[i].key);
	m->used = 0;
	m->count = 0;
	if (m->slots)
		memset(m->slots, 0, m->slot_count * sizeof(*m->slots));
}

static struct map_entry *find(const struct map *m, uint64_t hash, const void *key, size_t length)
{
	if (m->slot_count == 0)
		return NULL;
	for (size_t slot = hash & (m->slot_count - 1); m->slots[slot] != 0;
	     slot = (slot + 1) & (m->slot_count - 1)) {
		struct map_entry *entry = &m->entries[m->slots[slot] - 1];

		if (entry->key && entry->hash == hash && entry->key_length == length &&
		    (length == 0 || memcmp(entry->key, key, length) == 0))
			return entry;
	}
	return NULL;
}

static void occupy_slot(struct map *m, size_t index)
{
	size_t slot = m->entries[index].hash & (m->slot_count - 1);

	while (m->slots[slot] != 0)
		slot = (slot + 1) & (m->slot_count - 1);
	m->slots[slot] = (uint32_t)(index + 1);
}

static void make_room(struct map *m)
{
	size_t room = m->entries_room ? m->entries_room : SMALLEST_ROOM;
	size_t alive = 0;

	if (m->used < m->entries_room)
		return;
	for (size_t i = 0; i < m->used; i++)
		if (m->entries[i].key)
			m->entries[alive++] = m->entries[i];
	m->used = alive;
	if (m->count > room / 2)
		room *= 2;
	assert(room <= UINT32_MAX / 2);
	if (room != m->entries_room) {
		m->entries = mem_resize(m->entries, room, sizeof(*m->entries));
		m->slots = mem_resize(m->slots, room * 2, sizeof(*m->slots));
		m->entries_room = room;
		m->slot_count = room * 2;
	}
	memset(m->slots, 0, m->slot_count * sizeof(*m->slots));
	for (size_t i = 0; i < m->used; i++)
		occupy_slot(m, i);
}

void *map_get(const struct map *m, const void *key, size_t key_length)
{
	struct map_entry *entry = find(m, hash_bytes(key, key_length), key, key_length);

	return entry ? entry->value : NULL;
}

void *map_get_text(const struct map *m, const char *key)
{
	return map_get(m, key, strlen(key));
}

void *map_put(struct map *m, const void *key, size_t key_length, void *value)
{
	uint64_t hash = hash_bytes(key, key_length);
	struct map_entry *entry = find(m, hash, key, key_length);

	assert(value);
	if (entry) {
		void *former = entry->value;

		entry->value = value;
		return former;
	}
	make_room(m);
	m->entries[m->used] = (struct map_entry){
		.value = value,
		.key_length = key_length,
		.key = mem_memdup(key, key_length),
		.hash = hash,
	};
	occupy_slot(m, m->used);
	m->used++;
	m->count++;
	return NULL;
}

void *map_put_text(struct map *m, const char *key, void *value)
{
	return map_put(m, key, strlen(key), value);
}

void *map_remove(struct map *m, const void *key, size_t key_length)
{
	struct map_entry *entry = find(m, hash_bytes(key, key_length), key, key_length);
	void *value;

	if (!entry)
		return NULL;
	value = entry->value;
	free(entry->key);
	entry->key = NULL;
	entry->value = NULL;
	m->count--;
	return value;
}

struct map_entry *map_next(const struct map *m, size_t *cursor)
{
	while (*cursor < m->used) {
		struct map_entry *entry = &m->entries[(*cursor)++];

		if (entry->key)
			return entry;
	}
	return NULL;
}
