/* One temporal value of each format: the first byte says which, the second how many
 * digits of a second. What is printed has the length and the marks of its kind. */
#include <assert.h>
#include <string.h>

#include "../../src/decode/temporal.h"
#include "base/attr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_year(struct reader *r, unsigned fraction UNUSED, struct buf *text)
{
	temporal_read_year(r, text);
}

static void read_date(struct reader *r, unsigned fraction UNUSED, struct buf *text)
{
	temporal_read_date(r, text);
}

static void read_packed_date(struct reader *r, unsigned fraction UNUSED, struct buf *text)
{
	temporal_read_packed_date(r, text);
}

static void read_packed_time(struct reader *r, unsigned fraction UNUSED, struct buf *text)
{
	temporal_read_packed_time(r, text);
}

static void read_packed_datetime(struct reader *r, unsigned fraction UNUSED, struct buf *text)
{
	temporal_read_packed_datetime(r, text);
}

static const struct {
	void (*read)(struct reader *r, unsigned fraction, struct buf *text);
	const char *form; /* 0: a digit; of a TIME, what is behind its hours */
	int fraction;	  /* -1: as declared */
} formats[] = {
	{ read_year, "0000", 0 },
	{ read_date, "0000-00-00", 0 },
	{ temporal_read_time2, ":00:00", -1 },
	{ temporal_read_datetime2, "0000-00-00 00:00:00", -1 },
	{ temporal_read_timestamp2, "0000-00-00 00:00:00", -1 },
	{ temporal_read_time, ":00:00", -1 },
	{ temporal_read_datetime, "0000-00-00 00:00:00", -1 },
	{ temporal_read_timestamp, "0000-00-00 00:00:00", -1 },
	{ read_packed_date, "0000-00-00", 0 },
	{ read_packed_time, ":00:00", 6 },
	{ read_packed_datetime, "0000-00-00 00:00:00", 6 },
};

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

static void check_text(const char *text, const char *form, unsigned fraction)
{
	if (*form == ':') {
		text += *text == '-';
		assert(digits(text) == 2 || digits(text) == 3);
		text += digits(text);
	}
	for (; *form; form++, text++)
		assert(*form == '0' ? digits(text) > 0 : *text == *form);
	if (fraction > 0)
		assert(*text++ == '.');
	assert(digits(text) == fraction && text[fraction] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over(data, size);
	unsigned which = reader_u8(&r) % ARRAY_LEN(formats);
	unsigned fraction = reader_u8(&r);
	struct buf text = BUF_INIT;

	formats[which].read(&r, fraction, &text);
	if (!r.failed)
		check_text(buf_text(&text), formats[which].form,
			   formats[which].fraction < 0 ? fraction :
							 (unsigned)formats[which].fraction);
	buf_release(&text);
	return 0;
}
