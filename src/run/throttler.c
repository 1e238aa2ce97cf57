/* A flag to wait for. The stop latch has a condition of its own, which a wait here
 * cannot hear, so it is looked at every POLL_MS. */
#include "run/throttler.h"

#include "base/clock.h"
#include "run/work_time.h"

enum { POLL_MS = 100 };

void throttler_init(struct throttler *t)
{
	mutex_init(&t->lock);
	condition_init(&t->changed);
	t->paused = false;
	t->paused_ms = 0;
}

void throttler_destroy(struct throttler *t)
{
	condition_destroy(&t->changed);
	mutex_destroy(&t->lock);
}

void throttler_set_paused(struct throttler *t, bool paused)
{
	mutex_lock(&t->lock);
	if (paused && !t->paused)
		t->paused_since_ms = clock_ms();
	else if (!paused && t->paused)
		t->paused_ms += clock_ms() - t->paused_since_ms;
	t->paused = paused;
	condition_broadcast(&t->changed);
	mutex_unlock(&t->lock);
}

bool throttler_is_paused(struct throttler *t)
{
	bool paused;

	mutex_lock(&t->lock);
	paused = t->paused;
	mutex_unlock(&t->lock);
	return paused;
}

double throttler_paused_s(struct throttler *t)
{
	mutex_lock(&t->lock);
	int64_t ms = t->paused_ms + (t->paused ? clock_ms() - t->paused_since_ms : 0);
	mutex_unlock(&t->lock);
	return (double)ms / 1000;
}

bool throttler_wait(struct throttler *t, struct stop *stop)
{
	mutex_lock(&t->lock);
	while (t->paused && !stop_is_set(stop)) {
		enum work before = work_begin(WORK_THROTTLED);

		condition_wait_ms(&t->changed, &t->lock, POLL_MS);
		work_begin(before);
	}
	mutex_unlock(&t->lock);
	return !stop_is_set(stop);
}
