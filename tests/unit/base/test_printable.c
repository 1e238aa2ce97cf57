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

TEST_MAIN(cmocka_unit_test(names_stay_on_their_line))
