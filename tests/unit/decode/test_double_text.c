/* double_text: numbers as the servers print them (SELECT of a DOUBLE), and that what is
 * printed is the number, in as few digits as can be. */
#include "../../../src/decode/double_text.h"

#include <math.h>

#include "../unit.h"

static const struct {
	double number;
	const char *want;
} cases[] = {
	{ 0.0, "0" },
	{ -0.0, "-0" },
	{ 1, "1" },
	{ -1.5, "-1.5" },
	{ 0.1, "0.1" },
	{ 0.30000000000000004, "0.30000000000000004" },
	{ 100, "100" },
	{ 120, "120" },
	{ 123456789, "123456789" },
	{ 1e14, "100000000000000" },
	{ 1e15, "1e15" },
	{ 999999999999999, "999999999999999" },
	{ 123456789012345680, "1.2345678901234568e17" },
	{ 1234567890123456, "1.234567890123456e15" },
	{ 1234567890123456.5, "1234567890123456.5" },
	{ 123456789012345.67, "123456789012345.67" },
	{ 0.001, "0.001" },
	{ 1e-14, "0.00000000000001" },
	{ 1e-15, "0.000000000000001" },
	{ 1.5e-15, "0.0000000000000015" },
	{ 1e-16, "1e-16" },
	{ 1.25e-16, "1.25e-16" },
	{ 1e22, "1e22" },
	{ 1e23, "1e23" },
	{ 6.02214076e23, "6.02214076e23" },
	{ 9007199254740992, "9.007199254740992e15" },
	{ 5e-324, "5e-324" },
	{ 1e-323, "1e-323" },
	{ 1.5e-323, "1.5e-323" },
	{ 2.2250738585072014e-308, "2.2250738585072014e-308" },
	{ 2.225073858507201e-308, "2.225073858507201e-308" }, /* the largest denormal */
	{ 1.7976931348623157e308, "1.7976931348623157e308" },
	/* The nearest of 16 digits is not the number, its neighbour is: powers of two. */
	{ 9.5367431640625e-7, "0.00000095367431640625" },
	{ 0x1p-1022 * 2, "4.450147717014403e-308" },
	{ 0x1p-44, "0.00000000000005684341886080802" },
	{ 0x1p89, "6.189700196426902e26" },
	{ 0x1p122, "5.316911983139664e36" },
	{ 0x1p1023, "8.98846567431158e307" },
};

static void check_is(double number, const char *text)
{
	double back = strtod(text, NULL);

	if (memcmp(&back, &number, sizeof(back)) != 0)
		fail_msg("%.17g is printed as %s", number, text);
}

TEST(vectors)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&text);
		assert_true(double_text(cases[i].number, &text));
		assert_string_equal(buf_text(&text), cases[i].want);
		check_is(cases[i].number, buf_text(&text));
	}
	buf_release(&text);
}

/* Of its digits, the zeros around them left out. */
static unsigned count_digits(const char *text)
{
	unsigned count = 0, zeros = 0;

	for (; *text && *text != 'e'; text++) {
		if (*text < '0' || *text > '9')
			continue;
		zeros = *text == '0' ? zeros + 1 : 0;
		if (count > 0 || *text != '0')
			count++;
	}
	return count - (zeros < count ? zeros : 0);
}

/* Is there a shorter text that is the same number? */
static bool has_shorter(double number, unsigned digits)
{
	char shorter[40];

	if (digits <= 1)
		return false;
	snprintf(shorter, sizeof(shorter), "%.*e", (int)digits - 2, number);
	return strtod(shorter, NULL) == number;
}

TEST(any_number)
{
	struct buf text = BUF_INIT;
	uint64_t bits = 1;

	for (unsigned i = 0; i < 100000; i++) {
		double number;

		bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407;
		memcpy(&number, &bits, sizeof(number));
		buf_clear(&text);
		if (!isfinite(number)) {
			assert_false(double_text(number, &text));
			continue;
		}
		assert_true(double_text(number, &text));
		check_is(number, buf_text(&text));
		if (has_shorter(number, count_digits(buf_text(&text))))
			fail_msg("%s is longer than need be", buf_text(&text));
	}
	buf_release(&text);
}

TEST(powers_of_two_and_ten)
{
	struct buf text = BUF_INIT;

	for (int power = -1074; power < 1024; power++) {
		double number = ldexp(1, power);

		buf_clear(&text);
		assert_true(double_text(number, &text));
		check_is(number, buf_text(&text));
		assert_false(has_shorter(number, count_digits(buf_text(&text))));
	}
	for (int power = -320; power < 309; power++) {
		char want[40];

		snprintf(want, sizeof(want), "1e%d", power);
		buf_clear(&text);
		assert_true(double_text(strtod(want, NULL), &text));
		if (power < -15 || power > 14)
			assert_string_equal(buf_text(&text), want);
		else
			assert_null(strchr(buf_text(&text), 'e'));
	}
	buf_release(&text);
}

TEST(what_is_no_number)
{
	struct buf text = BUF_INIT;

	assert_false(double_text((double)INFINITY, &text));
	assert_false(double_text(-(double)INFINITY, &text));
	assert_false(double_text((double)NAN, &text));
	assert_int_equal(text.length, 0);
	buf_release(&text);
}

TEST_MAIN(cmocka_unit_test(vectors), cmocka_unit_test(any_number),
	  cmocka_unit_test(powers_of_two_and_ten), cmocka_unit_test(what_is_no_number))
