/* Which rows there are, by key, and the fingerprint of each. */
#ifndef ROWS_ROW_PRINTS_H
#define ROWS_ROW_PRINTS_H

#include "base/map.h"
#include "db/sql.h"

#define ROW_PRINT_DIGITS 64

struct row_prints {
	struct map rows; /* key -> struct row_print *, owned */
	struct buf key;	 /* under construction */
	size_t seen;	 /* rows that were looked for and found alike */
};

void row_prints_init(struct row_prints *prints);
void row_prints_release(struct row_prints *prints);
void row_prints_clear(struct row_prints *prints);
/* key: values that are not NULL. False: print is none. */
bool row_prints_add(struct row_prints *prints, const struct value *key, unsigned count,
		    struct value print) MUST_CHECK;

/* Another look at the same rows: begin, then each row that is found, then whether all were
 * found, and alike. Rows that are not in prints do not matter. */
void row_prints_begin_look(struct row_prints *prints);
void row_prints_look(struct row_prints *prints, const struct value *key, unsigned count,
		     struct value print);
bool row_prints_are_alike(const struct row_prints *prints);

#endif
