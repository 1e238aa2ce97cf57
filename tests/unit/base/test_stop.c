/* stop and thread: the latch wakes sleepers at once; hooks, names, signals. */
#include <assert.h>
#include <signal.h>

#include "base/clock.h"
#include "base/stop.h"
#include "../unit.h"

TEST(sleeps_in_full_when_not_set)
{
	struct stop stop;
	int64_t start;

	stop_init(&stop);
	start = clock_us();
	assert_true(stop_sleep_ms(&stop, 15));
	assert_true(clock_us() - start >= 14000);
	assert_true(stop_sleep_ms(&stop, 0));
	assert_true(stop_sleep_ms(&stop, -1));
	assert_false(stop_is_set(&stop));
	stop_destroy(&stop);
}

TEST(does_not_sleep_when_set)
{
	struct stop stop;

	stop_init(&stop);
	stop_set(&stop);
	stop_set(&stop);
	assert_true(stop_is_set(&stop));
	assert_false(stop_sleep_ms(&stop, 600000));
	assert_false(stop_sleep_ms(&stop, 0));
	stop_destroy(&stop);
}

static void sleep_long(void *argument)
{
	assert(!stop_sleep_ms(argument, 600000));
}

TEST(wakes_every_sleeper)
{
	struct thread threads[4] = { 0 };
	struct stop stop;

	stop_init(&stop);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		thread_start(&threads[i], "sleeper", sleep_long, &stop);
	stop_set(&stop);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		thread_join(&threads[i]);
	assert_false(threads[0].started);
	thread_join(&threads[0]);
	stop_destroy(&stop);
}

static int started, ended;

static void count_start(void)
{
	started++;
}

static void count_end(void)
{
	ended++;
}

struct seen {
	char name[16];
	bool blocked;
};

static void look_around(void *argument)
{
	struct seen *seen = argument;
	sigset_t mask;

	pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	seen->blocked = sigismember(&mask, SIGTERM) == 1;
}

TEST(threads_are_named_and_deaf)
{
	struct seen seen = { "", false };
	struct thread thread = { 0 };
	sigset_t mask;

	thread_set_hooks(count_start, count_end);
	thread_start(&thread, "a_name_of_more_than_15_bytes", look_around, &seen);
	thread_join(&thread);
	thread_set_hooks(NULL, NULL);
	assert_string_equal(seen.name, "a_name_of_more_");
	assert_true(seen.blocked);
	assert_int_equal(started, 1);
	assert_int_equal(ended, 1);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
}

TEST_MAIN(cmocka_unit_test(sleeps_in_full_when_not_set), cmocka_unit_test(does_not_sleep_when_set),
	  cmocka_unit_test(wakes_every_sleeper), cmocka_unit_test(threads_are_named_and_deaf))
