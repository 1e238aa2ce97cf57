/* Walking over the text of a CREATE statement. */
#ifndef CREATE_CREATE_TEXT_H
#define CREATE_CREATE_TEXT_H

#include "db/schema.h"

/* Behind the quoted text or name that at stands on. The servers print backslash escapes in
 * strings alone. */
const char *create_skip_quoted(const char *at);
/* Behind the parenthesis that closes the one at stands on. */
const char *create_skip_parentheses(const char *at);
/* Letters, digits, "_" and "$", and all that is not ASCII. */
bool create_is_word(char c);
bool create_begins(const char *at, const char *text);
/* Behind the first such text that stands in no quotes, or NULL. */
const char *create_find(const char *at, const char *text);
/* The table's column of the name in backticks that at stands on, or NULL. */
const struct column *create_column(const struct table *table, const char *at);
/* The parts of a unique key of the table that are expressions, with their brackets; the
 * caller's, and NULL before. definition: the key's line, as it can stand behind ADD. False: the
 * statement has no such key. */
bool create_unique_parts(const char *shown, const struct table_index *index, char **expressions,
			 struct buf *definition) MUST_CHECK;

#endif
