/* The fence between the row copy and the stream (I2): a row change
 * received while tickets up to b had been issued may be applied only after all
 * of these have ended. One fence per table.
 *
 * A ticket is issued before its chunk's read is sent and ended after its rows are committed on the
 * target. Threads: readers issue, writers end, the streamer takes barriers, the binlog writers
 * check. */
#ifndef RUN_FENCE_H
#define RUN_FENCE_H

#include <stdatomic.h>

#include "base/thread.h"

#define FENCE_TICKETS_MAX 1024 /* open at once: readers + writers + queued batches */

struct fence {
	struct mutex lock;
	uint64_t *open;	     /* guarded by lock; owned; unordered */
	unsigned open_room;  /* guarded by lock: most tables never have more than a few */
	unsigned open_count; /* guarded by lock */
	/* Written under lock, read by anyone. lowest_open is lowered before issued
	 * is raised, so whoever sees a ticket as issued sees it as open. */
	_Atomic uint64_t issued;
	_Atomic uint64_t lowest_open; /* UINT64_MAX: none */
	/* Wakes the threads that wait for tickets to end; NULL: none. Set before the first is
	 * issued. */
	void (*wake)(void *context);
	void *wake_context;
};

void fence_init(struct fence *fence);
void fence_destroy(struct fence *fence);
/* Any thread that ends a ticket calls this afterwards, without a lock. */
void fence_set_wake(struct fence *fence, void (*wake)(void *context), void *context);
uint64_t fence_issue(struct fence *fence);
void fence_end(struct fence *fence, uint64_t ticket);
/* Is there any open one? As of some moment just now. */
bool fence_has_tickets(const struct fence *fence);
/* To be taken after the change was received. */
uint64_t fence_barrier(const struct fence *fence);
/* Have all tickets up to barrier ended? Once true it stays true. */
bool fence_is_passed(const struct fence *fence, uint64_t barrier);

#endif
