/* Would any two rows of the source have the same value in a unique key of the target? */
#ifndef PREFLIGHT_UNIQUE_VALUES_H
#define PREFLIGHT_UNIQUE_VALUES_H

#include "db/schema.h"

struct unique_values {
	const struct table *table;	 /* on the source */
	const struct table_index *index; /* its */
	char *const *collations;	 /* of the target, per part; NULL: not a text */
	char *const *expressions;	 /* SQL, of the target, per part; NULL: a column */
	const char *from;		 /* SQL: what the parts are read of */
	uint64_t values_max;		 /* in memory at once */
	const char *spill_beside;	 /* see spill_file_open() */
};

enum unique_answer { UNIQUE_APART, UNIQUE_CLASHING, UNIQUE_UNKNOWN };

/* clashing: two such values, readable, if there are any; the caller's. *merged: how many
 * values are equal to another one, which would stay. */
bool unique_values_ask(const struct unique_values *u, struct db *source, struct db *target,
		       enum unique_answer *answer, struct buf *clashing, uint64_t *merged,
		       struct error *err) MUST_CHECK;

#endif
