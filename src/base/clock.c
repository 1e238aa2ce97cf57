/* Clocks, and durations in the notation of Go's time package, which is what
 * people have in their configuration files. */
#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#define LARGEST_MAGNITUDE ((uint64_t)1 << 63)

static struct timespec now(clockid_t which)
{
	struct timespec at;

	clock_gettime(which, &at); /* cannot fail for the clocks used here */
	return at;
}

int64_t clock_us(void)
{
	struct timespec at = now(CLOCK_MONOTONIC);

	return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t clock_boot_ms(void)
{
	struct timespec at = now(CLOCK_BOOTTIME);

	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

double clock_wall(void)
{
	struct timespec at = now(CLOCK_REALTIME);

	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

void clock_rfc3339(double wall_seconds, char text[CLOCK_RFC3339_SIZE])
{
	time_t seconds = (time_t)floor(wall_seconds);
	struct tm parts = { 0 };

	if (!gmtime_r(&seconds, &parts) ||
	    strftime(text, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		text[0] = '\0';
}

void clock_sleep_ms(int64_t milliseconds)
{
	struct timespec until = now(CLOCK_MONOTONIC);

	if (milliseconds <= 0)
		return;
	until.tv_sec += milliseconds / 1000;
	until.tv_nsec += milliseconds % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at *text; advances it. False on overflow. */
static bool parse_whole(const char **text, uint64_t *number)
{
	*number = 0;
	for (; is_digit(**text); ++*text) {
		uint64_t digit = (uint64_t)(**text - '0');

		if (*number > (LARGEST_MAGNITUDE - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return true;
}

/* Digits after the point as number / scale; those that overflow change nothing.
 * The arithmetic is Go's, so that the same text gives the same nanoseconds. */
static void parse_fraction(const char **text, uint64_t *number, double *scale)
{
	bool full = false;

	*number = 0;
	*scale = 1;
	for (; is_digit(**text); ++*text) {
		full = full || *number > (uint64_t)INT64_MAX / 10;
		if (full)
			continue;
		*number = *number * 10 + (uint64_t)(**text - '0');
		*scale *= 10;
	}
}

static uint64_t parse_unit(const char **text)
{
	/* Longer names first; both Unicode spellings of micro, as Go has them. */
	static const struct {
		const char *name;
		uint64_t nanoseconds;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "\xc2\xb5s", 1000 },
		{ "\xce\xbcs", 1000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", 60000000000 },
		{ "h", 3600000000000 },
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(*text, units[i].name, length) == 0) {
			*text += length;
			return units[i].nanoseconds;
		}
	}
	return 0;
}

/* One "1.5s" at *text, added to *total. */
static bool parse_part(const char **text, uint64_t *total)
{
	const char *start = *text;
	uint64_t whole, fraction = 0, unit, part;
	double scale = 1;
	bool digits;

	if (!parse_whole(text, &whole))
		return false;
	digits = *text > start;
	if (**text == '.') {
		const char *point = ++*text;

		parse_fraction(text, &fraction, &scale);
		digits = digits || *text > point;
	}
	if (!digits)
		return false;
	unit = parse_unit(text);
	if (unit == 0 || whole > LARGEST_MAGNITUDE / unit)
		return false;
	part = whole * unit + (uint64_t)((double)fraction * ((double)unit / scale));
	if (part > LARGEST_MAGNITUDE || *total > LARGEST_MAGNITUDE - part)
		return false;
	*total += part;
	return true;
}

bool clock_parse_duration(const char *text, int64_t *nanoseconds)
{
	bool negative = *text == '-';
	uint64_t total = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (*text == '\0')
		return false;
	if (strcmp(text, "0") != 0)
		while (*text != '\0')
			if (!parse_part(&text, &total))
				return false;
	if (total == LARGEST_MAGNITUDE) {
		*nanoseconds = INT64_MIN;
		return negative;
	}
	*nanoseconds = negative ? -(int64_t)total : (int64_t)total;
	return true;
}
