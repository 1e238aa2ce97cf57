/* column_codec: each column type with its metadata as it stands in a TABLE_MAP event,
 * its extremes and what no server writes, in the form of db/sql.h. */
#include "../../../src/decode/column_codec.h"

#include <zlib.h>

#include "../hex.h"

#define AS(name)                                                                                   \
	{                                                                                          \
		.type = COLUMN_##name                                                              \
	}

static const struct {
	uint8_t type;
	const char *meta; /* hex */
	struct column column;
	const char *value; /* hex */
	const char *want;  /* text; strings that are borrowed too */
} cases[] = {
	{ TYPE_TINY, "", AS(TINYINT), "80", "-128" },
	{ TYPE_TINY, "", AS(TINYINT), "7f", "127" },
	{ TYPE_TINY, "", AS(TINYINT), "ff", "-1" },
	{ TYPE_TINY, "", { .is_unsigned = true }, "ff", "255" },
	{ TYPE_SHORT, "", AS(SMALLINT), "0080", "-32768" },
	{ TYPE_SHORT, "", { .is_unsigned = true }, "0102", "513" },
	{ TYPE_INT24, "", AS(MEDIUMINT), "000080", "-8388608" },
	{ TYPE_INT24, "", { .is_unsigned = true }, "010203", "197121" },
	{ TYPE_INT24, "", { .is_unsigned = true }, "ffffff", "16777215" },
	{ TYPE_LONG, "", AS(INT), "00000080", "-2147483648" },
	{ TYPE_LONG, "", { .is_unsigned = true }, "01020304", "67305985" },
	{ TYPE_LONGLONG, "", AS(BIGINT), "0000000000000080", "-9223372036854775808" },
	{ TYPE_LONGLONG, "", AS(BIGINT), "ffffffffffffff7f", "9223372036854775807" },
	{ TYPE_LONGLONG, "", { .is_unsigned = true }, "ffffffffffffffff", "18446744073709551615" },
	{ TYPE_FLOAT, "04", AS(FLOAT), "0000c03f", "1.5" },
	{ TYPE_DOUBLE, "08", AS(DOUBLE), "00000000000002c0", "-2.25" },
	{ TYPE_NEWDECIMAL, "0a02", AS(DECIMAL), "7ffffff3cd", "-12.50" },
	{ TYPE_YEAR, "", AS(YEAR), "7c", "2024" },
	{ TYPE_DATE, "", AS(DATE), "5dd00f", "2024-02-29" },
	{ TYPE_NEWDATE, "", AS(DATE), "5dd00f", "2024-02-29" },
	{ TYPE_TIME2, "02", AS(TIME), "7f3747f4", "-12:34:56.12" },
	{ TYPE_DATETIME2, "01", AS(DATETIME), "99b2ba10830a", "2024-02-29 01:02:03.1" },
	{ TYPE_TIMESTAMP2, "04", AS(TIMESTAMP), "65dfd78b04d2", "2024-02-29 01:02:03.1234" },
	{ TYPE_TIME, "", { .fraction = 2 }, "11bba5f4", "-12:34:56.12" },
	{ TYPE_DATETIME, "", { .fraction = 1 }, "00a965a1a46f", "2024-02-29 01:02:03.1" },
	{ TYPE_TIMESTAMP, "", { .fraction = 3 }, "65dfd78b007b", "2024-02-29 01:02:03.123" },
	/* BIT: the bits beyond whole bytes, then whole bytes. */
	{ TYPE_BIT, "0100", AS(BIT), "01", "1" },
	{ TYPE_BIT, "0700", AS(BIT), "7f", "127" },
	{ TYPE_BIT, "0001", AS(BIT), "ff", "255" },
	{ TYPE_BIT, "0101", AS(BIT), "01fe", "510" },
	{ TYPE_BIT, "0008", AS(BIT), "ffffffffffffffff", "18446744073709551615" },
	{ TYPE_BIT, "0707", AS(BIT), "0102030405060708", "72623859790382856" },
	/* ENUM and SET come as STRING. */
	{ TYPE_STRING, "f701", AS(ENUM), "00", "0" },
	{ TYPE_STRING, "f701", AS(ENUM), "ff", "255" },
	{ TYPE_STRING, "f702", AS(ENUM), "0102", "513" },
	{ TYPE_STRING, "f801", AS(SET), "81", "129" },
	{ TYPE_STRING, "f803", AS(SET), "010203", "197121" },
	{ TYPE_STRING, "f808", AS(SET), "ffffffffffffffff", "18446744073709551615" },
	{ TYPE_ENUM, "f701", AS(ENUM), "02", "2" },
	{ TYPE_SET, "f801", AS(SET), "02", "2" },
	/* CHAR: up to 255 bytes one byte of length, else two; the length's upper bits are
	 * in the first byte. */
	{ TYPE_STRING, "fe03", AS(CHAR), "00", "" },
	{ TYPE_STRING, "fe03", AS(CHAR), "03616263", "abc" },
	{ TYPE_STRING, "feff", AS(CHAR), "0161", "a" },
	{ TYPE_STRING, "ee00", AS(CHAR), "010061", "a" },	 /* 256 */
	{ TYPE_STRING, "eefc", AS(CHAR), "020078790000", "xy" }, /* 508 */
	{ TYPE_STRING, "cefc", AS(CHAR), "020078790000", "xy" }, /* 1020 */
	{ TYPE_VARCHAR, "0a00", AS(VARCHAR), "02c3a9", "\xc3\xa9" },
	{ TYPE_VARCHAR, "ff00", AS(VARCHAR), "0161", "a" },
	{ TYPE_VARCHAR, "0001", AS(VARCHAR), "010061", "a" },
	{ TYPE_VARCHAR, "0001", AS(VARCHAR), "0000", "" },
	{ TYPE_BLOB, "01", AS(BLOB), "0161", "a" },
	{ TYPE_BLOB, "02", AS(TEXT), "010061", "a" },
	{ TYPE_BLOB, "03", AS(BLOB), "01000061", "a" },
	{ TYPE_BLOB, "04", AS(BLOB), "0100000061", "a" },
	{ TYPE_BLOB, "04", AS(BLOB), "00000000", "" },
	{ TYPE_GEOMETRY, "04", AS(GEOMETRY), "0100000061", "a" },
	{ TYPE_VECTOR, "04", AS(VECTOR), "0400000061626364", "abcd" },
	{ TYPE_JSON, "04", AS(JSON), "03000000050700", "7" },
	{ TYPE_JSON, "04", AS(JSON), "00000000", "null" },
	{ TYPE_STRING,
	  "fe10",
	  { .type = COLUMN_UUID, .max_octets = 16 },
	  "10 112233445566178899aabbccddeeff01",
	  "11223344-5566-1788-99aa-bbccddeeff01" },
	{ TYPE_STRING,
	  "fe10",
	  { .type = COLUMN_UUID, .max_octets = 16 },
	  "01 ff",
	  "ff000000-0000-0000-0000-000000000000" },
	{ TYPE_STRING,
	  "fe10",
	  { .type = COLUMN_UUID, .max_octets = 16 },
	  "00",
	  "00000000-0000-0000-0000-000000000000" },
	{ TYPE_STRING, "fe04", { .type = COLUMN_INET4, .max_octets = 4 }, "04 7f000001", "127.0.0.1" },
	{ TYPE_STRING, "fe04", { .type = COLUMN_INET4, .max_octets = 4 }, "02 0a01", "10.1.0.0" },
	{ TYPE_STRING,
	  "fe10",
	  { .type = COLUMN_INET6, .max_octets = 16 },
	  "10 20010db8000000000000000000000001",
	  "2001:db8::1" },
	{ TYPE_STRING, "fe10", { .type = COLUMN_INET6, .max_octets = 16 }, "00", "::" },
	/* Columns that MariaDB compresses: nothing, as it is, and by zlib. */
	{ TYPE_VARCHAR_COMPRESSED, "0b00", AS(VARCHAR), "00", "" },
	{ TYPE_VARCHAR_COMPRESSED, "0b00", AS(VARCHAR), "03 00 6162", "ab" },
	{ TYPE_VARCHAR_COMPRESSED, "0001", AS(VARCHAR), "0300 00 6162", "ab" },
	{ TYPE_BLOB_COMPRESSED, "02", AS(BLOB), "0300 00 6162", "ab" },
	{ TYPE_BLOB_COMPRESSED, "02", AS(BLOB), "0000", "" },
	{ TYPE_BLOB_COMPRESSED, "01", AS(BLOB), "01 00", "" },
};

