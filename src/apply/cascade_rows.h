/* The rows that a change of their parent may have changed on the source (C2, C3): found on the
 * target by what they refer to, those below them too, and copied again. One thread, with a
 * connection of its own to each server. */
#ifndef APPLY_CASCADE_ROWS_H
#define APPLY_CASCADE_ROWS_H

#include "compare/row_repair.h"
#include "plan/cascade.h"

struct verifier;

/* Of one table. */
struct cascade_list {
	const struct moved_table *table;
	unsigned *links; /* owned: columns by which keys lead to its rows, and on from them */
	unsigned link_count;
	bool passes; /* cascade_passes() */

	struct buf conditions; /* each ended by NUL */
	size_t count;
	unsigned depth; /* of the lowest place that the table was met at */
	/* Where it passes on: condition -> its links as they must be then (char *, owned); "":
	 * it must be gone. */
	struct map predicted;
	bool is_unpredictable;
};

struct cascade_rows {
	struct run *run;	   /* borrowed */
	struct verifier *verifier; /* borrowed, or NULL */
	struct db *source;	   /* owned; NULL until needed */
	struct row_repair repair;
	struct cascade_list *lists; /* owned; by moved_table.index */
	size_t bytes;		    /* of all conditions */
	struct buf sql;
	/* Rows may have been missed below the first level: cleared by whoever reads it. */
	bool is_in_doubt;
	uint64_t written; /* rows, for the log */
};

void cascade_rows_init(struct cascade_rows *r, struct run *run, struct verifier *verifier,
		       const struct repair_plan *plan);
void cascade_rows_release(struct cascade_rows *r);
struct db *cascade_rows_source(struct cascade_rows *r, struct error *err);

/* A row of the parent was this and has become that, NULL: is gone; by column. Collects the rows
 * below it, and writes some where they are many. */
bool cascade_rows_add(struct cascade_rows *r, const struct moved_table *parent,
		      const struct value *before, const struct value *after,
		      struct error *err) MUST_CHECK;
/* Those that were collected become what they are on the source. */
bool cascade_rows_write(struct cascade_rows *r, struct error *err) MUST_CHECK;

#endif
