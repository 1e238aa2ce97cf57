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
	bool is_borrowed; /* sql is somebody else's, who keeps it until this is released */
	bool is_alone;	  /* of one row, and takes no other */
	uint64_t rows;
	/* ENUM values with ordinal 0 (the server's own "invalid value"), which strict
	 * mode refuses: such a statement runs without strict mode and must give just
	 * so many warnings. */
	uint64_t invalid_enums;
	/* Runs under this sql_mode, borrowed, and may give any warning: whoever sets it compares
	 * the rows. NULL: as said above. */
	const char *mode;
	uint64_t *warnings; /* borrowed: with a mode, their number is added */
	uint64_t *affected; /* borrowed: rows touched are added; NULL: nobody asks */
	const char *zone; /* time_zone for this statement; borrowed, NULL: as usual, UTC */
	/* Affected rows that there must be; 0: however many. */
	uint64_t affects;
};

void write_statement_release(struct write_statement *statement);

/* Appends "(literal,literal,...)" of the written columns. values: by table column;
 * generated columns are left out. Counts ENUM ordinals 0 into *invalid_enums. False
 * for a value that no SQL makes, its column named. */
bool write_tuple(struct buf *sql, const struct moved_table *table, const struct value *values,
		 uint64_t *invalid_enums, struct error *err) MUST_CHECK;

/* False for a text that ends inside a character of fixed width: servers put zeros in front of
 * such a part, without a word. */
bool write_is_whole_text(const struct column *column, size_t length);

/* GEOMETRY and VECTOR columns NOT NULL get a value of length 0 from ALTER TABLE ... ADD, and
 * no statement may give it back: in a lax mode the server does so where the column is not
 * named. Are there such values, and a REPLACE of just this row without them. */
bool write_has_empty(const struct moved_table *table, const struct value *values);
bool write_without_empty(struct buf *sql, const struct moved_table *table,
			 const struct value *values, uint64_t *invalid_enums,
			 struct error *err) MUST_CHECK;

/* Executes the statements as one transaction. On any failure it is rolled back, or
 * the connection is lost and the server does that. Retryable errors may be tried
 * again with the same statements (they are idempotent). */
bool write_statements(struct db *target, const struct write_statement *statements, size_t count,
		      struct error *err) MUST_CHECK;

/* The same with a last word before the commit: what it says within the transaction belongs
 * to it, and its failure rolls all back. check NULL: none. */
struct write_check {
	bool (*before_commit)(void *context, struct db *target, struct error *err);
	void *context;
};
bool write_statements_checked(struct db *target, const struct write_statement *statements,
			      size_t count, const struct write_check *check,
			      struct error *err) MUST_CHECK;
/* One statement, by the same rules, within a transaction of the caller's. */
bool write_statement_execute(struct db *target, const struct write_statement *statement,
			     struct error *err) MUST_CHECK;

/* The same for statements that must not be done twice. *is_uncertain: COMMIT was sent and
 * its outcome is not known; after any other failure nothing was done. */
bool write_statements_once(struct db *target, const struct write_statement *statements,
			   size_t count, bool *is_uncertain, struct error *err) MUST_CHECK;

/* Statements must stay below this many bytes on that connection. */
uint64_t write_packet_limit(const struct db *target);

#endif
