/* Keys, and the conditions made of them. */
#include "db/key.h"
#include "../unit.h"

static char charset_none[] = "";
static char name_a[] = "a";
static char name_b[] = "b";
static char name_c[] = "c`";
static char utf8mb4[] = "utf8mb4";

static struct column columns[] = {
	{ .name = name_a, .type = COLUMN_INT, .charset = charset_none, .position = 0 },
	{ .name = name_b, .type = COLUMN_VARCHAR, .charset = utf8mb4, .position = 1 },
	{ .name = name_c, .type = COLUMN_DATE, .charset = charset_none, .position = 2 },
};

static const struct table table = { .columns = columns, .column_count = 3 };

static const struct value values[] = { { "1", 1 }, { "x'", 2 }, { "2024-01-01", 10 } };

static struct key_columns first_columns(unsigned count)
{
	return (struct key_columns){ .table = &table, .count = count, .columns = { 0, 1, 2 } };
}

static void check(struct buf *sql, const char *want)
{
	assert_string_equal(buf_text(sql), want);
	buf_clear(sql);
}

TEST(one_column)
{
	struct key_columns by = first_columns(1);
	struct key key = KEY_INIT;
	struct buf sql = BUF_INIT;

	key_set(&key, values, 1);
	sql_key_after(&sql, &by, &key);
	check(&sql, "`a` > 1");
	sql_key_up_to(&sql, &by, &key);
	check(&sql, "`a` <= 1");
	sql_key_equals(&sql, &by, values);
	check(&sql, "`a` = 1");
	sql_key_order(&sql, &by);
	check(&sql, "`a`");

	by.descending[0] = true;
	sql_key_after(&sql, &by, &key);
	check(&sql, "`a` < 1");
	sql_key_up_to(&sql, &by, &key);
	check(&sql, "`a` >= 1");
	sql_key_order(&sql, &by);
	check(&sql, "`a` DESC");
	buf_release(&sql);
	key_release(&key);
}

TEST(two_columns)
{
	struct key_columns by = first_columns(2);
	struct key key = KEY_INIT;
	struct buf sql = BUF_INIT;

	key_set(&key, values, 2);
	sql_key_after(&sql, &by, &key);
	check(&sql, "`a` >= 1 AND (`a` > 1 OR (`a` = 1 AND `b` > _utf8mb4 x'7827'))");
	sql_key_up_to(&sql, &by, &key);
	check(&sql, "`a` <= 1 AND (`a` < 1 OR (`a` = 1 AND `b` <= _utf8mb4 x'7827'))");
	sql_key_equals(&sql, &by, values);
	check(&sql, "`a` = 1 AND `b` = _utf8mb4 x'7827'");
	buf_release(&sql);
	key_release(&key);
}

TEST(three_columns_in_both_directions)
{
	struct key_columns by = first_columns(3);
	struct key key = KEY_INIT;
	struct buf sql = BUF_INIT;

	by.descending[1] = true;
	key_set(&key, values, 3);
	sql_key_after(&sql, &by, &key);
	check(&sql, "`a` >= 1 AND (`a` > 1 OR (`a` = 1 AND (`b` < _utf8mb4 x'7827'"
		    " OR (`b` = _utf8mb4 x'7827' AND `c``` > '2024-01-01'))))");
	sql_key_up_to(&sql, &by, &key);
	check(&sql, "`a` <= 1 AND (`a` < 1 OR (`a` = 1 AND (`b` > _utf8mb4 x'7827'"
		    " OR (`b` = _utf8mb4 x'7827' AND `c``` <= '2024-01-01'))))");
	sql_key_order(&sql, &by);
	check(&sql, "`a`, `b` DESC, `c```");
	buf_release(&sql);
	key_release(&key);
}

TEST(columns_in_index_order)
{
	struct key_columns by = { .table = &table, .count = 2, .columns = { 2, 0 } };
	const struct value swapped[] = { values[2], values[0] };
	struct buf sql = BUF_INIT;

	sql_key_equals(&sql, &by, swapped);
	check(&sql, "`c``` = '2024-01-01' AND `a` = 1");
	sql_key_order(&sql, &by);
	check(&sql, "`c```, `a`");
	buf_release(&sql);
}

