/* Conditions by which rows are found ("`a` = 1 AND `b` = _latin1 x'02'", what
 * sql_key_equals() writes), read back. Two of them are the same text exactly when the keys
 * are the same bytes, however the servers' collations compare them. */
#ifndef PLAN_KEY_CONDITION_H
#define PLAN_KEY_CONDITION_H

#include "db/key.h"

/* Behind one literal as sql_key_literal() writes them; NULL: it is none. */
const char *key_condition_skip_literal(const char *at);
/* May the server take two different keys for one: does the key have a text column? */
bool key_condition_is_vague(const struct key_columns *columns);
/* The condition, and what makes it hold for just these bytes. It needs no NUL behind it. */
void key_condition_put_exact(struct buf *sql, const struct key_columns *columns,
			     const char *condition, size_t length);

#endif
