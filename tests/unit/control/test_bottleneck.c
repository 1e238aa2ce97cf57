/* limit: what is seen most of a minute is told, once. */
#include "control/bottleneck.h"
#include "../unit.h"

/* Looks twice a second for a minute, `times` of ten of them at that side. */
static enum slower_side a_minute(struct bottleneck *limit, int64_t *now_ms, enum slower_side side,
				 int times)
{
	struct ferry_status status = { .has_started = true };
	enum slower_side told = SLOWER_NONE;

	for (int i = 0; i < 120; i++) {
		status.limit = i % 10 < times ? side : SLOWER_NONE;
		*now_ms += 500;
		assert_int_equal(told, SLOWER_NONE);
		told = bottleneck_add(limit, *now_ms, &status);
	}
	return told;
}

TEST(tells_what_is_seen_most_of_the_time)
{
	struct ferry_status status = { .has_started = true };
	struct bottleneck limit = { 0 };
	int64_t now_ms = 1000;

	assert_int_equal(bottleneck_add(&limit, now_ms, &status), SLOWER_NONE);
	assert_int_equal(a_minute(&limit, &now_ms, SLOWER_TARGET, 6), SLOWER_TARGET);
	assert_int_equal(a_minute(&limit, &now_ms, SLOWER_SOURCE, 6), SLOWER_SOURCE);
	assert_int_equal(a_minute(&limit, &now_ms, SLOWER_SOURCE, 4), SLOWER_NONE);
}

TEST(nothing_before_the_start)
{
	struct ferry_status status = { .limit = SLOWER_TARGET };
	struct bottleneck limit = { 0 };

	for (int64_t now_ms = 1; now_ms < 10 * BOTTLENECK_LOG_MS; now_ms += 500)
		assert_int_equal(bottleneck_add(&limit, now_ms, &status), SLOWER_NONE);
}

TEST_MAIN(cmocka_unit_test(tells_what_is_seen_most_of_the_time),
	  cmocka_unit_test(nothing_before_the_start))
