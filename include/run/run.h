/* What all workers of one migration share: borrowed pointers, set before any of
 * them starts. A worker ends by itself when stop is set, and ends the run by
 * run_fail() (the first error counts). */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "base/budget.h"
#include "base/retry.h"
#include "db/db.h"
#include "run/fence.h"
#include "run/snapshot_mark.h"
#include "state/state_tracker.h"
#include "run/throttler.h"
#include "run/run_part.h"
#include "run/work_time.h"
#include "run/write_claims.h"
#include "run/writer_lock.h"

struct owed_rows;

/* The server that the run waits for. */
enum slower_side { SLOWER_NONE, SLOWER_SOURCE, SLOWER_TARGET };

/* What coordinates the workers that copy a table and those that apply its changes; each part says
 * whose it is. */
struct table_sync {
	struct fence fence;
	struct write_claims claims;
	struct snapshot_mark mark;	 /* of a table without a key */
	_Atomic unsigned unsuited_loads; /* batches that LOAD DATA could not store exactly */
};

struct run {
	const struct move_options *options;
	const struct moved_tables *tables;
	struct table_sync *syncs; /* owned, by moved_table.index */
	struct state_tracker *tracker;
	const char *run_id; /* the tracker's: in names of locks and in statements */
	struct throttler *throttler;
	struct stop *stop;
	struct lock_numbers locks;
	/* No connection writes to the target unless the run holds its lock 0 (I8). */
	struct db_guard guard;
	struct owed_rows *owed;
	const struct recopies *recopies; /* the ferry's; constant once rows are moved */
	bool takes_loads;   /* the target accepts LOAD DATA LOCAL, and may be sent it */
	struct budget rows; /* copied rows in memory, options->rows_bytes of them */
	struct work_sheet work;
	/* Set by run_rows_are_ahead(), taken by cascades.h. */
	_Atomic bool rows_are_ahead;
	/* Rows per batch, as set at run time; 0: sized by bytes. */
	_Atomic uint64_t batch_rows;
	/* On the target, by this process; no failures, as trying again helps. */
	_Atomic uint64_t deadlocks;
	_Atomic uint64_t lock_waits;
	_Atomic int64_t locks_logged_ms;
	void (*fail)(void *context, enum run_part part, const struct error *err);
	void *fail_context;
	/* Any thread: the state as it is now is in the state file when this comes back true, or
	 * none is wanted. NULL: it cannot be saved. */
	bool (*save_state)(void *context);
	void *save_context;
};

/* When run->tables are known. */
void run_make_syncs(struct run *run);
void run_free_syncs(struct run *run);
/* A batch could not be stored exactly by LOAD DATA. */
void run_count_unsuited_load(struct run *run, const struct moved_table *table);
/* May it be tried? A table with values that only INSERT stores exactly is not tried forever. */
bool run_takes_loads_of(const struct run *run, const struct moved_table *table);
static inline struct table_sync *run_sync(const struct run *run, const struct moved_table *table)
{
	return &run->syncs[table->index];
}

/* Any thread: the run fails with this error, if it is the first one. */
void run_fail(const struct run *run, enum run_part part, const struct error *err);

/* Rows were read from the source once more and are about to be written: they may be newer than
 * the stream. To be called between the two; matters only where changes of the table are passed
 * on by foreign keys (C4). */
static inline void run_rows_are_ahead(struct run *run, const struct moved_table *table)
{
	if (table->passes_cascades)
		atomic_store(&run->rows_are_ahead, true);
}

/* A worker's first connection, tried as often as any other read or write (0: without
 * end). NULL and *err on failure. lock_name NULL: it reads the source. */
struct db *run_connect(struct run *run, const char *lock_name, unsigned attempts, const char *tag,
		       struct error *err) MUST_CHECK;

/* A write to the target, tried as often as the configuration says, but for deadlocks and
 * lock waits, which are tried again without end. verb and tag are for the log ("failed to
 * <verb>, 1 of 5 max retries"). */
struct retry run_write_begin(struct run *run, const char *verb, const char *tag);

#endif
