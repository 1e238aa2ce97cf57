/* Temporal values. The formats since MySQL 5.6 (types 17, 18, 19) are big-endian
 * bit fields with the fraction of the second behind, two digits to the byte; an
 * offset makes negative ones sort first (MySQL source, mysys/my_time.cc,
 * my_datetime_packed_from_binary and its neighbours).
 *
 * The older ones are decimal numbers like 20240131235959, or a count of seconds.
 * MariaDB with mysql56_temporal_format=OFF has its own for columns with a
 * fraction: all fields as one mixed-radix number of microseconds, cut to the
 * declared digits (MariaDB source, sql/field.cc, Field_time_hires and
 * Field_datetime_hires; sql/compat56.cc, sql-common/my_time.c, pack_time).
 *
 * Zero and impossible dates are printed as they are stored; fields that no date
 * has fail the reader. */
#include "temporal.h"

#include <time.h>

#define FRACTION_MAX 6
#define MICROS 1000000u
#define TIME_HOURS_MAX 838

struct fields {
	bool is_negative;
	unsigned year, month, day, hour, minute, second, micro;
};

static const unsigned powers[FRACTION_MAX + 1] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };

static void put_digits(struct buf *text, unsigned number, unsigned width)
{
	char digits[8];

	for (unsigned i = width; i > 0; i--) {
		digits[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
	buf_add(text, digits, width);
}

static void put_date(struct buf *text, const struct fields *f)
{
	put_digits(text, f->year, 4);
	buf_putc(text, '-');
	put_digits(text, f->month, 2);
	buf_putc(text, '-');
	put_digits(text, f->day, 2);
}

static void put_clock(struct buf *text, const struct fields *f, unsigned fraction)
{
	put_digits(text, f->hour, f->hour > 99 ? 3 : 2);
	buf_putc(text, ':');
	put_digits(text, f->minute, 2);
	buf_putc(text, ':');
	put_digits(text, f->second, 2);
	if (fraction == 0)
		return;
	buf_putc(text, '.');
	put_digits(text, f->micro / powers[FRACTION_MAX - fraction], fraction);
}

static bool is_valid_clock(const struct fields *f, unsigned hour_max)
{
	return f->hour <= hour_max && f->minute < 60 && f->second < 60 && f->micro < MICROS;
}

static bool is_valid_date(const struct fields *f)
{
	return f->year <= 9999 && f->month <= 12 && f->day <= 31;
}

static void put_date_checked(struct reader *r, const struct fields *f, struct buf *text)
{
	if (!is_valid_date(f))
		r->failed = true;
	if (!r->failed)
		put_date(text, f);
}

static void put_time_checked(struct reader *r, const struct fields *f, unsigned fraction,
			     struct buf *text)
{
	if (fraction > FRACTION_MAX || !is_valid_clock(f, TIME_HOURS_MAX))
		r->failed = true;
	if (r->failed)
		return;
	if (f->is_negative)
		buf_putc(text, '-');
	put_clock(text, f, fraction);
}

static void put_datetime_checked(struct reader *r, const struct fields *f, unsigned fraction,
				 struct buf *text)
{
	if (fraction > FRACTION_MAX || !is_valid_date(f) || !is_valid_clock(f, 23))
		r->failed = true;
	if (r->failed)
		return;
	put_date(text, f);
	buf_putc(text, ' ');
	put_clock(text, f, fraction);
}

static void put_epoch_checked(struct reader *r, uint32_t seconds, unsigned micro, unsigned fraction,
			      struct buf *text)
{
	struct fields f = { .micro = micro };
	time_t when = seconds;
	struct tm utc;

	/* Second 0 is no TIMESTAMP: it stands for the zero date. */
	if ((seconds || micro) && gmtime_r(&when, &utc)) {
		f.year = (unsigned)utc.tm_year + 1900;
		f.month = (unsigned)utc.tm_mon + 1;
		f.day = (unsigned)utc.tm_mday;
		f.hour = (unsigned)utc.tm_hour;
		f.minute = (unsigned)utc.tm_min;
		f.second = (unsigned)utc.tm_sec;
	}
	put_datetime_checked(r, &f, fraction, text);
}

/* hour, 6 bits of minutes, 6 of seconds. */
static void unpack_clock(uint64_t packed, struct fields *f)
{
	f->hour = (unsigned)(packed >> 12);
	f->minute = packed >> 6 & 0x3f;
	f->second = packed & 0x3f;
}

/* year * 13 + month, 5 bits of day, 17 of clock. */
static void unpack_datetime(uint64_t packed, struct fields *f)
{
	uint64_t months = packed >> 22;

	f->year = (unsigned)(months / 13);
	f->month = (unsigned)(months % 13);
	f->day = packed >> 17 & 0x1f;
	unpack_clock(packed & 0x1ffff, f);
}

/* A fraction of width bytes counts in units of 100 to the power of -width. */
static unsigned micros(uint64_t stored, unsigned width)
{
	return width > 3 ? MICROS : (unsigned)stored * powers[FRACTION_MAX - 2 * width];
}

static unsigned fraction_bytes(unsigned fraction)
{
	return (fraction + 1) / 2;
}

static uint64_t read_fraction(struct reader *r, unsigned width)
{
	return width ? reader_uint_be(r, width) : 0;
}

void temporal_read_year(struct reader *r, struct buf *text)
{
	unsigned year = reader_u8(r);

	put_digits(text, year ? 1900 + year : 0, 4);
}

/* 5 bits of day, 4 of month, 15 of year. */
void temporal_read_date(struct reader *r, struct buf *text)
{
	uint32_t packed = (uint32_t)reader_uint(r, 3);
	struct fields f = {
		.year = packed >> 9,
		.month = packed >> 5 & 0x0f,
		.day = packed & 0x1f,
	};

	put_date_checked(r, &f, text);
}

void temporal_read_time2(struct reader *r, unsigned fraction, struct buf *text)
{
	unsigned width = fraction_bytes(fraction);
	uint64_t packed = reader_uint_be(r, 3 + width);
	struct fields f = { .is_negative = false };
	uint64_t zero;

	if (r->failed || width > 3) {
		r->failed = true;
		return;
	}
	zero = UINT64_C(0x800000) << 8 * width;
	f.is_negative = packed < zero;
	packed = f.is_negative ? zero - packed : packed - zero;
	unpack_clock(packed >> 8 * width, &f);
	f.micro = micros(packed & ((UINT64_C(1) << 8 * width) - 1), width);
	put_time_checked(r, &f, fraction, text);
}

void temporal_read_datetime2(struct reader *r, unsigned fraction, struct buf *text)
{
	unsigned width = fraction_bytes(fraction);
	uint64_t packed = reader_uint_be(r, 5);
	struct fields f = { .micro = micros(read_fraction(r, width), width) };

	if (packed < UINT64_C(0x8000000000))
		r->failed = true; /* the sign bit: no date is negative */
	unpack_datetime(packed & UINT64_C(0x7fffffffff), &f);
	put_datetime_checked(r, &f, fraction, text);
}

void temporal_read_timestamp2(struct reader *r, unsigned fraction, struct buf *text)
{
	unsigned width = fraction_bytes(fraction);
	uint32_t seconds = (uint32_t)reader_uint_be(r, 4);

	put_epoch_checked(r, seconds, micros(read_fraction(r, width), width), fraction, text);
}

/* The mixed-radix number of MariaDB's old formats with a fraction. */
static void unpack_hires(uint64_t packed, unsigned fraction, struct fields *f)
{
	f->micro = (unsigned)(packed % powers[fraction]) * powers[FRACTION_MAX - fraction];
	packed /= powers[fraction];
	f->second = (unsigned)(packed % 60);
	f->minute = (unsigned)(packed / 60 % 60);
	f->hour = (unsigned)(packed / 3600 % 24);
	packed /= 86400;
	f->day = (unsigned)(packed % 32);
	f->month = (unsigned)(packed / 32 % 13);
	f->year = (unsigned)(packed / 416);
}

static void read_time_hires(struct reader *r, unsigned fraction, struct buf *text)
{
	static const uint8_t widths[FRACTION_MAX + 1] = { 3, 4, 4, 5, 5, 5, 6 };
	/* 839 hours are added, so that negative ones sort first. */
	uint64_t zero = UINT64_C(3020400000000) / powers[FRACTION_MAX - fraction];
	uint64_t packed = reader_uint_be(r, widths[fraction]);
	struct fields f;

	f.is_negative = packed < zero;
	unpack_hires(f.is_negative ? zero - packed : packed - zero, fraction, &f);
	f.hour += (f.day + (f.year * 13 + f.month) * 32) * 24;
	put_time_checked(r, &f, fraction, text);
}

/* hhmmss as a signed decimal number. */
void temporal_read_time(struct reader *r, unsigned fraction, struct buf *text)
{
	struct fields f = { .is_negative = false };
	uint32_t number;

	if (fraction > FRACTION_MAX) {
		r->failed = true;
	} else if (fraction > 0) {
		read_time_hires(r, fraction, text);
	} else {
		number = (uint32_t)reader_uint(r, 3);
		f.is_negative = number & 0x800000;
		if (f.is_negative)
			number = 0x1000000 - number;
		f.hour = number / 10000;
		f.minute = number / 100 % 100;
		f.second = number % 100;
		put_time_checked(r, &f, 0, text);
	}
}

/* YYYYMMDDhhmmss as a decimal number. */
static void unpack_decimal_datetime(uint64_t number, struct fields *f)
{
	unsigned clock = (unsigned)(number % 1000000);
	uint64_t date = number / 1000000;

	f->year = date / 10000 > 9999 ? 10000 : (unsigned)(date / 10000);
	f->month = (unsigned)(date / 100 % 100);
	f->day = (unsigned)(date % 100);
	f->hour = clock / 10000;
	f->minute = clock / 100 % 100;
	f->second = clock % 100;
}

void temporal_read_datetime(struct reader *r, unsigned fraction, struct buf *text)
{
	static const uint8_t widths[FRACTION_MAX + 1] = { 8, 6, 6, 7, 7, 7, 8 };
	struct fields f = { .is_negative = false };

	if (fraction > FRACTION_MAX)
		r->failed = true;
	else if (fraction > 0)
		unpack_hires(reader_uint_be(r, widths[fraction]), fraction, &f);
	else
		unpack_decimal_datetime(reader_u64(r), &f);
	put_datetime_checked(r, &f, fraction, text);
}

void temporal_read_timestamp(struct reader *r, unsigned fraction, struct buf *text)
{
	uint64_t part;

	if (fraction > FRACTION_MAX) {
		r->failed = true;
	} else if (fraction > 0) {
		uint32_t seconds = (uint32_t)reader_uint_be(r, 4);

		part = reader_uint_be(r, fraction_bytes(fraction));
		put_epoch_checked(r, seconds,
				  part < powers[fraction] ?
					  (unsigned)part * powers[FRACTION_MAX - fraction] :
					  MICROS,
				  fraction, text);
	} else {
		put_epoch_checked(r, reader_u32(r), 0, 0, text);
	}
}

/* 24 bits of microseconds below the bit field; negative as two's complement. */
static uint64_t read_packed(struct reader *r, struct fields *f)
{
	uint64_t packed = reader_u64(r);

	f->is_negative = packed >> 63;
	if (f->is_negative)
		packed = 0 - packed;
	f->micro = packed & 0xffffff;
	return packed >> 24;
}

void temporal_read_packed_time(struct reader *r, struct buf *text)
{
	struct fields f = { .is_negative = false };

	unpack_clock(read_packed(r, &f), &f);
	put_time_checked(r, &f, FRACTION_MAX, text);
}

static void read_packed_datetime(struct reader *r, struct fields *f)
{
	uint64_t packed = read_packed(r, f);

	if (f->is_negative || packed >> 40)
		r->failed = true;
	unpack_datetime(packed, f);
}

void temporal_read_packed_date(struct reader *r, struct buf *text)
{
	struct fields f = { .is_negative = false };

	read_packed_datetime(r, &f);
	put_date_checked(r, &f, text);
}

void temporal_read_packed_datetime(struct reader *r, struct buf *text)
{
	struct fields f = { .is_negative = false };

	read_packed_datetime(r, &f);
	put_datetime_checked(r, &f, FRACTION_MAX, text);
}
