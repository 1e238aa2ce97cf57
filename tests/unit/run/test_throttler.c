/* Who waits for what, and getting away when the run is to end. Seen to fail with changes held up by
 * a load, with a snapshot held up by the source's history, and with a pause after the end. */
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

/* --- what holds up what ------------------------------------------------------------ */

static const struct throttle_limits all_limits = {
	.replicas = { { (char *[]){ (char[]){ "db3" } }, 1 } },
	.max_lag_s = 1,
	.max_threads = { 1, 1 },
	.max_history = { 1, 1 },
	.query = { "SELECT 1", "SELECT 1" },
	.interval_ms = 1000,
};

static unsigned version_of(struct throttler *t)
{
	struct throttle_limits limits;
	unsigned version = throttler_limits(t, &limits);

	throttle_limits_release(&limits);
	return version;
}

/* By a stop that is set after a moment: false is what a wait ends with then. */
static bool passes(struct waiter *w, enum throttled what)
{
	struct throttle_share share;

	if (what == THROTTLED_COPY)
		return throttler_wait_to_copy(&w->throttler, &share, &w->stop);
	return throttler_wait(&w->throttler, what, &w->stop);
}

static void set_stop_soon(void *argument)
{
	struct waiter *w = argument;

	usleep(20000);
	stop_set(&w->stop);
}

static bool waits(struct waiter *w, enum throttled what)
{
	struct thread thread = { 0 };

	thread_start(&thread, "stopper", set_stop_soon, w);
	int64_t began_ms = clock_ms();
	bool passed = passes(w, what);
	bool waited = !passed && clock_ms() - began_ms >= 10;

	thread_join(&thread);
	stop_destroy(&w->stop);
	stop_init(&w->stop);
	return waited;
}

TEST(reasons_hold_up_what_they_are_for)
{
	/* By what: write, snapshot, work, copy. */
	static const struct {
		enum throttle_reason reason;
		bool holds[THROTTLED_COUNT];
	} cases[] = {
		{ THROTTLE_PAUSE, { true, true, true, true } },
		{ THROTTLE_LAG, { false, true, true, true } },
		{ THROTTLE_SOURCE_THREADS, { false, true, true, true } },
		{ THROTTLE_TARGET_THREADS, { false, true, true, true } },
		{ THROTTLE_SOURCE_HISTORY, { false, false, true, true } },
		{ THROTTLE_TARGET_HISTORY, { false, true, true, true } },
		{ THROTTLE_SOURCE_QUERY, { false, false, true, true } },
		{ THROTTLE_TARGET_QUERY, { false, true, true, true } },
		{ THROTTLE_ROWS, { false, true, false, true } },
		{ THROTTLE_BYTES, { false, true, false, true } },
	};

	assert_int_equal(ARRAY_LEN(cases), THROTTLE_REASONS - THROTTLE_PAUSE);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum throttle_reason reason = cases[i].reason;
		struct throttle_share share = { .rows = 0 };
		struct throttle_limits limits = all_limits;
		char text[THROTTLE_TEXT_SIZE];
		struct waiter w;

		init(&w);
		limits.rows_per_s = reason == THROTTLE_ROWS;
		limits.bytes_per_s = reason == THROTTLE_BYTES;
		throttler_set_limits(&w.throttler, &limits);
		if (reason == THROTTLE_PAUSE)
			assert_true(throttler_set_paused(&w.throttler, true));
		else if (reason < THROTTLE_ROWS)
			throttler_report(&w.throttler, version_of(&w.throttler), reason, "too much");
		throttler_copied(&w.throttler, &share, 1000, 1000);
		for (int what = 0; what < THROTTLED_COUNT; what++)
			if (cases[i].holds[what] != waits(&w, (enum throttled)what))
				fail_msg("%s, %d", throttle_reason_name(reason), what);
		/* Of limits per second only while somebody waits. */
		assert_int_equal(throttler_reason(&w.throttler, text),
				 reason < THROTTLE_ROWS ? reason : THROTTLE_NONE);
		assert_string_equal(text, reason == THROTTLE_PAUSE ? "paused" :
					  reason < THROTTLE_ROWS   ? "too much" :
								     "");
		double seconds[THROTTLE_REASONS];

		throttler_seconds(&w.throttler, seconds);
		for (int other = 0; other < THROTTLE_REASONS; other++)
			assert_true((seconds[other] > 0) == (other == (int)reason));
		/* Whatever it is, the cutover ends it, but for a pause, which comes first. */
		throttler_set_paused(&w.throttler, false);
		assert_true(throttler_end(&w.throttler, &w.stop));
		assert_int_equal(throttler_reason(&w.throttler, text), THROTTLE_NONE);
		for (int what = 0; what < THROTTLED_COUNT; what++)
			assert_true(passes(&w, (enum throttled)what));
		destroy(&w);
	}
}

