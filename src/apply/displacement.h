/* Makes room for changed rows whose key or unique values other rows of the target hold.
 *
 * Used by one apply worker per batch: displacement_init(), then for each attempt the batch's
 * statements, which count the rows they inserted, and displacement_resolve() before the commit;
 * displacement_end() after the last attempt. */
#ifndef APPLY_DISPLACEMENT_H
#define APPLY_DISPLACEMENT_H

#include "change_queue.h"
#include "run/run.h"

struct displacement {
	struct run *run;		 /* borrowed */
	const struct moved_table *table; /* borrowed */
	struct change *changes;		 /* borrowed: the batch, in stream order */
	uint64_t rows;			 /* that its statements contain */
	uint64_t inserted;		 /* that were inserted, in this attempt */
	bool has_begun;			 /* owed_rows_begin() was called */
	struct map displaced;		 /* conditions of such rows, from all attempts */
};

void displacement_init(struct displacement *d, struct run *run, const struct moved_table *table,
		       struct change *changes);
/* Inside the transaction, after the batch's statements. */
bool displacement_resolve(struct displacement *d, struct db *target, struct error *err) MUST_CHECK;
void displacement_end(struct displacement *d);

#endif
