/* How far -verify is: below the log of a terminal, now and then in a log file, and when a
 * signal ends it. */
#ifndef APP_VERIFY_PROGRESS_H
#define APP_VERIFY_PROGRESS_H

#include <signal.h>

#include "base/buf.h"
#include "base/thread.h"
#include "compare/diff_report.h"

struct verify_table {
	uint64_t rows; /* compared */
	uint64_t estimated_rows;
	uint64_t different; /* known to be so by now */
	bool is_begun;
	bool is_done;
	const char *name; /* borrowed */
};

struct verify_progress {
	int64_t began_ms; /* constant */
	size_t count;
	struct thread thread;
	sigset_t signals;
	sigset_t before; /* the main thread's */

	struct mutex lock;
	struct verify_table *tables; /* guarded by lock; the array is owned */
};

/* Until it is stopped, a thread shows the progress and waits for signals that end the process,
 * with a word on what was compared. The main thread's. */
void verify_progress_start(struct verify_progress *p, const struct diff_report *verdict);
void verify_progress_stop(struct verify_progress *p);
/* Any thread: so much of the table is compared. */
void verify_progress_note(struct verify_progress *p, const struct table_report *t, bool is_done);

/* "comparing 3/12 tables, 41.5%, 1.2M/2.9M rows, 52.1k rows/s, ETA 3m20s, 2 rows differ, abc.t" */
void verify_progress_line(struct buf *line, struct verify_progress *p, int64_t now_ms);

#endif
