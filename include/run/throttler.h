/* Pausing: row reads and writes to the target wait while paused. Any thread. */
#ifndef RUN_THROTTLER_H
#define RUN_THROTTLER_H

#include "base/stop.h"

struct throttler {
	struct mutex lock;
	struct condition changed;
	/* Guarded by lock. */
	bool paused;
	int64_t paused_since_ms;
	int64_t paused_ms; /* in all, but for the pause that goes on */
};

void throttler_init(struct throttler *t);
void throttler_destroy(struct throttler *t);
void throttler_set_paused(struct throttler *t, bool paused);
bool throttler_is_paused(struct throttler *t);
/* In all, by this process. */
double throttler_paused_s(struct throttler *t);
/* Waits while paused; false when stop was set meanwhile. */
bool throttler_wait(struct throttler *t, struct stop *stop);

#endif
