/* Each moment of a thread counts once, for the work it was at. */
#include "base/clock.h"
#include "run/work_time.h"
#include "../unit.h"

static int64_t reads(struct work_sheet *sheet, enum work_side side, enum work work)
{
	struct work_times times;

	work_sheet_read(sheet, &times);
	return times.us[side][work];
}

static int64_t all(struct work_sheet *sheet)
{
	struct work_times times;
	int64_t sum = 0;

	work_sheet_read(sheet, &times);
	for (int side = 0; side < WORK_SIDES; side++)
		for (int work = 0; work < WORK_COUNT; work++)
			sum += times.us[side][work];
	return sum;
}

static void pass(int64_t us)
{
	for (int64_t end = clock_us() + us; clock_us() < end;)
		;
}

static void check_range(int64_t value, int64_t least, int64_t most)
{
	assert_true(value >= least);
	assert_true(value <= most);
}

/* Broken: work_sheet_read() without those who are at it. Red. */
TEST(what_goes_on_counts_already)
{
	struct work_sheet sheet;
	struct work_clock clock;

	work_sheet_init(&sheet);
	work_join(&sheet, &clock, WORK_ON_SOURCE, WORK_READING);
	pass(2000);
	check_range(reads(&sheet, WORK_ON_SOURCE, WORK_READING), 2000, 60000000);
	work_leave(&clock);
	int64_t left = reads(&sheet, WORK_ON_SOURCE, WORK_READING);
	pass(1000);
	assert_int_equal(reads(&sheet, WORK_ON_SOURCE, WORK_READING), left);
	work_sheet_destroy(&sheet);
}

TEST(each_moment_counts_once)
{
	struct work_sheet sheet;
	struct work_clock clock;

	work_sheet_init(&sheet);
	int64_t before_us = clock_us();
	work_join(&sheet, &clock, WORK_ON_TARGET, WORK_OTHER);
	int64_t joined_us = clock_us();

	enum work outer = work_begin(WORK_WRITING);
	assert_int_equal(outer, WORK_OTHER);
	pass(3000);
	work_was_partly(WORK_BUILDING, 1000);
	enum work inner = work_begin(WORK_COMMITTING);
	assert_int_equal(inner, WORK_WRITING);
	pass(1000);
	work_begin(inner);
	pass(1000);
	work_was(WORK_WAITING_FOR_LOCK);
	work_begin(outer);

	int64_t leaving_us = clock_us();
	work_leave(&clock);
	check_range(all(&sheet), leaving_us - joined_us, clock_us() - before_us);
	assert_int_equal(reads(&sheet, WORK_ON_TARGET, WORK_BUILDING), 1000);
	check_range(reads(&sheet, WORK_ON_TARGET, WORK_WRITING), 2000, 60000000);
	check_range(reads(&sheet, WORK_ON_TARGET, WORK_COMMITTING), 1000, 60000000);
	check_range(reads(&sheet, WORK_ON_TARGET, WORK_WAITING_FOR_LOCK), 1000, 60000000);
	work_sheet_destroy(&sheet);
}

/* The processor's clock may run ahead of the other one by a little. */
TEST(no_more_than_has_passed)
{
	struct work_sheet sheet;
	struct work_clock clock;

	work_sheet_init(&sheet);
	work_join(&sheet, &clock, WORK_ON_SOURCE, WORK_READING);
	work_was_partly(WORK_BUILDING, 3600000000);
	check_range(reads(&sheet, WORK_ON_SOURCE, WORK_READING), 0, 60000000);
	check_range(reads(&sheet, WORK_ON_SOURCE, WORK_BUILDING), 0, 60000000);
	work_leave(&clock);
	work_sheet_destroy(&sheet);
}

/* A table without a key: its reader is its writer. */
TEST(work_counts_on_its_own_side)
{
	struct work_sheet sheet;
	struct work_clock clock;

	work_sheet_init(&sheet);
	work_join(&sheet, &clock, WORK_ON_SOURCE, WORK_READING);
	enum work before = work_begin(WORK_WRITING);
	pass(1000);
	work_begin(before);
	work_leave(&clock);
	check_range(reads(&sheet, WORK_ON_TARGET, WORK_WRITING), 1000, 60000000);
	assert_int_equal(reads(&sheet, WORK_ON_SOURCE, WORK_WRITING), 0);
	work_sheet_destroy(&sheet);
}

TEST(a_thread_that_has_not_joined_is_not_counted)
{
	assert_int_equal(work_begin(WORK_WRITING), WORK_IDLE);
	work_was(WORK_READING);
	work_was_partly(WORK_BUILDING, 5);
	assert_int_equal(work_begin(WORK_IDLE), WORK_IDLE);
}

TEST_MAIN(cmocka_unit_test(what_goes_on_counts_already), cmocka_unit_test(each_moment_counts_once),
	  cmocka_unit_test(no_more_than_has_passed), cmocka_unit_test(work_counts_on_its_own_side),
	  cmocka_unit_test(a_thread_that_has_not_joined_is_not_counted))
