/* How far the migration is: the one struct behind one lock whose snapshot is safe
 * to resume from at every instant (README I7).
 *
 * Never held across I/O; any thread. Keys only move forward, and only after the
 * rows are committed on the target; the position only after every row change
 * before it is applied (I6). */
#ifndef STATE_STATE_TRACKER_H
#define STATE_STATE_TRACKER_H

#include "decode/gtid_set.h"
#include "decode/position.h"
#include "base/thread.h"
#include "plan/moved_table.h"
#include "state/phase.h"
#include "state/state_line.h"

#define RUN_ID_SIZE 33 /* 32 hex digits */

struct table_state {
	const struct moved_table *table; /* constant */
	struct key copied_up_to;	 /* end of the finished prefix; may be unset */
	bool is_complete;
	bool is_active;		/* state_tracker_started() in this process */
	uint64_t rows_written;	/* by this process */
	uint64_t bytes_written; /* of statements, by this process */
};

struct state_tracker {
	struct mutex lock;
	/* All guarded by lock. */
	enum phase phase;
	struct table_state *tables; /* by moved_table.index; owned */
	size_t table_count;
	struct binlog_position position; /* applied up to here */
	bool has_position;
	/* Rows up to here may be on the target: beyond position in mid-transaction. Unset:
	 * none were streamed yet. */
	struct binlog_position streamed;
	bool cutover_unlocked; /* CutoverUnlock is about to be called, or was: the target may be
			      * in use */
	struct binlog_position watched; /* in the target's binlog: no writes of others up to
					 * here; unset: it is not watched */
	/* Where the source has GTIDs: what is applied, or was before the copy began (it may
	 * lack some, but has none that is not), and what the stream was seen to hold: any
	 * of that may be on the target. */
	bool has_gtids;
	struct gtid_set applied;
	struct gtid_set received;
	uint64_t rows_written; /* sums over all tables */
	uint64_t bytes_written;
	uint64_t changes_applied; /* row changes of the stream */
	double start_time;	  /* wall seconds, of this process */
	double done_time;
	/* Constant once set by state_tracker_begin(). */
	char run_id[RUN_ID_SIZE];
	char source_uuid[64]; /* @@server_uuid or MariaDB's server identity, "" unknown */
	unsigned lock_count;  /* named locks 1..lock_count belong to this run */
	uint64_t source_started; /* guarded by lock: when the source was, by its clock; 0: not
				  * known. All it was seen to hold, it had since then. */
	char process[PROCESS_ID_SIZE]; /* constant: this one's, in the lines of its states */

	/* Guarded by lock: whose states this process goes on from; see state_line.h. */
	struct state_line ancestors;
	/* Guarded by lock: saves are numbered in the order of their snapshots. What says the
	 * same as the newest one has its number. */
	uint64_t snapshots;
	uint64_t numbered;	/* the snapshot that is the newest with a number */
	uint64_t numbered_sum; /* what it says */
};

/* Phase starting, start_time now, nothing known. */
void state_tracker_init(struct state_tracker *s);
void state_tracker_destroy(struct state_tracker *s);
/* Who runs: run_id of the state that is resumed; NULL or "" keeps the one there is, or
 * makes a random one. source_uuid "" when unknown. */
void state_tracker_begin(struct state_tracker *s, const char *run_id, const char *source_uuid,
			 unsigned lock_count);
/* Once, before any of the functions that take a table. */
void state_tracker_set_tables(struct state_tracker *s, const struct moved_tables *tables);
/* The state that is resumed has this line. Before the first snapshot. */
void state_tracker_follow(struct state_tracker *s, const struct state_line *ancestors);
/* The number of the save that was made of a snapshot, and says what sum is of. */
uint64_t state_tracker_number(struct state_tracker *s, uint64_t snapshot, uint64_t sum);
/* Illegal moves assert (phase_may_follow()). */
/* All tables are to be walked from their start. */
void state_tracker_forget_copied(struct state_tracker *s);
void state_tracker_set_phase(struct state_tracker *s, enum phase phase);
enum phase state_tracker_phase(struct state_tracker *s);
void state_tracker_set_position(struct state_tracker *s, const struct binlog_position *position);
/* From here on GTIDs are followed; both are copied. */
void state_tracker_set_gtids(struct state_tracker *s, const struct gtid_set *applied,
			     const struct gtid_set *received);
/* The stream has this transaction. NULL: one without GTID; they are given up. */
void state_tracker_received(struct state_tracker *s, const struct gtid *gtid);
/* All before position is applied, and so are these. */
void state_tracker_advance(struct state_tracker *s, const struct binlog_position *position,
			   const struct gtid_set *gtids);
/* Before rows that the source's binlog has up to here are applied. */
void state_tracker_streamed(struct state_tracker *s, const struct binlog_position *position);
/* The source is another server: the place means nothing there. */
void state_tracker_forget_streamed(struct state_tracker *s);
void state_tracker_set_source_started(struct state_tracker *s, uint64_t started);
/* False while there is none. */
bool state_tracker_position(struct state_tracker *s, struct binlog_position *position);
void state_tracker_set_watched(struct state_tracker *s, const struct binlog_position *position);
/* Before anybody is told that the target may be used. */
void state_tracker_cutover_unlocked(struct state_tracker *s);
bool state_tracker_is_handed_over(struct state_tracker *s);
void state_tracker_started(struct state_tracker *s, const struct moved_table *table);
void state_tracker_batch_written(struct state_tracker *s, const struct moved_table *table,
				 uint64_t rows, uint64_t bytes);
void state_tracker_copied_up_to(struct state_tracker *s, const struct moved_table *table,
				const struct key *key);
void state_tracker_complete(struct state_tracker *s, const struct moved_table *table);
/* A copied table is being copied again. */
void state_tracker_begun_anew(struct state_tracker *s, const struct moved_table *table);
void state_tracker_changes_applied(struct state_tracker *s, uint64_t changes);
/* Copies for the caller, who releases *key (initialised before). */
void state_tracker_key(struct state_tracker *s, const struct moved_table *table, struct key *key,
		       bool *is_complete);

#endif
