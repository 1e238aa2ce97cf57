/* A number begins with its sign and the count of its digits before the point, so that the bytes
 * behind compare like the digits they are; those of a negative one are inverted. Dates and times
 * sort as numbers by that rule, by their leading digits. */
#include "plan/key_order.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 0x7f
#define DOUBLE_TEXT_MAX 64

static void put_number(struct buf *out, struct value value)
{
	const char *at = value.bytes, *end = value.bytes + value.length;
	bool is_negative = at < end && *at == '-';
	unsigned digits = 0;

	at += is_negative;
	while (at < end && *at == '0')
		at++;
	while (at + digits < end && digits < DIGITS_MAX && at[digits] >= '0' && at[digits] <= '9')
		digits++;
	buf_putc(out, (char)(is_negative ? 0x7f - digits : 0x80 + digits));
	for (; at < end; at++)
		buf_putc(out, (char)(is_negative ? ~*at : *at));
	buf_putc(out, (char)(is_negative ? 0xff : 0));
}

static void put_double(struct buf *out, struct value value)
{
	char text[DOUBLE_TEXT_MAX] = "";
	uint64_t bits;

	memcpy(text, value.bytes, value.length < sizeof(text) ? value.length : sizeof(text) - 1);

	double number = strtod(text, NULL);

	memcpy(&bits, &number, sizeof(bits));
	bits = bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
	for (int shift = 56; shift >= 0; shift -= 8)
		buf_putc(out, (char)(bits >> shift & 0xff));
}

static void put_text(struct buf *out, const struct column *column, struct value value)
{
	size_t length = strlen(column->collation);
	bool folds = length > 4 && strcmp(column->collation + length - 4, "_bin") != 0;

	for (size_t i = 0; i < value.length; i++) {
		char c = value.bytes[i];

		buf_putc(out, folds && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
	buf_putc(out, '\0');
}

static void put_part(struct buf *out, const struct column *column, struct value value)
{
	switch (column->type) {
	case COLUMN_TINYINT:
	case COLUMN_SMALLINT:
	case COLUMN_MEDIUMINT:
	case COLUMN_INT:
	case COLUMN_BIGINT:
	case COLUMN_DECIMAL:
	case COLUMN_YEAR:
	case COLUMN_DATE:
	case COLUMN_TIME:
	case COLUMN_DATETIME:
	case COLUMN_TIMESTAMP:
	case COLUMN_ENUM:
	case COLUMN_SET:
		put_number(out, value);
		break;
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE:
		put_double(out, value);
		break;
	default:
		put_text(out, column, value);
		break;
	}
}

void key_order_put(struct buf *out, const struct key_columns *columns, const struct value *values)
{
	for (unsigned i = 0; i < columns->count; i++) {
		size_t start = out->length;

		put_part(out, &columns->table->columns[columns->columns[i]], values[i]);
		for (size_t at = start; columns->descending[i] && at < out->length; at++)
			out->data[at] = (char)~out->data[at];
	}
}

int key_order_compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t both = a_length < b_length ? a_length : b_length;
	int order = both ? memcmp(a, b, both) : 0;

	return order ? order : (a_length > b_length) - (a_length < b_length);
}
