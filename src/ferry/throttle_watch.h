/* Checks the servers that Throttle names, every UpdateInterval, and reports to the throttler which
 * load is too high. A server that does not answer, or gives an unusable answer, counts as
 * overloaded: rows wait, and the changes go on. That ends no run, however long it lasts, as nothing
 * is lost by it; the reason is in the status and, once a minute, in the log. At the start it is an
 * error.
 *
 * Its connections are its own: the copy's may be in the middle of a long statement just when it
 * matters. */
#ifndef FERRY_THROTTLE_WATCH_H
#define FERRY_THROTTLE_WATCH_H

#include "plan/findings.h"
#include "plan/move_options.h"
#include "run/throttler.h"

struct throttle_watch {
	/* Constant while the thread runs. */
	const struct move_options *options; /* borrowed, like the next two */
	struct throttler *throttler;
	struct stop *stop;
	/* Owned by the thread. */
	struct throttle_limits limits;
	bool is_resumed;
	unsigned version; /* of the limits */
	struct watched_server *servers;
	size_t count;
	bool has_failed;   /* some server, in the last round */
	bool is_logged;	   /* the present reason is in the log */
	int64_t logged_ms; /* when it was last logged; 0: never */

	struct thread thread;
};

/* The caller's thread. A check that fails is an error, with the GRANT if one is missing; for an
 * unreachable server only a warning if a run is resumed, as that run was started with it. */
void throttle_watch_check(struct throttle_watch *watch, bool is_resumed, struct findings *findings);
/* *watch: zeroed memory but for the three pointers. */
void throttle_watch_start(struct throttle_watch *watch);
/* Once the throttler is over, or stop is set: waits for the last round to end, for seconds at
 * most. */
void throttle_watch_join(struct throttle_watch *watch);

#endif
