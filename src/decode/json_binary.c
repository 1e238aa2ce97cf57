/* MySQL's binary JSON (type 245) printed as the server prints it. The format is
 * drawn in MySQL's source, sql-common/json_binary.h; the text follows
 * sql-common/json_dom.cc, wrapper_to_string:
 *
 *   document: type[1] value
 *   object:   count size key-entries value-entries keys values
 *   array:    count size value-entries values
 *   key-entry: offset length[2]     value-entry: type[1] offset-or-value
 *
 * Counts, sizes and offsets have two bytes, in "large" containers four; offsets
 * count from the container's first byte. Small numbers stand in the entry itself.
 *
 * Offsets are foreign: nothing keeps them from pointing twice to the same place
 * or back up, which would print without end. In a real document values do not
 * overlap, so the bytes read never add up to more than there are: each container
 * and string is paid for out of that budget. */
#include "json_binary.h"

#include "base/reader.h"
#include "db/sql_json.h"
#include "decimal.h"
#include "double_text.h"
#include "temporal.h"

#define DEPTH_MAX 100 /* JSON_DOCUMENT_MAX_DEPTH of the server */

enum {
	JSON_SMALL_OBJECT = 0x00,
	JSON_LARGE_OBJECT = 0x01,
	JSON_SMALL_ARRAY = 0x02,
	JSON_LARGE_ARRAY = 0x03,
	JSON_LITERAL = 0x04,
	JSON_INT16 = 0x05,
	JSON_UINT16 = 0x06,
	JSON_INT32 = 0x07,
	JSON_UINT32 = 0x08,
	JSON_INT64 = 0x09,
	JSON_UINT64 = 0x0a,
	JSON_DOUBLE = 0x0b,
	JSON_STRING = 0x0c,
	JSON_OPAQUE = 0x0f,
};

/* Column types that opaque values are tagged with. */
enum {
	OPAQUE_TIMESTAMP = 7,
	OPAQUE_DATE = 10,
	OPAQUE_TIME = 11,
	OPAQUE_DATETIME = 12,
	OPAQUE_DECIMAL = 246,
};

struct printer {
	struct buf *text;
	size_t budget;
	unsigned depth;
	/* For the list of types: see db/sql_json.h. */
	uint64_t seen;
	bool is_first; /* the value at hand begins an array */
	struct buf types;
};

/* An object or array while its members are printed. */
struct container {
	const uint8_t *bytes;
	size_t size;
	uint32_t count;
	unsigned width; /* of counts and offsets: 2 or 4 */
	bool is_object;
};

static bool print_value(struct printer *p, unsigned type, struct reader r);

/* The current value has a type that its text does not show. */
static void add_type(struct printer *p, const char *type)
{
	if (p->types.length > 0)
		buf_putc(&p->types, ',');
	buf_put_u64(&p->types, p->seen);
	buf_putc(&p->types, ' ');
	buf_puts(&p->types, type);
}

static void print_signed(struct printer *p, int64_t number)
{
	if (number > JSON_PARSED_SIGNED_MAX)
		add_type(p, "INTEGER");
	buf_put_i64(p->text, number);
}

static void print_unsigned(struct printer *p, uint64_t number)
{
	if (number <= JSON_PARSED_SIGNED_MAX)
		add_type(p, "UNSIGNED INTEGER");
	buf_put_u64(p->text, number);
}

static bool pay(struct printer *p, size_t bytes)
{
	if (bytes > p->budget)
		return false;
	p->budget -= bytes;
	return true;
}

static bool print_string(struct printer *p, const uint8_t *bytes, size_t length)
{
	static const char hex[] = "0123456789abcdef";
	static const char escapes[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'
	};
	size_t plain = 0;

	if (!pay(p, length))
		return false;
	buf_putc(p->text, '"');
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = bytes[i];

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		buf_add(p->text, bytes + plain, i - plain);
		plain = i + 1;
		buf_putc(p->text, '\\');
		if (byte >= 0x20) {
			buf_putc(p->text, (char)byte);
		} else if (escapes[byte]) {
			buf_putc(p->text, escapes[byte]);
		} else {
			buf_puts(p->text, "u00");
			buf_putc(p->text, hex[byte >> 4]);
			buf_putc(p->text, hex[byte & 0x0f]);
		}
	}
	buf_add(p->text, bytes + plain, length - plain);
	buf_putc(p->text, '"');
	return true;
}

