/* The latch is an atomic, so that checking it costs nothing in inner loops; the lock exists only so
 * that a sleeper cannot miss the moment it is set. */
#include "base/stop.h"

#include "base/clock.h"

void stop_init(struct stop *s)
{
	atomic_init(&s->set, false);
	mutex_init(&s->lock);
	condition_init(&s->changed);
}

void stop_destroy(struct stop *s)
{
	condition_destroy(&s->changed);
	mutex_destroy(&s->lock);
}

void stop_set(struct stop *s)
{
	mutex_lock(&s->lock);
	atomic_store(&s->set, true);
	condition_broadcast(&s->changed);
	mutex_unlock(&s->lock);
}

bool stop_is_set(const struct stop *s)
{
	return atomic_load(&s->set);
}

bool stop_sleep_ms(struct stop *s, int64_t milliseconds)
{
	int64_t start = clock_ms();
	int64_t slept = 0;
	bool set;

	mutex_lock(&s->lock);
	while (!(set = atomic_load(&s->set)) && slept < milliseconds) {
		condition_wait_ms(&s->changed, &s->lock, milliseconds - slept);
		slept = clock_ms() - start;
	}
	mutex_unlock(&s->lock);
	return !set;
}
