/* The migration as a whole: what main starts, watches and ends. Without HTTP.
 *
 * Threads: the one that calls ferry_start() (main, the libev loop) and the ferry's own ("ferry"),
 * which runs the numbered steps of a move and starts the streamer, the row copiers and the binlog
 * writers. Everything marked "any thread" takes only short locks and never waits for a worker: a
 * hanging query on either server cannot delay a status request or the state dump. */
#ifndef FERRY_FERRY_H
#define FERRY_FERRY_H

#include "plan/findings.h"
#include "state/state_read.h"
#include "run/run_part.h"
#include "run/throttler.h"
#include "run/work_time.h"
#include "verify/verifier.h"
#include "ferry/table_action.h"

struct ferry; /* opaque */

enum ferry_event {
	FERRY_PHASE_CHANGED, /* for callbacks and the progress line */
	FERRY_DRY_RUN_DONE,  /* ended: see ferry_findings() */
	FERRY_NOTHING_TO_DO, /* ended: already moved, see ferry_check_finished() */
	FERRY_NOT_STARTED,   /* ended: start-up failed, nothing was moved; see ferry_error() */
	FERRY_DONE,	     /* ended: cut over */
	FERRY_FAILED,	     /* ended: see ferry_error(); workers may still hang in queries */
};

/* What the ferry calls. */
struct ferry_hooks {
	/* Any of the ferry's threads, never with a lock held; must not wait. (The app wakes its
	 * loop with ev_async.) Each ending event comes once. */
	void (*listener)(void *context, enum ferry_event event);
	/* The ferry's thread; NULL: none. Text of the failure in *err. The second saves the state
	 * before it posts. */
	bool (*cutover_lock)(void *context, struct error *err);
	bool (*cutover_unlock)(void *context, struct error *err);
	/* Any thread; as in struct run. */
	bool (*save_state)(void *context);
	void *context;
};

/* options and hooks are copied; what they point to is borrowed until ferry_free(), and so are the
 * states, which may be NULL. finished: only without resume, the state of an earlier move; if it is
 * the same move, nothing is done. */
struct ferry *ferry_new(const struct move_options *options, const struct ferry_hooks *hooks,
			const struct saved_state *resume, const struct saved_state *finished,
			bool dry_run);
void ferry_start(struct ferry *ferry);
/* After an ending event of a healthy run: joins all threads. After a failure the
 * process should dump the state and _exit() instead, as threads may hang. */
void ferry_join(struct ferry *ferry);
void ferry_free(struct ferry *ferry);

/* The loop's thread: the run fails with this error, and threads are signalled to stop. True: it is
 * the first one, and nothing is announced. False: another one came first, or the run is done, which
 * is announced. */
bool ferry_fail(struct ferry *ferry, enum run_part part, const struct error *err) MUST_CHECK;
/* Any thread; valid after a failure: copies the first error. */
bool ferry_error(struct ferry *ferry, struct error *err, enum run_part *part);
/* Any thread: appends the state JSON; false when there is none yet (nothing has
 * started, and nothing was resumed). */
bool ferry_state(struct ferry *ferry, struct buf *out);

/* Any thread: may that state overwrite the saved one? Not before the state that is resumed was
 * accepted. */
bool ferry_may_save(struct ferry *ferry);

/* Any thread: the tables whose change has ended the run, for the run that resumes it. *tables is
 * owned by the caller. True: a statement in the binlog has changed them. */
bool ferry_changed_tables(struct ferry *ferry, struct recopies *tables);

/* Any thread. */
void ferry_set_paused(struct ferry *ferry, bool paused);
/* A copy, for the caller to release. */
void ferry_throttle_limits(struct ferry *ferry, struct throttle_limits *limits);
/* limits: copied; checked by the caller. */
void ferry_set_throttle_limits(struct ferry *ferry, const struct throttle_limits *limits);
void ferry_set_automatic_cutover(struct ferry *ferry, bool automatic);
/* Compares everything now, in the background; false and why when that cannot be.
 * ERROR_UNSUPPORTED: there is no verifier. */
