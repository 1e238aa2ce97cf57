/* A bounded queue of pointers between threads that hands over ownership. */
#ifndef BASE_CHANNEL_H
#define BASE_CHANNEL_H

#include "base/thread.h"

struct channel {
	struct mutex lock;
	struct condition changed;
	/* All guarded by lock. */
	void **items; /* ring of capacity pointers */
	size_t capacity;
	size_t first;
	size_t count;
	bool closed;
};

void channel_init(struct channel *c, size_t capacity);
/* No thread may be inside; items still queued are the caller's to drain first. */
void channel_destroy(struct channel *c);
/* Waits for room. False when the channel is closed: the caller still owns item. */
bool channel_push(struct channel *c, void *item) MUST_CHECK;
/* Waits for an item. False when closed and empty. */
bool channel_pop(struct channel *c, void **item) MUST_CHECK;
/* Without waiting; false when nothing is there. */
bool channel_try_pop(struct channel *c, void **item) MUST_CHECK;
/* How many items are queued now. */
size_t channel_count(struct channel *c);
/* No further pushes; poppers get what is queued, then false. */
void channel_close(struct channel *c);

#endif
