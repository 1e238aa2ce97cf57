/* Threads that take one item of a list after the other, until the list or one of them is at
 * its end by an error: the first error is the pool's. */
#ifndef BASE_WORKER_POOL_H
#define BASE_WORKER_POOL_H

#include "base/error.h"
#include "base/thread.h"

struct worker_pool {
	size_t count;		/* behind the last item; constant once workers run */
	struct thread *threads; /* owned by whoever starts them */
	unsigned thread_count;

	struct mutex lock;
	size_t next;	  /* guarded by lock: item to be taken */
	bool has_failed;  /* guarded by lock */
	struct error err; /* guarded by lock; the first one */
};

/* Its items are first to count - 1. */
void worker_pool_init(struct worker_pool *pool, size_t first, size_t count);
/* Each thread runs body with its element of workers, an array of elements of size bytes; size
 * 0: all with the same one. The caller's thread may work beside them until it joins them. */
void worker_pool_start(struct worker_pool *pool, const char *name, void (*body)(void *worker),
		       void *workers, size_t size, unsigned thread_count);
/* Waits for the threads. False: one of them, or the caller, has failed. */
bool worker_pool_join(struct worker_pool *pool, struct error *err) MUST_CHECK;

/* By any worker. False: nothing is left, or some worker has failed. */
bool worker_pool_next(struct worker_pool *pool, size_t *item) MUST_CHECK;
void worker_pool_fail(struct worker_pool *pool, const struct error *err);
bool worker_pool_has_failed(struct worker_pool *pool) MUST_CHECK;

#endif
