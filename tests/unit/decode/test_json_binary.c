/* json_binary: documents from binlogs of MySQL 9.7 with the text it prints, and
 * documents that no server writes. */
#include "../../../src/decode/json_binary.h"

#include "../hex.h"

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
	{ "0c0c 08090a0c0d 22 5c 2f 01 1f 7f 27", "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001f\x7f'\"" },
	/* A large array: INT32 and UINT32 stand in the entries. */
	{ "03 02000000 12000000 07 feffffff 08 ffffffff", "[-2, 4294967295]" },
	/* A large object with one member. */
	{ "01 01000000 15000000 13000000 0200 05 01000000 6162", "{\"ab\": 1}" },
	{ "0c 03 612062", "\"a b\"" },
	/* Binary values of every length of their last group; 58 bytes take a second line. */
	{ "0ffc 01 ff", "\"base64:type252:/w==\"" },
	{ "0ffc 02 ff01", "\"base64:type252:/wE=\"" },
	{ "0ffc 03 ff01fe", "\"base64:type252:/wH+\"" },
	{ "0ffc 04 ff01fe57", "\"base64:type252:/wH+Vw==\"" },
	{ "0ffc 05 ff01fe57fb", "\"base64:type252:/wH+V/s=\"" },
	{ "0ffc 3c 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"
	  "28292a2b2c2d2e2f303132333435363738393a3b",
	  "\"base64:type252:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyM"
	  "zQ1Njc4\\nOTo7\"" },
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
		"0403",				 /* literal 3 */
		"0d00",				 /* type 13 */
		"ff",				 /* type 255 */
		"0b000000000000f07f",		 /* infinity */
		"0b000000000000f87f",		 /* not a number */
		"0cffffffffff01 00",		 /* a length of six bytes */
		"0c8080808080 00",		 /* a length that does not end */
		"0cffffffff0f 00",		 /* a length of 4 GiB */
		"02ffffff ff",			 /* more entries than bytes */
		"03ffffffffffffffff",		 /* the same in a large one */
		"0201000700 020000",		 /* an array that holds itself */
		"0200000500",			 /* a size beyond the end */
		"0ff60132",			 /* a decimal cut short */
		"0ff6040501 8000",		 /* with bytes left over */
		"0f0a080000000000bab2ff",	 /* a date beyond 9999 */
		"0001000c00 ffff0100 040000 61", /* a key beyond the end */
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
		unsigned left = (60 - level) * 10 + 4;

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

/* Many members that are one text, or one binary value. */
TEST(rejects_shared_values)
{
	static const struct {
		uint8_t type, head[2];
		unsigned head_size;
	} kinds[] = { { 12, { 100 }, 1 }, { 15, { 252, 100 }, 2 } };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		unsigned members = 200, size = 4 + 3 * members + kinds[i].head_size + 100;
		struct buf document = BUF_INIT;
		struct buf text = BUF_INIT;

		buf_putc(&document, 2);
		buf_putc(&document, (char)members);
		buf_putc(&document, 0);
		buf_putc(&document, (char)size);
		buf_putc(&document, (char)(size >> 8));
		for (unsigned member = 0; member < members; member++) {
			buf_putc(&document, (char)kinds[i].type);
			buf_putc(&document, (char)(4 + 3 * members));
			buf_putc(&document, (char)((4 + 3 * members) >> 8));
		}
		buf_add(&document, kinds[i].head, kinds[i].head_size);
		for (unsigned byte = 0; byte < 100; byte++)
			buf_putc(&document, 'x');
		assert_false(
			json_binary_text((const uint8_t *)document.data, document.length, &text));
		assert_true(text.length < 2 * document.length);
		buf_release(&document);
		buf_release(&text);
	}
}

TEST(a_length_of_two_bytes)
{
	struct buf document = BUF_INIT;
	struct buf text = BUF_INIT;

	buf_add(&document, "\x0c\xc8\x01", 3);
	for (unsigned i = 0; i < 200; i++)
		buf_putc(&document, 'x');
	assert_true(print((const uint8_t *)document.data, document.length, &text));
	assert_int_equal(text.length, 202);
	buf_release(&document);
	buf_release(&text);
}

/* The list behind the text: see db/sql_json.h. */
TEST(types_that_the_text_does_not_tell)
{
	static const struct {
		const char *hex, *text, *types;
	} lists[] = {
		{ "050700", "7", NULL },
		{ "060700", "7", "1 UNSIGNED INTEGER" },
		{ "08ffffffff", "4294967295", "1 UNSIGNED INTEGER" },
		{ "09ffffffff00000000", "4294967295", NULL },
		{ "090000000001000000", "4294967296", "1 INTEGER" },
		{ "0affffffff00000000", "4294967295", "1 UNSIGNED INTEGER" },
		{ "0a0000000001000000", "4294967296", NULL },
		{ "0f07 08 40f5068310bab219", "\"2024-02-29 01:02:03.456000\"", "1 TIMESTAMP" },
		{ "0ffc 01 ff", "\"base64:type252:/w==\"", "1 OPAQUE" },
		{ "0203001b00020d000605000214000100070006050001000700060500", "[[5], 5, [5]]",
		  "2 UNSIGNED INTEGER,3 UNSIGNED INTEGER,4 UNSIGNED INTEGER" },
		{ "0201001a00000700010013000b000100020c006101000700060500", "[{\"a\": [5]}]",
		  "2 UNSIGNED INTEGER" },
		{ "0202001100050100020a0001000700060500", "[1, [5]]", "2 UNSIGNED INTEGER" },
		{ "00020025001200010013000100021400060500616202001100020a0006050001000700060500",
		  "{\"a\": [[5], 5], \"b\": 5}",
		  "3 UNSIGNED INTEGER,4 UNSIGNED INTEGER,5 UNSIGNED INTEGER" },
		{ "0007006f0035000100360001003700010038000100390001003a0001003b0001000f3c000f45000f4f"
		  "000f59000f6300006700026b006465666768696af6070b027ffffff3cd0a080000000000bab2190b08"
		  "e05ef84737ffffff0c0840f5068310bab2190f0201020000040000000400",
		  "{\"d\": -12.50, \"e\": \"2024-02-29\", \"f\": \"-12:34:56.500000\", "
		  "\"g\": \"2024-02-29 01:02:03.456000\", \"h\": \"base64:type15:AQI=\", \"i\": {}, "
		  "\"j\": []}",
		  "2 DECIMAL,3 DATE,4 TIME,5 DATETIME,6 OPAQUE" },
	};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct bytes b = bytes_of_hex(lists[i].hex);
		size_t length = strlen(lists[i].text);

		assert_true(print(b.at, b.length, &text));
		assert_string_equal(buf_text(&text), lists[i].text);
		if (lists[i].types)
			assert_string_equal(text.data + length + 1, lists[i].types);
		assert_int_equal(text.length,
				 length + (lists[i].types ? 1 + strlen(lists[i].types) : 0));
		free(b.at);
	}
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
	  cmocka_unit_test(rejects_every_truncation), cmocka_unit_test(rejects_what_is_no_document),
	  cmocka_unit_test(rejects_shared_members), cmocka_unit_test(rejects_shared_values),
	  cmocka_unit_test(a_length_of_two_bytes),
	  cmocka_unit_test(types_that_the_text_does_not_tell),
	  cmocka_unit_test(rejects_documents_that_are_too_deep))
