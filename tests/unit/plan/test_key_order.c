/* key_order: keys compare as bytes like the index does. */
#include "plan/key_order.h"
#include "../table_fixture.h"
#include "../unit.h"

/* Texts are in ascending order of the column's index. */
struct order_case {
	enum column_type type;
	const char *collation;
	bool descending;
	const char *texts[12];
};

static const struct order_case cases[] = {
	{ COLUMN_BIGINT,
	  "",
	  false,
	  { "-9223372036854775808", "-100", "-99", "-10", "-9", "-1", "0", "1", "9", "10",
	    "18446744073709551615" } },
	{ COLUMN_INT, "", true, { "1000", "999", "10", "9", "0", "-1", "-10" } },
	{ COLUMN_INT, "", false, { "0009", "10", "00011" } },
	{ COLUMN_DECIMAL, "", false, { "-10.50", "-9.75", "-0.50", "0.00", "0.05", "1.20", "10.00" } },
	{ COLUMN_DOUBLE, "", false, { "-1e300", "-2", "-1e-300", "0", "1e-300", "0.5", "2", "1e10" } },
	{ COLUMN_DATETIME,
	  "",
	  false,
	  { "0000-00-00 00:00:00", "0999-12-31 23:59:59", "1000-01-01 00:00:00.000001",
	    "2024-02-29 00:00:00", "2024-02-29 00:00:01" } },
	{ COLUMN_TIME,
	  "",
	  false,
	  { "-838:59:59", "-99:00:00", "-00:00:01", "00:00:00", "09:59:59", "10:00:00",
	    "838:59:59" } },
	{ COLUMN_VARCHAR, "utf8mb4_bin", false, { "", "A", "AB", "B", "a", "b" } },
	{ COLUMN_VARCHAR, "utf8mb4_general_ci", false, { "a", "AB", "ac", "b" } },
	{ COLUMN_VARBINARY, "", false, { "\x01", "a", "\xff" } },
};

static int compare_texts(const struct key_columns *columns, const char *a, const char *b)
{
	const struct value x = { a, strlen(a) }, y = { b, strlen(b) };
	struct buf left = BUF_INIT, right = BUF_INIT;

	key_order_put(&left, columns, &x);
	key_order_put(&right, columns, &y);

	int order = key_order_compare(left.data, left.length, right.data, right.length);

	buf_release(&left);
	buf_release(&right);
	return order;
}

TEST(texts_in_the_order_of_the_index)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct order_case *c = &cases[i];
		struct key_columns columns = { .count = 1, .descending = { c->descending } };
		struct fixture f;

		fixture_init(&f);
		struct table *t = fixture_table(&f, "abc", "t");
		fixture_column(t, "a", c->type, "x", c->collation);
		columns.table = t;
		for (size_t j = 1; j < ARRAY_LEN(c->texts) && c->texts[j]; j++) {
			assert_true(compare_texts(&columns, c->texts[j - 1], c->texts[j]) < 0);
			assert_true(compare_texts(&columns, c->texts[j], c->texts[j - 1]) > 0);
			assert_int_equal(compare_texts(&columns, c->texts[j], c->texts[j]), 0);
		}
		fixture_release(&f);
	}
}

TEST(parts_one_by_one)
{
	static const char *const rows[][2] = {
		{ "1", "b" }, { "1", "a" }, { "2", "" }, { "10", "zz" }, { "10", "z" }
	};
	struct key_columns columns = { .count = 2,
				       .columns = { 0, 1 },
				       .descending = { false, true } };
	struct buf before = BUF_INIT, here = BUF_INIT;
	struct fixture f;

	fixture_init(&f);
	struct table *t = fixture_table(&f, "abc", "t");
	fixture_column(t, "a", COLUMN_INT, "int", "");
	fixture_column(t, "b", COLUMN_VARCHAR, "varchar(9)", "utf8mb4_bin");
	columns.table = t;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct value key[] = { { rows[i][0], strlen(rows[i][0]) },
					     { rows[i][1], strlen(rows[i][1]) } };

		buf_clear(&here);
		key_order_put(&here, &columns, key);
		if (i > 0)
			assert_true(key_order_compare(before.data, before.length, here.data,
						      here.length) < 0);
		buf_clear(&before);
		buf_add(&before, here.data, here.length);
	}
	buf_release(&before);
	buf_release(&here);
	fixture_release(&f);
}

TEST_MAIN(cmocka_unit_test(texts_in_the_order_of_the_index), cmocka_unit_test(parts_one_by_one))
