/* Backslashes are not escaped: the result is read by people, not parsed. */
#include "base/printable.h"

#include "base/utf8.h"

void printable_put(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	static const char letters[] = "\nn\rr\tt";

	for (size_t length; *at; at += length) {
		const char *letter = strchr(letters, *at);
		unsigned code = 0;

		length = utf8_length(at);
		if (length == 2)
			code = (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
		else if (length == 3)
			code = (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
		if (letter && *at < 0x20) {
			buf_putc(out, '\\');
			buf_putc(out, letter[1]);
		} else if (length == 0 || *at < 0x20 || *at == 0x7f) {
			buf_printf(out, "\\x%02x", *at);
			length = 1;
		} else if ((code >= 0x80 && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
			   (code >= 0x2028 && code <= 0x202e) ||
			   (code >= 0x2066 && code <= 0x2069) || code == 0xfeff) {
			/* C1; line and paragraph separator; embeddings, overrides and
			 * isolates of direction; the byte order mark. */
			buf_printf(out, "\\u%04x", code);
		} else {
			buf_add(out, at, length);
		}
	}
}
