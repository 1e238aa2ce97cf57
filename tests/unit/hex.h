/* Test vectors as hex text. Each copy is allocated to its exact size, so that a
 * sanitizer sees the first byte read behind it. */
#ifndef UNIT_HEX_H
#define UNIT_HEX_H

#include "unit.h"

struct bytes {
	uint8_t *at; /* free() */
	size_t length;
};

static inline struct bytes bytes_copy(const void *from, size_t length)
{
	struct bytes b = { malloc(length ? length : 1), length };

	assert_non_null(b.at);
	if (length)
		memcpy(b.at, from, length);
	return b;
}

static inline unsigned hex_digit(char c)
{
	const char *digits = "0123456789abcdef";

	assert_non_null(strchr(digits, c));
	return (unsigned)(strchr(digits, c) - digits);
}

/* Spaces are skipped. */
static inline struct bytes bytes_of_hex(const char *hex)
{
	struct bytes b = { malloc(strlen(hex) / 2 + 1), 0 };
	struct bytes exact;

	assert_non_null(b.at);
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		b.at[b.length++] = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
		hex++;
	}
	exact = bytes_copy(b.at, b.length);
	free(b.at);
	return exact;
}

#endif