TEST(keys_own_their_bytes)
{
	char bytes[] = "abc\0d";
	const struct value given[] = { { bytes, 5 }, { bytes, 0 }, { bytes + 1, 2 } };
	struct key key = KEY_INIT;

	key_set(&key, given, 3);
	memset(bytes, 'x', sizeof(bytes));
	assert_true(key.is_set);
	assert_int_equal(key.count, 3);
	assert_int_equal(key.values[0].length, 5);
	assert_memory_equal(key.values[0].bytes, "abc\0d", 5);
	assert_int_equal(key.values[1].length, 0);
	assert_non_null(key.values[1].bytes);
	assert_memory_equal(key.values[2].bytes, "bc", 2);

	/* From itself: the last value alone. */
	key_set(&key, &key.values[2], 1);
	assert_int_equal(key.count, 1);
	assert_memory_equal(key.values[0].bytes, "bc", 2);
	key_release(&key);
	assert_false(key.is_set);
}

static bool key_equal(const struct key *a, const struct key *b)
{
	if (a->is_set != b->is_set || (a->is_set && a->count != b->count))
		return false;
	for (unsigned i = 0; a->is_set && i < a->count; i++)
		if (a->values[i].length != b->values[i].length ||
		    memcmp(a->values[i].bytes, b->values[i].bytes, a->values[i].length) != 0)
			return false;
	return true;
}

TEST(keys_are_copied_and_compared)
{
	struct key a = KEY_INIT;
	struct key b = KEY_INIT;

	assert_true(key_equal(&a, &b));
	key_set(&a, values, 2);
	assert_false(key_equal(&a, &b));
	key_copy(&b, &a);
	assert_true(key_equal(&a, &b));
	assert_ptr_not_equal(a.values[0].bytes, b.values[0].bytes);
	key_copy(&b, &b);
	assert_true(key_equal(&a, &b));

	/* "ab","c" is not "a","bc". */
	key_set(&a, (struct value[]){ { "ab", 2 }, { "c", 1 } }, 2);
	key_set(&b, (struct value[]){ { "a", 1 }, { "bc", 2 } }, 2);
	assert_false(key_equal(&a, &b));
	key_set(&b, (struct value[]){ { "ab", 2 } }, 1);
	assert_false(key_equal(&a, &b));

	key_release(&a);
	key_copy(&b, &a);
	assert_false(b.is_set);
	key_release(&b);
}

TEST(empty_text_is_a_key)
{
	struct key_columns by = { .table = &table, .count = 1, .columns = { 1 } };
	struct key key = KEY_INIT;
	struct buf sql = BUF_INIT;

	key_set(&key, (struct value[]){ { "", 0 } }, 1);
	sql_key_after(&sql, &by, &key);
	check(&sql, "`b` > _utf8mb4 x''");
	buf_release(&sql);
	key_release(&key);
}

TEST(a_set_of_64_members_is_compared_as_a_number)
{
	static char name[] = "s";
	struct column column = { .name = name, .type = COLUMN_SET, .charset = charset_none };
	struct table alone = { .columns = &column, .column_count = 1 };
	struct key_columns of = { .table = &alone, .count = 1 };
	struct value value = { "18446744073709551615", 20 };
	struct buf sql = BUF_INIT;

	column.member_count = 63;
	sql_key_equals(&sql, &of, &value);
	assert_string_equal(sql.data, "`s` = 18446744073709551615");
	buf_clear(&sql);
	column.member_count = 64;
	sql_key_equals(&sql, &of, &value);
	assert_string_equal(sql.data, "(`s`|0) = 18446744073709551615");
	buf_release(&sql);
}

TEST(which_columns_it_has)
{
	struct key_columns by = { .table = &table, .count = 2, .columns = { 2, 0, 1 } };

	assert_true(key_has_column(&by, 0));
	assert_false(key_has_column(&by, 1));
	assert_true(key_has_column(&by, 2));
}

TEST_MAIN(cmocka_unit_test(one_column), cmocka_unit_test(two_columns),
	  cmocka_unit_test(three_columns_in_both_directions),
	  cmocka_unit_test(columns_in_index_order), cmocka_unit_test(keys_own_their_bytes),
	  cmocka_unit_test(keys_are_copied_and_compared), cmocka_unit_test(empty_text_is_a_key),
	  cmocka_unit_test(a_set_of_64_members_is_compared_as_a_number),
	  cmocka_unit_test(which_columns_it_has))