/* Seven bits to the byte, lowest first, the top bit says that more follow. */
static uint64_t read_length(struct reader *r)
{
	uint64_t length = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t byte = reader_u8(r);

		length |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return length;
	}
	r->failed = true;
	return 0;
}

/* The server's encoder breaks lines after 76 characters (mysys/base64.cc), and
 * its printer escapes these line feeds like any other. */
static void print_base64(struct buf *text, const uint8_t *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t bits = (uint32_t)bytes[i] << 16;

		if (left > 1)
			bits |= (uint32_t)bytes[i + 1] << 8;
		if (left > 2)
			bits |= bytes[i + 2];
		if (i > 0 && i % 57 == 0)
			buf_puts(text, "\\n");
		buf_putc(text, digits[bits >> 18]);
		buf_putc(text, digits[bits >> 12 & 0x3f]);
		buf_putc(text, left > 1 ? digits[bits >> 6 & 0x3f] : '=');
		buf_putc(text, left > 2 ? digits[bits & 0x3f] : '=');
	}
}

static void print_temporal(struct printer *p, unsigned type, struct reader *r)
{
	static const char *const names[] = {
		[OPAQUE_TIMESTAMP] = "TIMESTAMP", [OPAQUE_DATE] = "DATE", [OPAQUE_TIME] = "TIME", [OPAQUE_DATETIME] = "DATETIME"
	};

	add_type(p, names[type]);
	buf_putc(p->text, '"');
	if (type == OPAQUE_DATE)
		temporal_read_packed_date(r, p->text);
	else if (type == OPAQUE_TIME)
		temporal_read_packed_time(r, p->text);
	else
		temporal_read_packed_datetime(r, p->text);
	buf_putc(p->text, '"');
}

/* A value of a column type: type[1] length bytes. */
static bool print_opaque(struct printer *p, struct reader r)
{
	unsigned type = reader_u8(&r);
	struct reader value = reader_sub(&r, read_length(&r));
	size_t length = reader_left(&value);
	unsigned precision, scale;

	if (r.failed || !pay(p, length))
		return false;
	switch (type) {
	case OPAQUE_DECIMAL:
		add_type(p, "DECIMAL");
		precision = reader_u8(&value);
		scale = reader_u8(&value);
		decimal_read(&value, precision, scale, p->text);
		break;
	case OPAQUE_DATE:
	case OPAQUE_TIME:
	case OPAQUE_DATETIME:
	case OPAQUE_TIMESTAMP:
		print_temporal(p, type, &value);
		break;
	default:
		add_type(p, "OPAQUE");
		buf_printf(p->text, "\"base64:type%u:", type);
		print_base64(p->text, reader_bytes(&value, length), length);
		buf_putc(p->text, '"');
	}
	return !value.failed && reader_left(&value) == 0;
}

static bool print_double(struct printer *p, uint64_t bits)
{
	size_t start = p->text->length;
	double number;

	memcpy(&number, &bits, sizeof(number));
	if (!double_text(number, p->text))
		return false;
	/* A whole number would be read back as an integer. */
	if (!strpbrk(p->text->data + start, ".e"))
		buf_puts(p->text, ".0");
	return true;
}

static bool print_literal(struct printer *p, unsigned literal)
{
	static const char *const texts[] = { "null", "true", "false" };

	if (literal >= ARRAY_LEN(texts))
		return false;
	buf_puts(p->text, texts[literal]);
	return true;
}

static uint64_t read_offset(struct reader *r, const struct container *c)
{
	return reader_uint(r, c->width);
}

static struct reader container_at(const struct container *c, uint64_t offset)
{
	struct reader r = reader_over(c->bytes, c->size);

	reader_skip(&r, offset);
	return r;
}

static bool is_inlined(unsigned type, unsigned width)
{
	switch (type) {
	case JSON_LITERAL:
	case JSON_INT16:
	case JSON_UINT16:
		return true;
	case JSON_INT32:
	case JSON_UINT32:
		return width == 4;
	default:
		return false;
	}
}

