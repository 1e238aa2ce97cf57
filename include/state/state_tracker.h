/* How far the migration is: the one struct behind one lock whose snapshot is safe
 * to resume from at every instant (I7).
 *
 * Never held across I/O; any thread. Keys only move forward, and only after the
 * rows are committed on the target; the position only after every row change
 * before it is applied (I6). */
#ifndef STATE_STATE_TRACKER_H
#define STATE_STATE_TRACKER_H

#include "base/thread.h"
#include "state/run_state.h"

struct state_tracker {
	char process[PROCESS_ID_SIZE]; /* constant: this one's, in the lines of its states */

	struct mutex lock;
	struct run_state state; /* guarded by lock, but for the run_id: constant once set by
				 * state_tracker_begin() */
	/* Guarded by lock: saves are numbered in the order of their snapshots. What says the
	 * same as the newest one has its number. */
	uint64_t snapshots;
	uint64_t numbered;     /* the snapshot that is the newest with a number */
	uint64_t numbered_sum; /* what it says */
};

/* Phase starting, start_time now, nothing known. */
void state_tracker_init(struct state_tracker *s);
void state_tracker_destroy(struct state_tracker *s);
/* Who runs: the run_id of the state that is resumed; NULL or "" makes a random one. */
void state_tracker_begin(struct state_tracker *s, const char *run_id);
void state_tracker_set_source(struct state_tracker *s, const char *source_uuid);
void state_tracker_set_lock_count(struct state_tracker *s, unsigned count);
/* Once, before any of the functions that take a table. */
void state_tracker_set_tables(struct state_tracker *s, const struct moved_tables *tables);
/* Before the first snapshot: what a saved state says, but for its tables and GTIDs. Its source
 * counts where the tracker has none. */
void state_tracker_resume(struct state_tracker *s, const struct run_state *saved);

/* A copy for the caller, who releases it. */
void state_tracker_copy(struct state_tracker *s, struct run_state *copy);
/* The same for a state that is to be written: it has a number. */
void state_tracker_snapshot(struct state_tracker *s, struct run_state *copy);
/* Adds to the empty line what a state says of its own, which was made of that snapshot (0: of
 * none) and otherwise says what sum is of. */
void state_tracker_line(struct state_tracker *s, uint64_t snapshot, uint64_t sum,
			struct state_line *line);

/* All tables are to be walked from their start. */
void state_tracker_forget_copied(struct state_tracker *s);
/* Illegal moves assert (phase_may_follow()). */
void state_tracker_set_phase(struct state_tracker *s, enum phase phase);
enum phase state_tracker_phase(struct state_tracker *s);
/* Where the stream begins. is_other_server: on another server than the state's, where the place up
 * to which rows were streamed means nothing. applied: from here on GTIDs are followed; both are
 * copied; NULL: the source has none. */
void state_tracker_start_at(struct state_tracker *s, const struct binlog_position *position,
			    bool is_other_server, const struct gtid_set *applied,
			    const struct gtid_set *received);
/* The stream has this transaction. NULL: one without GTID; they are given up. */
void state_tracker_received(struct state_tracker *s, const struct gtid *gtid);
/* All before position is applied, and so are these. */
void state_tracker_advance(struct state_tracker *s, const struct binlog_position *position,
			   const struct gtid_set *gtids);
/* Before rows that the source's binlog has up to here are applied. */
void state_tracker_streamed(struct state_tracker *s, const struct binlog_position *position);
void state_tracker_set_source_started(struct state_tracker *s, uint64_t started);
uint64_t state_tracker_source_started(struct state_tracker *s);
/* False while there is none. */
bool state_tracker_position(struct state_tracker *s, struct binlog_position *position);
void state_tracker_set_watched(struct state_tracker *s, const struct binlog_position *position);
/* Before CutoverUnlock is called: the target may be in use from then on. */
void state_tracker_set_cutover_unlocked(struct state_tracker *s);
/* CutoverUnlock was not called after all, and will not be. */
void state_tracker_clear_cutover_unlocked(struct state_tracker *s);
void state_tracker_started(struct state_tracker *s, const struct moved_table *table);
void state_tracker_batch_written(struct state_tracker *s, const struct moved_table *table,
				 uint64_t rows, uint64_t bytes);
void state_tracker_copied_up_to(struct state_tracker *s, const struct moved_table *table,
				const struct key *key);
/* Rows that the key has just passed. */
void state_tracker_copied(struct state_tracker *s, const struct moved_table *table, uint64_t rows,
			  uint64_t bytes);
/* After its key and is_complete were taken from a saved state: the rows of that prefix. NULL: the
 * state does not say. */
void state_tracker_set_before(struct state_tracker *s, const struct moved_table *table,
			      const struct copied *before);
/* False: a copied table is being copied again, from its start. */
void state_tracker_set_complete(struct state_tracker *s, const struct moved_table *table,
				bool is_complete);
/* Copied. */
void state_tracker_set_recopies(struct state_tracker *s, const struct recopies *recopies);
/* As in struct table_state; before the first snapshot, and when indexes were seen there. */
void state_tracker_set_deferred(struct state_tracker *s, const struct moved_table *table,
				uint64_t indexes);
uint64_t state_tracker_deferred(struct state_tracker *s, const struct moved_table *table);
void state_tracker_set_indexing(struct state_tracker *s, const struct moved_table *table,
				bool is_indexing);
void state_tracker_changes_applied(struct state_tracker *s, uint64_t changes);
/* Copies for the caller, who releases *key (initialised before). */
void state_tracker_key(struct state_tracker *s, const struct moved_table *table, struct key *key,
		       bool *is_complete);

#endif
