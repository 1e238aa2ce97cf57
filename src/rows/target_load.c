/* LOAD DATA LOCAL is LOAD DATA ... IGNORE (the servers' manuals): a row whose unique value is
 * there already is skipped, which is I3, and reported by warning 1062, one for each. But
 * strict mode is out of force: a value that does not fit is changed with a warning, and a
 * row that violates a CHECK or belongs to no partition is skipped with another. So
 *
 *   as many warnings as skipped rows, each of them 1062
 *
 * means that every row is on the target exactly as it was given, or its unique value was there.
 * Anything else is rolled back and written by INSERT, whose errors say what is wrong. Where the
 * server lists fewer warnings than there were, it cannot be known: INSERT again. */
#include "rows/target_load.h"

#include <stdlib.h>
#include <string.h>

#include "rows/load_text.h"
#include "run/work_time.h"

enum { DUPLICATE_ENTRY = 1062 };

bool target_load_is_allowed(struct db *target, bool *is_allowed, struct error *err)
{
	struct buf value = BUF_INIT;
	bool ok = db_value(target, &value, NULL, err, "SELECT @@GLOBAL.local_infile");

	*is_allowed = ok && strcmp(buf_text(&value), "1") == 0;
	buf_release(&value);
	return ok || error_wrap(err, "ask the target for local_infile");
}

/* *listed: the warnings that are listed, all of duplicates; else 0. */
static bool count_duplicates(struct db *target, uint64_t *listed, struct error *err)
{
	bool is_other = false;
	enum db_fetch fetched;
	struct db_row row;

	*listed = 0;
	if (!db_queryf(target, err, "SHOW WARNINGS"))
		return false;
	while ((fetched = db_row_next(target, &row, err)) == DB_ROW) {
		is_other |= row.count < 2 || !row.values[1] ||
			    strtoul(row.values[1], NULL, 10) != DUPLICATE_ENTRY;
		(*listed)++;
	}
	if (is_other)
		*listed = 0;
	return fetched == DB_END;
}

/* Within the transaction. */
static enum load_outcome load(struct db *target, const struct row_batch *batch, struct error *err)
{
	struct db_load_counts counts;
	struct buf sql = BUF_INIT;
	uint64_t listed = 0;

	load_text_put_statement(&sql, batch->table, batch->table->comment, false);
	bool ok = db_load(target, sql.data, sql.length, &batch->text, &counts, err);

	buf_release(&sql);
	if (!ok)
		return error_is_retryable(err) ? LOAD_FAILED : LOAD_UNSUITED;
	if (!counts.are_known || counts.rows != batch->rows || counts.warnings != counts.skipped)
		return LOAD_UNSUITED;
	if (counts.skipped == 0)
		return LOAD_DONE;
	if (!count_duplicates(target, &listed, err))
		return LOAD_FAILED;
	if (listed == counts.skipped)
		return LOAD_DONE;
	return listed > 0 ? LOAD_UNSURE : LOAD_UNSUITED;
}

enum load_outcome target_load(struct db *target, const struct row_batch *batch, uint64_t *inserted,
			      struct error *err)
{
	enum load_outcome outcome = LOAD_FAILED;
	bool does_not_matter;

	if (write_begin(target, NULL, 0, err)) {
		enum work before = work_begin(WORK_WRITING);

		outcome = load(target, batch, err);
		*inserted = db_affected_rows(target);
		if (outcome == LOAD_FAILED)
			write_was_blocked(err);
		work_begin(before);
	}
	if (write_end(target, outcome == LOAD_DONE, &does_not_matter, err))
		return LOAD_DONE;
	if (outcome == LOAD_DONE || outcome == LOAD_FAILED)
		return LOAD_FAILED;
	/* Lost in the roll back: the same again, with a new connection. */
	if (db_is_broken(target)) {
		error_set(err, ERROR_LOST, "%s: the connection was lost", db_label(target));
		return LOAD_FAILED;
	}
	return outcome;
}
