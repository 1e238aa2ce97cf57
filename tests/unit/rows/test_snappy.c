/* snappy: two encodings of one text. */
#include "rows/snappy.h"

#include <snappy-c.h>

#include "../unit.h"

static struct value bytes(const char *text, size_t length)
{
	return (struct value){ text, length };
}
#define BYTES(text) bytes(text, sizeof(text) - 1)

/* "hello", in one piece and in two. */
#define ONE "\x05\x10hello"
#define TWO                                                                                        \
	"\x05\x00h\x0c"                                                                            \
	"ello"

TEST(content)
{
	const struct {
		struct value a, b;
		bool want;
	} cases[] = {
		{ BYTES(ONE), BYTES(ONE), true },
		{ BYTES(ONE), BYTES(TWO), true },
		{ BYTES(ONE), BYTES("\x05\x10hellO"), false },
		{ BYTES(ONE), BYTES("\x04\x0chell"), false },
		{ BYTES("\x00"), BYTES(""), false },
		{ BYTES("no snappy"), BYTES("no snappy"), true },
		{ BYTES("no snappy"), BYTES(ONE), false },
		{ { NULL, 0 }, { NULL, 0 }, true },
		{ { NULL, 0 }, BYTES(""), false },
		/* A claim of 4 GiB. */
		{ BYTES("\xff\xff\xff\xff\x0f\x00x"), BYTES("\xff\xff\xff\xff\x0f\x00y"), false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(snappy_same_content(cases[i].a, cases[i].b), cases[i].want);
		assert_int_equal(snappy_same_content(cases[i].b, cases[i].a), cases[i].want);
		assert_int_equal(snappy_content_hash(cases[i].a) == snappy_content_hash(cases[i].b),
				 cases[i].want);
	}
}

TEST(every_truncation_differs)
{
	for (size_t n = 0; n < sizeof(TWO) - 1; n++)
		assert_false(snappy_same_content(BYTES(ONE), bytes(TWO, n)));
}

/* What compresses best is still within the limit. */
TEST(a_long_run)
{
	static char text[1 << 20], packed[2 << 20], other[2 << 20];
	size_t length = sizeof(packed), other_length;

	assert_int_equal(snappy_compress(text, sizeof(text), packed, &length), SNAPPY_OK);
	memcpy(other, packed, length);
	other_length = length;
	assert_true(snappy_same_content(bytes(packed, length), bytes(other, other_length)));
	packed[length] = 0;
	assert_false(snappy_same_content(bytes(packed, length + 1), bytes(other, other_length)));
	memset(text, 'x', 1);
	other_length = sizeof(other);
	assert_int_equal(snappy_compress(text, sizeof(text), other, &other_length), SNAPPY_OK);
	assert_false(snappy_same_content(bytes(packed, length), bytes(other, other_length)));
}

TEST_MAIN(cmocka_unit_test(content), cmocka_unit_test(every_truncation_differs),
	  cmocka_unit_test(a_long_run))
