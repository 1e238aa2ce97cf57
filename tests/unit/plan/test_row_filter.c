/* Which conditions are taken, what they choose, and what the servers get of them. */
#include "plan/row_filter.h"
#include "../table_fixture.h"
#include "../unit.h"

#define COLUMNS 10

static struct fixture fixture;
static struct table *table;

static int set_up(void **state UNUSED)
{
	static const struct {
		const char *name;
		enum column_type type;
		const char *raw_type, *collation;
	} columns[COLUMNS] = {
		{ "t", COLUMN_TINYINT, "tinyint", "" },
		{ "b", COLUMN_BIGINT, "bigint", "" },
		{ "u", COLUMN_BIGINT, "bigint unsigned", "" },
		{ "m", COLUMN_MEDIUMINT, "mediumint unsigned", "" },
		{ "v", COLUMN_VARCHAR, "varchar(9)", "utf8mb4_general_ci" },
		{ "h", COLUMN_BINARY, "binary(2)", "" },
		{ "w", COLUMN_CHAR, "char(9)", "ucs2_bin" },
		{ "d", COLUMN_DATE, "date", "" },
		{ "g", COLUMN_INT, "int", "" },
		{ "a`b", COLUMN_INT, "int", "" },
	};

	fixture_init(&fixture);
	table = fixture_table(&fixture, "s", "t");
	for (size_t i = 0; i < COLUMNS; i++)
		fixture_column(table, columns[i].name, columns[i].type, columns[i].raw_type,
			       columns[i].collation);
	table->columns[5].max_octets = 2;
	table->columns[8].generation = COLUMN_STORED;
	return 0;
}

static int tear_down(void **state UNUSED)
{
	fixture_release(&fixture);
	return 0;
}

static struct row_filter *make(const char *text)
{
	struct error err = ERROR_INIT;
	struct row_filter *filter = row_filter_parse(text, &err);

	if (!filter || !row_filter_bind(filter, table, &err))
		fail_msg("%s: %s", text, err.text);
	return filter;
}

static bool chooses(const char *text, const char *column, const char *value)
{
	struct value values[COLUMNS] = { { .bytes = NULL } };
	struct row_filter *filter = make(text);
	enum row_part part;

	for (size_t i = 0; i < COLUMNS; i++)
		if (strcmp(table->columns[i].name, column) == 0 && value)
			values[i] = (struct value){ value, strlen(value) };
	part = row_filter_judge(filter, NULL, values);
	assert_true(part == row_filter_judge(filter, values, NULL));
	assert_true(part == row_filter_judge(filter, values, values));
	assert_true(part != ROW_CROSSES);
	row_filter_free(filter);
	return part == ROW_INSIDE;
}

