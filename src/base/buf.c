/* A growing byte buffer. It doubles, so that a statement built value by value
 * costs a handful of allocations, and buf_clear() keeps them for the next one. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { SMALLEST_ROOM = 64 };

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *b)
{
	b->length = 0;
	if (b->data)
		b->data[0] = '\0';
}

void buf_reserve(struct buf *b, size_t extra)
{
	size_t wanted = b->length + extra + 1;
	size_t room = b->room ? b->room : SMALLEST_ROOM;

	if (wanted <= extra)
		wanted = SIZE_MAX; /* overflow: the allocation below aborts */
	if (b->data && wanted <= b->room)
		return;
	while (room < wanted)
		room = room > SIZE_MAX / 2 ? wanted : room * 2;
	b->data = mem_resize(b->data, room, 1);
	b->room = room;
	b->data[b->length] = '\0';
}

/* Values of rows are put together by bytes and a few bytes. */
static void make_room(struct buf *b, size_t extra)
{
	if (extra >= b->room - b->length)
		buf_reserve(b, extra);
}

void buf_add(struct buf *b, const void *bytes, size_t length)
{
	make_room(b, length);
	if (length > 0)
		memcpy(b->data + b->length, bytes, length);
	b->length += length;
	b->data[b->length] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_putc(struct buf *b, char byte)
{
	make_room(b, 1);
	b->data[b->length++] = byte;
	b->data[b->length] = '\0';
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int length;

	buf_reserve(b, SMALLEST_ROOM);
	for (;;) {
		va_start(args, format);
		length = vsnprintf(b->data + b->length, b->room - b->length, format, args);
		va_end(args);
		assert(length >= 0); /* only a broken format can do that */
		if ((size_t)length < b->room - b->length)
			break;
		buf_reserve(b, (size_t)length);
	}
	b->length += (size_t)length;
}

void buf_put_u64(struct buf *b, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

void buf_put_i64(struct buf *b, int64_t number)
{
	uint64_t magnitude = (uint64_t)number;

	if (number < 0) {
		buf_putc(b, '-');
		magnitude = 0 - magnitude; /* right for INT64_MIN too */
	}
	buf_put_u64(b, magnitude);
}

void buf_put_hex(struct buf *b, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;
	char *to;

	buf_reserve(b, length > SIZE_MAX / 2 ? SIZE_MAX : length * 2);
	to = b->data + b->length;
	for (size_t i = 0; i < length; i++) {
		*to++ = digits[from[i] >> 4];
		*to++ = digits[from[i] & 15];
	}
	*to = '\0';
	b->length += length * 2;
}

void buf_put_uuid(struct buf *b, const uint8_t uuid[16])
{
	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_putc(b, '-');
		buf_put_hex(b, &uuid[i], 1);
	}
}

void buf_truncate(struct buf *b, size_t length)
{
	assert(length <= b->length);
	b->length = length;
	if (b->data)
		b->data[length] = '\0';
}

char *buf_take(struct buf *b)
{
	char *text;

	buf_reserve(b, 0);
	text = b->data;
	*b = (struct buf)BUF_INIT;
	return text;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}
