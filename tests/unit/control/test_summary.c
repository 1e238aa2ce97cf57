/* The line at the end: rates of the copy alone, and the time of both sides. */
#include "../fake_ferry.h"

#include "control/summary.h"
#include "../unit.h"

static const char *value_of(const struct log_facts *facts, const char *key)
{
	for (const struct log_field *field = facts->fields; field->key; field++)
		if (strcmp(field->key + (*field->key == '#'), key) == 0)
			return field->value;
	return "(none)";
}

TEST(rates_are_of_the_copy)
{
	struct ferry_table_status tables[2] = { { .rows_written = 1500, .bytes_written = 80 },
						{ .rows_written = 200 } };
	struct ferry_status status = {
		.rows_written = 1000,
		.bytes_written = 50000,
		.changes_applied = 7,
		.tables = tables,
		.table_count = 2,
		.completed_count = 1,
		.start_time = 100,
		.phase_s = { [PHASE_STARTING] = 1, [PHASE_COPYING] = 2, [PHASE_WAIT_FOR_CUTOVER] = 57 }
	};
	struct summary summary = { 0 };
	struct log_facts facts = { .count = 0 };

	status.work.us[WORK_ON_SOURCE][WORK_WAITING_FOR_LOCK] = 1234567;
	status.work.us[WORK_ON_TARGET][WORK_WRITING] = 999;
	summary_update(&summary, PHASE_STARTING, 1000);
	summary_update(&summary, PHASE_COPYING, 2000);
	summary_update(&summary, PHASE_COPYING, 3000);
	summary_update(&summary, PHASE_WAIT_FOR_CUTOVER, 4000);
	summary_update(&summary, PHASE_DONE, 60000);
	summary_fields(&facts, &summary, &status, 61000);
	static const struct {
		const char *key, *want;
	} cases[] = {
		{ "rows", "1000" },
		{ "bytes", "50000" },
		{ "changes", "7" },
		{ "seconds", "60.000" },
		{ "copy_seconds", "2.000" },
		{ "rows_per_second", "500" },
		{ "bytes_per_second", "25000" },
		{ "source_waiting_for_lock_ms", "1234" },
		{ "run_rows", "1700" },
		{ "run_bytes", "80" },
		{ "tables", "2" },
		{ "tables_done", "1" },
		{ "source_reading_ms", "0" },
		{ "source_writing_ms", "(none)" },
		{ "target_writing_ms", "0" },
		{ "target_committing_ms", "0" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(value_of(&facts, cases[i].key), cases[i].want);
	/* Nothing was dropped for want of room, and all are numbers of JSON. */
	assert_true(facts.count < LOG_FACTS_MAX);
	for (size_t i = 0; i < facts.count; i++)
		assert_int_equal(*facts.fields[i].key, '#');
}

/* Ended in mid-copy, and resumed when nothing was left to copy. */
TEST(a_copy_that_did_not_end_or_begin)
{
	struct ferry_status status = { .rows_written = 30, .phase_s = { [PHASE_STARTING] = 3.5 } };
	struct summary summary = { 0 };
	struct log_facts facts = { .count = 0 };

	summary_fields(&facts, &summary, &status, 5000);
	assert_string_equal(value_of(&facts, "seconds"), "3.500");
	assert_string_equal(value_of(&facts, "copy_seconds"), "0.000");
	summary_update(&summary, PHASE_COPYING, 2000);
	facts = (struct log_facts){ .count = 0 };
	summary_fields(&facts, &summary, &status, 5000);
	assert_string_equal(value_of(&facts, "rows_per_second"), "10");
}

TEST_MAIN(cmocka_unit_test(rates_are_of_the_copy),
	  cmocka_unit_test(a_copy_that_did_not_end_or_begin))
