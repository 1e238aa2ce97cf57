/* Rows that the target is owed (I9): the copy skipped them, as their key or one of
 * their unique values was there already, or a change displaced them, as it brought one of
 * their unique values. A later change of the stream brings such a row, unless the two
 * servers disagree about which values are equal: so each is remembered until it was seen
 * on the target, at the latest in the cutover, where one that the source has and the
 * target lacks is an error, whatever the verifier.
 *
 * Any thread may add; one thread at a time looks (owed_check.h). */
#ifndef ROWS_OWED_ROWS_H
#define ROWS_OWED_ROWS_H

#include "base/json.h"
#include "run/run.h"
#include "rows/pending_rows.h"

struct owed_rows {
	struct run *run;	   /* borrowed */
	struct pending_rows queue; /* locks itself */

	struct mutex lock;
	struct condition quiet; /* no displacement is under way */
	uint64_t begun, ended;	/* guarded by lock: displacements */
};

/* stage: OwedRows of the state that is resumed; NULL: it has none. is_resumed: there was a
 * state, and the tracker has its keys already. */
struct owed_rows *owed_rows_new(struct run *run, const cJSON *stage, bool is_resumed);
/* What a later state of the run owes: changes that displaced rows find nothing in their way when
 * they come again after a resume from an earlier one. Before other threads exist. */
void owed_rows_add_saved(struct owed_rows *o, const cJSON *stage);
void owed_rows_free(struct owed_rows *o);

/* The row was skipped: the batch is committed, and its chunk not yet recorded. */
void owed_rows_skipped(struct owed_rows *o, const struct moved_table *table, const char *condition,
		       size_t length);

/* Rows are about to be displaced, keys of the map being their conditions: they are in the
 * state, and that is saved, before the transaction that removes them is committed. A replay
 * from before it would not displace them once more, and thus not notice. */
bool owed_rows_displacing(struct owed_rows *o, const struct moved_table *table,
			  const struct map *conditions, struct error *err) MUST_CHECK;
/* The same where it is not known which rows: all rows of the table are looked for. */
bool owed_rows_displacing_some(struct owed_rows *o, const struct moved_table *table,
			       struct error *err) MUST_CHECK;
/* After the last attempt, however it ended: once per transaction for which one of the two
 * was called. conditions NULL: after the second. */
void owed_rows_displaced(struct owed_rows *o, const struct moved_table *table,
			 const struct map *conditions);
/* Before either of the two. Its further calls for the same transaction, which has a
 * *has_begun of its own, do nothing. */
void owed_rows_begin(struct owed_rows *o, bool *has_begun);

/* Is any row of the table owed, as far as is known? */
bool owed_rows_has(struct owed_rows *o, const struct moved_table *table);

/* For the state; the caller's. To be called after the tracker's part was copied. */
cJSON *owed_rows_state(struct owed_rows *o);

#endif
