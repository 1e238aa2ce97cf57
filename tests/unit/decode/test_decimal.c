/* decimal: vectors of the servers' own test (strings/decimal.c) and of binlogs. */
#include "../../../src/decode/decimal.h"

#include "../hex.h"

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
		{ 9, 0, "bb9aca00" },  /* 1000000000 in a group of nine digits */
		{ 1, 0, "8a" },	       /* 10 in one digit */
		{ 5, 5, "8186a0" },    /* 100000 in five */
		{ 0, 0, "80" },	       /* no digits */
		{ 2, 3, "8000" },      /* more behind the point than in all */
		{ 82, 0, "80000000" }, /* more than the servers have */
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

/* From the table of the servers' own bin2decimal. */
static const struct {
	unsigned bytes;
	uint32_t nines, mixed;
} groups[10] = {
	{ 0, 0, 0 },
	{ 1, 9, 1 },
	{ 1, 99, 12 },
	{ 2, 999, 123 },
	{ 2, 9999, 1234 },
	{ 3, 99999, 12345 },
	{ 3, 999999, 123456 },
	{ 4, 9999999, 1234567 },
	{ 4, 99999999, 12345678 },
	{ 4, 999999999, 123456789 },
};

/* One group, at either side of the point; returns false where it is refused. */
static bool read_one(unsigned digits, uint32_t number, bool is_fraction, struct buf *text)
{
	uint8_t stored[4] = { 0 };
	unsigned width = groups[digits].bytes;
	struct reader r = reader_over(stored, width);

	for (unsigned i = 0; i < width; i++)
		stored[i] = (uint8_t)(number >> 8 * (width - 1 - i));
	stored[0] ^= 0x80;
	buf_clear(text);
	decimal_read(&r, digits, is_fraction ? digits : 0, text);
	assert_true(r.failed || reader_left(&r) == 0);
	return !r.failed;
}

TEST(groups_of_every_size)
{
	struct buf text = BUF_INIT;
	char want[16];

	for (unsigned digits = 1; digits <= 9; digits++) {
		for (unsigned i = 0; i < 2; i++) {
			const char *prefix = i ? "0." : "";

			snprintf(want, sizeof(want), "%s%u", prefix, groups[digits].nines);
			assert_true(read_one(digits, groups[digits].nines, i, &text));
			assert_string_equal(buf_text(&text), want);
			snprintf(want, sizeof(want), "%s%u", prefix, groups[digits].mixed);
			assert_true(read_one(digits, groups[digits].mixed, i, &text));
			assert_string_equal(buf_text(&text), want);
			assert_false(read_one(digits, groups[digits].nines + 1, i, &text));
		}
	}
	buf_release(&text);
}

/* Zeros in front go, however many. */
TEST(a_one_of_every_precision)
{
	for (unsigned precision = 1; precision <= 81; precision++) {
		unsigned size = precision / 9 * 4 + groups[precision % 9].bytes;
		uint8_t stored[64] = { 0 };
		struct reader r = reader_over(stored, size);
		struct buf text = BUF_INIT;

		stored[size - 1] = 1;
		stored[0] ^= 0x80;
		decimal_read(&r, precision, 0, &text);
		assert_false(r.failed);
		assert_string_equal(buf_text(&text), "1");
		buf_release(&text);
	}
}

TEST(more_digits_than_there_are)
{
	for (unsigned precision = 82; precision <= 100; precision++) {
		uint8_t zeros[64] = { 0x80 };
		struct reader r = reader_over(zeros, sizeof(zeros));
		struct buf text = BUF_INIT;

		decimal_read(&r, precision, precision / 2, &text);
		assert_true(r.failed);
		buf_release(&text);
	}
}

TEST_MAIN(cmocka_unit_test(groups_of_every_size), cmocka_unit_test(a_one_of_every_precision),
	  cmocka_unit_test(more_digits_than_there_are), cmocka_unit_test(vectors),
	  cmocka_unit_test(rejects_every_truncation), cmocka_unit_test(rejects_what_is_no_decimal),
	  cmocka_unit_test(every_shape))
