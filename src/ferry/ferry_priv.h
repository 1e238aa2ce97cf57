/* Internals of struct ferry, for the files ferry_*.c. */
#ifndef FERRY_FERRY_PRIV_H
#define FERRY_FERRY_PRIV_H

#include "stream/streamer.h"
#include "apply/binlog_writer.h"
#include "apply/cascades.h"
#include "copy/data_iterator.h"
#include "db/computing.h"
#include "run/durable_state.h"
#include "ferry/ferry.h"
#include "objects/objects_move.h"
#include "rows/owed_rows.h"
#include "run/run_lock.h"
#include "start_position.h"
#include "throttle_watch.h"
#include "state/state_schema.h"
#include "verify/owed_watch.h"
#include "verify/target_watch.h"
#include "verify/verifier.h"

/* Of one table: changed on the source after the final position. */
struct late_rows {
	_Atomic uint64_t count;
};

struct ferry {
	/* Constant from ferry_new() on. */
	struct move_options options; /* a copy; its servers point to the next two */
	struct ferry_hooks hooks;
	const struct saved_state *given;    /* the state that is resumed, or NULL */
	const struct saved_state *finished; /* a move before this one, or NULL */
	bool is_dry_run;

	/* Set by the ferry's thread before there are others; see struct db_params. */
	struct db_identity source_identity;
	struct db_computing computing; /* the source's */

	/* Owned by the ferry's thread. */
	struct thread thread;
	struct db *source;
	struct db *target; /* holds lock 0 of the run; the keeper's once rows are moved */
	struct run_lock run_lock;
	struct findings findings;
	struct start_position start;
	struct recopies recopies;	 /* read by all threads once rows are moved */
	struct saved_state recopy_state; /* what is resumed where tables are copied again */
	bool source_forgets;		 /* a crash may lose the last commits it confirmed */
	bool is_finished;		 /* `finished` is the same move */
	bool has_line_record;		 /* the target keeps the run's line (line_record.h) */
	enum run_part step;		 /* in the start */
	struct binlog_position seen_end; /* of the source's binlog, when last read */
	uint64_t replica_master_id;	 /* server_id of the source's master; 0: not known yet */

	/* Have locks of their own. */
	struct stop stop;
	struct throttler throttler;
	struct state_tracker tracker;
	struct run run;
	struct throttle_watch throttle_watch;

	/* Shared. */
	_Atomic double booted_at_s; /* our machine, by the source's clock */
	struct mutex lock;
	struct condition changed; /* automatic_cutover */
	/* given, or recopy_state. Set under lock by the ferry's thread, at the start. */
	const struct saved_state *resume;
	struct recopies changed_tables; /* guarded by lock: whose change ends the run */
	bool is_stated;			/* guarded by lock: all of them by a statement */
	bool automatic_cutover;		/* guarded by lock */
	bool has_failed;		/* guarded by lock */
	bool is_done;			/* guarded by lock: nothing can fail any more */
	bool is_accepted;	  /* guarded by lock: we continue from the state that is resumed */
	bool is_started;	  /* guarded by lock: rows may be on the target */
	struct error error;	  /* guarded by lock; constant once has_failed */
	enum run_part error_part; /* guarded by lock */
	struct binlog_position final;	       /* guarded by lock */
	struct binlog_position way_back_place; /* guarded by lock; unset: none is prepared */
	char waiting_for[256];		       /* guarded by lock */
	/* Set under lock when ready for other threads, constant afterwards. */
	bool has_tables;
	struct schema schema;
	struct moved_tables tables;
	struct state_schema schema_text; /* for the state; text NULL: not wanted there */
	char **key_names;		 /* by moved_table.index */
	struct late_rows *late;		 /* owned; by moved_table.index */
	struct data_iterator *iterator;
	struct binlog_writer *writer;
	struct cascades *cascades; /* NULL: no foreign key changes rows unlogged */
	struct binlog_streamer *streamer;
	struct verifier *verifier; /* NULL: nothing is verified */
	struct owed_rows *owed;

	struct durable_state *durable; /* locks itself */

	struct binlog_position streamed; /* streamer's thread: as in the tracker */

	/* The ferry's thread. */
	struct way_back_plan *way_back; /* PrepareRollback; NULL: not wanted, or not any more */
	struct objects_move *objects;
	struct owed_watch owed_watch;
	struct target_watch *target_verifier; /* NULL: the target is not watched */
};

/* All by the ferry's thread. */
bool ferry_prepare(struct ferry *f, struct error *err) MUST_CHECK;  /* ferry_start.c */
bool ferry_cut_over(struct ferry *f, struct error *err) MUST_CHECK; /* ferry_cutover.c */
/* By the state that is resumed, was CutoverUnlock called? */
static inline bool ferry_target_is_in_use(const struct ferry *f)
{
	return f->resume && f->resume->run.cutover_unlocked;
}
bool ferry_connect(struct ferry *f, struct error *err) MUST_CHECK; /* ferry_connect.c */
/* ferry_stream.c; ferry_is_chosen() is a schema_filter. */
bool ferry_is_chosen(void *ferry, const char *schema, const char *table);
struct binlog_feed_params ferry_feed_params(struct ferry *f);
bool ferry_open_stream(struct ferry *f, struct error *err) MUST_CHECK;
/* ferry_source.c. Attempts, 600 ms apart. */
#define ASK_ATTEMPTS 100
struct retry ferry_retry(struct ferry *f, const char *verb, const char *tag, unsigned attempts);
/* The end of the source's binlog as it is now. */
bool ferry_read_end(struct ferry *f, unsigned attempts, struct binlog_position *end,
		    struct error *err) MUST_CHECK;
