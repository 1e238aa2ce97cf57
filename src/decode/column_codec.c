/* The values of a row image, type by type. The formats: MySQL source,
 * sql/field.cc (pack and save_field_metadata of each Field class) and
 * sql-common/... of the types with their own file here; MariaDB has the same.
 *
 * Each decoder yields the form that db/sql.h prescribes, which is what the copier
 * reads with SELECT. Strings are borrowed, everything else is printed. A decoder
 * that finds no valid value fails the reader. */
#include "column_codec.h"

#include <arpa/inet.h>
#include <zlib.h>

#include "decimal.h"
#include "double_text.h"
#include "json_binary.h"
#include "temporal.h"

/* Lengths of strings whose longest is below this take one byte, else two. */
#define TWO_BYTE_LENGTH 256

static void decode_int(struct reader *r, const struct binlog_column *in,
		       const struct column *column, struct cell *cell)
{
	static const uint8_t widths[] = {
		[TYPE_TINY] = 1, [TYPE_SHORT] = 2, [TYPE_INT24] = 3, [TYPE_LONG] = 4, [TYPE_LONGLONG] = 8
	};
	unsigned width = widths[in->type];
	uint64_t number = reader_uint(r, width);
	unsigned unused_bits = 64 - 8 * width;

	if (column->is_unsigned)
		buf_put_u64(cell->text, number);
	else /* moves the sign bit to the top and back */
		buf_put_i64(cell->text, (int64_t)(number << unused_bits) >> unused_bits);
}

static void decode_float(struct reader *r, const struct binlog_column *in UNUSED,
			 const struct column *column UNUSED, struct cell *cell)
{
	uint32_t bits = reader_u32(r);
	float number;

	memcpy(&number, &bits, sizeof(number));
	if (!double_text((double)number, cell->text))
		r->failed = true;
}

static void decode_double(struct reader *r, const struct binlog_column *in UNUSED,
			  const struct column *column UNUSED, struct cell *cell)
{
	uint64_t bits = reader_u64(r);
	double number;

	memcpy(&number, &bits, sizeof(number));
	if (!double_text(number, cell->text))
		r->failed = true;
}

static void decode_decimal(struct reader *r, const struct binlog_column *in,
			   const struct column *column UNUSED, struct cell *cell)
{
	decimal_read(r, in->meta >> 8, in->meta & 0xff, cell->text);
}

static void decode_bit(struct reader *r, const struct binlog_column *in,
		       const struct column *column UNUSED, struct cell *cell)
{
	buf_put_u64(cell->text, reader_uint_be(r, (in->meta + 7u) / 8));
}

/* Ordinals of ENUM, bit masks of SET. */
static void decode_members(struct reader *r, const struct binlog_column *in,
			   const struct column *column UNUSED, struct cell *cell)
{
	buf_put_u64(cell->text, reader_uint(r, in->meta));
}

static void decode_year(struct reader *r, const struct binlog_column *in UNUSED,
			const struct column *column UNUSED, struct cell *cell)
{
	temporal_read_year(r, cell->text);
}

static void decode_date(struct reader *r, const struct binlog_column *in UNUSED,
			const struct column *column UNUSED, struct cell *cell)
{
	temporal_read_date(r, cell->text);
}

static void decode_time2(struct reader *r, const struct binlog_column *in,
			 const struct column *column UNUSED, struct cell *cell)
{
	temporal_read_time2(r, in->meta, cell->text);
}

static void decode_datetime2(struct reader *r, const struct binlog_column *in,
			     const struct column *column UNUSED, struct cell *cell)
{
	temporal_read_datetime2(r, in->meta, cell->text);
}

static void decode_timestamp2(struct reader *r, const struct binlog_column *in,
			      const struct column *column UNUSED, struct cell *cell)
{
	temporal_read_timestamp2(r, in->meta, cell->text);
}

static void decode_time(struct reader *r, const struct binlog_column *in UNUSED,
			const struct column *column, struct cell *cell)
{
	temporal_read_time(r, column->fraction, cell->text);
}

static void decode_datetime(struct reader *r, const struct binlog_column *in UNUSED,
			    const struct column *column, struct cell *cell)
{
	temporal_read_datetime(r, column->fraction, cell->text);
}

static void decode_timestamp(struct reader *r, const struct binlog_column *in UNUSED,
			     const struct column *column, struct cell *cell)
{
	temporal_read_timestamp(r, column->fraction, cell->text);
}

static void borrow(struct reader *r, uint64_t length, struct cell *cell)
{
	cell->length = length;
	cell->bytes = reader_bytes(r, length);
}

static unsigned string_length(struct reader *r, unsigned longest)
{
	return longest < TWO_BYTE_LENGTH ? reader_u8(r) : reader_u16(r);
}

