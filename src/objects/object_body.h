/* What a routine, trigger or event does, in its statement: as somebody typed it, so all servers
 * print it in the same words. Pure functions. */
#ifndef OBJECTS_OBJECT_BODY_H
#define OBJECTS_OBJECT_BODY_H

#include "objects/object_list.h"

/* Appends it, with a routine's parameters; nothing of other kinds. */
void object_body_put(struct buf *text, const struct object *o);
/* Of a function: where the server says what it returns, in its own words. */
const char *object_returns(const struct object *o, const char **end);
/* Behind the account, "DEFINER=`user`@`host`" or a role; begin: where that stands, if it does. */
const char *object_behind_account(const struct object *o, const char **begin);

#endif
