/* Posts progress and state in the background, so that no slow URL holds up the
 * loop. One thread; a report that was not sent yet gives way to a newer one of its
 * kind. Failures are logged and nothing else, as the next report comes anyway. */
#ifndef CONTROL_REPORTER_H
#define CONTROL_REPORTER_H

#include "base/stop.h"
#include "control/callback.h"

enum report { REPORT_PROGRESS, REPORT_STATE, REPORT_COUNT };

struct reporter {
	/* Constant after reporter_start(). */
	struct callback callbacks[REPORT_COUNT]; /* texts borrowed */
	struct thread thread;

	struct mutex lock;
	struct condition changed;
	/* All guarded by lock. */
	char *waiting[REPORT_COUNT]; /* owned; NULL: nothing to send */
	bool closed;
};

/* Starts the thread when any of the callbacks is set. */
void reporter_start(struct reporter *reporter, const struct callback *progress,
		    const struct callback *state);
bool reporter_wants(const struct reporter *reporter, enum report report);
/* Any thread, never waits for a post; takes payload (from buf_take()). */
void reporter_send(struct reporter *reporter, enum report report, char *payload);
/* Sends what waits, then ends the thread. A post under way is waited for, which
 * CALLBACK_TIMEOUT_MS bounds. */
void reporter_finish(struct reporter *reporter);

#endif
