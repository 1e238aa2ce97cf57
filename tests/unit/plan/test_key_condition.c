/* Conditions on keys, and what makes them hold for just the bytes. */
#include "plan/key_condition.h"
#include "../unit.h"

static char charset_none[] = "";
static char name_id[] = "id";
static char name_text[] = "x` = 'x";
static char name_bytes[] = "b";
static char name_set[] = "s";
static char latin1[] = "latin1";

static struct column columns[] = {
	{ .name = name_id, .type = COLUMN_INT, .charset = charset_none },
	{ .name = name_text, .type = COLUMN_VARCHAR, .charset = latin1 },
	{ .name = name_bytes, .type = COLUMN_VARBINARY, .charset = charset_none },
	{ .name = name_set, .type = COLUMN_SET, .charset = latin1, .member_count = 64 },
};

static const struct table table = { .columns = columns, .column_count = 4 };

/* The condition of such a row, made exact. */
static void check(const struct key_columns *by, const struct value *values, const char *added)
{
	struct buf plain = BUF_INIT, exact = BUF_INIT, want = BUF_INIT;

	sql_key_equals(&plain, by, values);
	size_t length = plain.length;

	buf_printf(&want, "%s%s", buf_text(&plain), added);
	buf_puts(&plain, "9' OR 1"); /* what stands behind it does not matter */
	key_condition_put_exact(&exact, by, plain.data, length);
	assert_string_equal(buf_text(&exact), buf_text(&want));
	buf_release(&plain);
	buf_release(&exact);
	buf_release(&want);
}

TEST(texts_are_compared_by_their_bytes)
{
	static const struct value values[] = { { "a' ", 3 }, { "-7", 2 }, { "x'", 2 }, { "5", 1 } };
	const struct key_columns by = { .table = &table, .count = 4, .columns = { 1, 0, 2, 3 } };

	assert_true(key_condition_is_vague(&by));
	check(&by, values, " AND CAST(`x`` = 'x` AS BINARY) = x'612720'");
}

TEST(others_stay_as_they_are)
{
	static const struct value values[] = { { "1", 1 }, { "a", 1 }, { "5", 1 } };
	const struct key_columns by = { .table = &table, .count = 3, .columns = { 0, 2, 3 } };

	assert_false(key_condition_is_vague(&by));
	check(&by, values, "");
}

TEST(an_empty_text)
{
	static const struct value values[] = { { "", 0 } };
	const struct key_columns by = { .table = &table, .count = 1, .columns = { 1 } };

	check(&by, values, " AND CAST(`x`` = 'x` AS BINARY) = x''");
}

TEST(literals_are_skipped)
{
	static const struct {
		const char *text;
		size_t length; /* 0: it is none */
	} cases[] = {
		{ "12 AND", 2 },     { "-1.5", 4 },	      { "'it''s' OR", 7 },
		{ "x'00ff' OR", 7 }, { "_latin1 x'41'", 13 }, { "_utf8mb4'a''b'", 14 },
		{ "'open", 0 },	     { "SLEEP(1)", 0 },	      { "", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *end = key_condition_skip_literal(cases[i].text);

		assert_int_equal(end ? (size_t)(end - cases[i].text) : 0, cases[i].length);
	}
}

TEST_MAIN(cmocka_unit_test(texts_are_compared_by_their_bytes),
	  cmocka_unit_test(others_stay_as_they_are), cmocka_unit_test(an_empty_text),
	  cmocka_unit_test(literals_are_skipped))
