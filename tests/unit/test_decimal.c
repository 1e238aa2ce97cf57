/* decimal: vectors of the servers' own test (strings/decimal.c) and of binlogs. */
#include "../../src/binlog/decimal.h"

#include "hex.h"

static const struct {
	unsigned precision, scale;
	const char *hex, *want;
} cases[] = {
	{ 14, 4, "810dfb38d204d2", "1234567890.1234" },
	{ 14, 4, "7ef204c72dfb2d", "-1234567890.1234" },
	{ 10, 2, "7ffffff3cd", "-12.50" },
	{ 10, 2, "8000000005", "0.05" },
	{ 10, 2, "7ffffffffa", "-0.05" },
	{ 10, 2, "8000000000", "0.00" },
	{ 5, 5, "803039", "0.12345" },
	{ 5, 5, "7fcfc6", "-0.12345" },
	{ 1, 0, "89", "9" },
	{ 1, 0, "76", "-9" },
	{ 1, 1, "89", "0.9" },
	{ 9, 0, "bb9ac9ff", "999999999" },
	{ 18, 9, "8000000000000001", "0.000000001" },
	{ 20, 10, "8000000001 00000000 05", "1.0000000005" },
};

TEST(vectors)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes b = bytes_of_hex(cases[i].hex);
		struct reader r = reader_over(b.at, b.length);
		struct buf text = BUF_INIT;

		decimal_read(&r, cases[i].precision, cases[i].scale, &text);
		assert_false(r.failed);
		assert_int_equal(reader_left(&r), 0);
		assert_string_equal(buf_text(&text), cases[i].want);
		buf_release(&text);
		free(b.at);
	}
}

TEST(rejects_every_truncation)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes whole = bytes_of_hex(cases[i].hex);

		for (size_t n = 0; n < whole.length; n++) {
			struct bytes b = bytes_copy(whole.at, n);
			struct reader r = reader_over(b.at, n);
			struct buf text = BUF_INIT;

			decimal_read(&r, cases[i].precision, cases[i].scale, &text);
			assert_true(r.failed);
			buf_release(&text);
			free(b.at);
		}
		free(whole.at);
	}
}

TEST(rejects_what_is_no_decimal)
{
	static const struct {
		unsigned precision, scale;
		const char *hex;
	} bad[] = {
		{ 9, 0, "bb9aca00" },	/* 1000000000 in a group of nine digits */
		{ 1, 0, "8a" },		/* 10 in one digit */
		{ 5, 5, "8186a0" },	/* 100000 in five */
		{ 0, 0, "80" },		/* no digits */
		{ 2, 3, "8000" },	/* more behind the point than in all */
		{ 82, 0, "80000000" },	/* more than the servers have */
		{ 65535, 30, "80000000" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct bytes b = bytes_of_hex(bad[i].hex);
		struct reader r = reader_over(b.at, b.length);
		struct buf text = BUF_INIT;

		decimal_read(&r, bad[i].precision, bad[i].scale, &text);
		assert_true(r.failed);
		buf_release(&text);
		free(b.at);
	}
}

TEST(every_shape)
{
	/* All zeros but the sign: "0" or "0.000..." of any precision and scale. */
	for (unsigned precision = 1; precision <= 81; precision++) {
		for (unsigned scale = 0; scale <= precision; scale++) {
			uint8_t zeros[64] = { 0x80 };
			struct reader r = reader_over(zeros, sizeof(zeros));
			struct buf text = BUF_INIT;

			decimal_read(&r, precision, scale, &text);
			assert_false(r.failed);
			assert_int_equal(text.length, scale ? 2 + scale : 1);
			buf_release(&text);
		}
	}
}

TEST_MAIN(cmocka_unit_test(vectors), cmocka_unit_test(rejects_every_truncation),
	  cmocka_unit_test(rejects_what_is_no_decimal), cmocka_unit_test(every_shape))
