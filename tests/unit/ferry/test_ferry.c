/* Who ends a run, and with what: the first error counts. */
#include "ferry/ferry.h"
#include "../unit.h"

static unsigned announced;

static void on_event(void *context UNUSED, enum ferry_event event)
{
	announced |= 1u << event;
}

TEST(the_first_failure_counts)
{
	const struct move_options options = { .target.marginalia = "x" };
	const struct ferry_hooks hooks = { .listener = on_event };
	struct ferry *ferry = ferry_new(&options, &hooks, NULL, NULL, false);
	struct error first, second, got = ERROR_INIT;
	enum run_part part = PART_SYSTEM;
	struct buf text = BUF_INIT;

	error_set(&first, ERROR_STOPPED, "signal received: terminated");
	error_set(&second, ERROR_LOST, "the server has gone away");
	assert_false(ferry_error(ferry, &got, &part));
	assert_true(ferry_fail(ferry, PART_USER_INTERRUPT, &first));
	assert_false(ferry_fail(ferry, PART_CUTOVER, &second));
	assert_true(ferry_error(ferry, &got, &part));
	assert_int_equal(part, PART_USER_INTERRUPT);
	assert_string_equal(got.text, first.text);
	/* Whoever fails by ferry_fail() is told by its answer, and nothing had started. */
	assert_int_equal(announced, 0);
	assert_false(ferry_state(ferry, &text));
	assert_false(ferry_may_save(ferry));
	ferry_free(ferry);
	buf_release(&text);
}

TEST_MAIN(cmocka_unit_test(the_first_failure_counts))
