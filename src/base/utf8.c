/* Surrogates and overlong forms are invalid. */
#include "base/utf8.h"

size_t utf8_length(const unsigned char *text)
{
	size_t length = text[0] < 0x80				    ? 1 :
			(text[0] & 0xe0) == 0xc0 && text[0] >= 0xc2 ? 2 :
			(text[0] & 0xf0) == 0xe0		    ? 3 :
			(text[0] & 0xf8) == 0xf0 && text[0] <= 0xf4 ? 4 :
								      0;

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

unsigned utf8_code(const unsigned char *text, size_t length)
{
	unsigned code = length == 1 ? text[0] : text[0] & (0x7fu >> length);

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (text[i] & 0x3fu);
	return code;
}

void utf8_replace_invalid(char *text)
{
	for (size_t length; *text; text += length) {
		length = utf8_length((const unsigned char *)text);
		if (length == 0) {
			*text = '?';
			length = 1;
		}
	}
}

bool utf8_is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}
