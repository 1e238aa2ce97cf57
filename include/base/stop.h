/* A latch that ends a run: set once, seen by every thread, wakes sleepers. */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include <stdatomic.h>

#include "base/thread.h"

struct stop {
	atomic_bool set;
	struct mutex lock;
	struct condition changed;
};

void stop_init(struct stop *s);
void stop_destroy(struct stop *s);
void stop_set(struct stop *s);
bool stop_is_set(const struct stop *s);
/* Sleeps up to milliseconds; false as soon as the latch is set. */
bool stop_sleep_ms(struct stop *s, int64_t milliseconds);

#endif