/* Has the source been restarted, and may it have lost what the target has? If so, logs that, and
 * has all of it compared if there is a verifier. */
bool ferry_check_source(struct ferry *f, struct error *err) MUST_CHECK;
/* ferry_replica.c; both only where the source is a replica. */
bool ferry_check_replica(struct ferry *f, struct error *err) MUST_CHECK;
/* Waits until it has executed all that is in its master's binlog now. */
bool ferry_wait_for_replica(struct ferry *f, struct error *err) MUST_CHECK;
/* ferry_quiesce.c; after CutoverLock, before the final position is read. */
bool ferry_wait_for_sessions(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_wait_for_xa(struct ferry *f, struct error *err) MUST_CHECK;
/* ferry_cutover.c: cascades are certain (C4) from the source's present end on. */
bool ferry_note_copied(struct ferry *f, struct error *err) MUST_CHECK;
/* ferry_late.c; the last look before CutoverUnlock. */
bool ferry_check_late(struct ferry *f, struct error *err) MUST_CHECK;
/* ferry_late.c, by the streamer's thread. */
bool ferry_on_late_row(void *ferry, const struct row_change *change, struct error *err) MUST_CHECK;
bool ferry_on_late_failure(struct ferry *f, const struct error *err);
/* ferry_line.c: may this state be resumed? The run is started: recorded, before a row is written,
 * where the next process looks. The record is no longer needed. */
bool ferry_check_line(struct ferry *f, struct error *err) MUST_CHECK;
/* The first half of ferry_keep_line(): the state that is resumed is the one to continue from. */
bool ferry_accept_state(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_keep_line(struct ferry *f, struct error *err) MUST_CHECK;
void ferry_forget_line(struct ferry *f);
/* ferry_recopy.c, in the order of the start: loads the source's definitions, and finds which tables
 * must be copied again; records that in the state; creates them again on the target. */
bool ferry_load_schema(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_recopy_state(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_recopy_tables(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_may_recopy(const struct ferry *f);
/* ferry_stale_keys.c: does a foreign key that the table has on the target refer to one that is to
 * be copied again, and not exist on the source any more? *err says which. */
bool ferry_find_stale_keys(struct ferry *f, const struct table *table, bool *is_stale,
			   struct error *err) MUST_CHECK;
/* After a failure of the start: did a definition change meanwhile, so that another start would
 * handle it? Where that one needs somebody's help, the failure says so. */
bool ferry_has_changed(struct ferry *f, struct error *failure);
/* ferry_recopy.c, by the streamer's thread: see struct binlog_handler. */
bool ferry_is_older(void *ferry, const char *schema, const char *name,
		    const struct binlog_position *begin);
bool ferry_may_change(void *ferry, const char *schema, const char *name, bool is_stated);
/* D6. The streamer's thread. */
bool ferry_may_truncate(const struct ferry *f, const struct table *table);
/* Any thread: is the failure due to a change that a resumed run would find and handle? */
bool ferry_is_schema_change(const struct ferry *f, const struct error *err);
/* ferry_back.c, all for PrepareRollback: is a way back possible by the servers, by the file, and by
 * the tables once they are on the target; in the cutover: what must be known before CutoverLock,
 * the position, the file. */
bool ferry_way_back_foresee(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_way_back_check_file(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_way_back_check_tables(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_way_back_load(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_way_back_place(struct ferry *f, struct error *err) MUST_CHECK;
bool ferry_way_back_write(struct ferry *f, struct error *err) MUST_CHECK;
/* ferry_cutover.c: from here on the state says that the target may be in use. Not if the run has
 * failed: then it may have printed a state that does not, and the process lives on for seconds. */
bool ferry_may_unlock(struct ferry *f, struct error *err) MUST_CHECK;
void ferry_way_back_free(struct ferry *f);
/* On the way back: does it lead to the source of the move? */
bool ferry_check_way_back(struct ferry *f, struct error *err) MUST_CHECK;
/* ferry_finished.c: has f->finished moved what is chosen now, and is it there? */
bool ferry_check_finished(struct ferry *f, struct error *err) MUST_CHECK;
/* ferry_fail() for all threads but the loop's, which it wakes; as in struct run. */
void ferry_fail_run(void *ferry, enum run_part part, const struct error *err);
void ferry_set_phase(struct ferry *f, enum phase phase);
/* For the status; "": nothing. */
void ferry_waits_for(struct ferry *f, const char *what);
/* Compares our clock with the source's, over the ferry's own connection. */
bool ferry_ask_clock(struct ferry *f, struct error *err) MUST_CHECK;
/* Any thread: seconds since 1970 by the source's clock, as the binlog has them. */
double ferry_source_now(struct ferry *f);
/* Sets ERROR_STOPPED, as the run ends, and returns false. */
bool ferry_stopped(struct error *err);

#endif
