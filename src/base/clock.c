/* Clocks, and durations in the notation of Go's time package, which is what
 * people have in their configuration files. */
#include "base/clock.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define LARGEST_MAGNITUDE ((uint64_t)1 << 63)

int64_t clock_us(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at); /* cannot fail for the clocks used here */
	return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t clock_thread_us(void)
{
	struct timespec at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

int64_t clock_boot_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_BOOTTIME, &at);
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

double clock_wall(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
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

static uint64_t parse_unit(const char **text)
{
	/* Longer names first; both Unicode spellings of micro, as Go has them. */
	static const struct {
		const char *name;
		uint64_t nanoseconds;
	} units[] = {
		{ "ns", 1 },	       { "us", 1000 },	       { "\xc2\xb5s", 1000 },
		{ "\xce\xbcs", 1000 }, { "ms", 1000000 },      { "s", 1000000000 },
		{ "m", 60000000000 },  { "h", 3600000000000 },
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

/* One "1.5s" at *text, added to *total. The arithmetic of the fraction is Go's, so that the
 * same text gives the same nanoseconds; digits that overflow change nothing. */
static bool parse_part(const char **text, uint64_t *total)
{
	uint64_t whole = 0, fraction = 0, unit, part;
	bool digits = false;
	double scale = 1;

	for (; **text >= '0' && **text <= '9'; ++*text) {
		uint64_t digit = (uint64_t)(**text - '0');

		if (whole > (LARGEST_MAGNITUDE - digit) / 10)
			return false;
		whole = whole * 10 + digit;
		digits = true;
	}
	if (**text == '.') {
		bool full = false;

		for (++*text; **text >= '0' && **text <= '9'; ++*text) {
			digits = true;
			full = full || fraction > (uint64_t)INT64_MAX / 10;
			if (full)
				continue;
			fraction = fraction * 10 + (uint64_t)(**text - '0');
			scale *= 10;
		}
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
