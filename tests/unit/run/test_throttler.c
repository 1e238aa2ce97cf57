/* Waiting while paused, and getting away when the run is to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "run/throttler.h"

struct waiter {
	struct throttler throttler;
	struct stop stop;
	bool result;
	_Atomic bool is_through;
};

static void wait_in_thread(void *argument)
{
	struct waiter *w = argument;

	w->result = throttler_wait(&w->throttler, &w->stop);
	atomic_store(&w->is_through, true);
}

static void init(struct waiter *w)
{
	throttler_init(&w->throttler);
	stop_init(&w->stop);
	atomic_init(&w->is_through, false);
}

static void destroy(struct waiter *w)
{
	stop_destroy(&w->stop);
	throttler_destroy(&w->throttler);
}

static void does_not_wait_when_not_paused(void **state UNUSED)
{
	struct waiter w;

	init(&w);
	assert_false(throttler_is_paused(&w.throttler));
	assert_true(throttler_wait(&w.throttler, &w.stop));
	stop_set(&w.stop);
	assert_false(throttler_wait(&w.throttler, &w.stop));
	destroy(&w);
}

static void waits_until_let_go(void **state UNUSED)
{
	struct waiter w;
	struct thread thread = { 0 };

	init(&w);
	throttler_set_paused(&w.throttler, true);
	assert_true(throttler_is_paused(&w.throttler));
	thread_start(&thread, "waiter", wait_in_thread, &w);
	clock_sleep_ms(30);
	assert_false(atomic_load(&w.is_through));
	throttler_set_paused(&w.throttler, false);
	thread_join(&thread);
	assert_true(w.result);
	destroy(&w);
}

static void leaves_a_pause_when_stopped(void **state UNUSED)
{
	struct waiter w;
	struct thread thread = { 0 };

	init(&w);
	throttler_set_paused(&w.throttler, true);
	thread_start(&thread, "waiter", wait_in_thread, &w);
	stop_set(&w.stop);
	thread_join(&thread);
	assert_false(w.result);
	destroy(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_not_wait_when_not_paused),
		cmocka_unit_test(waits_until_let_go),
		cmocka_unit_test(leaves_a_pause_when_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
