/* Thin wrappers around pthreads that cannot fail silently.
 *
 * Threads start with every signal blocked: signals belong to the loop, and a
 * library call of a worker must never see EINTR because of a SIGTERM. */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/shortage.h"

/* Whatever `ulimit -s` says: neither too little for rows of 4096 columns nor 8 MiB each, which soon
 * exhausts a limited address space. */
#define STACK_BYTES (2u << 20)

static void (*hook_start)(void);
static void (*hook_end)(void);

struct start {
	void (*body)(void *argument);
	void *argument;
	char name[16]; /* what pthread_setname_np() takes */
};

/* code is what a pthread function returned. */
static void check(int code, const char *what)
{
	if (code == 0)
		return;
	fprintf(stderr, "ghostferry: %s: %s\n", what, strerror(code));
	abort();
}

void mutex_init(struct mutex *m)
{
	check(pthread_mutex_init(&m->native, NULL), "pthread_mutex_init");
}

void mutex_destroy(struct mutex *m)
{
	check(pthread_mutex_destroy(&m->native), "pthread_mutex_destroy");
}

void mutex_lock(struct mutex *m) NO_THREAD_SAFETY
{
	check(pthread_mutex_lock(&m->native), "pthread_mutex_lock");
}

void mutex_unlock(struct mutex *m) NO_THREAD_SAFETY
{
	check(pthread_mutex_unlock(&m->native), "pthread_mutex_unlock");
}

void condition_init(struct condition *c)
{
	pthread_condattr_t attributes;

	check(pthread_condattr_init(&attributes), "pthread_condattr_init");
	check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock");
	check(pthread_cond_init(&c->native, &attributes), "pthread_cond_init");
	check(pthread_condattr_destroy(&attributes), "pthread_condattr_destroy");
}

void condition_destroy(struct condition *c)
{
	check(pthread_cond_destroy(&c->native), "pthread_cond_destroy");
}

void condition_wait(struct condition *c, struct mutex *m)
{
	check(pthread_cond_wait(&c->native, &m->native), "pthread_cond_wait");
}

bool condition_wait_ms(struct condition *c, struct mutex *m, int64_t timeout_ms)
{
	struct timespec until;
	int code;

	if (timeout_ms < 0)
		timeout_ms = 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	code = pthread_cond_timedwait(&c->native, &m->native, &until);
	if (code != ETIMEDOUT)
		check(code, "pthread_cond_timedwait");
	return code == 0;
}

void condition_signal(struct condition *c)
{
	check(pthread_cond_signal(&c->native), "pthread_cond_signal");
}

void condition_broadcast(struct condition *c)
{
	check(pthread_cond_broadcast(&c->native), "pthread_cond_broadcast");
}

static void *run(void *argument)
{
	struct start *start = argument;

	pthread_setname_np(pthread_self(), start->name);
	if (hook_start)
		hook_start();
	start->body(start->argument);
	if (hook_end)
		hook_end();
	free(start);
	return NULL;
}

void thread_start(struct thread *t, const char *name, void (*body)(void *argument), void *argument)
{
	struct start *start = mem_calloc(1, sizeof(*start));
	pthread_attr_t attributes;
	sigset_t all, before;

	start->body = body;
	start->argument = argument;
	snprintf(start->name, sizeof(start->name), "%.15s", name);

	sigfillset(&all);
	check(pthread_sigmask(SIG_SETMASK, &all, &before), "pthread_sigmask");
	check(pthread_attr_init(&attributes), "pthread_attr_init");
	check(pthread_attr_setstacksize(&attributes, STACK_BYTES), "pthread_attr_setstacksize");
	t->started = pthread_create(&t->native, &attributes, run, start) == 0;
	check(pthread_attr_destroy(&attributes), "pthread_attr_destroy");
	if (!t->started)
		shortage_found("cannot start a thread: no memory for its stack, or too many "
			       "processes (ulimit -v, ulimit -u)");
	check(pthread_sigmask(SIG_SETMASK, &before, NULL), "pthread_sigmask");
	if (!t->started)
		free(start);
}

void thread_join(struct thread *t)
{
	if (!t->started)
		return;
	check(pthread_join(t->native, NULL), "pthread_join");
	t->started = false;
}

void thread_set_hooks(void (*at_start)(void), void (*at_end)(void))
{
	hook_start = at_start;
	hook_end = at_end;
}
