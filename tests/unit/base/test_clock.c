/* clock: Go's durations, RFC 3339, and that sleeping sleeps. */
#include "base/clock.h"
#include "../unit.h"

#define SECOND INT64_C(1000000000)

TEST(durations)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{ "0", 0 },
		{ "+0", 0 },
		{ "-0", 0 },
		{ "0s", 0 },
		{ "1ns", 1 },
		{ "1us", 1000 },
		{ "1\xc2\xb5s", 1000 },
		{ "1\xce\xbcs", 1000 },
		{ "300ms", 300 * SECOND / 1000 },
		{ "5s", 5 * SECOND },
		{ "1h10m", 4200 * SECOND },
		{ "1.5s", 1500 * SECOND / 1000 },
		{ ".5s", 500 * SECOND / 1000 },
		{ "1.s", SECOND },
		{ "-2m", -120 * SECOND },
		{ "+2m", 120 * SECOND },
		{ "1h15m30.918273645s", 4530 * SECOND + 918273645 },
		{ "10m1h", 4200 * SECOND },
		{ "0.000000000000000000000000000001h", 0 },
		{ "0.3333333333333333333h", 1200 * SECOND },
		{ "9223372036854775807ns", INT64_MAX },
		{ "-9223372036854775808ns", INT64_MIN },
		{ "9223372036.854775807s", INT64_MAX },
		{ "2562047h47m16.854775807s", INT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t got = -1;

		if (!clock_parse_duration(cases[i].text, &got) || got != cases[i].want)
			fail_msg("%s gives %lld", cases[i].text, (long long)got);
	}
}

TEST(no_durations)
{
	static const char *const cases[] = {
		"",
		"-",
		"+",
		"3",
		"1",
		"00",
		"s",
		".s",
		"-.s",
		".",
		"1.5",
		"1 s",
		" 1s",
		"1s ",
		"1x",
		"1S",
		"1d",
		"--1s",
		"1s-1s",
		"1h1",
		"1e3s",
		"9223372036854775808ns",
		"-9223372036854775809ns",
		"9223372036854775808s",
		"3000000h",
		"2562047h47m16.854775808s",
		"99999999999999999999s",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t got;

		if (clock_parse_duration(cases[i], &got))
			fail_msg("\"%s\" was taken", cases[i]);
	}
}

TEST(rfc3339)
{
	static const struct {
		double seconds;
		const char *want;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 1767323045.9, "2026-01-02T03:04:05Z" },
		{ -0.5, "1969-12-31T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
	};
	char text[CLOCK_RFC3339_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		clock_rfc3339(cases[i].seconds, text);
		assert_string_equal(text, cases[i].want);
	}
}

TEST(time_passes)
{
	int64_t start_ms = clock_ms(), start_us = clock_us();

	usleep(20000);
	assert_true(clock_us() - start_us >= 20000);
	assert_true(clock_ms() - start_ms >= 19);
	assert_true(clock_wall() > 1.7e9);
}

TEST_MAIN(cmocka_unit_test(durations), cmocka_unit_test(no_durations), cmocka_unit_test(rfc3339),
	  cmocka_unit_test(time_passes))
