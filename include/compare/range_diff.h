/* Compares rows of both servers: whole key ranges by sums that the servers compute,
 * single rows by their fingerprints. One thread, a connection to each server; every
 * query is tried again as options->read_attempts allow. */
#ifndef COMPARE_RANGE_DIFF_H
#define COMPARE_RANGE_DIFF_H

#include "base/stop.h"
#include "rows/row_hash.h"

enum difference_kind { ROW_MISSING_ON_TARGET, ROW_MISSING_ON_SOURCE, ROW_DIFFERS };

#define FINGERPRINT_SIZE 65 /* hex digits and a NUL */

/* Valid during the call that hands it out. */
struct row_difference {
	enum difference_kind kind;
	const char *condition; /* "`a` = 1 AND `b` = x'02'": which row */
	size_t condition_length;
	const struct key *key;
	char print[SIDE_COUNT][FINGERPRINT_SIZE]; /* "" where there is no such row */
};

typedef void difference_found(void *context, const struct row_hash *f,
			      const struct row_difference *difference);

struct range_diff {
	const struct move_options *options; /* borrowed */
	struct stop *stop;		    /* borrowed */
	struct db *db[SIDE_COUNT];	    /* owned */
	struct buf sql;
	struct buf condition;
	difference_found *found;
	void *context;
};

struct range_rows {
	uint64_t rows[SIDE_COUNT];
	uint64_t differences; /* passed to found */
};

bool range_diff_open(struct range_diff *c, const struct move_options *options, struct stop *stop,
		     difference_found *found, void *context, struct error *err) MUST_CHECK;
void range_diff_close(struct range_diff *c);

/* The rows with keys in (low, high]; either may be unset. Rows that differ are passed to found. The
 * two servers are queried one after the other, so rows that are written meanwhile may be reported
 * too. */
bool range_diff_range(struct range_diff *c, const struct row_hash *f, const struct key *low,
		      const struct key *high, struct range_rows *rows, struct error *err) MUST_CHECK;
/* What is known of the source's side already. */
struct range_source {
	uint64_t rows;
	const uint64_t *sum; /* XOR of the rows' sums; NULL: unknown, the rows are compared */
	bool is_of_values;   /* by row_hash_of_values() */
};
/* The same where that is so. */
bool range_diff_target(struct range_diff *c, const struct row_hash *f, const struct key *low,
		       const struct key *high, const struct range_source *source,
		       struct range_rows *rows, struct error *err) MUST_CHECK;
/* A table without a key: how many rows each side has, and the sum of their sums. */
struct table_sums {
	uint64_t figures[SIDE_COUNT][2];
};
bool range_diff_whole(struct range_diff *c, const struct row_hash *f, struct table_sums *sums,
		      struct error *err) MUST_CHECK;
/* The end of the next range worth one call: a key of the source so many rows behind
 * low, unset when there are fewer. */
bool range_diff_next(struct range_diff *c, const struct row_hash *f, const struct key *low,
		     struct key *high, struct error *err) MUST_CHECK;
/* The rows of these conditions, which are ended by NUL. Rows that are on neither side
 * are equal. What is found may have another condition, where a collation takes two
 * keys for one. */
bool range_diff_keys(struct range_diff *c, const struct row_hash *f, const char *const *conditions,
		     size_t count, struct error *err) MUST_CHECK;

/* "42", "a,0x00ff": a key for display. */
void range_diff_key_text(struct buf *out, const struct key_columns *columns, const struct key *key);
const char *difference_kind_name(enum difference_kind kind);

#endif
