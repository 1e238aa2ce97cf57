/* Rows of one read on their way to the target: they are turned into INSERT
 * statements as they arrive, in one pass. */
#ifndef ROWS_ROW_BATCH_H
#define ROWS_ROW_BATCH_H

#include "rows/target_write.h"

struct row_prints;

struct row_batch {
	const struct moved_table *table; /* borrowed */
	uint64_t ticket;		 /* of the table's fence */
	const char *head;		 /* of every statement; the table's INSERT */
	const char *tail;
	/* Rows go into text (load_text.h) and there are no statements, as long as this is true:
	 * row_batch_make_statements(), or a row that only INSERT can store, ends it. */
	bool is_text;
	struct buf text;
	struct write_statement *statements; /* owned */
	size_t statement_count;
	uint64_t rows;
	uint64_t bytes; /* of statements, or text */
	/* As given to row_batch_add(). */
	uint64_t statement_bytes;
	uint64_t packet_limit;
	/* What each row is summed up to by the source, while it is read: SQL (row_hash.h),
	 * borrowed; NULL: no sums. */
	const char *sum_expression;
	/* Then the expression is the whole fingerprint, which goes here by key, and no sum is
	 * made; borrowed. Forgotten with the rows. */
	struct row_prints *prints;
	bool sums_values; /* row_hash_of_values() is the sum, and the source makes none */
	bool omits_empty; /* rows with values that no statement can write:
			   * row_sql_without_empty() */
	uint64_t sum;	  /* XOR of all rows */
	bool has_sum;	  /* of all of them: none was NULL */
	struct key last;  /* of the last row; owned */
	struct buf keys;  /* of all rows: each value led by its length */
	/* The range that was read: (low, high]; owned, unset where it is open. */
	struct key low;
	struct key high;
	struct buf documents; /* of the current row: texts and types together */
};

struct row_batch *row_batch_new(const struct moved_table *table, uint64_t ticket);
void row_batch_free(struct row_batch *batch);

/* Forgets all rows: for reading the same again after a lost connection. */
void row_batch_clear(struct row_batch *batch);

/* row: values in the order of table->selected, then those of table->types_list, then the
 * sum if it was asked for. A new statement begins when the one under way has
 * statement_bytes; a single row that does not fit into packet_limit
 * is ERROR_DATA. */
bool row_batch_add(struct row_batch *batch, const struct db_row *row, uint64_t statement_bytes,
		   uint64_t packet_limit, struct error *err) MUST_CHECK;
/* Takes the next key out of what stands behind *at (0 at first); false: there is none. The
 * values point into the batch. */
bool row_batch_next_key(const struct row_batch *batch, size_t *at, struct value *values);
/* From the text, completed. */
bool row_batch_make_statements(struct row_batch *batch, struct error *err) MUST_CHECK;
/* Completes the last statement; call once after the last row. */
void row_batch_finish(struct row_batch *batch);

#endif
