/* Backslashes are not escaped: the result is read by people, not parsed. */
#include "base/printable.h"

#include <locale.h>
#include <wchar.h>

#include "base/utf8.h"

/* C1; line and paragraph separator; embeddings, overrides and isolates of direction; the byte
 * order mark. */
bool printable_is_hidden(unsigned code)
{
	return (code >= 0x80 && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0xfeff;
}

void printable_put(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	static const char letters[] = "\nn\rr\tt";

	for (size_t length; *at; at += length) {
		const char *letter = strchr(letters, *at);

		length = utf8_length(at);
		if (letter && *at < 0x20) {
			buf_putc(out, '\\');
			buf_putc(out, letter[1]);
		} else if (length == 0 || *at < 0x20 || *at == 0x7f) {
			buf_printf(out, "\\x%02x", *at);
			length = 1;
		} else if (printable_is_hidden(utf8_code(at, length))) {
			buf_printf(out, "\\u%04x", utf8_code(at, length));
		} else {
			buf_add(out, at, length);
		}
	}
}

/* wcwidth() knows the characters of the thread's locale only. The program's stays "C", as numbers
 * and comparisons go by it. What is not known counts as a wide one: a line that is too short does
 * no harm, one that wraps cannot be cleared. */
size_t printable_fit(const char *text, size_t columns)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	size_t fit = 0;

	while (text[fit]) {
		const unsigned char *at = (const unsigned char *)text + fit;
		size_t length = utf8_length(at);
		int width = wcwidth((wchar_t)utf8_code(at, length ? length : 1));
		size_t taken = width < 0 ? 2 : (size_t)width;

		if (taken > columns)
			break;
		columns -= taken;
		fit += length ? length : 1;
	}
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return fit;
}
