/* Writes a batch as text: see load_text.h. */
#ifndef ROWS_TARGET_LOAD_H
#define ROWS_TARGET_LOAD_H

#include "rows/row_batch.h"

enum load_outcome {
	LOAD_DONE,     /* committed: every row is there as it was given, or was skipped */
	LOAD_UNSUITED, /* nothing was written, and INSERT has to show why */
	LOAD_UNSURE,   /* the same: more rows were there already than the server lists */
	LOAD_FAILED,   /* *err, nothing was written; may be tried again when it is retryable */
};

/* Does the server take LOAD DATA LOCAL (local_infile)? */
bool target_load_is_allowed(struct db *target, bool *is_allowed, struct error *err) MUST_CHECK;

/* One transaction with the rows of batch->text. *inserted: those that were not there yet. */
enum load_outcome target_load(struct db *target, const struct row_batch *batch, uint64_t *inserted,
			      struct error *err) MUST_CHECK;

#endif
