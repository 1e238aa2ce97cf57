/* So much per second, by a clock that stands still between the steps. Seen to fail with no limit
 * to what is saved up, and with what is owed forgiven. */
#include "run/token_bucket.h"
#include "../unit.h"

#define SECOND INT64_C(1000000)

static struct token_bucket bucket;

static int set_up(void **state UNUSED)
{
	bucket = (struct token_bucket){ .per_s = 0 };
	return 0;
}

static int tear_down(void **state UNUSED)
{
	return 0;
}

TEST(no_limit_lets_all_pass)
{
	token_bucket_take(&bucket, 1e12);
	assert_int_equal(token_bucket_wait_us(&bucket, 0), 0);
}

/* One batch that is larger than the limit passes, and is paid for afterwards. */
TEST(what_is_owed_is_waited_for)
{
	token_bucket_set(&bucket, 1000, 0);
	assert_int_equal(token_bucket_wait_us(&bucket, 0), 0);
	token_bucket_take(&bucket, 5100);
	assert_int_equal(token_bucket_wait_us(&bucket, 0), 5 * SECOND + 1);
	assert_int_equal(token_bucket_wait_us(&bucket, 4 * SECOND), SECOND + 1);
	assert_int_equal(token_bucket_wait_us(&bucket, 5 * SECOND + 1000), 0);
}

TEST(no_burst_after_a_rest)
{
	token_bucket_set(&bucket, 1000, 0);
	assert_int_equal(token_bucket_wait_us(&bucket, 3600 * SECOND), 0);
	token_bucket_take(&bucket, 1100);
	assert_int_equal(token_bucket_wait_us(&bucket, 3600 * SECOND), SECOND + 1);
}

TEST(what_was_not_used_is_given_back)
{
	token_bucket_set(&bucket, 1000, 0);
	token_bucket_take(&bucket, 600);
	assert_true(token_bucket_wait_us(&bucket, 0) > 0);
	token_bucket_take(&bucket, -600);
	assert_int_equal(token_bucket_wait_us(&bucket, 0), 0);
}

/* Over a minute, whatever the batches. */
TEST(the_rate_holds_on_average)
{
	static const struct {
		uint64_t per_s;
		double batch;
	} cases[] = { { 1000, 1 }, { 1000, 700 }, { 1, 3 }, { 50000000, 1 << 20 } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t now_us = 0, longest_us = 0;
		double taken = 0;

		set_up(NULL);
		token_bucket_set(&bucket, cases[i].per_s, now_us);
		while (now_us < 60 * SECOND) {
			int64_t us = token_bucket_wait_us(&bucket, now_us);

			longest_us = us > longest_us ? us : longest_us;
			now_us += us;
			if (us > 0)
				continue;
			token_bucket_take(&bucket, cases[i].batch);
			taken += cases[i].batch;
		}
		double wanted = 60.0 * (double)cases[i].per_s;

		assert_true(taken >= wanted * 0.99 && taken <= wanted * 1.01 + cases[i].batch * 2);
		/* Smooth: what a batch takes and no more. */
		assert_true((double)longest_us <=
			    cases[i].batch / (double)cases[i].per_s * 1e6 + 2000);
	}
}

TEST(a_new_rate_pays_what_is_owed)
{
	token_bucket_set(&bucket, 10, 0);
	token_bucket_take(&bucket, 1001);
	assert_int_equal(token_bucket_wait_us(&bucket, 0), 100 * SECOND + 1);
	token_bucket_set(&bucket, 1000, 0);
	assert_int_equal(token_bucket_wait_us(&bucket, 0), SECOND + 1);
	token_bucket_set(&bucket, 0, 0);
	assert_int_equal(token_bucket_wait_us(&bucket, 0), 0);
}

/* A clock that goes back is none of clock_us(), and does no harm. */
TEST(extremes)
{
	token_bucket_set(&bucket, UINT64_MAX, 0);
	token_bucket_take(&bucket, 1e18);
	assert_int_equal(token_bucket_wait_us(&bucket, SECOND), 0);
	token_bucket_set(&bucket, 1, 0);
	token_bucket_take(&bucket, 1e19);
	assert_true(token_bucket_wait_us(&bucket, 0) > 0);
	assert_true(token_bucket_wait_us(&bucket, -SECOND) > 0);
}

TEST_MAIN(CASE(no_limit_lets_all_pass), CASE(what_is_owed_is_waited_for),
	  CASE(no_burst_after_a_rest), CASE(what_was_not_used_is_given_back),
	  CASE(the_rate_holds_on_average), CASE(a_new_rate_pays_what_is_owed), CASE(extremes))
