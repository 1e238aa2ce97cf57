/* Which of many hashes occurs twice? Kept in memory up to a limit, then in an unnamed file. */
#ifndef PREFLIGHT_VALUE_HASHES_H
#define PREFLIGHT_VALUE_HASHES_H

#include <stdint.h>

#include "base/spill_file.h"

#define VALUE_HASH_SIZE 16

struct value_hash {
	unsigned char bytes[VALUE_HASH_SIZE];
};

struct value_hashes {
	size_t held_max;
	const char *beside;	 /* borrowed: see spill_file_open() */
	struct value_hash *held; /* owned */
	size_t count, room;
	struct spill_file file;
	uint64_t spilled; /* hashes in the file */
};

/* held_max of 0 counts as 1. */
void value_hashes_init(struct value_hashes *h, uint64_t held_max, const char *beside);
void value_hashes_release(struct value_hashes *h);
bool value_hashes_add(struct value_hashes *h, const struct value_hash *hash,
		      struct error *err) MUST_CHECK;
/* *merged: the number of hashes that are equal to an earlier one; if it is not 0, *twice is the
 * first one found. Nothing can be added after this. */
bool value_hashes_find_twice(struct value_hashes *h, struct value_hash *twice, uint64_t *merged,
			     struct error *err) MUST_CHECK;

#endif
