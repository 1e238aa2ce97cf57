/* The stop latch has a condition of its own, so it is polled every POLL_MS. */
#include "base/budget.h"

#include <assert.h>

enum { POLL_MS = 200 };

void budget_init(struct budget *b, uint64_t limit)
{
	*b = (struct budget){ .limit = limit };
	mutex_init(&b->lock);
	condition_init(&b->changed);
}

void budget_destroy(struct budget *b)
{
	condition_destroy(&b->changed);
	mutex_destroy(&b->lock);
}

bool budget_acquire(struct budget *b, uint64_t bytes, struct stop *stop)
{
	bool is_granted;

	mutex_lock(&b->lock);
	uint64_t number = ++b->requested;
	for (;;) {
		bool fits = b->used == 0 || (bytes <= b->limit && b->used <= b->limit - bytes);

		if (stop_is_set(stop) || (b->granted + 1 == number && fits))
			break;
		condition_wait_ms(&b->changed, &b->lock, POLL_MS);
	}
	is_granted = !stop_is_set(stop);
	if (is_granted) {
		b->granted = number;
		b->used += bytes;
		condition_broadcast(&b->changed); /* the next may fit too */
	}
	mutex_unlock(&b->lock);
	return is_granted;
}

bool budget_is_waited_for(struct budget *b)
{
	mutex_lock(&b->lock);
	bool is_waited_for = b->requested > b->granted;
	mutex_unlock(&b->lock);
	return is_waited_for;
}

void budget_change(struct budget *b, uint64_t from, uint64_t to)
{
	mutex_lock(&b->lock);
	assert(b->used >= from);
	b->used = b->used - from + to;
	if (to < from)
		condition_broadcast(&b->changed);
	mutex_unlock(&b->lock);
}
