/* The shortest decimal text of a double, laid out as the servers' my_gcvt()
 * (MySQL and MariaDB source, strings/dtoa.c): plain while the point falls within
 * 15 digits to either side, else with an exponent that has neither plus sign nor
 * leading zeros.
 *
 * printf gives the nearest number of n digits, and 17 always suffice. If 15 do,
 * the zeros at their end are cut off. Where a power of two halves the distance to
 * the next smaller double, the nearest of 16 digits may miss while its neighbour
 * above still hits: it is tried as well. */
#include "double_text.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS_MAX 17
#define POINT_MIN (-14)
#define POINT_MAX 15

/* 0.DIGITS times ten to the power of point. */
struct decimal_digits {
	char digits[DIGITS_MAX + 1];
	unsigned count;
	int point;
};

static bool is_same(const char *text, double number)
{
	double back = strtod(text, NULL);

	return memcmp(&back, &number, sizeof(back)) == 0;
}

/* The next number of as many digits, unless a carry would run through them all. */
static bool next_up(char *text)
{
	char *last = strchr(text, 'e') - 1;

	while (*last == '9')
		*last-- = '0';
	if (*last == '.')
		return false;
	++*last;
	return true;
}

static bool fits(double number, unsigned count, struct decimal_digits *d)
{
	char text[40]; /* "d.ddddde-308" */

	snprintf(text, sizeof(text), "%.*e", (int)count - 1, number);
	if (!is_same(text, number) && (count == 1 || !next_up(text) || !is_same(text, number)))
		return false;
	d->digits[0] = text[0];
	for (unsigned i = 1; i < count; i++)
		d->digits[i] = text[i + 1];
	d->point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
	while (count > 1 && d->digits[count - 1] == '0')
		count--;
	d->digits[count] = '\0';
	d->count = count;
	return true;
}

static void shortest(double number, struct decimal_digits *d)
{
	/* Denormals have fewer than 15 good digits. */
	unsigned count = number < DBL_MIN ? 1 : DBL_DIG;

	while (!fits(number, count, d)) {
		count++;
		assert(count <= DIGITS_MAX);
	}
}

static void put_plain(const struct decimal_digits *d, struct buf *text)
{
	int whole = d->point > 0 ? d->point : 0;

	if (whole == 0)
		buf_putc(text, '0');
	for (int i = 0; i < whole; i++)
		buf_putc(text, i < (int)d->count ? d->digits[i] : '0');
	if ((int)d->count <= whole)
		return;
	buf_putc(text, '.');
	for (int i = d->point; i < 0; i++)
		buf_putc(text, '0');
	buf_add(text, d->digits + whole, d->count - (unsigned)whole);
}

static void put_exponent(const struct decimal_digits *d, struct buf *text)
{
	buf_putc(text, d->digits[0]);
	if (d->count > 1) {
		buf_putc(text, '.');
		buf_add(text, d->digits + 1, d->count - 1);
	}
	buf_putc(text, 'e');
	buf_put_i64(text, d->point - 1);
}

bool double_text(double number, struct buf *text)
{
	struct decimal_digits d;

	if (!isfinite(number))
		return false;
	if (signbit(number))
		buf_putc(text, '-');
	if (fpclassify(number) == FP_ZERO) {
		buf_putc(text, '0');
		return true;
	}
	shortest(fabs(number), &d);
	/* Sixteen digits before the point are still plain when one follows it. */
	if (d.point >= POINT_MIN && (d.point <= POINT_MAX || (int)d.count > d.point))
		put_plain(&d, text);
	else
		put_exponent(&d, text);
	return true;
}
