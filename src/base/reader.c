/* Checked reads from foreign bytes. All go through reader_bytes(): one
 * comparison decides, and a failed reader has nothing left, so it stays failed. */
#include "base/reader.h"

struct reader reader_over(const void *bytes, size_t length)
{
	static const uint8_t nothing[1];
	const uint8_t *at = bytes ? bytes : nothing;

	/* No bytes is an empty window, and NULL + 0 would be undefined. */
	return (struct reader){ .at = at, .end = bytes ? at + length : at, .failed = false };
}

size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static const uint8_t *fail(struct reader *r)
{
	r->failed = true;
	r->at = r->end;
	return NULL;
}

const uint8_t *reader_bytes(struct reader *r, size_t length)
{
	const uint8_t *bytes = r->at;

	if (r->failed || length > reader_left(r))
		return fail(r);
	r->at += length;
	return bytes;
}

uint64_t reader_uint(struct reader *r, unsigned width)
{
	const uint8_t *bytes;
	uint64_t number = 0;

	bytes = width >= 1 && width <= 8 ? reader_bytes(r, width) : fail(r);
	if (!bytes)
		return 0;
	for (unsigned i = 0; i < width; i++)
		number |= (uint64_t)bytes[i] << (8 * i);
	return number;
}

uint64_t reader_uint_be(struct reader *r, unsigned width)
{
	const uint8_t *bytes;
	uint64_t number = 0;

	bytes = width >= 1 && width <= 8 ? reader_bytes(r, width) : fail(r);
	if (!bytes)
		return 0;
	for (unsigned i = 0; i < width; i++)
		number = number << 8 | bytes[i];
	return number;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)reader_uint(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)reader_uint(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)reader_uint(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
	return reader_uint(r, 8);
}

/* MySQL Internals, "Protocol::LengthEncodedInteger". */
uint64_t reader_lenenc(struct reader *r)
{
	uint8_t first = reader_u8(r);

	switch (first) {
	case 0xfc:
		return reader_uint(r, 2);
	case 0xfd:
		return reader_uint(r, 3);
	case 0xfe:
		return reader_uint(r, 8);
	case 0xfb:
	case 0xff:
		fail(r);
		return 0;
	default:
		return first;
	}
}

void reader_skip(struct reader *r, size_t length)
{
	reader_bytes(r, length);
}

struct reader reader_sub(struct reader *r, size_t length)
{
	const uint8_t *bytes = reader_bytes(r, length);

	if (!bytes)
		return (struct reader){ .at = r->end, .end = r->end, .failed = true };
	return reader_over(bytes, length);
}
