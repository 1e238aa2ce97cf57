/* The state that a run may be resumed from although the target forgets commits.
 *
 * A target that does not put each commit on its disk (innodb_flush_log_at_trx_commit,
 * sync_binlog) can lose the last of them in a crash: a state that counts them in would
 * lose their rows. With such a target the state that is printed and saved is one of a
 * moment before, all of which is on the target's disk by now. A target that was
 * restarted ends the run, as what it forgot must be written again, from that state.
 *
 * Threads: one of its own, with a connection to the target; the ferry's begins and settles it;
 * any may ask for the text. */
#ifndef RUN_DURABLE_STATE_H
#define RUN_DURABLE_STATE_H

#include "run/run.h"

struct durable_state; /* opaque */

/* Appends the state of this moment. Any thread. */
typedef void state_taker(void *context, struct buf *text);

struct durable_state *durable_state_new(struct run *run, state_taker *take, void *context);
void durable_state_free(struct durable_state *d);

/* The ferry's thread, before anything is written: the state of now lasts. */
bool durable_state_begin(struct durable_state *d, struct db *target, struct error *err) MUST_CHECK;
void durable_state_start(struct durable_state *d);
/* The ferry's thread, when nothing is written any more: waits until all of it is on the
 * target's disk. From then on the state of the moment counts. ERROR_STOPPED when the run
 * ends, also because the target was restarted. */
bool durable_state_settle(struct durable_state *d, struct error *err) MUST_CHECK;

/* Any thread. True: this is the state, appended. False: that of the moment is. */
bool durable_state_text(struct durable_state *d, struct buf *text);

#endif
