/* What a collation's name says about when two texts are equal, and which ones a server has. */
#ifndef PLAN_COLLATION_H
#define PLAN_COLLATION_H

#include <stdbool.h>

#include "base/map.h"
#include "db/schema.h"

/* Are two texts equal only when they are the same bytes, blanks at their ends included? */
bool collation_is_exact(const char *name);
/* Do blanks at the end of a text not count? */
bool collation_pads(const char *name);
/* Do they call the same texts equal? Between flavours names alone do not decide. */
bool collation_agrees(const char *a, enum flavour of_a, const char *b, enum flavour of_b);
/* May the collation there take values for equal that the source's column tells apart? "":
 * the column there has none. */
bool collation_merges(const struct column *source, enum flavour of_source, const char *there,
		      enum flavour of_there);
/* May it tell values apart that the source's column takes for equal? Likewise. */
bool collation_splits(const struct column *source, enum flavour of_source, const char *there,
		      enum flavour of_there);

/* The names of those that the server has become keys of the map. */
bool collations_load(struct map *known, struct db *db, struct error *err) MUST_CHECK;
/* "": none is needed. */
bool collation_is_known(const struct map *known, const char *name);

#endif