static bool print_member(struct printer *p, const struct container *c, struct reader *entry)
{
	unsigned type = reader_u8(entry);
	struct reader value = *entry;

	if (is_inlined(type, c->width))
		reader_skip(entry, c->width);
	else
		value = container_at(c, read_offset(entry, c));
	return !entry->failed && print_value(p, type, value);
}

static bool print_members(struct printer *p, const struct container *c, struct reader keys,
			  struct reader values)
{
	buf_putc(p->text, c->is_object ? '{' : '[');
	for (uint32_t i = 0; i < c->count; i++) {
		if (i > 0)
			buf_puts(p->text, ", ");
		if (c->is_object) {
			struct reader at = container_at(c, read_offset(&keys, c));
			unsigned length = reader_u16(&keys);
			const uint8_t *key = reader_bytes(&at, length);

			if (keys.failed || !key || !print_string(p, key, length))
				return false;
			buf_puts(p->text, ": ");
		}
		p->is_first = !c->is_object && i == 0;
		if (!print_member(p, c, &values))
			return false;
	}
	buf_putc(p->text, c->is_object ? '}' : ']');
	return true;
}

static bool print_container(struct printer *p, unsigned type, struct reader r)
{
	struct container c = {
		.bytes = r.at,
		.width = type == JSON_LARGE_OBJECT || type == JSON_LARGE_ARRAY ? 4 : 2,
		.is_object = type == JSON_SMALL_OBJECT || type == JSON_LARGE_OBJECT,
	};
	struct reader whole = r;
	struct reader keys, values;
	bool ok;

	c.count = (uint32_t)reader_uint(&r, c.width);
	c.size = (size_t)reader_uint(&r, c.width);
	keys = reader_sub(&r, c.is_object ? (size_t)c.count * (c.width + 2) : 0);
	values = reader_sub(&r, (size_t)c.count * (c.width + 1));
	if (r.failed || c.size > reader_left(&whole) || ++p->depth > DEPTH_MAX)
		return false;
	if (!pay(p, (size_t)(r.at - c.bytes)))
		return false;
	ok = print_members(p, &c, keys, values);
	p->depth--;
	return ok;
}

static bool print_value(struct printer *p, unsigned type, struct reader r)
{
	const uint8_t *bytes;
	size_t length;
	bool ok = true;

	p->seen += p->is_first || (type != JSON_SMALL_ARRAY && type != JSON_LARGE_ARRAY);
	switch (type) {
	case JSON_SMALL_OBJECT:
	case JSON_LARGE_OBJECT:
	case JSON_SMALL_ARRAY:
	case JSON_LARGE_ARRAY:
		return print_container(p, type, r);
	case JSON_LITERAL:
		ok = print_literal(p, reader_u8(&r));
		break;
	case JSON_INT16:
		print_signed(p, (int16_t)reader_u16(&r));
		break;
	case JSON_UINT16:
		print_unsigned(p, reader_u16(&r));
		break;
	case JSON_INT32:
		print_signed(p, (int32_t)reader_u32(&r));
		break;
	case JSON_UINT32:
		print_unsigned(p, reader_u32(&r));
		break;
	case JSON_INT64:
		print_signed(p, (int64_t)reader_u64(&r));
		break;
	case JSON_UINT64:
		print_unsigned(p, reader_u64(&r));
		break;
	case JSON_DOUBLE:
		ok = print_double(p, reader_u64(&r));
		break;
	case JSON_STRING:
		length = read_length(&r);
		bytes = reader_bytes(&r, length);
		ok = bytes && print_string(p, bytes, length);
		break;
	case JSON_OPAQUE:
		return print_opaque(p, r);
	default:
		return false;
	}
	return ok && !r.failed;
}

bool json_binary_text(const uint8_t *bytes, size_t length, struct buf *text)
{
	struct printer p = { .text = text, .budget = length };
	struct reader r = reader_over(bytes, length);
	unsigned type;
	bool ok;

	/* What UPDATE IGNORE and the like leave in a NOT NULL column; the server
	 * reads it as null (bugs.mysql.com 98496). */
	if (length == 0)
		return print_literal(&p, 0);
	type = reader_u8(&r);
	ok = print_value(&p, type, r);
	if (p.types.length > 0) {
		buf_putc(text, '\0');
		buf_add(text, p.types.data, p.types.length);
	}
	buf_release(&p.types);
	return ok;
}
