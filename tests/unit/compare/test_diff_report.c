/* diff_report: what is said of a comparison, and what counts as different. */
#include "compare/diff_report.h"

#include "../table_fixture.h"
#include "../unit.h"

static struct fixture fixture;
static struct moved_table table;
static struct row_hash hash;
static struct diff_report report;

static int set_up(void **state UNUSED)
{
	fixture_init(&fixture);
	table = (struct moved_table){ .source = fixture_table(&fixture, "abc", "t") };
	table.key = (struct key_columns){ .table = table.source, .count = 1 };
	hash = (struct row_hash){ .table = &table };
	diff_report_init(&report, &hash, 1);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	diff_report_release(&report);
	fixture_release(&fixture);
	return 0;
}

static void add(enum difference_kind kind, const char *key)
{
	static const char none[FINGERPRINT_SIZE], source[FINGERPRINT_SIZE] = "aa",
						  target[FINGERPRINT_SIZE] = "bb";
	bool both = kind == ROW_DIFFERS;

	diff_report_add(&report.tables[0], kind, mem_strdup(key), both ? source : none,
			both ? target : none);
}

static void says(void (*put)(struct buf *out, const struct diff_report *r), const char *want)
{
	struct buf text = BUF_INIT;

	put(&text, &report);
	assert_string_equal(buf_text(&text), want);
	buf_release(&text);
}

TEST(equal)
{
	struct table_report *t = &report.tables[0];

	says(diff_report_message, "");
	says(diff_report_text,
	     "abc.t: not compared to its end, 0 rows\n1 table compared, all equal\n");
	t->is_compared = true;
	t->rows[SIDE_SOURCE] = t->rows[SIDE_TARGET] = 3;
	t->next_id[SIDE_SOURCE] = t->next_id[SIDE_TARGET] = 4;
	says(diff_report_text, "abc.t: equal, 3 rows\n1 table compared, all equal\n");
	t->unsettled = 2;
	assert_int_equal(diff_report_unsettled(&report), 2);
	assert_false(table_report_is_different(t));
	says(diff_report_text, "abc.t: not known, 3 rows, 2 changed whenever they were looked at\n"
			       "1 table compared, none found different\n");
}

TEST(each_kind_of_difference)
{
	struct table_report *t = &report.tables[0];

	t->is_compared = true;
	t->rows[SIDE_SOURCE] = 3;
	t->rows[SIDE_TARGET] = 2;
	add(ROW_MISSING_ON_TARGET, "1");
	add(ROW_DIFFERS, "2");
	add(ROW_MISSING_ON_SOURCE, "3");
	add(ROW_DIFFERS, "2"); /* found in two ways */
	assert_int_equal(t->different, 3);
	assert_int_equal(diff_report_different_tables(&report), 1);
	says(diff_report_message,
	     "abc.t [PKs: 1 (type: row missing on target) 2 (type: rows checksum difference, "
	     "source: aa, target: bb) 3 (type: row missing on source) ] ");
	says(diff_report_text,
	     "abc.t: DIFFERENT, 3 rows on the source and 2 on the target, 3 differ\n"
	     "  key 1: row missing on target\n"
	     "  key 2: rows checksum difference\n"
	     "  key 3: row missing on source\n"
	     "1 table compared, 1 different\n");
}

TEST(more_than_are_shown)
{
	struct table_report *t = &report.tables[0];
	struct buf text = BUF_INIT;
	char key[8];

	for (int i = 0; i < REPORT_KEYS_SHOWN + 2; i++) {
		snprintf(key, sizeof(key), "%d", i);
		add(ROW_DIFFERS, key);
	}
	assert_int_equal(t->different, REPORT_KEYS_SHOWN + 2);
	assert_int_equal(t->shown_count, REPORT_KEYS_SHOWN);
	table_report_message(&text, t);
	assert_non_null(strstr(buf_text(&text), "and 2 more ]"));
	buf_release(&text);
	t->repaired = 5;
	table_report_reset(t);
	assert_int_equal(t->different, 0);
	assert_int_equal(t->repaired, 5);
}

TEST(a_table_without_a_key)
{
	static const struct {
		uint64_t source, target, least;
	} cases[] = { { 3, 3, 1 }, { 5, 3, 2 }, { 0, 4, 4 } };
	struct table_report *t = &report.tables[0];

	table.key.count = 0;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		t->rows[SIDE_SOURCE] = cases[i].source;
		t->rows[SIDE_TARGET] = cases[i].target;
		diff_report_add_whole(t);
		assert_int_equal(t->different, cases[i].least);
	}
}

TEST(values_that_would_be_handed_out_twice)
{
	static const struct {
		uint64_t source, target;
		bool repeats;
	} cases[] = {
		{ 0, 0, false }, { 7, 0, false }, { 7, 7, false }, { 7, 9, false }, { 7, 6, true }
	};
	struct table_report *t = &report.tables[0];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		t->next_id[SIDE_SOURCE] = cases[i].source;
		t->next_id[SIDE_TARGET] = cases[i].target;
		assert_int_equal(table_report_repeats_ids(t), cases[i].repeats);
		assert_int_equal(table_report_is_different(t), cases[i].repeats);
	}
}

TEST_MAIN(CASE(equal), CASE(each_kind_of_difference), CASE(more_than_are_shown),
	  CASE(a_table_without_a_key), CASE(values_that_would_be_handed_out_twice))
