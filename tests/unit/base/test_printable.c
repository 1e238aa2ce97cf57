/* printable: foreign names stay on their line. */
#include "base/printable.h"
#include "../unit.h"

TEST(names_stay_on_their_line)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{ "", "" },
		{ "abc.t", "abc.t" },
		{ "a\nb\r\tc", "a\\nb\\r\\tc" },
		{ "\x1b[2J\x7f\x01", "\\x1b[2J\\x7f\\x01" },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
		  "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xc2\x85|\xe2\x80\xa8|\xe2\x80\xae|\xef\xbb\xbf",
		  "\\u0085|\\u2028|\\u202e|\\ufeff" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "C:\\n", "C:\\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;

		printable_put(&out, cases[i].text);
		assert_string_equal(buf_text(&out), cases[i].printed);
		buf_release(&out);
	}
}

TEST(what_fits_into_columns)
{
	static const struct {
		const char *text;
		size_t columns, fit;
	} cases[] = {
		{ "", 5, 0 },
		{ "abcdef", 5, 5 },
		{ "abc", 5, 3 },
		/* Two columns each, three bytes. */
		{ "\xe6\xbc\xa2\xe5\xad\x97\xe8\xa1\xa8", 5, 6 },
		{ "\xe6\xbc\xa2\xe5\xad\x97", 4, 6 },
		{ "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 3, 4 },
		/* A combining accent takes no column, and stays with its letter. */
		{ "e\xcc\x81"
		  "e\xcc\x81"
		  "x",
		  2, 6 },
		{ "gr\xc3\xbc\xc3\x9f", 4, 6 },
		/* Not assigned: as wide as can be. */
		{ "\xcd\xb8"
		  "a",
		  1, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(printable_fit(cases[i].text, cases[i].columns), cases[i].fit);
}

TEST_MAIN(cmocka_unit_test(what_fits_into_columns), cmocka_unit_test(names_stay_on_their_line))