static void decode_varchar(struct reader *r, const struct binlog_column *in,
			   const struct column *column UNUSED, struct cell *cell)
{
	borrow(r, string_length(r, in->meta), cell);
}

/* UUID and INET: bytes in the order of their text, zeros at the end cut off. */
static void decode_address(struct reader *r, const struct column *column, struct cell *cell)
{
	uint8_t bytes[16] = { 0 };
	char text[INET6_ADDRSTRLEN];

	if (!cell->bytes || cell->length > column->max_octets || cell->length > sizeof(bytes)) {
		r->failed = true;
		return;
	}
	memcpy(bytes, cell->bytes, cell->length);
	cell->bytes = NULL;
	if (column->type == COLUMN_UUID)
		buf_put_uuid(cell->text, bytes);
	else if (inet_ntop(column->type == COLUMN_INET4 ? AF_INET : AF_INET6, bytes, text,
			   sizeof(text)))
		buf_puts(cell->text, text);
	else
		r->failed = true;
}

static void decode_string(struct reader *r, const struct binlog_column *in,
			  const struct column *column, struct cell *cell)
{
	borrow(r, string_length(r, in->meta), cell);
	if (column->type >= COLUMN_UUID && column->type <= COLUMN_INET6) {
		decode_address(r, column, cell);
		return;
	}
	/* The image of a BINARY(n) has lost the zeros at its end, SELECT has them. */
	if (column->type == COLUMN_BINARY && cell->bytes && cell->length < column->max_octets) {
		size_t missing = column->max_octets - cell->length;

		buf_reserve(cell->text, column->max_octets);
		buf_add(cell->text, cell->bytes, cell->length);
		memset(cell->text->data + cell->text->length, 0, missing + 1);
		cell->text->length += missing;
		cell->bytes = NULL;
	}
}

static void decode_blob(struct reader *r, const struct binlog_column *in,
			const struct column *column UNUSED, struct cell *cell)
{
	borrow(r, reader_uint(r, in->meta), cell);
}

/* A value of a column that MariaDB compresses (sql/field_comp.cc): one byte, the
 * method in its upper half; 0 is not compressed, 8 is zlib, then with bit 3 for a
 * stream without header, and the original length in as many bytes, highest first, as
 * bits 0 to 2 say. Nothing at all stands for the empty value. */
static bool inflate_value(const uint8_t *from, size_t length, uint64_t original, bool is_raw,
			  struct buf *text)
{
	z_stream stream = { .avail_in = (unsigned)length };
	int status;

	/* No stream of deflate is shorter than a thousandth of what it holds. */
	if (length > UINT32_MAX || original > UINT32_MAX || original / 1100 > length)
		return false;
	if (inflateInit2(&stream, is_raw ? -MAX_WBITS : MAX_WBITS) != Z_OK)
		return false;
	buf_reserve(text, original);
	stream.next_in = (Bytef *)(uintptr_t)from;
	stream.next_out = (Bytef *)text->data + text->length;
	stream.avail_out = (unsigned)original;
	status = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	if (status != Z_STREAM_END || stream.avail_out > 0)
		return false;
	text->length += original;
	text->data[text->length] = '\0';
	return true;
}

static void unpack(struct reader *r, struct cell *cell)
{
	struct reader value = reader_over(cell->bytes, cell->length);
	unsigned head, method;
	uint64_t original;

	if (!cell->bytes || cell->length == 0)
		return;
	head = reader_u8(&value);
	method = head >> 4;
	if (method == 0) {
		cell->bytes++;
		cell->length--;
		return;
	}
	cell->bytes = NULL;
	original = reader_uint_be(&value, head & 7);
	if (method != 8 || value.failed ||
	    !inflate_value(value.at, reader_left(&value), original, head & 8, cell->text))
		r->failed = true;
}

static void decode_compressed_varchar(struct reader *r, const struct binlog_column *in,
				      const struct column *column UNUSED, struct cell *cell)
{
	borrow(r, string_length(r, in->meta), cell);
	unpack(r, cell);
}

static void decode_compressed_blob(struct reader *r, const struct binlog_column *in,
				   const struct column *column UNUSED, struct cell *cell)
{
	borrow(r, reader_uint(r, in->meta), cell);
	unpack(r, cell);
}

static void decode_json(struct reader *r, const struct binlog_column *in,
			const struct column *column UNUSED, struct cell *cell)
{
	borrow(r, reader_uint(r, in->meta), cell);
	if (cell->bytes && !json_binary_text(cell->bytes, cell->length, cell->text))
		r->failed = true;
	cell->bytes = NULL;
}

static void read_meta_1(struct reader *r, struct binlog_column *in)
{
	in->meta = reader_u8(r);
}

static void read_meta_2(struct reader *r, struct binlog_column *in)
{
	in->meta = reader_u16(r);
}

/* precision, scale */
static void read_meta_decimal(struct reader *r, struct binlog_column *in)
{
	in->meta = (uint16_t)reader_uint_be(r, 2);
}

