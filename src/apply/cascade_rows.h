/* Rows that a change of their parent may have changed on the source (C2, C3): these and the rows
 * below them are found on the target by the values they refer to, and copied again. Used by one
 * thread, with a connection of its own to each server. */
#ifndef APPLY_CASCADE_ROWS_H
#define APPLY_CASCADE_ROWS_H

#include "compare/row_repair.h"
#include "plan/cascade.h"

struct verifier;

/* A row that others refer to, by column of its table; borrowed. */
struct parent_change {
	struct value *before;
	struct value *after; /* NULL: it is gone */
};

/* What is collected of one table. */
struct cascade_list {
	const struct moved_table *table;
	unsigned *links; /* owned: columns by which foreign keys lead to its rows and beyond */
	unsigned link_count;

	struct buf conditions; /* each NUL-terminated */
	size_t count;
	unsigned depth; /* the greatest at which the table was reached */
	/* If it passes changes on: condition -> the row's links as they must be afterwards
	 * (char *, owned); "": the row must be gone. */
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

/* Collects the rows below rows of the parent that changed, and writes some early where there are
 * many. No change may be of what another one made. */
bool cascade_rows_add(struct cascade_rows *r, const struct moved_table *parent,
		      const struct parent_change *changes, size_t count,
		      struct error *err) MUST_CHECK;
/* Makes the collected rows what they are on the source. */
bool cascade_rows_write(struct cascade_rows *r, struct error *err) MUST_CHECK;

#endif
