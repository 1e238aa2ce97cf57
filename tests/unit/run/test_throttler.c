/* Waiting while paused, and getting away when the run is to end. */
#include "base/clock.h"
#include "run/throttler.h"
#include "../unit.h"

struct waiter {
	struct throttler throttler;
	struct stop stop;
	bool result;
	_Atomic bool is_through;
};

static void wait_in_thread(void *argument)
{
	struct waiter *w = argument;

	w->result = throttler_wait(&w->throttler, THROTTLED_WRITE, &w->stop);
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

TEST(does_not_wait_when_not_paused)
{
	struct waiter w;

	init(&w);
	assert_false(throttler_is_paused(&w.throttler));
	assert_true(throttler_wait(&w.throttler, THROTTLED_WRITE, &w.stop));
	stop_set(&w.stop);
	assert_false(throttler_wait(&w.throttler, THROTTLED_WRITE, &w.stop));
	destroy(&w);
}

TEST(waits_until_let_go)
{
	struct waiter w;
	struct thread thread = { 0 };

	init(&w);
	throttler_set_paused(&w.throttler, true);
	assert_true(throttler_is_paused(&w.throttler));
	thread_start(&thread, "waiter", wait_in_thread, &w);
	usleep(30000);
	assert_false(atomic_load(&w.is_through));
	throttler_set_paused(&w.throttler, false);
	thread_join(&thread);
	assert_true(w.result);
	destroy(&w);
}

TEST(leaves_a_pause_when_stopped)
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

TEST_MAIN(cmocka_unit_test(does_not_wait_when_not_paused), cmocka_unit_test(waits_until_let_go),
	  cmocka_unit_test(leaves_a_pause_when_stopped))