TEST(the_end_waits_for_a_pause)
{
	struct waiter w;
	struct thread thread = { 0 };

	init(&w);
	throttler_set_paused(&w.throttler, true);
	thread_start(&thread, "stopper", set_stop_soon, &w);
	assert_false(throttler_end(&w.throttler, &w.stop));
	thread_join(&thread);
	assert_false(throttler_is_over(&w.throttler));
	destroy(&w);
}

TEST(nothing_is_paused_after_the_end)
{
	struct waiter w;

	init(&w);
	assert_true(throttler_end(&w.throttler, &w.stop));
	assert_true(throttler_is_over(&w.throttler));
	assert_false(throttler_set_paused(&w.throttler, true));
	assert_false(throttler_is_paused(&w.throttler));
	assert_true(throttler_wait(&w.throttler, THROTTLED_WRITE, &w.stop));
	destroy(&w);
}

/* An answer to what is not asked any more does not count, and what does not apply lets go. */
TEST(limits_change_at_once)
{
	struct throttle_limits limits = all_limits;
	char text[THROTTLE_TEXT_SIZE];
	struct waiter w;

	init(&w);
	throttler_set_limits(&w.throttler, &limits);
	unsigned version = version_of(&w.throttler);

	throttler_report(&w.throttler, version, THROTTLE_LAG, "behind");
	throttler_report(&w.throttler, version, THROTTLE_SOURCE_THREADS, "busy");
	assert_int_equal(throttler_reason(&w.throttler, text), THROTTLE_LAG);
	limits.replicas[THROTTLE_SOURCE].count = 0;
	throttler_set_limits(&w.throttler, &limits);
	assert_true(throttler_wait_for_change(&w.throttler, version, &w.stop, 60000));
	/* What applies still does until the server is asked again. */
	assert_int_equal(throttler_reason(&w.throttler, text), THROTTLE_SOURCE_THREADS);
	throttler_report(&w.throttler, version, THROTTLE_SOURCE_THREADS, "");
	assert_int_equal(throttler_reason(&w.throttler, text), THROTTLE_SOURCE_THREADS);
	throttler_report(&w.throttler, version_of(&w.throttler), THROTTLE_SOURCE_THREADS, "");
	assert_int_equal(throttler_reason(&w.throttler, text), THROTTLE_NONE);
	assert_false(throttler_wait_for_change(&w.throttler, version_of(&w.throttler), &w.stop, 5));
	destroy(&w);
}

/* The second reader counts with what the first one will bring. */
TEST(several_readers_do_not_start_at_once)
{
	const struct throttle_limits limits = { .rows_per_s = 1000, .interval_ms = 1000 };
	struct throttle_share first = { 0 }, second = { 0 };
	struct waiter w;

	init(&w);
	throttler_set_limits(&w.throttler, &limits);
	throttler_copied(&w.throttler, &first, 100, 10000);
	assert_true(throttler_wait_to_copy(&w.throttler, &first, &w.stop));
	assert_int_equal(first.rows, 100);
	assert_true(waits(&w, THROTTLED_COPY));
	/* The end of the table: it brought nothing. */
	throttler_copied(&w.throttler, &first, 0, 0);
	assert_true(throttler_wait_to_copy(&w.throttler, &second, &w.stop));
	assert_int_equal(second.rows, 100);
	destroy(&w);
}

static void copy_in_thread(void *argument)
{
	struct waiter *w = argument;
	struct throttle_share share;

	w->result = throttler_wait_to_copy(&w->throttler, &share, &w->stop);
	atomic_store(&w->is_through, true);
}

/* Who waits says why; another limit ends it. */
TEST(a_limit_per_second_is_shown_and_lifted)
{
	struct throttle_limits limits = { .bytes_per_s = 10, .interval_ms = 1000 };
	struct throttle_share share = { 0 };
	struct thread thread = { 0 };
	char text[THROTTLE_TEXT_SIZE];
	struct waiter w;

	init(&w);
	throttler_set_limits(&w.throttler, &limits);
	throttler_copied(&w.throttler, &share, 1, 1000000);
	thread_start(&thread, "waiter", copy_in_thread, &w);
	while (throttler_reason(&w.throttler, text) != THROTTLE_BYTES)
		usleep(1000);
	assert_string_equal(text, "limited to 10 bytes per second (MaxBytesPerSecond)");
	assert_false(atomic_load(&w.is_through));
	limits.bytes_per_s = 0;
	throttler_set_limits(&w.throttler, &limits);
	thread_join(&thread);
	assert_true(w.result);
	destroy(&w);
}

TEST_MAIN(cmocka_unit_test(does_not_wait_when_not_paused), cmocka_unit_test(waits_until_let_go),
	  cmocka_unit_test(leaves_a_pause_when_stopped),
	  cmocka_unit_test(reasons_hold_up_what_they_are_for),
	  cmocka_unit_test(the_end_waits_for_a_pause),
	  cmocka_unit_test(nothing_is_paused_after_the_end), cmocka_unit_test(limits_change_at_once),
	  cmocka_unit_test(several_readers_do_not_start_at_once),
	  cmocka_unit_test(a_limit_per_second_is_shown_and_lifted))
