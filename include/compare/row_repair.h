/* Rows of the target that are made equal to the source's once more (VerifierRepair).
 * One thread, with a connection of its own to the target, made when it is first needed;
 * the source's is the caller's. */
#ifndef COMPARE_ROW_REPAIR_H
#define COMPARE_ROW_REPAIR_H

#include "rows/lax_writer.h"
#include "run/run.h"

/* What all that repair rows in one run have in common. Constant once made. */
struct repair_plan {
	struct run *run; /* borrowed */
	/* Rows other than the repaired ones were displaced: the table must be compared as a
	 * whole again. Any thread. */
	void (*displaced)(void *context, size_t table);
	void *context;
	/* A row that the target refuses ends the run, and whoever repairs knows what is to come
	 * of the rows (run_rows_are_ahead()). */
	bool is_cascade;
};

struct row_repair {
	const struct repair_plan *plan; /* borrowed */
	unsigned lock;			/* number of the connection's named lock */
	struct db *target;		/* owned; NULL until needed */
	struct row_reader reader;	/* its source is borrowed for each call */
	struct lax_writer lax;		/* for rows that are refused in strict mode */
};

/* number: among the threads that repair at the same time, from 0. */
void row_repair_init(struct row_repair *r, const struct repair_plan *plan, unsigned number);
void row_repair_release(struct row_repair *r);

/* Its connection, which may be used between two repairs. NULL and *err on failure. */
struct db *row_repair_target(struct row_repair *r, struct error *err) MUST_CHECK;

/* Copies the rows of these conditions, each of one key, again; those that the source does
 * not have are deleted on the target. Rows that the target refuses stay as they are, and
 * the log says why. */
bool row_repair_rows(struct row_repair *r, struct db *source, const struct moved_table *table,
		     const char *const *conditions, size_t count, struct error *err) MUST_CHECK;

#endif
