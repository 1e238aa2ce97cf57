/* What a comparison found, per table, and the texts made of it. Filled by one thread per
 * table; read when that thread has ended. */
#ifndef COMPARE_DIFF_REPORT_H
#define COMPARE_DIFF_REPORT_H

#include "compare/range_diff.h"

#define REPORT_KEYS_SHOWN 10 /* of a table, unless more are wanted */

struct diff_report_row {
	enum difference_kind kind;
	char *key;   /* owned: for display */
	char *typed; /* owned: JSON, as keys stand in a state (state/state_key.h), or NULL */
	char *where; /* owned: the condition that holds for the row on either side, or NULL */
	char print[SIDE_COUNT][FINGERPRINT_SIZE];
};

struct table_report {
	const struct row_hash *f; /* borrowed */
	bool is_compared;	  /* to its end */
	uint64_t rows[SIDE_COUNT];
	uint64_t different;
	uint64_t repaired;	       /* differed, and do not any more */
	uint64_t unsettled;	       /* differed in every attempt, but changed in between */
	uint64_t next_id[SIDE_COUNT];  /* AUTO_INCREMENT; 0: none, or not read */
	struct diff_report_row *shown; /* the first of the different; owned */
	size_t shown_count;
	size_t shown_max; /* 0: REPORT_KEYS_SHOWN */
};

struct diff_report {
	struct table_report *tables; /* owned */
	size_t count;
};

void diff_report_init(struct diff_report *r, const struct row_hash *hashes, size_t count);
void diff_report_release(struct diff_report *r);
/* Takes what the row owns. */
void diff_report_add(struct table_report *t, const struct diff_report_row *row);

/* Back to "not compared yet"; what was repaired stays counted, and shown_max set. */
void table_report_reset(struct table_report *t);
/* A table without a key differs: at least as many rows as one side has more, or one. */
void diff_report_add_whole(struct table_report *t);

/* The target would hand out values that the source has handed out. */
bool table_report_repeats_ids(const struct table_report *t);
bool table_report_is_different(const struct table_report *t);
size_t diff_report_different_tables(const struct diff_report *r);
/* Rows whose comparison is inconclusive: of all tables. */
uint64_t diff_report_unsettled(const struct diff_report *r);
/* One table's part of that. */
void table_report_message(struct buf *out, const struct table_report *t);
/* Ghostferry's words: "db.t [PKs: 1 (type: rows checksum difference, source: .., target:
 * ..) ] db.t2 [...] " of the tables that differ; "" when none does. */
void diff_report_message(struct buf *out, const struct diff_report *r);
/* For stdout: a line per table and per shown key; or one JSON object. */
void diff_report_text(struct buf *out, const struct diff_report *r);
void diff_report_json(struct buf *out, const struct diff_report *r);

#endif
