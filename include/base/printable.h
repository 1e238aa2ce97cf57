/* Foreign text, such as the names of tables, in what people read line by line. */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends text so that it stays on its line and shows all of itself: control characters, line
 * separators and marks that turn the direction of writing as \n, \x1b or \u2028; bytes that
 * are not UTF-8 as \xff; everything else unchanged. */
void printable_put(struct buf *out, const char *text);
/* Beyond ASCII: a character that terminals interpret, or an invisible one that changes how others
 * are shown. */
bool printable_is_hidden(unsigned code);
/* How many bytes of text (printable already) take at most that many columns of a terminal. */
size_t printable_fit(const char *text, size_t columns);

#endif
