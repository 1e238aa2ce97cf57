/* Keeps the state of the run in a file, so that a run can be resumed after kill -9
 * or a power failure too. A thread of its own writes it every second and when it is
 * poked, as writing waits for the disk. */
#ifndef STATE_STATE_FILE_H
#define STATE_STATE_FILE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/thread.h"

#define STATE_FILE_INTERVAL_MS 1000
#define STATE_FILE_LOG_EVERY_MS 60000
#define STATE_FILE_SLOW_MS 10000

/* The state of this moment; false: there is none that may be saved. The file's thread calls it. */
typedef bool state_file_taker(void *context, struct buf *text);

struct state_file {
	/* Constant after state_file_start(). */
	const char *path; /* borrowed; NULL: there is no state file */
	state_file_taker *take;
	void *context; /* borrowed; of take */
	struct thread thread;

	struct mutex lock;
	struct condition changed;
	struct condition tried;
	bool poked;	      /* guarded by lock */
	bool closed;	      /* guarded by lock */
	bool ended;	      /* guarded by lock; the thread writes no more */
	uint64_t requested;   /* guarded by lock: saves that were waited for */
	uint64_t tried_up_to; /* guarded by lock: of them */
	uint64_t saved_up_to; /* guarded by lock: of them */

	/* The thread's. */
	struct buf written; /* what the file holds */
	int held;	    /* the file, open and locked; -1: it is not */
	bool is_failing;
	int64_t last_logged_ms; /* when a failure was logged last */

	_Atomic int64_t began_ms; /* when the write under way began; 0: none is */
	int64_t slow_logged_ms;	  /* the loop's: when it last logged a slow write */
};

/* Is the place writable? Leaves nothing behind. */
bool state_file_check(const char *path, struct error *err) MUST_CHECK;

/* The same of a dry run: writes nothing, not even for a moment. */
bool state_file_foresee(const char *path, struct error *err) MUST_CHECK;

/* Does a living process on this machine keep its state there? */
bool state_file_is_written(const char *path);

/* path NULL: all of these do nothing. */
void state_file_start(struct state_file *file, const char *path, state_file_taker *take,
		      void *context);
/* Any thread: write soon. */
void state_file_poke(struct state_file *file);
/* Any thread: has the state of now written, and waits for the disk, so long. False: it was
 * not written; failures are logged. */
bool state_file_save(struct state_file *file, int64_t patience_ms) MUST_CHECK;
/* The loop's thread, now and then: says when the disk does not answer. */
void state_file_look(struct state_file *file);
/* The loop's thread: has the state of now written as the last one, and waits for the disk,
 * so long. False: it has not answered; failures are logged. May be called again. */
bool state_file_close(struct state_file *file, int64_t patience_ms) MUST_CHECK;
/* The loop's thread: the same, however long it takes, as without that write the run would
 * not be known to be done; then ends the thread. */
void state_file_finish(struct state_file *file);

/* Writes text and a newline as one step: a reader of the path finds the old content or the new,
 * also after a power failure. held: gets the file locked, and open, until this process ends or
 * closes it (not a failure where the file system has no such locks); NULL: it is not. */
bool state_file_write(const char *path, const struct buf *text, int *held,
		      struct error *err) MUST_CHECK;

#endif
