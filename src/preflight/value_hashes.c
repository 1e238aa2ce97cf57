/* Hashes in memory are sorted. Those in a file are handled in several parts, one after the other,
 * each with all hashes of one remainder, as hashes are spread evenly: the file is read once for
 * each part, which costs less than reading the values from a server again. */
#include "value_hashes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define READ_AT_ONCE 4096

void value_hashes_init(struct value_hashes *h, uint64_t held_max, const char *beside)
{
	*h = (struct value_hashes){ .held_max = held_max ? held_max : 1,
				    .beside = beside,
				    .file = { .fd = -1 } };
}

void value_hashes_release(struct value_hashes *h)
{
	free(h->held);
	spill_file_close(&h->file);
}

static bool spill(struct value_hashes *h, struct error *err)
{
	if (h->file.fd < 0 && !spill_file_open(&h->file, h->beside, err))
		return false;
	if (!spill_file_write(&h->file, h->spilled * VALUE_HASH_SIZE, (const char *)h->held,
			      h->count * VALUE_HASH_SIZE, err))
		return false;
	h->spilled += h->count;
	h->count = 0;
	return true;
}

static void hold(struct value_hashes *h, const struct value_hash *hash)
{
	if (h->count == h->room) {
		h->room = h->room ? h->room + h->room / 2 : 1024;
		h->held = mem_resize(h->held, h->room, sizeof(*h->held));
	}
	h->held[h->count++] = *hash;
}

bool value_hashes_add(struct value_hashes *h, const struct value_hash *hash, struct error *err)
{
	if (h->count >= h->held_max && !spill(h, err))
		return false;
	hold(h, hash);
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, VALUE_HASH_SIZE);
}

static void find_in_held(struct value_hashes *h, struct value_hash *twice, uint64_t *merged)
{
	if (h->count > 1)
		qsort(h->held, h->count, sizeof(*h->held), by_bytes);
	for (size_t i = 1; i < h->count; i++)
		if (by_bytes(&h->held[i - 1], &h->held[i]) == 0 && (*merged)++ == 0)
			*twice = h->held[i];
}

static uint64_t part_of(const struct value_hash *hash, uint64_t parts)
{
	uint64_t number;

	memcpy(&number, hash->bytes, sizeof(number));
	return number % parts;
}

static bool hold_part(struct value_hashes *h, uint64_t part, uint64_t parts, struct error *err)
{
	struct value_hash read[READ_AT_ONCE];
	size_t count;

	h->count = 0;
	for (uint64_t at = 0; at < h->spilled; at += count) {
		count = h->spilled - at < READ_AT_ONCE ? (size_t)(h->spilled - at) : READ_AT_ONCE;
		if (!spill_file_read(&h->file, at * VALUE_HASH_SIZE, (char *)read,
				     count * VALUE_HASH_SIZE, err))
			return false;
		for (size_t i = 0; i < count; i++)
			if (part_of(&read[i], parts) == part)
				hold(h, &read[i]);
	}
	return true;
}

bool value_hashes_find_twice(struct value_hashes *h, struct value_hash *twice, uint64_t *merged,
			     struct error *err)
{
	uint64_t parts;

	*merged = 0;
	if (h->spilled == 0) {
		find_in_held(h, twice, merged);
		return true;
	}
	if (!spill(h, err))
		return false;
	/* Some room, as parts are not quite equal. */
	parts = h->spilled / h->held_max * 5 / 4 + 1;
	for (uint64_t part = 0; part < parts; part++) {
		if (!hold_part(h, part, parts, err))
			return false;
		find_in_held(h, twice, merged);
	}
	return true;
}
