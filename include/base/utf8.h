/* UTF-8 in foreign bytes that are shown to people. Pure functions, any thread. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

#include "base/attr.h"

/* The length of the valid UTF-8 sequence at text (NUL-terminated), or 0. */
size_t utf8_length(const unsigned char *text);
bool utf8_is_ascii(const char *text);
/* The character that a valid sequence of that length is. */
unsigned utf8_code(const unsigned char *text, size_t length);
/* Invalid bytes become "?". */
void utf8_replace_invalid(char *text);

#endif
