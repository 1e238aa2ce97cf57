/* Speed, time left and the progress line. */
#include <math.h>

#include "../fake_ferry.h"

#include "control/progress.h"
#include "../unit.h"

static struct ferry_table_status tables[5];

static struct ferry_status example(void)
{
	static const char *const names[] = { "a.one", "a.two", "a.three", "a.four", "a.five" };
	struct ferry_status status = { .phase = PHASE_COPYING,
				       .has_started = true,
				       .start_time = 100,
				       .phase_s = { [PHASE_STARTING] = 1, [PHASE_COPYING] = 9 },
				       .rows_written = 1000,
				       .bytes_written = 2000000,
				       .tables = tables,
				       .table_count = 5,
				       .completed_count = 1 };

	for (size_t i = 0; i < 5; i++)
		tables[i] =
			(struct ferry_table_status){ .name = names[i],
						     .action = i ? TABLE_COPYING : TABLE_COMPLETED,
						     .key_columns = &fake_id,
						     .estimated_rows = 1000,
						     .rows_written = i ? 500 : 1000 };
	return status;
}

#define CHECK_NEAR(got, want) assert_true(fabs((got) - (want)) < 0.001)

TEST(speed_is_that_of_the_window)
{
	struct ferry_status status = example();
	struct rate rate = { .count = 0 };
	struct estimate estimate;

	estimate_make(&estimate, &rate, &status);
	CHECK_NEAR(estimate.rows_per_s, 0);
	CHECK_NEAR(estimate.eta_s, -1);
	/* Fast long ago, 100 rows/s for the whole window. */
	rate_add(&rate, 0, 0, 0);
	rate_add(&rate, 1000, 1000000, 0);
	for (unsigned i = 1; i <= RATE_SAMPLES; i++)
		rate_add(&rate, 1000 + i * 500, 1000000 + i * 50, i * 5000);
	rate_add(&rate, 1001 + RATE_SAMPLES * 500, UINT64_MAX, 0); /* too soon: dropped */
	assert_int_equal(rate.count, RATE_SAMPLES);
	estimate_make(&estimate, &rate, &status);
	CHECK_NEAR(estimate.rows_per_s, 100);
	CHECK_NEAR(estimate.bytes_per_s, 10000);
	/* 1000 + 4 * 500 of 5000 rows are done. */
	CHECK_NEAR(estimate.fraction, 0.6);
	CHECK_NEAR(estimate.eta_s, 20);
}

TEST(nothing_moves_no_time_is_promised)
{
	struct ferry_status status = example();
	struct rate rate = { .count = 0 };
	struct estimate estimate;

	rate_add(&rate, 0, 1000, 0);
	rate_add(&rate, 5000, 1000, 0);
	estimate_make(&estimate, &rate, &status);
	CHECK_NEAR(estimate.eta_s, -1);
	status.phase = PHASE_WAIT_FOR_CUTOVER;
	estimate_make(&estimate, &rate, &status);
	CHECK_NEAR(estimate.eta_s, 0);
	CHECK_NEAR(estimate.fraction, 1);
}

/* Statistics that are too small, missing, or of a table grown since. */
TEST(a_running_table_is_never_finished)
{
	struct ferry_status status = example();
	struct rate rate = { .count = 0 };
	struct estimate estimate;

	status.tables[1].rows_written = 5000;
	status.tables[2].estimated_rows = 0;
	estimate_make(&estimate, &rate, &status);
	assert_true(estimate.fraction < 1);
	assert_true(estimate.fraction > 0.5);
	estimate_average(&estimate, &status);
	CHECK_NEAR(estimate.rows_per_s, 100);
	memset(status.phase_s, 0, sizeof(status.phase_s)); /* at the very beginning */
	estimate_average(&estimate, &status);
	CHECK_NEAR(estimate.rows_per_s, 0);
}

TEST(without_figures_a_resumed_run_goes_by_its_keys)
{
	struct ferry_status status = example();
	struct rate rate = { .count = 0 };
	struct estimate estimate;

	status.tables += 1;
	status.table_count = 1;
	status.tables[0].rows_written = 0;
	status.tables[0].last_key = fake_key("750", NULL);
	status.tables[0].target_key = fake_key("1000", NULL);
	status.tables[0].is_uncounted = true;
	estimate_make(&estimate, &rate, &status);
	CHECK_NEAR(estimate.fraction, 0.75);
	status.tables[0].is_uncounted = false;
	estimate_make(&estimate, &rate, &status);
	CHECK_NEAR(estimate.fraction, 0);
	status.tables[0].is_uncounted = true;
	status.tables[0].key_columns = &fake_uuid;
	estimate_make(&estimate, &rate, &status);
	CHECK_NEAR(estimate.fraction, 0);
}