TEST(chooses_as_sql_does)
{
	static const struct {
		const char *condition, *column, *value;
		bool is_chosen;
	} cases[] = {
		{ "t = 5", "t", "5", true },
		{ "t = 5", "t", "-5", false },
		{ "t = 5", "t", NULL, false },
		{ "t <> 5", "t", "4", true },
		{ "t != 5", "t", "5", false },
		{ "t <> 5", "t", NULL, false },
		{ "NOT t = 5", "t", NULL, false },
		{ "NOT t = 5", "t", "6", true },
		{ "t < -3", "t", "-4", true },
		{ "t < -3", "t", "-3", false },
		{ "t < -3", "t", "2", false },
		{ "t <= -3", "t", "-3", true },
		{ "t > -3", "t", "-2", true },
		{ "t > -3", "t", "-4", false },
		{ "t > -3", "t", "0", true },
		{ "t >= 0", "t", "0", true },
		{ "t >= 0", "t", "-1", false },
		{ "t = -0", "t", "0", true },
		{ "t between -2 and 2", "t", "-2", true },
		{ "t BETWEEN -2 AND 2", "t", "2", true },
		{ "t BETWEEN -2 AND 2", "t", "3", false },
		{ "t BETWEEN -2 AND 2", "t", NULL, false },
		{ "t NOT BETWEEN -2 AND 2", "t", "3", true },
		{ "t NOT BETWEEN -2 AND 2", "t", NULL, false },
		{ "t IN (1, 2,-3)", "t", "-3", true },
		{ "t IN (1,2)", "t", "12", false },
		{ "t IN (1)", "t", NULL, false },
		{ "t NOT IN (1)", "t", "2", true },
		{ "t NOT IN (1)", "t", NULL, false },
		{ "t IS NULL", "t", NULL, true },
		{ "t IS NULL", "t", "0", false },
		{ "t IS NOT NULL", "t", "0", true },
		{ "d IS NOT NULL", "d", "2020-01-01", true },
		/* Unknown is neither: OR and AND. */
		{ "t = 1 OR b = 2", "b", "2", true },
		{ "t = 1 AND b = 2", "b", "2", false },
		{ "NOT (t = 1 AND b = 2)", "b", "3", true },
		{ "NOT (t = 1 OR b = 2)", "b", "3", false },
		{ "t = 1 OR NOT t = 1", "t", NULL, false },
		/* AND is stronger. */
		{ "b = 1 OR b = 2 AND b = 3", "b", "1", true },
		{ "(b = 1 OR b = 2) AND b = 3", "b", "1", false },
		/* Limits. */
		{ "b = -9223372036854775808", "b", "-9223372036854775808", true },
		{ "b > -9223372036854775808", "b", "-9223372036854775808", false },
		{ "b < 9223372036854775807", "b", "9223372036854775807", false },
		{ "b <= 9223372036854775807", "b", "9223372036854775807", true },
		{ "b < 0", "b", "-9223372036854775808", true },
		{ "u = 18446744073709551615", "u", "18446744073709551615", true },
		{ "u > 9223372036854775808", "u", "18446744073709551615", true },
		{ "u < 9223372036854775808", "u", "18446744073709551615", false },
		{ "u >= 0", "u", "18446744073709551615", true },
		{ "m <= 16777215", "m", "16777215", true },
		{ "m = 7", "m", "0007", true }, /* ZEROFILL */
		/* MOD has the sign of the value. */
		{ "MOD(b, 3) = 0", "b", "9", true },
		{ "MOD(b, 3) = 0", "b", "-9", true },
		{ "b % 3 = 1", "b", "-7", false },
		{ "b % 3 = -1", "b", "-7", true },
		{ "b MOD 3 IN (0, 1)", "b", "7", true },
		{ "b mod 3 between 1 and 2", "b", "8", true },
		{ "b MOD 3 <> 0", "b", "-9", false },
		{ "MOD(u, 10) = 5", "u", "18446744073709551615", true },
		{ "MOD(t, 2) = 0", "t", NULL, false },
		/* Texts by their bytes. */
		{ "BINARY v = 'eu'", "v", "eu", true },
		{ "BINARY v = 'eu'", "v", "EU", false },
		{ "BINARY v = 'eu'", "v", "eu ", false },
		{ "BINARY v <> 'eu'", "v", "EU", true },
		{ "BINARY v = ''", "v", "", true },
		{ "BINARY v = ''", "v", NULL, false },
		{ "BINARY v IN ('a''b', x'C3a9')", "v", "a'b", true },
		{ "BINARY v IN ('a''b', x'C3a9')", "v", "\xc3\xa9", true },
		{ "BINARY v NOT IN ('a')", "v", "b", true },
		{ "h = x'4142'", "h", "AB", true },
		{ "h = 'AB'", "h", "AB", true },
		{ "BINARY h <> 'AB'", "h", "AC", true },
		/* Names. */
		{ "T = 1", "t", "1", true },
		{ "`a``b` = 1", "a`b", "1", true },
		{ " \t`t`=1\n", "t", "1", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (chooses(cases[i].condition, cases[i].column, cases[i].value) !=
		    cases[i].is_chosen)
			fail_msg("%s with %s", cases[i].condition, cases[i].value);
}

TEST(refuses_what_is_not_exact)
{
	static const struct {
		const char *condition, *text;
	} cases[] = {
		{ "", "a column is missing at byte 1 (its end)" },
		{ "t", "a comparison is missing" },
		{ "t = ", "an integer is missing at byte 5" },
		{ "t = 1.5", "the condition goes on at byte 6 (.5)" },
		{ "t = 1 t", "the condition goes on" },
		{ "t = u", "an integer is missing" },
		{ "t = NULL", "an integer is missing" },
		{ "1 = t", "a column is missing" },
		{ "t = 1 AND", "a column is missing" },
		{ "(t = 1", ") is missing" },
		{ "t = 1)", "the condition goes on" },
		{ "t IN ()", "an integer is missing" },
		{ "t IN (1,)", "an integer is missing" },
		{ "t BETWEEN 1", "a word is missing" },
		{ "t NOT = 1", "IN or BETWEEN is missing" },
		{ "t % 0 = 1", "MOD by 0" },
		{ "MOD(t, -1) = 1", "an integer is missing" },
		{ "MOD(t, 2) IS NULL", "IS NULL of something else" },
		{ "t <=> 1", "an integer is missing" },
		{ "t = 18446744073709551616", "an integer is too large" },
		{ "v = 'a", "a quote is not closed" },
		{ "v = 'a\\'", "without backslashes" },
		{ "v = '\xc3\xa9'", "a text is of ASCII" },
		{ "v = x'4'", "no whole bytes in hex" },
		{ "v = x'4", "no whole bytes in hex" },
		{ "ABS(t) = 1", "a comparison is missing" },
		{ "t = 1; DROP TABLE x", "the condition goes on" },
		{ "t = 1 -- x", "the condition goes on" },
		{ "n = 1", "there is no column n" },
		{ "t = 128", "128 is beyond the range of column t" },
		{ "t = -129", "-129 is beyond" },
		{ "u = -1", "-1 is beyond" },
		{ "b = 9223372036854775808", "is beyond" },
		{ "m = 16777216", "is beyond" },
		{ "t = '1'", "column t is compared with a text" },
		{ "BINARY v = 1", "column v is compared with a number" },
		{ "v = 'a'", "write BINARY v" },
		{ "BINARY v < 'a'", "only =, <>, IN and IS NULL" },
		{ "v % 2 = 1", "write BINARY v" },
		{ "h % 2 = 1", "only =, <>, IN" },
		{ "h = 'A'", "column h holds 2 bytes, and is compared with 1" },
		{ "BINARY w = 'a'", "character set ucs2" },
		{ "BINARY t = 1", "column t is a number" },
		{ "BINARY v IS NULL", "BINARY is not needed" },
		{ "d = '2020-01-01'", "column d is of type date" },
		{ "g = 1", "column g is generated" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		struct row_filter *filter = row_filter_parse(cases[i].condition, &err);

		if (filter && row_filter_bind(filter, table, &err))
			fail_msg("%s is taken", cases[i].condition);
		if (!strstr(err.text, cases[i].text) || err.kind != ERROR_CONFIG)
			fail_msg("%s: %s", cases[i].condition, err.text);
		row_filter_free(filter);
	}
}

/* The parser and the tree are walked by recursion. */
TEST(refuses_what_is_too_deep)
{
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;

	for (int i = 0; i < 100000; i++)
		buf_puts(&text, i % 2 ? "(" : "NOT ");
	buf_puts(&text, "t = 1");
	assert_null(row_filter_parse(buf_text(&text), &err));
	assert_non_null(strstr(err.text, "too many levels"));
	buf_clear(&text);
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "t = 1 OR ");
	buf_puts(&text, "t = 1");
	assert_null(row_filter_parse(buf_text(&text), &err));
	assert_non_null(strstr(err.text, "too many of AND or OR"));
	buf_release(&text);
}

/* What the servers get, and what a state holds: one text for one meaning. */
TEST(puts_sql_of_its_own)
{
	static const struct {
		const char *condition, *sql;
	} cases[] = {
		{ "T=1", "(`t` = 1)" },
		{ "t = 1 or not b in (1, -2) and u is not null",
		  "((`t` = 1) OR ((NOT (`b` IN (1,-2))) AND (NOT (`u` IS NULL))))" },
		{ "MOD(b,3) between 0 and 1", "((`b` % 3 >= 0) AND (`b` % 3 <= 1))" },
		{ "BINARY v = 'a''' ", "(CAST(`v` AS BINARY) = x'6127')" },
		{ "`a``b` != 1", "(`a``b` <> 1)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct row_filter *filter = make(cases[i].condition);
		struct buf sql = BUF_INIT;

		row_filter_put(&sql, filter);
		assert_string_equal(buf_text(&sql), cases[i].sql);
		buf_release(&sql);
		row_filter_free(filter);
	}
}

/* What is put is taken again, and means the same. */
TEST(takes_its_own_sql)
{
	static const char *const conditions[] = { "BINARY v IN ('a', x'00ff') OR NOT MOD(b, 7) = -1",
						  "t BETWEEN -1 AND 2 AND h <> 'AB'",
						  "u IS NULL OR `a``b` NOT IN (1)" };

	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		struct buf once = BUF_INIT, twice = BUF_INIT;
		struct row_filter *filter = make(conditions[i]);

		row_filter_put(&once, filter);
		row_filter_free(filter);
		filter = make(buf_text(&once));
		row_filter_put(&twice, filter);
		row_filter_free(filter);
		assert_string_equal(buf_text(&once), buf_text(&twice));
		buf_release(&once);
		buf_release(&twice);
	}
}

TEST(tells_whether_conditions_overlap)
{
	static const struct {
		const char *a, *b;
		enum filter_overlap overlap;
		const char *example;
	} cases[] = {
		{ "b = 1", "b = 2", FILTERS_DISJOINT, "" },
		{ "b = 1", "b = 1", FILTERS_OVERLAP, "`b`=1" },
		{ "b = 1", "t = 1", FILTERS_OVERLAP, "`b`=1, `t`=1" },
		{ "b < 100", "b >= 100", FILTERS_DISJOINT, "" },
		{ "b <= 100", "b >= 100", FILTERS_OVERLAP, "`b`=100" },
		{ "b <= 100", "b > 98 AND b < 100", FILTERS_OVERLAP, "`b`=99" },
		{ "b BETWEEN 0 AND 9", "b BETWEEN 10 AND 19", FILTERS_DISJOINT, "" },
		{ "b BETWEEN 0 AND 9", "b BETWEEN 9 AND 19", FILTERS_OVERLAP, "`b`=9" },
		{ "b > 1000000", "b < 9000000", FILTERS_OVERLAP, "`b`=1000001" },
		{ "MOD(b, 3) = 0", "MOD(b, 3) = 1", FILTERS_DISJOINT, "" },
		{ "MOD(b, 3) = 0", "MOD(b, 2) = 1", FILTERS_OVERLAP, "`b`=3" },
		{ "MOD(b, 3) = 0", "MOD(b, 6) = 2", FILTERS_DISJOINT, "" },
		{ "MOD(b, 3) = 2", "MOD(b, 3) = -1", FILTERS_DISJOINT, "" },
		{ "MOD(b, 3) < 0", "MOD(b, 3) <> 0", FILTERS_OVERLAP, "`b`=-1" },
		{ "MOD(b, 30) = 29 AND b > 500", "b < 540", FILTERS_OVERLAP, "`b`=509" },
		{ "MOD(b, 30) = 29 AND b > 510", "b < 539", FILTERS_DISJOINT, "" },
		{ "u = 18446744073709551615", "u > 9223372036854775807", FILTERS_OVERLAP,
		  "`u`=18446744073709551615" },
		{ "b = -9223372036854775808", "b < 0", FILTERS_OVERLAP, "`b`=-9223372036854775808" },
		{ "b = 9223372036854775807", "b < 9223372036854775807", FILTERS_DISJOINT, "" },
		{ "t IS NULL", "t IS NOT NULL", FILTERS_DISJOINT, "" },
		{ "t IS NULL", "b = 1", FILTERS_OVERLAP, "`t` IS NULL, `b`=1" },
		{ "t = 1 OR t IS NULL", "t <> 1", FILTERS_DISJOINT, "" },
		{ "BINARY v = 'a'", "BINARY v <> 'a'", FILTERS_DISJOINT, "" },
		{ "BINARY v <> 'b'", "BINARY v <> 'a'", FILTERS_OVERLAP, "" },
		{ "t = 1 AND b = 1", "t = 1 AND b = 2", FILTERS_DISJOINT, "" },
		{ "MOD(b, 1000003) = 1", "b = 1", FILTERS_UNKNOWN, "" },
		{ "MOD(b, 997) = 1", "MOD(b, 991) = 1", FILTERS_UNKNOWN, "" },
		{ "t = 1 AND b = 1 AND u = 1", "m = 1 AND h = 'AB'", FILTERS_UNKNOWN, "" },
	};

	table->columns[0].is_nullable = true;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct row_filter *a = make(cases[i].a), *b = make(cases[i].b);
		struct buf example = BUF_INIT, ignored = BUF_INIT;
		enum filter_overlap overlap = row_filter_overlap(a, b, table, &example);

		if (overlap != cases[i].overlap ||
		    overlap != row_filter_overlap(b, a, table, &ignored) ||
		    (*cases[i].example && strcmp(buf_text(&example), cases[i].example) != 0))
			fail_msg("%s, %s: %d %s", cases[i].a, cases[i].b, (int)overlap,
				 buf_text(&example));
		row_filter_free(a);
		row_filter_free(b);
		buf_release(&example);
		buf_release(&ignored);
	}
}

TEST(finds_rows_that_cross_the_border)
{
	struct row_filter *filter = make("t = 1");
	struct value inside[COLUMNS] = { { "1", 1 } };
	struct value outside[COLUMNS] = { { "2", 1 } };
	struct value unknown[COLUMNS] = { { .bytes = NULL } };

	assert_true(row_filter_judge(filter, inside, outside) == ROW_CROSSES);
	assert_true(row_filter_judge(filter, outside, inside) == ROW_CROSSES);
	assert_true(row_filter_judge(filter, inside, unknown) == ROW_CROSSES);
	assert_true(row_filter_judge(filter, outside, unknown) == ROW_OUTSIDE);
	row_filter_free(filter);
}

TEST(knows_unique_keys_that_stay_in_a_part)
{
	struct row_filter *filter = make("t = 1 AND MOD(b, 2) = 0");
	struct index_part parts[] = { { .column = 1 }, { .column = 0 } };
	struct table_index index = { .parts = parts, .part_count = 2 };

	assert_true(row_filter_is_decided_by(filter, &index));
	parts[0].prefix = 3;
	assert_false(row_filter_is_decided_by(filter, &index));
	index.part_count = 1;
	assert_false(row_filter_is_decided_by(filter, &index));
	row_filter_free(filter);
	filter = make("BINARY v = 'a'");
	parts[0] = (struct index_part){ .column = 4 };
	assert_false(row_filter_is_decided_by(filter, &index));
	row_filter_free(filter);
}

TEST_MAIN_GROUP(set_up, tear_down, cmocka_unit_test(chooses_as_sql_does),
		cmocka_unit_test(refuses_what_is_not_exact),
		cmocka_unit_test(refuses_what_is_too_deep), cmocka_unit_test(puts_sql_of_its_own),
		cmocka_unit_test(takes_its_own_sql),
		cmocka_unit_test(tells_whether_conditions_overlap),
		cmocka_unit_test(finds_rows_that_cross_the_border),
		cmocka_unit_test(knows_unique_keys_that_stay_in_a_part))