static struct bytes metadata(uint8_t type, const char *hex, struct binlog_column *in)
{
	struct bytes b = bytes_of_hex(hex);
	struct reader r = reader_over(b.at, b.length);

	*in = (struct binlog_column){ .type = type };
	if (column_codec(type)->read_meta)
		column_codec(type)->read_meta(&r, in);
	assert_false(r.failed);
	assert_int_equal(reader_left(&r), 0);
	return b;
}

/* True and the value in text, or false. */
static bool decode(uint8_t type, const char *meta, const struct column *column,
		   const uint8_t *bytes, size_t length, struct buf *text)
{
	struct reader r = reader_over(bytes, length);
	struct cell cell = { .text = text };
	struct binlog_column in;
	struct bytes b = metadata(type, meta, &in);

	/* What was printed before stays. */
	buf_clear(text);
	buf_puts(text, "before");
	column_codec(in.type)->decode(&r, &in, column, &cell);
	free(b.at);
	assert_true(text->length >= 6 && memcmp(text->data, "before", 6) == 0);
	memmove(text->data, text->data + 6, text->length - 6 + 1);
	text->length -= 6;
	if (r.failed)
		return false;
	if (cell.bytes) {
		assert_int_equal(text->length, 0);
		buf_add(text, cell.bytes, cell.length);
	}
	return true;
}

