/* A backslash stays as it is: what is printed is read, not parsed. */
#include "base/printable.h"

#include "base/utf8.h"

/* Of two or three bytes. */
static unsigned code_point(const unsigned char *at, size_t length)
{
	if (length == 2)
		return (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
	return (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
}

/* C1; line and paragraph separator; embeddings, overrides and isolates of direction; the
 * byte order mark. */
static bool is_hidden(unsigned code)
{
	return (code >= 0x80 && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0xfeff;
}

static void put_control(struct buf *out, unsigned char byte)
{
	if (byte == '\n')
		buf_puts(out, "\\n");
	else if (byte == '\r')
		buf_puts(out, "\\r");
	else if (byte == '\t')
		buf_puts(out, "\\t");
	else
		buf_printf(out, "\\x%02x", byte);
}

void printable_put(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length;

	for (; *at; at += length) {
		length = utf8_length(at);
		if (length == 0 || *at < 0x20 || *at == 0x7f) {
			put_control(out, *at);
			length = 1;
		} else if ((length == 2 || length == 3) && is_hidden(code_point(at, length))) {
			buf_printf(out, "\\u%04x", code_point(at, length));
		} else {
			buf_add(out, at, length);
		}
	}
}
