/* Keys as bytes that sort as the index does, as far as that can be known here: numbers and
 * times do, composite and descending keys by their parts, texts by their bytes without
 * regard to ASCII case, as collations are the server's business. So it serves to avoid
 * deadlocks, and never to decide what is written. */
#ifndef PLAN_KEY_ORDER_H
#define PLAN_KEY_ORDER_H

#include "db/key.h"

/* values: one per column of the key, none NULL. Appends to out; compare with memcmp(). */
void key_order_put(struct buf *out, const struct key_columns *columns, const struct value *values);
/* Like memcmp(), the shorter one first. */
int key_order_compare(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
