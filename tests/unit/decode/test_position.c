/* position: order of files and offsets, names that do not fit. */
#include "decode/position.h"

#include "../unit.h"

static struct binlog_position at(const char *file, uint64_t offset)
{
	struct binlog_position p;
	struct error err = ERROR_INIT;

	assert_true(binlog_position_set(&p, file, strlen(file), offset, &err));
	return p;
}

TEST(order)
{
	static const struct {
		const char *file;
		uint64_t offset;
	} ascending[] = {
		{ "bin.000001", 4 },
		{ "bin.000001", 5 },
		{ "bin.000001", 5000000000 },
		{ "bin.000002", 4 },
		{ "bin.000010", 4 },
		{ "bin.999999", UINT64_MAX },
		{ "bin.1000000", 0 },
		{ "bin.1000001", 0 },
		{ "bin.18446744073709551616", 0 },
		{ "bin.28446744073709551616", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(ascending); i++) {
		for (size_t k = 0; k < ARRAY_LEN(ascending); k++) {
			struct binlog_position a = at(ascending[i].file, ascending[i].offset);
			struct binlog_position b = at(ascending[k].file, ascending[k].offset);
			int order = binlog_position_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
		}
	}
}

TEST(suffixes_that_are_no_numbers_order_as_text)
{
	struct binlog_position a = at("bin.a9", 4);
	struct binlog_position b = at("bin.b1", 4);
	struct binlog_position c = at("bin", 4);
	struct binlog_position d = at("bin.", 4);

	assert_true(binlog_position_compare(&a, &b) < 0);
	assert_true(binlog_position_compare(&c, &d) < 0);
	assert_true(binlog_position_compare(&d, &d) == 0);
}

TEST(zeros_before_the_number_do_not_count)
{
	struct binlog_position a = at("bin.0000002", 4);
	struct binlog_position b = at("bin.000010", 4);

	assert_true(binlog_position_compare(&a, &b) < 0);
}

/* "bin." and names without a number on one side only. */
TEST(a_number_against_none)
{
	static const char *const ascending[] = { "a.10", "a.9x", "bin", "bin.", "bin.10", "bin.9x" };

	for (size_t i = 0; i < ARRAY_LEN(ascending); i++) {
		for (size_t k = 0; k < ARRAY_LEN(ascending); k++) {
			struct binlog_position a = at(ascending[i], 4);
			struct binlog_position b = at(ascending[k], 4);
			int order = binlog_position_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
		}
	}
}

TEST(names_of_one_byte)
{
	struct binlog_position p = at("b", 4);
	struct error err = ERROR_INIT;

	assert_string_equal(p.file, "b");
	assert_true(binlog_position_is_set(&p));
	assert_false(binlog_position_set(&p, "", 1, 4, &err));
}

TEST(set_or_not)
{
	struct binlog_position p = { .file = "" };

	assert_false(binlog_position_is_set(&p));
	p = at("bin.000001", 0);
	assert_true(binlog_position_is_set(&p));
}

TEST(takes_the_length_given)
{
	struct binlog_position p;
	struct error err = ERROR_INIT;

	assert_true(binlog_position_set(&p, "bin.000001xyz", 10, 4, &err));
	assert_string_equal(p.file, "bin.000001");
	assert_true(binlog_position_set(&p, NULL, 0, 4, &err));
	assert_string_equal(p.file, "");
}

TEST(names_that_are_none)
{
	char name[BINLOG_FILE_MAX];
	struct binlog_position p = at("bin.000001", 4);
	struct error err = ERROR_INIT;

	memset(name, 'x', sizeof(name));
	assert_false(binlog_position_set(&p, name, sizeof(name), 4, &err));
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_string_equal(p.file, "bin.000001");
	assert_true(binlog_position_set(&p, name, sizeof(name) - 1, 4, &err));
	assert_false(binlog_position_set(&p, "a\0b", 3, 4, &err));
}

TEST_MAIN(cmocka_unit_test(order), cmocka_unit_test(suffixes_that_are_no_numbers_order_as_text),
	  cmocka_unit_test(zeros_before_the_number_do_not_count), cmocka_unit_test(set_or_not),
	  cmocka_unit_test(a_number_against_none), cmocka_unit_test(names_of_one_byte),
	  cmocka_unit_test(takes_the_length_given), cmocka_unit_test(names_that_are_none))
