/* A window on foreign bytes. Every read is checked; after the first short one it stays failed and
 * yields zeros, so a decoder reads a whole record and checks once. It never owns the bytes.
 * Multi-byte numbers are little-endian unless the name says be. */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/attr.h"

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

struct reader reader_over(const void *bytes, size_t length);
size_t reader_left(const struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* width 1..8 bytes; any other width fails. */
uint64_t reader_uint(struct reader *r, unsigned width);
uint64_t reader_uint_be(struct reader *r, unsigned width);
/* MySQL's length-encoded integer; the NULL marker 0xfb and 0xff fail. */
uint64_t reader_lenenc(struct reader *r);
/* A pointer to length bytes inside the window, or NULL (and failed). */
const uint8_t *reader_bytes(struct reader *r, size_t length);
void reader_skip(struct reader *r, size_t length);
/* A window of the next length bytes, which are skipped here. A short one gives
 * an empty failed window and fails this one too. */
struct reader reader_sub(struct reader *r, size_t length);

#endif
