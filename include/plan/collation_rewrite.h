/* CollationRewrites: what collations of the source become on the target. */
#ifndef PLAN_COLLATION_REWRITE_H
#define PLAN_COLLATION_REWRITE_H

#include "base/buf.h"
#include "base/map.h"

/* The collation on the target of what has this one on the source, borrowed from either. A name
 * wins over patterns, and a longer pattern over a shorter one. */
const char *collation_on_target(const struct map *rewrites, const char *name);
/* Are they of one character set? utf8 and utf8mb3 are. */
bool collation_same_charset(const char *a, const char *b);
/* Appends the one that comes nearest among those that the target knows, of the same character
 * set. False: there is none. */
bool collation_propose(struct buf *out, const struct map *known, const char *name) MUST_CHECK;

#endif
