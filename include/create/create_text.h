/* Walking over the text of a CREATE statement. */
#ifndef CREATE_CREATE_TEXT_H
#define CREATE_CREATE_TEXT_H

#include "base/attr.h"

/* Behind the quoted text or name that at stands on. The servers print backslash escapes in
 * strings alone. */
const char *create_skip_quoted(const char *at);
/* Behind the parenthesis that closes the one at stands on. */
const char *create_skip_parentheses(const char *at);
/* Letters, digits, "_" and "$", and all that is not ASCII. */
bool create_is_word(char c);
bool create_begins(const char *at, const char *text);

#endif