/* Bits beyond whole bytes, then whole bytes; kept as their sum. */
static void read_meta_bit(struct reader *r, struct binlog_column *in)
{
	unsigned bits = reader_u8(r);

	in->meta = (uint16_t)(8u * reader_u8(r) + bits);
}

/* ENUM and SET columns come as STRING, their own type first in the metadata. A
 * CHAR of more than 255 bytes has the upper two bits of its length flipped into
 * that first byte (MySQL source, Field_string::do_save_field_metadata). */
static void read_meta_string(struct reader *r, struct binlog_column *in)
{
	unsigned first = reader_u8(r);
	unsigned upper = ((first & 0x30) ^ 0x30) << 4;

	in->meta = (uint16_t)(upper | reader_u8(r));
	if (first == TYPE_ENUM || first == TYPE_SET)
		in->type = (uint8_t)first;
}

static const struct column_codec codecs[256] = {
	[TYPE_TINY] = { "TINYINT", true, NULL, decode_int },
	[TYPE_SHORT] = { "SMALLINT", true, NULL, decode_int },
	[TYPE_LONG] = { "INT", true, NULL, decode_int },
	[TYPE_FLOAT] = { "FLOAT", true, read_meta_1, decode_float },
	[TYPE_DOUBLE] = { "DOUBLE", true, read_meta_1, decode_double },
	[TYPE_TIMESTAMP] = { "TIMESTAMP of the old format", false, NULL, decode_timestamp },
	[TYPE_LONGLONG] = { "BIGINT", true, NULL, decode_int },
	[TYPE_INT24] = { "MEDIUMINT", true, NULL, decode_int },
	[TYPE_DATE] = { "DATE", false, NULL, decode_date },
	[TYPE_TIME] = { "TIME of the old format", false, NULL, decode_time },
	[TYPE_DATETIME] = { "DATETIME of the old format", false, NULL, decode_datetime },
	[TYPE_YEAR] = { "YEAR", true, NULL, decode_year },
	[TYPE_NEWDATE] = { "DATE", false, NULL, decode_date },
	[TYPE_VARCHAR] = { "VARCHAR", false, read_meta_2, decode_varchar },
	[TYPE_BIT] = { "BIT", false, read_meta_bit, decode_bit },
	[TYPE_TIMESTAMP2] = { "TIMESTAMP", false, read_meta_1, decode_timestamp2 },
	[TYPE_DATETIME2] = { "DATETIME", false, read_meta_1, decode_datetime2 },
	[TYPE_TIME2] = { "TIME", false, read_meta_1, decode_time2 },
	[TYPE_BLOB_COMPRESSED] = { "compressed BLOB", false, read_meta_1, decode_compressed_blob },
	[TYPE_VARCHAR_COMPRESSED] = { "compressed VARCHAR", false, read_meta_2,
				      decode_compressed_varchar },
	[TYPE_VECTOR] = { "VECTOR", false, read_meta_1, decode_blob },
	[TYPE_JSON] = { "JSON", false, read_meta_1, decode_json },
	[TYPE_NEWDECIMAL] = { "DECIMAL", true, read_meta_decimal, decode_decimal },
	[TYPE_ENUM] = { "ENUM", false, read_meta_string, decode_members },
	[TYPE_SET] = { "SET", false, read_meta_string, decode_members },
	[TYPE_BLOB] = { "BLOB", false, read_meta_1, decode_blob },
	[TYPE_STRING] = { "CHAR", false, read_meta_string, decode_string },
	[TYPE_GEOMETRY] = { "GEOMETRY", false, read_meta_1, decode_blob },
};

const struct column_codec *column_codec(uint8_t type)
{
	return &codecs[type];
}

void column_codec_describe(const struct binlog_column *in, struct buf *text)
{
	const char *name = codecs[in->type].name;
	unsigned meta = in->meta;

	if (!name) {
		buf_printf(text, "type %u", in->type);
		return;
	}
	buf_puts(text, name);
	if (in->type == TYPE_NEWDECIMAL)
		buf_printf(text, "(%u,%u)", meta >> 8, meta & 0xff);
	else if (in->type == TYPE_BIT ||
		 (in->type >= TYPE_TIMESTAMP2 && in->type <= TYPE_TIME2 && meta > 0))
		buf_printf(text, "(%u)", meta);
	else if (in->type == TYPE_VARCHAR || in->type == TYPE_STRING)
		buf_printf(text, " of at most %u bytes", meta);
	else if (in->type == TYPE_BLOB)
		buf_printf(text, " with a length of %u bytes", meta);
	else if (in->type == TYPE_ENUM || in->type == TYPE_SET)
		buf_printf(text, " stored in %u bytes", meta);
	if (in->sign == SIGN_UNSIGNED)
		buf_puts(text, " unsigned");
}
