/* One table's rows as both servers can tell them apart: SQL expressions that give the
 * same text on the source and on the target exactly when the stored values are the
 * same. Made once, read-only afterwards. */
#ifndef ROWS_ROW_HASH_H
#define ROWS_ROW_HASH_H

#include "plan/moved_table.h"

enum side { SIDE_SOURCE, SIDE_TARGET, SIDE_COUNT };

struct row_hash {
	const struct moved_table *table; /* borrowed */
	/* Owned texts per side. */
	char *row[SIDE_COUNT]; /* "SHA2(CONCAT_WS('#',...),256)": 64 hex digits */
	char *sum[SIDE_COUNT]; /* 64 bits of that as a number, to be XORed */
	/* "SHA2(...),`a`,`b`": of the other columns, and the compressed ones as they are; NULL:
	 * there are none. Rows whose hashes differ may be equal then, see range_diff.c. */
	char *unpacked[SIDE_COUNT];
	unsigned unpacked_count; /* its columns */
	char *keys[SIDE_COUNT];	 /* "`a`,`b`": the key's values as the source holds them */
	char *from[SIDE_COUNT];	 /* "`db`.`t` FORCE INDEX (`PRIMARY`)" */
	/* What the copy reads (moved_table.select_list) tells rows apart as well as the expressions
	 * do: where the source says it byte for byte as the target does, the rows are equal. */
	bool is_by_values;
	char *finding; /* owned: the tables cannot be equal or not be compared; NULL: none */
	char *note;    /* owned: what the comparison leaves out; NULL: nothing */
};

/* 64 bits of a row's values as they came from a server. Within one process. */
uint64_t row_hash_of_values(const struct db_row *row, unsigned count);

/* target: the definition found there, NULL: there is no such table. keep_zero_sign:
 * the target can store -0.0 (MariaDB cannot). */
void row_hash_make(struct row_hash *f, const struct move_options *options,
		   const struct moved_table *table, const struct table *target, bool keep_zero_sign);
void row_hash_release(struct row_hash *f);

/* "SELECT COUNT(*),COUNT(s),<all s as one> FROM (...) d": how many rows with keys in (low,
 * high] there are (either may be unset or NULL), how many of them the server could make a sum
 * of, and these put together. */
void row_hash_put_sums(struct buf *sql, const struct row_hash *f, enum side side,
		       const struct key *low, const struct key *high);

#endif