/* What is copied counts as what was copied, whatever was estimated. */
TEST(rows_and_bytes_of_all_processes)
{
	struct ferry_status status = example();
	struct rate rate = { .count = 0 };
	struct estimate estimate;

	status.tables[0].rows_written = 1200; /* copied: estimated with 1000 */
	status.tables[1].rows_written = 1500; /* has grown */
	status.tables[2].bytes_written = 10;
	status.tables[2].estimated_bytes = 70;
	estimate_make(&estimate, &rate, &status);
	assert_int_equal(estimate.done.rows, 1200 + 1500 + 3 * 500);
	assert_int_equal(estimate.all.rows, 1200 + 1500 + 3 * 1000);
	assert_int_equal(estimate.done.bytes, 10);
	assert_int_equal(estimate.all.bytes, 70);
	status.tables[0].is_uncounted = true;
	status.tables[0].rows_written = 0;
	estimate_make(&estimate, &rate, &status);
	assert_int_equal(estimate.all.rows, 1000 + 1500 + 3 * 1000);
}

TEST(durations_and_counts)
{
	static const struct {
		double seconds;
		const char *want;
	} durations[] = {
		{ -5, "0s" },	     { 0, "0s" },	 { 1.2, "2s" },	    { 59, "59s" },
		{ 60, "1m00s" },     { 3599, "59m59s" }, { 3725, "1h02m" }, { 86400, "1d00h" },
		{ 360000, "4d04h" }, { 1e300, "0s" },
	};
	static const struct {
		double count;
		const char *want;
	} counts[] = {
		{ 0, "0" },	      { 999.9, "999" },	  { 1000, "1.0k" },  { 52149, "52.1k" },
		{ 999949, "999.9k" }, { 999950, "1.0M" }, { 1.5e9, "1.5G" }, { -1, "0" },
	};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
		buf_clear(&text);
		progress_put_duration(&text, durations[i].seconds);
		assert_string_equal(buf_text(&text), durations[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		buf_clear(&text);
		progress_put_count(&text, counts[i].count);
		assert_string_equal(buf_text(&text), counts[i].want);
	}
	buf_release(&text);
}

static void check_line(const struct ferry_status *status, const char *want)
{
	const struct estimate estimate = { .fraction = 0.415,
					   .rows_per_s = 52100,
					   .bytes_per_s = 11.3e6,
					   .eta_s = 200,
					   .done = { 1200000, 340000000 },
					   .all = { 2900000, 900000000 } };
	struct buf line = BUF_INIT;

	progress_line(&line, status, &estimate);
	assert_string_equal(buf_text(&line), want);
	buf_release(&line);
}

TEST(lines_of_each_phase)
{
	struct ferry_status status = example();

	check_line(&status,
		   "copying 1/5 tables, 41.5%, 52.1k rows/s, 11.3 MB/s, ETA 3m20s, "
		   "lag 0s, 1.2M/2.9M rows, 340.0M/900.0MB, a.two, a.three, a.four and 1 more");
	status.is_paused = true;
	status.queued_changes = 12345;
	check_line(&status,
		   "copying (paused) 1/5 tables, 41.5%, 52.1k rows/s, 11.3 MB/s, "
		   "ETA unknown, lag 0s, 12.3k changes queued, 1.2M/2.9M rows, 340.0M/900.0MB, "
		   "a.two, a.three, a.four and 1 more");
	status = example();
	status.phase = PHASE_WAIT_FOR_CUTOVER;
	status.streamer_lag_s = 62;
	strcpy(status.waiting_for, "permission to cut over");
	check_line(&status,
		   "wait-for-cutover 1/5 tables, lag 1m02s, waiting for permission to cut over");
	status = (struct ferry_status){ .phase = PHASE_STARTING };
	check_line(&status, "starting");
	status = example();
	status.phase = PHASE_DONE;
	status.completed_count = 5;
	check_line(&status, "done 5/5 tables");
}

/* Whatever the estimate of its rows says. */
TEST(a_table_that_is_indexed_is_copied)
{
	const struct ferry_table_status table = { .action = TABLE_INDEXING,
						  .rows_written = 10,
						  .estimated_rows = 1000 };

	assert_true(estimate_table_fraction(&table) >= 1);
}

TEST_MAIN(cmocka_unit_test(a_table_that_is_indexed_is_copied),
	  cmocka_unit_test(rows_and_bytes_of_all_processes),
	  cmocka_unit_test(speed_is_that_of_the_window),
	  cmocka_unit_test(nothing_moves_no_time_is_promised),
	  cmocka_unit_test(a_running_table_is_never_finished),
	  cmocka_unit_test(without_figures_a_resumed_run_goes_by_its_keys),
	  cmocka_unit_test(durations_and_counts), cmocka_unit_test(lines_of_each_phase))