bool ferry_verify(struct ferry *ferry, struct error *err) MUST_CHECK;
/* 0 goes back to sizing by bytes. */
void ferry_set_batch_rows(struct ferry *ferry, uint64_t rows);
uint64_t ferry_batch_rows(struct ferry *ferry);

/* A snapshot for status, callbacks, the progress line and the dry run. */
struct ferry_table_status {
	const char *name;	/* "schema.table" on the source; borrowed from the ferry */
	const char *key_column; /* "id", composite: "a,b"; owned by the ferry */
	enum table_action action;
	struct key last_key;   /* owned */
	struct key target_key; /* owned: largest key when the table was begun; unset: unknown */
	const struct key_columns *key_columns; /* borrowed */
	uint64_t rows_written;		       /* by this process and those before it */
	uint64_t bytes_written;
	bool is_uncounted; /* excludes earlier processes: their state does not say */
	uint64_t estimated_rows;
	uint64_t estimated_bytes;
	uint64_t batch_rows;
	unsigned deferred_indexes; /* still to be added on the target */
	int64_t indexing_since;	   /* clock_ms(); 0: they are not being added now */
	bool is_recopied;	   /* dropped and copied again, as its definition changed */
	uint64_t late_rows;	   /* changed on the source after the final position: not moved */
};

struct ferry_status {
	enum phase phase;
	bool is_paused;
	bool automatic_cutover;
	bool has_started;	     /* tables are known */
	double start_time;	     /* wall seconds */
	double phase_s[PHASE_COUNT]; /* spent in each by this process */
	enum throttle_reason throttle_reason;
	char throttle_text[THROTTLE_TEXT_SIZE];
	double throttled_s[THROTTLE_REASONS]; /* in total, by this process */
	struct binlog_position streamed;      /* last boundary read from the source */
	struct binlog_position applied;	      /* last boundary applied on the target */
	struct binlog_position final;	      /* where the stream is to end; unset before cutover */
	bool stop_requested;
	bool cutover_unlocked; /* CutoverUnlock was called, or is about to be */
	bool is_way_back;
	struct binlog_position way_back; /* on the target, where one begins; unset: none is
					  * prepared */
	double streamer_lag_s;
	double writer_lag_s;
	uint64_t rows_written; /* by this process */
	uint64_t bytes_written;
	uint64_t batches_written;
	uint64_t changes_received;
	uint64_t changes_applied;
	uint64_t queued_changes; /* received, not yet applied */
	uint64_t queued_bytes;
	uint64_t deadlocks; /* on the target, tried again */
	uint64_t lock_waits;
	struct work_times work;
	struct ferry_table_status *tables; /* owned */
	size_t table_count;
	size_t completed_count;
	uint64_t recopied_count;
	char source_address[300]; /* "host:port" */
	char target_address[300];
	bool has_verifier;
	struct verifier_status verifier; /* owned; valid with has_verifier */
	enum slower_side limit;		 /* right now */
	char waiting_for[256];		 /* what the ferry's thread waits for, "" nothing */
	char failure[ERROR_TEXT_MAX];	 /* why the run has failed, "" it has not */
};

void ferry_status(struct ferry *ferry, struct ferry_status *status);
void ferry_status_release(struct ferry_status *status);
/* Seconds that this process has run, or had when it was done, however the system's clock was set
 * meanwhile. */
static inline double ferry_run_s(const struct ferry_status *status)
{
	double seconds = 0;

	for (int i = 0; i < PHASE_COUNT; i++)
		seconds += status->phase_s[i];
	return seconds;
}

/* After FERRY_DRY_RUN_DONE or FERRY_NOT_STARTED: all that was found. */
const struct findings *ferry_findings(const struct ferry *ferry);
/* Loaded tables after a dry run, for its list. */
const struct moved_tables *ferry_tables(const struct ferry *ferry);

#endif
