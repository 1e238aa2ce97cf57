/* row_key: the key's columns, a range of keys, and a key that is read. Seen to fail with both
 * ends of a range taken for its low one, and with NULL accepted. */
#include "rows/row_key.h"

#include "../table_fixture.h"
#include "../unit.h"

static struct fixture fixture;
static struct moved_table table;

/* abc.t(at DATETIME, bits BIT, PRIMARY KEY (bits, at)) */
static int set_up(void **state UNUSED)
{
	struct table *t;

	fixture_init(&fixture);
	t = fixture_table(&fixture, "abc", "t");
	fixture_column(t, "at", COLUMN_DATETIME, "datetime", "");
	fixture_column(t, "bits", COLUMN_BIT, "bit(8)", "");
	table = (struct moved_table){ .source = t,
				      .key = { .table = t, .count = 2, .columns = { 1, 0 } } };
	return 0;
}

static int tear_down(void **state UNUSED)
{
	fixture_release(&fixture);
	return 0;
}

TEST(columns_in_the_order_of_the_key)
{
	struct buf sql = BUF_INIT;

	row_key_put_columns(&sql, &table);
	assert_string_equal(buf_text(&sql), "CAST(`bits` AS UNSIGNED),`at`");
	buf_release(&sql);
}

static struct key key_of(const char *value)
{
	struct key key = KEY_INIT;

	if (value)
		key_set(&key, &(struct value){ value, strlen(value) }, 1);
	return key;
}

TEST(a_range_without_its_low_end_and_up_to_its_high_one)
{
	static const struct {
		const char *low, *high, *want;
	} cases[] = {
		{ NULL, NULL, "" },
		{ "5", NULL, " WHERE (`bits` > 5)" },
		{ NULL, "9", " WHERE (`bits` <= 9)" },
		{ "5", "9", " WHERE (`bits` > 5) AND (`bits` <= 9)" },
	};

	static char where[] = "(w)";
	struct buf part = BUF_INIT;
	struct key five = key_of("5");

	table.key.count = 1;
	table.where = where;
	row_key_put_range(&part, &table, NULL, NULL);
	assert_string_equal(buf_text(&part), " WHERE (w)");
	table.source->columns[1].type = COLUMN_INT;
	buf_clear(&part);
	row_key_put_range(&part, &table, &five, &five);
	assert_string_equal(buf_text(&part), " WHERE (w) AND (`bits` > 5) AND (`bits` <= 5)");
	buf_release(&part);
	key_release(&five);
	table.where = NULL;
	table.source->columns[1].type = COLUMN_INT;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct key low = key_of(cases[i].low), high = key_of(cases[i].high);
		struct buf sql = BUF_INIT;

		row_key_put_range(&sql, &table, &low, &high);
		assert_string_equal(buf_text(&sql), cases[i].want);
		buf_clear(&sql);
		row_key_put_range(&sql, &table, cases[i].low ? &low : NULL,
				  cases[i].high ? &high : NULL);
		assert_string_equal(buf_text(&sql), cases[i].want);
		buf_release(&sql);
		key_release(&low);
		key_release(&high);
	}
}

TEST(a_key_is_whole_or_refused)
{
	static const struct {
		const char *values[3];
		unsigned count;
		enum error_kind kind;
		const char *says;
	} cases[] = {
		{ { "5", "" }, 2, ERROR_NONE, "" },
		{ { "5" }, 1, ERROR_SCHEMA, "2 key columns expected, 1 received" },
		{ { "5", "6", "7" }, 3, ERROR_SCHEMA, "2 key columns expected, 3 received" },
		{ { "5", NULL }, 2, ERROR_UNSUPPORTED, "NULL in a key column" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		static const unsigned long lengths[] = { 1, 0, 1 };
		const struct db_row row = { cases[i].values, lengths, cases[i].count };
		struct value values[KEY_COLUMNS_MAX];
		struct error err = ERROR_INIT;

		assert_int_equal(row_key_take(&table, &row, values, &err),
				 cases[i].kind == ERROR_NONE);
		assert_int_equal(err.kind, cases[i].kind);
		assert_string_equal(err.text, cases[i].says);
		if (cases[i].kind != ERROR_NONE)
			continue;
		assert_ptr_equal(values[0].bytes, cases[i].values[0]);
		assert_int_equal(values[0].length, 1);
		assert_int_equal(values[1].length, 0);
	}
}

TEST_MAIN(CASE(columns_in_the_order_of_the_key),
	  CASE(a_range_without_its_low_end_and_up_to_its_high_one), CASE(a_key_is_whole_or_refused))
