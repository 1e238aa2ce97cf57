/* Threads, locks and conditions. A failure of any of these calls is a bug, so they abort with a
 * message instead of returning. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

#include "base/attr.h"

struct CAPABILITY("mutex") mutex {
	pthread_mutex_t native;
};

struct condition {
	pthread_cond_t native; /* waits on the monotonic clock */
};

void mutex_init(struct mutex *m);
void mutex_destroy(struct mutex *m);
void mutex_lock(struct mutex *m) ACQUIRES(*m);
void mutex_unlock(struct mutex *m) RELEASES(*m);

void condition_init(struct condition *c);
void condition_destroy(struct condition *c);
/* Callers re-check their predicate: wake-ups may be spurious. */
void condition_wait(struct condition *c, struct mutex *m) REQUIRES(*m);
/* False when timeout_ms milliseconds passed without a wake-up. */
bool condition_wait_ms(struct condition *c, struct mutex *m, int64_t timeout_ms) REQUIRES(*m);
void condition_signal(struct condition *c);
void condition_broadcast(struct condition *c);

struct thread {
	pthread_t native;
	bool started; /* and not yet joined */
};

/* Runs body(argument) in a new thread (where the system gives one: shortage.h) with all
 * signals blocked, the name shown by debuggers (15 bytes of it), and per-thread hooks
 * called at its start and end (see thread_set_hooks()). */
void thread_start(struct thread *t, const char *name, void (*body)(void *argument), void *argument);
/* Waits for the end; does nothing when it was not started. */
void thread_join(struct thread *t);
/* Once, before any thread: the db layer puts mysql_thread_init/end here. */
void thread_set_hooks(void (*at_start)(void), void (*at_end)(void));

#endif
