/* One table's progress through the copy: its chunks in key order, which of them are finished, and
 * where the finished prefix ends. A chunk is a half-open range (low, high] of keys; the last one
 * has no upper end. The data iterator's lock guards all of it. */
#ifndef COPY_CHUNK_PLAN_H
#define COPY_CHUNK_PLAN_H

#include "plan/moved_table.h"

struct chunk {
	struct chunk_plan *plan; /* the table's */
	struct key low;		 /* exclusive; unset: from the first row */
	struct key high;	 /* inclusive; unset: to the end of the table, until that is read */
	unsigned batches;	 /* read, not yet written */
	uint64_t rows;		 /* written */
	uint64_t bytes;
	bool is_read; /* no further batch will come */
	struct chunk *next;
};

struct chunk_plan {
	const struct moved_table *table;
	struct chunk *first; /* owned list in key order, without those collected */
	struct chunk *last;
	struct key next_low; /* where the next chunk begins */
	bool is_busy;	     /* a reader is finding the next chunk's end: nobody else may */
	bool is_exhausted;   /* the last chunk was handed out and its end was seen */
	bool is_complete;    /* every chunk is finished */
	unsigned readers;    /* at work on this table */
	uint64_t rows;	     /* of chunks that were collected */
	uint64_t bytes;
	/* For choosing the number of rows per read. */
	uint64_t average_bytes; /* per row, in statements */
	/* Where rows are larger than options->row_bytes: how large they may be where the next chunk
	 * begins. 0: they are not. */
	uint64_t large_row_bytes;
};

void chunk_plan_init(struct chunk_plan *plan, const struct moved_table *table);
void chunk_plan_release(struct chunk_plan *plan);
/* Appends the chunk (next_low, high]; high unset: to the end. */
struct chunk *chunk_plan_append(struct chunk_plan *plan, const struct key *high);
/* Removes finished chunks from the front. True if there were any; end is then a copy of the last
 * upper key among them (unchanged if none has one: no rows). */
bool chunk_plan_collect(struct chunk_plan *plan, struct key *end);

#endif
