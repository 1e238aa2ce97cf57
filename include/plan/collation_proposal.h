/* What to propose where the target lacks a collation. */
#ifndef PLAN_COLLATION_PROPOSAL_H
#define PLAN_COLLATION_PROPOSAL_H

#include "base/buf.h"
#include "base/map.h"

/* Appends the one that comes nearest among those that the target knows, of the same character
 * set. False: there is none. */
bool collation_propose(struct buf *out, const struct map *known, const char *name) MUST_CHECK;

#endif
