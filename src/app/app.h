/* One run of the program: the ferry, what watches it, and the loop between them.
 * Shared by the files of this folder. */
#ifndef APP_APP_H
#define APP_APP_H

#include <stdatomic.h>

#include <ev.h>

#include "control/bottleneck.h"
#include "control/summary.h"
#include "control/api.h"
#include "control/reporter.h"
#include "state/state_file.h"
#include "start_state.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_NOT_STARTED = 1,
	EXIT_INTERRUPTED = 2, /* or failed */
	EXIT_DIFFERENT = 3,
};

struct app {
	/* Set before the loop runs, constant afterwards. */
	const struct config *config;	  /* borrowed */
	const struct saved_state *resume; /* borrowed; NULL: a fresh run */
	bool is_dry_run;
	struct ferry *ferry;

	/* Owned by the loop's thread. */
	struct ev_loop *loop;
	struct api api;
	struct access access;
	struct listener listener; /* of the server, which has its socket */
	struct scripts *scripts;  /* NULL: none are configured */
	struct server *server;	  /* NULL: no control server */
	struct rate rate;
	struct bottleneck bottleneck;
	struct summary summary;
	ev_async wake; /* the ferry has announced an event */
	ev_signal interrupted;
	ev_signal terminated;
	ev_signal hung_up;
	bool has_terminal; /* at the start: a hang-up ends the run */
	ev_timer tick;
	ev_timer report_progress;
	ev_timer report_state;
	int64_t progress_logged_ms;
	int64_t notified_ms; /* the service manager, of the progress */
	bool is_ready;	     /* and of that */
	enum phase phase;    /* the last one that was noticed */
	bool is_done;
	bool is_interrupted; /* a signal came before that was known */
	int exit_status;

	/* Owned by the ferry's thread. */
	bool cutover_reported;

	/* Lock themselves. */
	struct reporter reporter;
	struct state_file state_file;
	atomic_uint events; /* bit n: enum ferry_event n was announced */
};

/* Runs to the end; returns the exit status, or does not return at all when the run
 * fails (see shutdown.h). */
int app_run(const struct config *config, const struct start_state *start, bool is_dry_run);

#endif
