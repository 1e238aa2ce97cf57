/* The FULLTEXT keys in the text of a CREATE TABLE statement, as SHOW CREATE TABLE prints it.
 * Pure functions. */
#ifndef CREATE_CREATE_FULLTEXT_H
#define CREATE_CREATE_FULLTEXT_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"

/* The statement without them. */
void create_leave_out_fulltext(struct buf *out, const char *shown);
/* The first one behind *at, which begins as the statement and is moved on: its text, as it
 * can stand behind ALTER TABLE ... ADD, and its name. False: there is none. */
bool create_next_fulltext(const char **at, struct buf *text, struct buf *name) MUST_CHECK;

#endif