TEST(values_of_every_type)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes b = bytes_of_hex(cases[i].value);

		if (!decode(cases[i].type, cases[i].meta, &cases[i].column, b.at, b.length, &text))
			fail_msg("case %zu, %s, is refused", i, cases[i].want);
		assert_string_equal(buf_text(&text), cases[i].want);
		free(b.at);
	}
	buf_release(&text);
}

TEST(every_truncation_is_refused)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes whole = bytes_of_hex(cases[i].value);
		bool is_char = strcmp(cases[i].want, "xy") == 0; /* has more behind it */

		for (size_t n = 0; n < whole.length - 2 * is_char; n++) {
			struct bytes b = bytes_copy(whole.at, n);

			assert_false(decode(cases[i].type, cases[i].meta, &cases[i].column, b.at, n,
					    &text));
			free(b.at);
		}
		free(whole.at);
	}
	buf_release(&text);
}

/* The zeros at the end are cut off in the log, and SELECT has them. */
TEST(binary_is_padded)
{
	static const struct {
		const char *value;
		const char *want; /* hex */
	} padded[] = {
		{ "00", "00000000" },
		{ "01ff", "ff000000" },
		{ "0361ff62", "61ff6200" },
		{ "0401020304", "01020304" },
	};
	struct column column = { .type = COLUMN_BINARY, .max_octets = 4 };
	struct buf text = BUF_INIT, hex = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(padded); i++) {
		struct bytes b = bytes_of_hex(padded[i].value);

		assert_true(decode(TYPE_STRING, "fe04", &column, b.at, b.length, &text));
		buf_clear(&hex);
		buf_put_hex(&hex, text.data, text.length);
		assert_string_equal(buf_text(&hex), padded[i].want);
		assert_int_equal(text.data[text.length], 0);
		free(b.at);
	}
	buf_release(&text);
	buf_release(&hex);
}

/* A compressed value: its first byte, the length in width bytes, the stream. */
static struct bytes compressed(unsigned head, uint64_t claimed, unsigned width, const void *from,
			       size_t length, bool is_raw)
{
	struct buf b = BUF_INIT;
	uint8_t packed[4096];
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)from,
			    .avail_in = (unsigned)length,
			    .next_out = packed,
			    .avail_out = sizeof(packed) };
	struct bytes value;

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, is_raw ? -MAX_WBITS : MAX_WBITS, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buf_putc(&b, (char)head);
	for (unsigned i = width; i > 0; i--)
		buf_putc(&b, (char)(claimed >> 8 * (i - 1)));
	buf_add(&b, packed, stream.total_out);
	deflateEnd(&stream);
	value = bytes_copy(b.data, b.length);
	buf_release(&b);
	return value;
}

