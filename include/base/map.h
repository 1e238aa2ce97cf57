/* A hash map from byte strings to pointers. Keys are copied; values are
 * borrowed. Not thread-safe. Iteration is in order of insertion (a removed and
 * re-added key goes to the end), so that output is stable. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/attr.h"

struct map_entry {
	void *value;
	size_t key_length;
	char *key; /* owned by the map, with a NUL after it; NULL: a removed entry */
	uint64_t hash;
};

struct map {
	struct map_entry *entries; /* in order of insertion */
	size_t used;		   /* entries in use, removed ones included */
	size_t count;		   /* live entries */
	size_t entries_room;
	uint32_t *slots;   /* index + 1 into entries, 0 free */
	size_t slot_count; /* a power of two, or 0 */
};

void map_init(struct map *m);
/* Frees keys and tables, not the values. */
void map_release(struct map *m);
/* Forgets all entries, keeps the memory of the tables. */
void map_clear(struct map *m);
/* The value, or NULL when the key is absent. */
void *map_get(const struct map *m, const void *key, size_t key_length);
void *map_get_text(const struct map *m, const char *key);
/* Adds or replaces; value must not be NULL. Returns the former value or NULL. */
void *map_put(struct map *m, const void *key, size_t key_length, void *value);
void *map_put_text(struct map *m, const char *key, void *value);
/* Returns the removed value or NULL. */
void *map_remove(struct map *m, const void *key, size_t key_length);
/* The next live entry at or after *cursor (start with 0), or NULL at the end.
 * The map must not be added to in between. */
struct map_entry *map_next(const struct map *m, size_t *cursor);

/* The finaliser of MurmurHash3: every input bit reaches every output bit. */
uint64_t hash_mix(uint64_t h);

/* The same bytes give the same 64 bits within this process, others in another one. */
uint64_t hash_bytes(const void *bytes, size_t length);

#endif
