/* utf8: what is shown to people, and to programs that take UTF-8 only. */
#include "base/utf8.h"
#include "../unit.h"

TEST(bytes_that_are_none)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		  "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "gr\xf6\xdf"
		  "e",
		  "gr??e" },
		{ "\xc3", "?" },		/* cut off */
		{ "\xed\xa0\x80", "???" },	/* a surrogate */
		{ "\xc0\xaf", "??" },		/* too long */
		{ "\xf4\x90\x80\x80", "????" }, /* beyond the last one */
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[32];

		strcpy(text, cases[i].text);
		utf8_replace_invalid(text);
		assert_string_equal(text, cases[i].want);
	}
}

TEST_MAIN(cmocka_unit_test(bytes_that_are_none))
