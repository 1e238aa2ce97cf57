/* buf and mem: growth, the NUL behind the content, numbers. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/mem.h"
#include "../unit.h"

TEST(empty_is_an_empty_string)
{
	struct buf b = BUF_INIT;
	char *text;

	assert_string_equal(buf_text(&b), "");
	buf_clear(&b);
	buf_truncate(&b, 0);
	text = buf_take(&b);
	assert_string_equal(text, "");
	free(text);
}

TEST(always_terminated)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < 300; i++) {
		buf_putc(&b, 'x');
		assert_int_equal(b.data[b.length], '\0');
		assert_int_equal(strlen(buf_text(&b)), i + 1);
	}
	buf_truncate(&b, 3);
	assert_string_equal(buf_text(&b), "xxx");
	buf_clear(&b);
	assert_string_equal(buf_text(&b), "");
	assert_true(b.room > 300);
	buf_release(&b);
	assert_null(b.data);
}

TEST(holds_any_byte)
{
	struct buf b = BUF_INIT;

	buf_add(&b, "a\0b", 3);
	buf_add(&b, NULL, 0);
	buf_puts(&b, "");
	assert_int_equal(b.length, 3);
	assert_memory_equal(b.data, "a\0b", 4);
	buf_release(&b);
}

TEST(printf_of_any_length)
{
	struct buf b = BUF_INIT;

	for (int width = 0; width < 200; width++) {
		buf_clear(&b);
		buf_printf(&b, "%*d|", width, 7);
		assert_int_equal(b.length, (width ? width : 1) + 1);
		assert_int_equal(b.data[b.length - 1], '|');
	}
	buf_release(&b);
}

TEST(numbers)
{
	static const uint64_t large[] = { 0, 9, 10, 4294967296, UINT64_MAX };
	static const int64_t small[] = { 0, -1, 10, INT64_MIN, INT64_MAX };
	struct buf b = BUF_INIT;
	char want[32];

	for (size_t i = 0; i < ARRAY_LEN(large); i++) {
		buf_clear(&b);
		buf_put_u64(&b, large[i]);
		snprintf(want, sizeof(want), "%" PRIu64, large[i]);
		assert_string_equal(buf_text(&b), want);
	}
	for (size_t i = 0; i < ARRAY_LEN(small); i++) {
		buf_clear(&b);
		buf_put_i64(&b, small[i]);
		snprintf(want, sizeof(want), "%" PRId64, small[i]);
		assert_string_equal(buf_text(&b), want);
	}
	buf_release(&b);
}

TEST(hex)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, "x'");
	buf_put_hex(&b, "\x00\x7f\xff\xa0", 4);
	buf_put_hex(&b, NULL, 0);
	buf_puts(&b, "'");
	assert_string_equal(buf_text(&b), "x'007fffa0'");
	buf_release(&b);
}

TEST(take_hands_over)
{
	struct buf b = BUF_INIT;
	char *text;

	buf_puts(&b, "mine");
	text = buf_take(&b);
	assert_string_equal(text, "mine");
	assert_int_equal(b.length, 0);
	assert_string_equal(buf_text(&b), "");
	free(text);
}

TEST(allocation_never_gives_null)
{
	char *copy = mem_memdup("a\0b", 3);
	char *text = mem_printf("%s-%d", "x", 5);
	int *zeros = mem_calloc(0, 0);
	int *array = mem_resize(NULL, 0, 4);

	assert_memory_equal(copy, "a\0b", 4);
	assert_string_equal(text, "x-5");
	assert_non_null(zeros);
	assert_non_null(array);
	array = mem_resize(array, 2, sizeof(*array));
	array[1] = 1;
	free(array);
	free(zeros);
	free(text);
	free(copy);
}

TEST(uuid)
{
	static const uint8_t bytes[16] = { 0x0f, 1, 2,	  3,  4,  5,  6,  7,
					   8,	 9, 0xab, 11, 12, 13, 14, 0xff };
	struct buf b = BUF_INIT;

	buf_put_uuid(&b, bytes);
	assert_string_equal(buf_text(&b), "0f010203-0405-0607-0809-ab0b0c0d0eff");
	buf_release(&b);
}

TEST_MAIN(cmocka_unit_test(empty_is_an_empty_string), cmocka_unit_test(always_terminated),
	  cmocka_unit_test(holds_any_byte), cmocka_unit_test(printf_of_any_length),
	  cmocka_unit_test(numbers), cmocka_unit_test(hex), cmocka_unit_test(take_hands_over),
	  cmocka_unit_test(allocation_never_gives_null), cmocka_unit_test(uuid))
