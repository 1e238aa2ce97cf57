/* One statement that writes rows to the target, and the rule by which it is
 * executed: everything the server says about the data is read, and a row that
 * would not be stored exactly as given undoes the statement. */
#ifndef ROWS_TARGET_WRITE_H
#define ROWS_TARGET_WRITE_H

#include "base/buf.h"
#include "db/db.h"
#include "db/sql.h"
#include "plan/moved_table.h"

struct write_statement {
	struct buf sql;
	bool is_borrowed; /* sql belongs to another object, which outlives this one */
	bool is_alone;	  /* of one row, and takes no other */
	uint64_t rows;
	/* Of a LOAD DATA: the rows (load_text.h), owned. It fails where the server says anything
	 * about one of them, and then *is_unsuited, borrowed, is set: another statement shows
	 * why. */
	struct buf text;
	bool *is_unsuited;
	/* ENUM values with ordinal 0 (the server's own "invalid value"), which strict
	 * mode refuses: such a statement runs without strict mode and must give just
	 * so many warnings. */
	uint64_t invalid_enums;
	/* Runs under this sql_mode, borrowed, and may give any warning: the caller compares the
	 * rows. NULL: as said above. */
	const char *mode;
	uint64_t *warnings; /* borrowed: with a mode, their number is added */
	uint64_t *affected; /* borrowed: rows touched are added; NULL: not counted */
	const char *zone;   /* time_zone for this statement; borrowed, NULL: as usual, UTC */
	/* Affected rows that there must be, else it is ERROR_DIFFERENT; 0: however many. */
	uint64_t affects;
};

void write_statement_release(struct write_statement *statement);

/* One transaction: write_begin(), what else belongs to it, write_end(), also after a failure:
 * ok says whether all went well, else it is rolled back, or the connection is lost and the
 * server does that. *is_uncertain: COMMIT was sent and its outcome is not known; after any
 * other failure nothing was done. Where rows are made what they are to be, retryable errors
 * may be tried again with the same statements. */
bool write_begin(struct db *target, const struct write_statement *statements, size_t count,
		 struct error *err) MUST_CHECK;
bool write_end(struct db *target, bool ok, bool *is_uncertain, struct error *err) MUST_CHECK;
/* Of the thread that has failed with this error: was its time spent waiting for a lock? */
void write_was_blocked(const struct error *err);
/* One more statement in between, by the same rules. */
bool write_statement_execute(struct db *target, const struct write_statement *statement,
			     struct error *err) MUST_CHECK;
/* The statements as one transaction. */
bool write_statements(struct db *target, const struct write_statement *statements, size_t count,
		      struct error *err) MUST_CHECK;

/* Statements must stay below this many bytes on that connection. */
uint64_t write_packet_limit(const struct db *target);
/* Does a statement of so many bytes, and what is still put around it, fit? */
static inline bool write_fits(size_t length, uint64_t packet_limit)
{
	return length + 4096 <= packet_limit;
}
/* Of a row that stands alone in its statement; then *err says so. */
bool write_is_too_large(const struct moved_table *table, const char *what, size_t length,
			uint64_t packet_limit, struct error *err) MUST_CHECK;

#endif
