/* Rows that the target does not take in strict mode though they are what the source has:
 * they are written without it, and compared with the source before the commit. One thread;
 * the connection to the target is the caller's, the one to the source is made when it is
 * first needed. */
#ifndef ROWS_LAX_WRITER_H
#define ROWS_LAX_WRITER_H

#include "rows/row_hash.h"
#include "rows/row_prints.h"
#include "rows/row_reader.h"

/* The modes in which rows may have been stored, to be tried one after the other. */
#define LAX_MODES 3
extern const char *const lax_modes[LAX_MODES];

/* How rows of the two sides are told apart, by the definition that the target has, which
 * goes to *schema. Columns that a verification is to ignore count here. Both are set where it
 * succeeds. */
bool lax_hash_load(struct row_hash *hash, struct schema *schema, const struct run *run,
		   struct db *target, const struct moved_table *table, struct error *err) MUST_CHECK;

struct lax_table;

struct lax_writer {
	struct run *run;	  /* borrowed */
	const char *tag;	  /* for the log */
	struct row_reader reader; /* its source is NULL until needed */
	struct lax_table *tables; /* owned; by moved_table.index; NULL until needed */
	struct row_prints prints; /* of the rows at hand, as the source has them */
};

void lax_writer_init(struct lax_writer *w, struct run *run, const char *tag);
void lax_writer_release(struct lax_writer *w);

/* Is it worth trying in strict mode first? Not while the table's last rows would all have
 * been refused. */
bool lax_writer_is_strict_first(const struct lax_writer *w, const struct moved_table *table);
/* After a strict write that failed so: is it worth trying without? */
bool lax_is_refusal(const struct error *err);

/* Makes the target's rows of a batch that was copied, whose ticket is not ended, those that
 * the source has now. refused: why a strict write failed, or NULL. */
bool lax_writer_batch(struct lax_writer *w, struct db *target, const struct row_batch *batch,
		      const struct error *refused, struct error *err) MUST_CHECK;
/* The same for the rows of these conditions, each of one key and ended by a NUL, one behind
 * the other; by whoever applies the table's changes, after those that it has received. */
bool lax_writer_keys(struct lax_writer *w, struct db *target, const struct moved_table *table,
		     const struct buf *conditions, size_t count, const struct error *refused,
		     struct error *err) MUST_CHECK;

#endif
