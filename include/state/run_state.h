/* What a run knows of itself, as a value: what its state says, and a little more for the
 * status. The tracker holds one behind its lock and copies it whole; state_write.h makes
 * JSON of such a copy, state_read.h reads one. */
#ifndef STATE_RUN_STATE_H
#define STATE_RUN_STATE_H

#include "decode/gtid_set.h"
#include "decode/position.h"
#include "plan/moved_table.h"
#include "state/phase.h"
#include "state/recopies.h"
#include "state/state_line.h"

#define RUN_ID_SIZE 33 /* 32 hex digits */

#define DEFERRED_INDEXES_MAX 64 /* InnoDB has no more than that */

/* What a copy amounts to, for display only. */
struct copied {
	uint64_t rows;
	uint64_t bytes; /* of statements */
};

struct table_state {
	const struct moved_table *table; /* constant */
	/* Indexes that the target's table was made without and may lack still: a set of places in
	 * table->source->indexes. */
	uint64_t deferred;
	int64_t indexing_since;	 /* clock_ms(); 0: they are not being added just now */
	struct key copied_up_to; /* owned; end of the finished prefix; may be unset */
	bool is_complete;
	bool is_active;	       /* state_tracker_started() in this process */
	struct copied written; /* by this process, beyond copied_up_to too */
	struct copied before;  /* up to copied_up_to, by earlier processes */
	struct copied copied;  /* up to copied_up_to, those included */
	bool is_uncounted;     /* the state that was resumed does not say what was before */
};

struct run_state {
	char run_id[RUN_ID_SIZE]; /* "" in a saved state: another program's */
	char source_uuid[64];	  /* @@server_uuid or MariaDB's server identity, "" unknown */
	unsigned lock_count;	  /* named locks 1..lock_count belong to this run */
	/* Owned: of the states that this process goes on from; of a saved state its own. Empty
	 * in states of other programs. */
	struct state_line line;
	enum phase phase;
	struct table_state *tables; /* owned; by moved_table.index */
	size_t table_count;
	struct recopies recopies;	 /* owned */
	struct binlog_position position; /* applied up to here; may be unset */
	/* Rows up to here may be on the target: beyond position in mid-transaction. Unset:
	 * none were streamed yet. */
	struct binlog_position streamed;
	struct binlog_position watched; /* in the target's binlog: no writes of others up to
					 * here; unset: it is not watched */
	bool cutover_unlocked; /* CutoverUnlock is about to be called, or was: the target may be
				* in use */
	/* Where the source has GTIDs: what is applied, or was before the copy began (it may
	 * lack some, but has none that is not), and what the stream was seen to hold: any
	 * of that may be on the target. Both are owned. */
	bool has_gtids;
	struct gtid_set applied;
	struct gtid_set received;
	uint64_t source_started; /* when the source was, by its clock; 0: not known. All it was
				  * seen to hold, it had since then. */
	uint64_t rows_written;	 /* sums over all tables */
	uint64_t bytes_written;
	uint64_t batches_written;
	uint64_t changes_applied; /* row changes of the stream */
	double start_time;	  /* wall seconds, of this process */
	int64_t phase_began_ms;
	int64_t phase_ms[PHASE_COUNT]; /* spent in each, of this process; the present one's is
					* counted when it ends */
	uint64_t snapshot; /* of a copy that is to be written: its number, in their order */
};

/* to holds nothing before. */
void run_state_copy(struct run_state *to, const struct run_state *from);
void run_state_release(struct run_state *state);

#endif