/* In a BLOB with two bytes of length. */
static bool unpack(struct bytes value, struct buf *text)
{
	static const struct column column = { .type = COLUMN_BLOB };
	struct buf b = BUF_INIT;
	bool ok;

	buf_putc(&b, (char)value.length);
	buf_putc(&b, (char)(value.length >> 8));
	buf_add(&b, value.at, value.length);
	free(value.at);
	value = bytes_copy(b.data, b.length);
	ok = decode(TYPE_BLOB_COMPRESSED, "02", &column, value.at, value.length, text);
	free(value.at);
	buf_release(&b);
	return ok;
}

TEST(compressed_values)
{
	static char plain[70000];
	struct buf text = BUF_INIT;

	memset(plain, 'x', sizeof(plain));
	for (unsigned raw = 0; raw < 2; raw++) {
		unsigned head = 0x80 | raw << 3;

		assert_true(unpack(compressed(head | 1, 200, 1, plain, 200, raw), &text));
		assert_int_equal(text.length, 200);
		assert_memory_equal(text.data, plain, 200);
		assert_int_equal(text.data[200], 0);
		assert_true(unpack(compressed(head | 3, 70000, 3, plain, 70000, raw), &text));
		assert_int_equal(text.length, 70000);
		assert_memory_equal(text.data, plain, 70000);
		/* More or fewer bytes than it says, another method, no length, the other
		 * kind of stream, cut short. */
		assert_false(unpack(compressed(head | 1, 199, 1, plain, 200, raw), &text));
		assert_false(unpack(compressed(head | 1, 201, 1, plain, 200, raw), &text));
		assert_false(unpack(compressed((head & 0xf) | 0x91, 200, 1, plain, 200, raw), &text));
		assert_false(unpack(compressed((head & 0xf) | 0x71, 200, 1, plain, 200, raw), &text));
		assert_false(unpack(compressed(head, 200, 0, plain, 200, raw), &text));
		assert_false(unpack(compressed(head | 1, 200, 1, plain, 200, !raw), &text));
		struct bytes cut = compressed(head | 1, 200, 1, plain, 200, raw);

		cut.length -= raw ? 3 : 8;
		assert_false(unpack(cut, &text));
		/* No memory is taken for a claim that cannot be true. */
		assert_false(unpack(compressed(head | 4, UINT32_MAX, 4, plain, 200, raw), &text));
		assert_true(text.room < 1 << 20);
		assert_false(unpack(compressed(head | 5, 1ULL << 32, 5, plain, 200, raw), &text));
	}
	buf_release(&text);
}

/* A thousandth is the best that a stream can do: it is not taken for a lie. */
TEST(values_that_compress_well)
{
	static char zeros[1 << 20];
	struct buf text = BUF_INIT;

	assert_true(unpack(compressed(0x83, sizeof(zeros), 3, zeros, sizeof(zeros), false), &text));
	assert_int_equal(text.length, sizeof(zeros));
	buf_release(&text);
}

TEST(what_no_server_writes)
{
	static const struct {
		uint8_t type;
		const char *meta;
		struct column column;
		const char *value;
	} bad[] = {
		{ TYPE_FLOAT, "04", AS(FLOAT), "0000807f" }, /* infinity */
		{ TYPE_FLOAT, "04", AS(FLOAT), "0000c07f" }, /* not a number */
		{ TYPE_DOUBLE, "08", AS(DOUBLE), "000000000000f0ff" },
		{ TYPE_NEWDECIMAL, "0203", AS(DECIMAL), "8000000000" },
		{ TYPE_BIT, "0000", AS(BIT), "0102030405060708" },   /* no bit */
		{ TYPE_BIT, "0108", AS(BIT), "010203040506070809" }, /* 65 */
		{ TYPE_STRING, "f700", AS(ENUM), "01" },
		{ TYPE_STRING, "f809", AS(SET), "010203040506070809" },
		{ TYPE_BLOB, "00", AS(BLOB), "0161" },
		{ TYPE_BLOB, "09", AS(BLOB), "010000000000000000" },
		{ TYPE_JSON, "04", AS(JSON), "02000000ff00" },
		{ TYPE_JSON, "04", AS(JSON), "0100000004" },
		{ TYPE_STRING,
		  "fe10",
		  { .type = COLUMN_UUID, .max_octets = 16 },
		  "11 0000000000000000000000000000000000" },
		{ TYPE_STRING,
		  "fe11",
		  { .type = COLUMN_UUID, .max_octets = 17 },
		  "11 0000000000000000000000000000000000" },
		{ TYPE_STRING, "fe04", { .type = COLUMN_INET4, .max_octets = 4 }, "05 0000000000" },
	};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct bytes b = bytes_of_hex(bad[i].value);

		if (decode(bad[i].type, bad[i].meta, &bad[i].column, b.at, b.length, &text))
			fail_msg("case %zu is taken", i);
		free(b.at);
	}
	buf_release(&text);
}

