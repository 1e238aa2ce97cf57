/* reader: values, and that no read of a truncated record goes unnoticed. */
#include "base/reader.h"
#include "../unit.h"

static const char bytes[] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09";

TEST(little_endian_numbers)
{
	struct reader r = reader_over(bytes, 9);

	assert_int_equal(reader_u8(&r), 0x01);
	assert_int_equal(reader_u16(&r), 0x0302);
	assert_int_equal(reader_uint(&r, 3), 0x060504);
	assert_int_equal(reader_left(&r), 3);
	r = reader_over(bytes, 9);
	assert_int_equal(reader_u32(&r), 0x04030201);
	r = reader_over(bytes, 9);
	assert_true(reader_uint(&r, 6) == 0x060504030201);
	r = reader_over(bytes, 9);
	assert_true(reader_u64(&r) == 0x0807060504030201);
	assert_false(r.failed);
}

TEST(any_width)
{
	for (unsigned width = 1; width <= 8; width++) {
		struct reader r = reader_over(bytes, 9);
		uint64_t little = 0, big = 0;

		for (unsigned i = 0; i < width; i++) {
			little |= (uint64_t)(i + 1) << (8 * i);
			big = big << 8 | (i + 1);
		}
		assert_true(reader_uint(&r, width) == little);
		r = reader_over(bytes, 9);
		assert_true(reader_uint_be(&r, width) == big);
		assert_int_equal(reader_left(&r), 9 - width);
	}
}

TEST(widths_that_are_none)
{
	static const unsigned widths[] = { 0, 9, 255 };

	for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
		struct reader r = reader_over(bytes, 9);

		assert_true(reader_uint(&r, widths[i]) == 0);
		assert_true(r.failed);
		r = reader_over(bytes, 9);
		assert_true(reader_uint_be(&r, widths[i]) == 0);
		assert_true(r.failed);
	}
}

TEST(lenenc)
{
	static const struct {
		const char *bytes;
		size_t length;
		uint64_t want;
	} cases[] = {
		{ "\x00", 1, 0 },
		{ "\xfa", 1, 250 },
		{ "\xfc\xfb\x00", 3, 251 },
		{ "\xfd\x01\x02\x03", 4, 0x030201 },
		{ "\xfe\xff\xff\xff\xff\xff\xff\xff\xff", 9, UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reader r = reader_over(cases[i].bytes, cases[i].length);

		assert_true(reader_lenenc(&r) == cases[i].want);
		assert_false(r.failed);
		assert_int_equal(reader_left(&r), 0);
		for (size_t n = 0; n < cases[i].length; n++) {
			r = reader_over(cases[i].bytes, n);
			assert_true(reader_lenenc(&r) == 0);
			assert_true(r.failed);
		}
	}
}

TEST(lenenc_markers_fail)
{
	struct reader r = reader_over("\xfb\x01\x02", 3);

	assert_true(reader_lenenc(&r) == 0);
	assert_true(r.failed);
	r = reader_over("\xff\x01\x02", 3);
	assert_true(reader_lenenc(&r) == 0);
	assert_true(r.failed);
}

/* One record with a bit of everything. */
static void read_record(struct reader *r)
{
	struct reader sub;

	reader_u8(r);
	reader_u16(r);
	reader_uint(r, 3);
	reader_u32(r);
	reader_uint(r, 6);
	reader_u64(r);
	reader_uint(r, 5);
	reader_uint_be(r, 7);
	reader_skip(r, 3);
	reader_bytes(r, 4);
	sub = reader_sub(r, 2);
	reader_u16(&sub);
	assert_int_equal(sub.failed, r->failed);
	reader_lenenc(r);
}

TEST(rejects_every_truncation)
{
	enum { WHOLE = 1 + 2 + 3 + 4 + 6 + 8 + 5 + 7 + 3 + 4 + 2 + 1 };

	for (size_t n = 0; n <= WHOLE; n++) {
		/* Exactly n bytes on the heap, so that ASan sees a read too far. */
		char *copy = calloc(1, n ? n : 1);
		struct reader r = reader_over(copy, n);

		read_record(&r);
		assert_int_equal(r.failed, n < WHOLE);
		assert_int_equal(reader_left(&r), 0);
		free(copy);
	}
}

TEST(stays_failed)
{
	struct reader r = reader_over(bytes, 3);

	assert_true(reader_u32(&r) == 0);
	assert_true(reader_u8(&r) == 0);
	assert_null(reader_bytes(&r, 0));
	assert_int_equal(reader_left(&r), 0);
	assert_true(r.failed);
}

TEST(huge_lengths_do_not_wrap)
{
	struct reader r = reader_over(bytes, 9);

	assert_null(reader_bytes(&r, SIZE_MAX));
	assert_true(r.failed);
	r = reader_over(bytes, 9);
	reader_skip(&r, SIZE_MAX - 1);
	assert_true(r.failed);
}

TEST(sub_windows)
{
	struct reader r = reader_over(bytes, 9);
	struct reader sub = reader_sub(&r, 2);

	assert_int_equal(reader_left(&sub), 2);
	assert_int_equal(reader_left(&r), 7);
	reader_u32(&sub);
	assert_true(sub.failed);
	assert_false(r.failed);
	sub = reader_sub(&r, 8);
	assert_true(sub.failed);
	assert_true(r.failed);
	assert_int_equal(reader_left(&sub), 0);
}

TEST(no_bytes_at_all)
{
	struct reader r = reader_over(NULL, 0);

	assert_non_null(reader_bytes(&r, 0));
	assert_false(r.failed);
	reader_u8(&r);
	assert_true(r.failed);
}

TEST_MAIN(cmocka_unit_test(little_endian_numbers), cmocka_unit_test(any_width),
	  cmocka_unit_test(widths_that_are_none), cmocka_unit_test(lenenc),
	  cmocka_unit_test(lenenc_markers_fail), cmocka_unit_test(rejects_every_truncation),
	  cmocka_unit_test(stays_failed), cmocka_unit_test(huge_lengths_do_not_wrap),
	  cmocka_unit_test(sub_windows), cmocka_unit_test(no_bytes_at_all))
