/* Watches the target for writes of others (Ghostferry's target verifier): follows the
 * target's own binlog, in which every statement that touches a table of the run must
 * carry our signature. Anything else ends the run: ERROR_DIFFERENT, naming the table and
 * the place in the binlog.
 *
 * The state says up to where there were no writes of others, so that a resumed run finds what was
 * written while the program was away.
 *
 * Threads: its own ("streamer"); the functions are the ferry's thread's. */
#ifndef VERIFY_TARGET_WATCH_H
#define VERIFY_TARGET_WATCH_H

#include "decode/position.h"
#include "run/run.h"

struct target_watch; /* opaque */

/* Opens the target's binlog at from, or where it ends now when from is unset. target is
 * used during the call only. NULL and *err on failure. */
struct target_watch *target_watch_open(struct run *run, struct db *target,
				       const struct binlog_position *from,
				       struct error *err) MUST_CHECK;
void target_watch_start(struct target_watch *v);
/* Waits until all that is in the target's binlog now was checked. */
bool target_watch_catch_up(struct target_watch *v, struct error *err) MUST_CHECK;
/* The same, and ends the thread. */
bool target_watch_finish(struct target_watch *v, struct error *err) MUST_CHECK;
/* Not before the thread has ended. */
void target_watch_free(struct target_watch *v);

#endif
