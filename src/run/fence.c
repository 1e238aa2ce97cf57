/* Tickets in flight, and the lowest of them for everybody to see.
 *
 * Issuing and ending happen under the lock; taking a barrier and asking about it
 * are single loads, as both are done for every row change. What makes the loads
 * enough is the order of the stores: a ticket is put among the open ones before it
 * counts as issued. So whoever took ticket t into a barrier sees lowest_open <= t
 * until t has ended, and what was done before fence_end(t), a commit on the target,
 * has happened for whoever then sees it raised (release and acquire).
 *
 * lowest_open may fall again, from "none" to a ticket issued later, but never to
 * one that an older barrier covers: tickets only count up. */
#include "run/fence.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

void fence_init(struct fence *fence)
{
	mutex_init(&fence->lock);
	fence->open = NULL;
	fence->open_room = 0;
	fence->open_count = 0;
	fence->wake = NULL;
	atomic_init(&fence->issued, 0);
	atomic_init(&fence->lowest_open, UINT64_MAX);
}

void fence_set_wake(struct fence *fence, void (*wake)(void *context), void *context)
{
	fence->wake = wake;
	fence->wake_context = context;
}

void fence_destroy(struct fence *fence)
{
	mutex_destroy(&fence->lock);
	free(fence->open);
}

uint64_t fence_issue(struct fence *fence)
{
	uint64_t ticket;

	mutex_lock(&fence->lock);
	assert(fence->open_count < FENCE_TICKETS_MAX);
	if (fence->open_count == fence->open_room) {
		fence->open_room = fence->open_room ? fence->open_room * 2 : 4;
		fence->open = mem_resize(fence->open, fence->open_room, sizeof(*fence->open));
	}
	ticket = atomic_load_explicit(&fence->issued, memory_order_relaxed) + 1;
	if (fence->open_count == 0)
		atomic_store_explicit(&fence->lowest_open, ticket, memory_order_release);
	fence->open[fence->open_count++] = ticket;
	atomic_store(&fence->issued, ticket);
	mutex_unlock(&fence->lock);
	return ticket;
}

void fence_end(struct fence *fence, uint64_t ticket)
{
	uint64_t lowest = UINT64_MAX;
	unsigned i = 0;

	mutex_lock(&fence->lock);
	while (i < fence->open_count && fence->open[i] != ticket)
		i++;
	assert(i < fence->open_count); /* ended twice, or never issued */
	fence->open[i] = fence->open[--fence->open_count];
	for (i = 0; i < fence->open_count; i++)
		if (fence->open[i] < lowest)
			lowest = fence->open[i];
	atomic_store_explicit(&fence->lowest_open, lowest, memory_order_release);
	mutex_unlock(&fence->lock);
	if (fence->wake)
		fence->wake(fence->wake_context);
}

bool fence_has_tickets(const struct fence *fence)
{
	return atomic_load(&fence->lowest_open) != UINT64_MAX;
}

uint64_t fence_barrier(const struct fence *fence)
{
	return atomic_load(&fence->issued);
}

bool fence_is_passed(const struct fence *fence, uint64_t barrier)
{
	return atomic_load_explicit(&fence->lowest_open, memory_order_acquire) > barrier;
}