/* As an error names it. */
TEST(descriptions)
{
	static const struct {
		struct binlog_column in;
		const char *want;
	} named[] = {
		{ { .type = TYPE_LONG }, "INT" },
		{ { .type = TYPE_LONG, .sign = SIGN_UNSIGNED }, "INT unsigned" },
		{ { .type = TYPE_LONG, .sign = SIGN_SIGNED }, "INT" },
		{ { .type = TYPE_NEWDECIMAL, .meta = 0x0a02 }, "DECIMAL(10,2)" },
		{ { .type = TYPE_NEWDECIMAL, .meta = 0x2a1e }, "DECIMAL(42,30)" },
		{ { .type = TYPE_NEWDECIMAL, .meta = 0x0503 }, "DECIMAL(5,3)" },
		{ { .type = TYPE_BIT, .meta = 0 }, "BIT(0)" },
		{ { .type = TYPE_BIT, .meta = 9 }, "BIT(9)" },
		{ { .type = TYPE_TIMESTAMP2, .meta = 0 }, "TIMESTAMP" },
		{ { .type = TYPE_TIMESTAMP2, .meta = 1 }, "TIMESTAMP(1)" },
		{ { .type = TYPE_DATETIME2, .meta = 6 }, "DATETIME(6)" },
		{ { .type = TYPE_TIME2, .meta = 3 }, "TIME(3)" },
		{ { .type = TYPE_VARCHAR, .meta = 40 }, "VARCHAR of at most 40 bytes" },
		{ { .type = TYPE_STRING, .meta = 40 }, "CHAR of at most 40 bytes" },
		{ { .type = TYPE_BLOB, .meta = 2 }, "BLOB with a length of 2 bytes" },
		{ { .type = TYPE_ENUM, .meta = 1 }, "ENUM stored in 1 bytes" },
		{ { .type = TYPE_SET, .meta = 8 }, "SET stored in 8 bytes" },
		{ { .type = TYPE_YEAR, .meta = 5 }, "YEAR" },
		{ { .type = 200 }, "type 200" },
	};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		buf_clear(&text);
		column_codec_describe(&named[i].in, &text);
		assert_string_equal(buf_text(&text), named[i].want);
	}
	buf_release(&text);
}

/* Which types have a bit in the signedness of a TABLE_MAP: Field::is_numeric... of the
 * servers, YEAR among them. */
TEST(numeric_types)
{
	static const uint8_t numeric[] = { TYPE_TINY,  TYPE_SHORT,    TYPE_INT24,
					   TYPE_LONG,  TYPE_LONGLONG, TYPE_NEWDECIMAL,
					   TYPE_FLOAT, TYPE_DOUBLE,   TYPE_YEAR };

	for (unsigned type = 0; type < 256; type++)
		assert_int_equal(column_codec((uint8_t)type)->is_numeric,
				 memchr(numeric, (int)type, sizeof(numeric)) != NULL);
}

TEST_MAIN(cmocka_unit_test(values_of_every_type), cmocka_unit_test(every_truncation_is_refused),
	  cmocka_unit_test(binary_is_padded), cmocka_unit_test(compressed_values),
	  cmocka_unit_test(values_that_compress_well), cmocka_unit_test(what_no_server_writes),
	  cmocka_unit_test(descriptions), cmocka_unit_test(numeric_types))
