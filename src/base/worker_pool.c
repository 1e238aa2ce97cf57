#include "base/worker_pool.h"

#include <stdlib.h>

#include "base/mem.h"

void worker_pool_init(struct worker_pool *pool, size_t first, size_t count)
{
	*pool = (struct worker_pool){ .next = first, .count = count };
	mutex_init(&pool->lock);
}

void worker_pool_start(struct worker_pool *pool, const char *name, void (*body)(void *worker),
		       void *workers, size_t size, unsigned thread_count)
{
	pool->threads = mem_calloc(thread_count + 1, sizeof(*pool->threads));
	pool->thread_count = thread_count;
	for (unsigned i = 0; i < thread_count; i++)
		thread_start(&pool->threads[i], name, body, (char *)workers + i * size);
}

bool worker_pool_join(struct worker_pool *pool, struct error *err)
{
	for (unsigned i = 0; i < pool->thread_count; i++)
		thread_join(&pool->threads[i]);
	free(pool->threads);
	mutex_destroy(&pool->lock);
	if (pool->has_failed)
		*err = pool->err;
	return !pool->has_failed;
}

bool worker_pool_next(struct worker_pool *pool, size_t *item)
{
	mutex_lock(&pool->lock);
	bool is_taken = !pool->has_failed && pool->next < pool->count;
	if (is_taken)
		*item = pool->next++;
	mutex_unlock(&pool->lock);
	return is_taken;
}

void worker_pool_fail(struct worker_pool *pool, const struct error *err)
{
	mutex_lock(&pool->lock);
	if (!pool->has_failed)
		pool->err = *err;
	pool->has_failed = true;
	mutex_unlock(&pool->lock);
}

bool worker_pool_has_failed(struct worker_pool *pool)
{
	mutex_lock(&pool->lock);
	bool has_failed = pool->has_failed;
	mutex_unlock(&pool->lock);
	return has_failed;
}
