/* json_binary: documents from binlogs of MySQL 9.7 with the text it prints, and
 * documents that no server writes. */
#include "../../src/binlog/json_binary.h"

#include "hex.h"

static const struct {
	const char *hex, *want;
} cases[] = {
	{ "0002002f001200010013000100050100021400616205001b000501000b1300040000040100040200"
	  "0000000000000040",
	  "{\"a\": 1, \"b\": [1, 2.0, null, true, false]}" },
	{ "020a006100050080072200072600092a000932000a3a000b42000b4a000b52000c5a00ffff0000000000"
	  "80ffffffff000000000000000000000080ffffffffffffffff408cb5781daf154417c557ca85e1df44"
	  "000000000000e0bf06c3a90a225c5c",
	  "[-32768, 65535, -2147483648, 4294967295, -9223372036854775808, 18446744073709551615, "
	  "1e20, 6.02214076e23, -0.5, \"\xc3\xa9\\n\\\"\\\\\\\\\"]" },
	{ "0007006f0035000100360001003700010038000100390001003a0001003b0001000f3c000f45000f4f000f"
	  "59000f6300006700026b006465666768696af6070b027ffffff3cd0a080000000000bab2190b08e05ef847"
	  "37ffffff0c0840f5068310bab2190f0201020000040000000400",
	  "{\"d\": -12.50, \"e\": \"2024-02-29\", \"f\": \"-12:34:56.500000\", "
	  "\"g\": \"2024-02-29 01:02:03.456000\", \"h\": \"base64:type15:AQI=\", \"i\": {}, "
	  "\"j\": []}" },
	{ "0400", "null" },
	{ "0401", "true" },
	{ "0402", "false" },
	{ "0c03746f70", "\"top\"" },
	{ "050700", "7" },
	{ "0b0000000000000080", "-0.0" },
	{ "0b0000000000000040", "2.0" },
	{ "02010045000f07000f3c"
	  "abababababababababababababababababababababababababababababab"
	  "abababababababababababababababababababababababababababababab",
	  "[\"base64:type15:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6ur"
	  "q6urq6urq6urq6urq6urq6urq6urq6urq6ur\\nq6ur\"]" },
	/* Every escape, and what needs none. */
	{ "0c0c 08090a0c0d 22 5c 2f 01 1f 7f 27",
	  "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001f\x7f'\"" },
	/* A large array: INT32 and UINT32 stand in the entries. */
	{ "03 02000000 12000000 07 feffffff 08 ffffffff", "[-2, 4294967295]" },
	/* A large object with one member. */
	{ "01 01000000 15000000 13000000 0200 05 01000000 6162", "{\"ab\": 1}" },
	/* Containers in which nothing is. */
	{ "0000000400", "{}" },
	{ "0200000400", "[]" },
};

static bool print(const uint8_t *bytes, size_t length, struct buf *text)
{
	buf_clear(text);
	return json_binary_text(bytes, length, text);
}

TEST(vectors)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes b = bytes_of_hex(cases[i].hex);

		assert_true(print(b.at, b.length, &text));
		assert_string_equal(buf_text(&text), cases[i].want);
		free(b.at);
	}
	buf_release(&text);
}

TEST(nothing_is_null)
{
	struct buf text = BUF_INIT;

	assert_true(print(NULL, 0, &text));
	assert_string_equal(buf_text(&text), "null");
	buf_release(&text);
}

TEST(rejects_every_truncation)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes whole = bytes_of_hex(cases[i].hex);

		for (size_t n = 1; n < whole.length; n++) {
			struct bytes b = bytes_copy(whole.at, n);

			assert_false(print(b.at, n, &text));
			free(b.at);
		}
		free(whole.at);
	}
	buf_release(&text);
}

TEST(rejects_what_is_no_document)
{
	static const char *const bad[] = {
		"0403",				    /* literal 3 */
		"0d00",				    /* type 13 */
		"ff",				    /* type 255 */
		"0b000000000000f07f",		    /* infinity */
		"0b000000000000f87f",		    /* not a number */
		"0cffffffffff01 00",		    /* a length of six bytes */
		"0c8080808080 00",		    /* a length that does not end */
		"0cffffffff0f 00",		    /* a length of 4 GiB */
		"02ffffff ff",			    /* more entries than bytes */
		"03ffffffffffffffff",		    /* the same in a large one */
		"0201000700 020000",		    /* an array that holds itself */
		"0200000500",			    /* a size beyond the end */
		"0ff60132",			    /* a decimal cut short */
		"0ff6040501 8000",		    /* with bytes left over */
		"0f0a080000000000bab2ff",	    /* a date beyond 9999 */
	};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct bytes b = bytes_of_hex(bad[i]);
		bool ok = print(b.at, b.length, &text);

		if (ok)
			print_message("%s gave %s\n", bad[i], buf_text(&text));
		assert_false(ok);
		free(b.at);
	}
	buf_release(&text);
}

/* Each level has two members that lie in the same place: printed without a budget,
 * they would double at every level. */
TEST(rejects_shared_members)
{
	struct buf document = BUF_INIT;
	struct buf text = BUF_INIT;

	buf_putc(&document, 2);
	for (unsigned level = 0; level < 60; level++) {
		unsigned left = (60 - level) * 10;

		buf_add(&document, "\x02\x00", 2);
		buf_putc(&document, (char)left);
		buf_putc(&document, (char)(left >> 8));
		buf_add(&document, "\x02\x0a\x00\x02\x0a\x00", 6);
	}
	buf_add(&document, "\x00\x00\x04\x00", 4);
	assert_false(json_binary_text((const uint8_t *)document.data, document.length, &text));
	assert_true(text.length < 10 * document.length);
	buf_release(&document);
	buf_release(&text);
}

/* An array in an array, and so on; the server stops at 100. */
TEST(rejects_documents_that_are_too_deep)
{
	for (unsigned levels = 99; levels <= 102; levels++) {
		struct buf document = BUF_INIT;
		struct buf text = BUF_INIT;
		bool ok;

		buf_putc(&document, 2);
		for (unsigned level = 1; level < levels; level++) {
			unsigned left = (levels - level) * 7 + 4;

			buf_add(&document, "\x01\x00", 2);
			buf_putc(&document, (char)left);
			buf_putc(&document, (char)(left >> 8));
			buf_add(&document, "\x02\x07\x00", 3);
		}
		buf_add(&document, "\x00\x00\x04\x00", 4);
		ok = json_binary_text((const uint8_t *)document.data, document.length, &text);
		assert_int_equal(ok, levels <= 100);
		buf_release(&document);
		buf_release(&text);
	}
}

TEST_MAIN(cmocka_unit_test(vectors), cmocka_unit_test(nothing_is_null),
	  cmocka_unit_test(rejects_every_truncation),
	  cmocka_unit_test(rejects_what_is_no_document),
	  cmocka_unit_test(rejects_shared_members),
	  cmocka_unit_test(rejects_documents_that_are_too_deep))
