/* DECIMAL as it is stored: groups of nine digits in four big-endian bytes, the
 * digits left over at either end in as few bytes as hold them. The first bit is
 * flipped; in negative numbers all bits are (MySQL and MariaDB source,
 * strings/decimal.c, decimal2bin). */
#include "decimal.h"

#define GROUP_DIGITS 9
#define PRECISION_MAX 81 /* nine groups, what a decimal_t of the servers holds */
#define BYTES_MAX 44	 /* of that, with incomplete groups at both ends */

static const unsigned bytes_of_digits[GROUP_DIGITS + 1] = { 0, 1, 1, 2, 2, 3, 3, 4, 4, 4 };
static const uint32_t powers[GROUP_DIGITS + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

static unsigned packed_size(unsigned digits)
{
	return digits / GROUP_DIGITS * 4 + bytes_of_digits[digits % GROUP_DIGITS];
}

/* Appends one group with its leading zeros. */
static void read_group(struct reader *r, unsigned digits, struct buf *text)
{
	uint32_t number = (uint32_t)reader_uint_be(r, bytes_of_digits[digits]);
	char group[GROUP_DIGITS];

	if (number >= powers[digits])
		r->failed = true;
	for (unsigned i = digits; i > 0; i--) {
		group[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
	buf_add(text, group, digits);
}

/* The incomplete group is the leftmost of the integer part. */
static void read_integer(struct reader *r, unsigned digits, struct buf *text)
{
	size_t start = text->length;
	size_t zeros = 0;

	if (digits % GROUP_DIGITS)
		read_group(r, digits % GROUP_DIGITS, text);
	for (unsigned i = 0; i < digits / GROUP_DIGITS; i++)
		read_group(r, GROUP_DIGITS, text);
	while (zeros < digits && text->data[start + zeros] == '0')
		zeros++;
	if (zeros == digits) {
		buf_truncate(text, start);
		buf_putc(text, '0');
	} else if (zeros) {
		memmove(text->data + start, text->data + start + zeros, digits - zeros);
		buf_truncate(text, start + digits - zeros);
	}
}

/* And the rightmost of the fraction. */
static void read_fraction(struct reader *r, unsigned digits, struct buf *text)
{
	if (digits == 0)
		return;
	buf_putc(text, '.');
	for (unsigned i = 0; i < digits / GROUP_DIGITS; i++)
		read_group(r, GROUP_DIGITS, text);
	if (digits % GROUP_DIGITS)
		read_group(r, digits % GROUP_DIGITS, text);
}

void decimal_read(struct reader *r, unsigned precision, unsigned scale, struct buf *text)
{
	uint8_t plain[BYTES_MAX] = { 0 };
	const uint8_t *stored;
	struct reader digits;
	size_t size;
	bool is_negative;

	if (precision == 0 || precision > PRECISION_MAX || scale > precision) {
		r->failed = true;
		return;
	}
	size = packed_size(precision - scale) + packed_size(scale);
	stored = reader_bytes(r, size);
	if (!stored)
		return;
	is_negative = !(stored[0] & 0x80);
	for (size_t i = 0; i < size; i++)
		plain[i] = (uint8_t)(stored[i] ^ (is_negative ? 0xff : 0));
	plain[0] ^= 0x80;
	if (is_negative)
		buf_putc(text, '-');
	digits = reader_over(plain, size);
	read_integer(&digits, precision - scale, text);
	read_fraction(&digits, scale, text);
	r->failed |= digits.failed;
}
