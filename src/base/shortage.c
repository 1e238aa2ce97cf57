/* A thread that finds no memory frees the reserve, wakes the loop and then sleeps forever, with
 * whatever locks it holds: the loop needs none of a worker's to dump the state. Should it hang all
 * the same, this thread ends the process after a while; the state file is what is left then, a
 * second old. Code that unwinds from every malloc() would never be exercised. */
#include "base/shortage.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define RESERVE_BYTES (16u << 20)
#define PATIENCE_S 20 /* the disk may be slow to take the state */

enum { STATUS_NOT_STARTED = 1, STATUS_INTERRUPTED = 2 };

static _Atomic(void *) reserve;
static _Atomic(const char *) found;
static void (*hook)(void *context);
static void *hook_context;
static pid_t loop_thread;

void shortage_init(void)
{
	loop_thread = gettid();
	atomic_store(&reserve, malloc(RESERVE_BYTES));
}

void shortage_set_hook(void (*wake)(void *context), void *context)
{
	hook_context = context;
	hook = wake;
}

const char *shortage_what(void)
{
	return atomic_load(&found);
}

void shortage_found(const char *what)
{
	const char *nothing = NULL;
	bool is_first = atomic_compare_exchange_strong(&found, &nothing, what);
	bool is_loop = gettid() == loop_thread;

	if (is_first) {
		/* stdio may want memory itself. */
		const struct iovec line[] = {
			{ (void *)(uintptr_t) "ghostferry: ", 12 },
			{ (void *)(uintptr_t)what, strlen(what) },
			{ (void *)(uintptr_t) "\n", 1 },
		};
		ssize_t written UNUSED = writev(STDERR_FILENO, line, ARRAY_LEN(line));
	}
	free(atomic_exchange(&reserve, NULL));
	if (!hook)
		_exit(STATUS_NOT_STARTED);
	hook(hook_context);
	if (is_loop && is_first)
		return;
	/* The loop itself, for the second time: there is nothing left. */
	if (!is_loop)
		sleep(PATIENCE_S);
	_exit(STATUS_INTERRUPTED);
}
