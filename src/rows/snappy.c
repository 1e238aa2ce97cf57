/* Two versions of snappy, or two settings of it, make other bytes of one text. The length that a
 * block claims is not trusted: nothing is allocated for what the bytes cannot hold. */
#include "rows/snappy.h"

#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

/* A copy of 64 bytes takes three. */
enum { EXPANSION_MAX = 22 };

static bool content_length(struct value value, size_t *length)
{
	return snappy_uncompressed_length(value.bytes, value.length, length) == SNAPPY_OK &&
	       *length / EXPANSION_MAX <= value.length &&
	       snappy_validate_compressed_buffer(value.bytes, value.length) == SNAPPY_OK;
}

static char *unpack(struct value value, size_t length)
{
	char *content = mem_alloc(length + 1);

	if (snappy_uncompress(value.bytes, value.length, content, &length) == SNAPPY_OK)
		return content;
	free(content);
	return NULL;
}

bool snappy_same_content(struct value a, struct value b)
{
	size_t length, other_length;

	if (!a.bytes || !b.bytes)
		return !a.bytes && !b.bytes;
	if (a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0)
		return true;
	if (!content_length(a, &length) || !content_length(b, &other_length) ||
	    length != other_length)
		return false;

	char *content = unpack(a, length);
	char *other = unpack(b, length);
	bool is_same = content && other && memcmp(content, other, length) == 0;

	free(content);
	free(other);
	return is_same;
}

/* FNV-1a; the kind of value comes first. */
static uint64_t hash_piece(char kind, const char *bytes, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (unsigned char)kind;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return hash_mix(hash + length);
}

uint64_t snappy_content_hash(struct value value)
{
	char *content = NULL;
	uint64_t hash;
	size_t length;

	if (!value.bytes)
		return hash_piece('n', "", 0);
	if (content_length(value, &length))
		content = unpack(value, length);
	hash = content ? hash_piece('c', content, length) :
			 hash_piece('b', value.bytes, value.length);
	free(content);
	return hash;
}
