/* Posts progress and state in the background, so that no slow URL holds up the
 * loop. A thread per kind, so that no slow one holds up the other; a report that was not
 * sent yet gives way to a newer one of its kind. Failures are logged and nothing else, as the next
 * report comes anyway. */
#ifndef CONTROL_REPORTER_H
#define CONTROL_REPORTER_H

#include "base/stop.h"
#include "control/callback.h"

enum report { REPORT_PROGRESS, REPORT_STATE, REPORT_COUNT };

struct report_sender {
	/* Constant after reporter_start(). */
	enum report report;
	struct callback callback; /* texts borrowed */
	struct thread thread;

	struct mutex lock;
	struct condition changed;
	/* Both guarded by lock. */
	char *waiting; /* owned; NULL: nothing to send */
	bool closed;
};

struct reporter {
	struct report_sender senders[REPORT_COUNT];
};

/* Starts a thread for each of the callbacks that is set. */
void reporter_start(struct reporter *reporter, const struct callback *progress,
		    const struct callback *state);
bool reporter_wants(const struct reporter *reporter, enum report report);
/* Any thread, never waits for a post; takes payload (from buf_take()). */
void reporter_send(struct reporter *reporter, enum report report, char *payload);
/* Sends what waits, then ends the threads. Posts under way are waited for, which
 * CALLBACK_TIMEOUT_MS bounds. */
void reporter_finish(struct reporter *reporter);

#endif
