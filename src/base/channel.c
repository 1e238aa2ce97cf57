/* A ring under one lock. Waiters on both sides share one condition, so wake-ups are broadcasts, but
 * only at the edges: a thread waits for an item only while the ring is empty, and for room only
 * while it is full. */
#include "base/channel.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

void channel_init(struct channel *c, size_t capacity)
{
	assert(capacity > 0);
	mutex_init(&c->lock);
	condition_init(&c->changed);
	c->items = mem_calloc(capacity, sizeof(*c->items));
	c->capacity = capacity;
	c->first = 0;
	c->count = 0;
	c->closed = false;
}

void channel_destroy(struct channel *c)
{
	condition_destroy(&c->changed);
	mutex_destroy(&c->lock);
	free(c->items);
	c->items = NULL;
}

bool channel_push(struct channel *c, void *item)
{
	bool pushed;

	mutex_lock(&c->lock);
	while (c->count == c->capacity && !c->closed)
		condition_wait(&c->changed, &c->lock);
	pushed = !c->closed;
	if (pushed) {
		c->items[(c->first + c->count) % c->capacity] = item;
		if (c->count++ == 0)
			condition_broadcast(&c->changed);
	}
	mutex_unlock(&c->lock);
	return pushed;
}

static bool pop_first(struct channel *c, void **item) REQUIRES(c->lock)
{
	if (c->count == 0)
		return false;
	*item = c->items[c->first];
	c->first = (c->first + 1) % c->capacity;
	if (c->count-- == c->capacity)
		condition_broadcast(&c->changed);
	return true;
}

bool channel_pop(struct channel *c, void **item)
{
	bool popped;

	mutex_lock(&c->lock);
	while (c->count == 0 && !c->closed)
		condition_wait(&c->changed, &c->lock);
	popped = pop_first(c, item);
	mutex_unlock(&c->lock);
	return popped;
}

bool channel_try_pop(struct channel *c, void **item)
{
	bool popped;

	mutex_lock(&c->lock);
	popped = pop_first(c, item);
	mutex_unlock(&c->lock);
	return popped;
}

size_t channel_count(struct channel *c)
{
	mutex_lock(&c->lock);
	size_t count = c->count;
	mutex_unlock(&c->lock);
	return count;
}

void channel_close(struct channel *c)
{
	mutex_lock(&c->lock);
	c->closed = true;
	condition_broadcast(&c->changed);
	mutex_unlock(&c->lock);
}
