/* A growing byte buffer: statements, JSON texts, messages under construction.
 * There is always a NUL after the content, so that a text buffer's data is a C
 * string; the content may hold NULs itself. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <string.h>

#include "base/attr.h"

struct buf {
	char *data;    /* owned; NULL until the first byte is reserved */
	size_t length; /* bytes of content */
	size_t room;   /* bytes allocated */
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* Frees the memory; b is BUF_INIT again. */
void buf_release(struct buf *b);
/* Empties it and keeps the memory. */
void buf_clear(struct buf *b);
/* Makes room for extra more bytes and the NUL after them. */
void buf_reserve(struct buf *b, size_t extra);
void buf_add(struct buf *b, const void *bytes, size_t length);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char byte);
void buf_printf(struct buf *b, const char *format, ...) PRINTF(2, 3);
void buf_put_u64(struct buf *b, uint64_t number);
void buf_put_i64(struct buf *b, int64_t number);
/* Two lower-case hex digits per byte. */
void buf_put_hex(struct buf *b, const void *bytes, size_t length);
/* Its usual text: lower-case hex digits with dashes. */
void buf_put_uuid(struct buf *b, const uint8_t uuid[16]);
/* Cuts the content to length, which must not be more than there is. */
void buf_truncate(struct buf *b, size_t length);
/* The caller owns the returned memory (free()); never NULL; b is empty after. */
char *buf_take(struct buf *b);
/* The content as a C string; "" when nothing was ever added. */
const char *buf_text(const struct buf *b);

#endif
