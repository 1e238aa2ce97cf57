/* The source side of one copy worker: the queries by which a table is walked. One
 * thread, one connection; every query is tried again as options->read_attempts
 * allow.
 *
 * Rows that are larger than expected are refused by the client library before there is memory for
 * them. Those before them are kept, as if no more had been requested, and too_large is set; the
 * caller makes room and reads the large one alone. */
#ifndef ROWS_ROW_READER_H
#define ROWS_ROW_READER_H

#include "rows/row_batch.h"
#include "run/run.h"

/* Rows are kept up to this many times options->batch_bytes. */
#define ROW_READER_KEEP_FACTOR 4
#define ROW_READER_LARGEST_ROW (UINT64_C(1) << 30) /* the servers' limit */

struct row_reader {
	struct run *run;       /* borrowed */
	struct db *source;     /* owned */
	struct buf sql;	       /* under construction, kept for its capacity */
	uint64_t packet_limit; /* of the target, bytes */
	uint64_t row_bytes;    /* the largest row to be received */
	bool too_large;	       /* the last read was cut short at what may be a larger one */
};

bool row_reader_open(struct row_reader *reader, struct run *run, uint64_t packet_limit,
		     struct error *err) MUST_CHECK;
void row_reader_close(struct row_reader *reader);

/* The key `rows` rows after low, without locks: only a place to split at, any value
 * would do. Unset when the table has fewer rows behind low. */
bool row_reader_split(struct row_reader *reader, const struct moved_table *table,
		      const struct key *low, uint64_t rows, struct key *high,
		      struct error *err) MUST_CHECK;
/* The table's largest key now, for progress; unset when it looks empty. */
bool row_reader_largest(struct row_reader *reader, const struct moved_table *table, struct key *key,
			struct error *err) MUST_CHECK;

/* The keys in (low, high] as conditions, each ended by a NUL, one behind the other. Without
 * locks. */
bool row_reader_list(struct row_reader *reader, const struct moved_table *table,
		     const struct key *low, const struct key *high, struct buf *conditions,
		     size_t *count, struct error *err) MUST_CHECK;

/* From the next read on. Makes a new connection when it is another size. */
void row_reader_expect(struct row_reader *reader, uint64_t row_bytes);

/* Fills batch with up to `limit` rows of (low, high] by one locking read (I1);
 * the batch's ticket must have been issued before. *more: the range may hold
 * further rows behind batch->last. */
bool row_reader_read(struct row_reader *reader, struct row_batch *batch, const struct key *low,
		     const struct key *high, uint64_t limit, bool *more,
		     struct error *err) MUST_CHECK;

/* Fills batch with the rows of these conditions, each of one key, by locking reads; those that are
 * not there any more are left out. The batch's ticket must have been issued before. *all false:
 * they are too large to be held at once, request fewer. */
bool row_reader_keys(struct row_reader *reader, struct row_batch *batch,
		     const char *const *conditions, size_t count, bool *all,
		     struct error *err) MUST_CHECK;

#endif
