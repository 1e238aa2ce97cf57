/* CollationRewrites: what collations of the source become on the target. */
#ifndef PLAN_COLLATION_REWRITE_H
#define PLAN_COLLATION_REWRITE_H

#include <stdbool.h>

#include "base/map.h"

/* The collation on the target of what has this one on the source, borrowed from either. A name
 * wins over patterns, and a longer pattern over a shorter one. */
const char *collation_on_target(const struct map *rewrites, const char *name);
/* Are they of one character set? utf8 and utf8mb3 are. */
bool collation_same_charset(const char *a, const char *b);

#endif
