/* Looks at the servers that Throttle names, every UpdateInterval, and reports to the throttler
 * what is too much. A server that does not answer, or not what was asked for, counts as too
 * much: rows wait, and the changes go on. That ends no run, however long it lasts, as nothing
 * is lost by it; the reason is in the status and, once a minute, in the log. At the start it
 * is an error.
 *
 * Its connections are its own: the copy's may be in the middle of a long statement just when
 * it matters. */
#ifndef FERRY_THROTTLE_WATCH_H
#define FERRY_THROTTLE_WATCH_H

#include "plan/findings.h"
#include "plan/move_options.h"
#include "run/throttler.h"

struct throttle_watch {
	/* Constant while the thread runs. */
	const struct move_options *options; /* borrowed, as the next two */
	struct throttler *throttler;
	struct stop *stop;
	/* Owned by the thread. */
	struct throttle_limits limits;
	bool is_resumed;
	unsigned version; /* of the limits */
	struct watched_server *servers;
	size_t count;
	bool has_failed;   /* a server, in the last look */
	bool is_logged;	   /* what holds up now is in the log */
	int64_t logged_ms; /* when that was last said; 0: never */

	struct thread thread;
};

/* The caller's thread. What could not be answered is an error, with the GRANT where one is
 * missing; a server that is away when a run is resumed is not, as that run was begun with it. */
void throttle_watch_check(struct throttle_watch *watch, bool is_resumed, struct findings *findings);
/* From zeroed memory and the three pointers. */
void throttle_watch_start(struct throttle_watch *watch);
/* Once the throttler is over, or stop set: waits for the end of the last look, for seconds at
 * most. */
void throttle_watch_join(struct throttle_watch *watch);

#endif
