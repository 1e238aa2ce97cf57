/* temporal: vectors from the binlogs of MySQL 9.7 and, for the formats before MySQL
 * 5.6, of MariaDB 10.11 with mysql56_temporal_format=OFF. */
#include "../../../src/decode/temporal.h"

#include "../hex.h"

typedef void read_fraction(struct reader *r, unsigned fraction, struct buf *text);

static void read_date(struct reader *r, unsigned fraction UNUSED, struct buf *text)
{
	temporal_read_date(r, text);
}

static void read_year(struct reader *r, unsigned fraction UNUSED, struct buf *text)
{
	temporal_read_year(r, text);
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
	read_fraction *read;
	unsigned fraction;
	const char *hex, *want;
} cases[] = {
	{ read_year, 0, "00", "0000" },
	{ read_year, 0, "01", "1901" },
	{ read_year, 0, "7c", "2024" },
	{ read_year, 0, "ff", "2155" },
	{ read_date, 0, "5dd00f", "2024-02-29" },
	{ read_date, 0, "000000", "0000-00-00" },
	{ read_date, 0, "5fce0f", "2023-02-31" },
	{ temporal_read_time2, 0, "b46efb", "838:59:59" },
	{ temporal_read_time2, 0, "800000", "00:00:00" },
	{ temporal_read_time2, 0, "7f3748", "-12:34:56" },
	{ temporal_read_time2, 1, "7f3747f6", "-12:34:56.1" },
	{ temporal_read_time2, 2, "7f3747f4", "-12:34:56.12" },
	{ temporal_read_time2, 3, "7f3747fb32", "-12:34:56.123" },
	{ temporal_read_time2, 4, "7f3747fb2e", "-12:34:56.1234" },
	{ temporal_read_time2, 5, "7f3747fe1dc6", "-12:34:56.12345" },
	{ temporal_read_time2, 6, "7f3747fe1dc0", "-12:34:56.123456" },
	{ temporal_read_time2, 6, "4b9105000000", "-838:59:59.000000" },
	{ temporal_read_time2, 2, "7fffffff", "-00:00:00.01" },
	{ temporal_read_datetime2, 0, "8000000000", "0000-00-00 00:00:00" },
	{ temporal_read_datetime2, 2, "99af7f7efb63", "2023-02-31 23:59:59.99" },
	{ temporal_read_datetime2, 0, "99b2ba1083", "2024-02-29 01:02:03" },
	{ temporal_read_datetime2, 1, "99b2ba10830a", "2024-02-29 01:02:03.1" },
	{ temporal_read_datetime2, 3, "99b2ba108304ce", "2024-02-29 01:02:03.123" },
	{ temporal_read_datetime2, 5, "99b2ba108301e23a", "2024-02-29 01:02:03.12345" },
	{ temporal_read_datetime2, 6, "99b2ba108301e240", "2024-02-29 01:02:03.123456" },
	{ temporal_read_timestamp2, 0, "00000000", "0000-00-00 00:00:00" },
	{ temporal_read_timestamp2, 4, "000000000000", "0000-00-00 00:00:00.0000" },
	{ temporal_read_timestamp2, 0, "00000001", "1970-01-01 00:00:01" },
	{ temporal_read_timestamp2, 0, "7fffffff", "2038-01-19 03:14:07" },
	{ temporal_read_timestamp2, 0, "ffffffff", "2106-02-07 06:28:15" },
	{ temporal_read_timestamp2, 0, "65dfd78b", "2024-02-29 01:02:03" },
	{ temporal_read_timestamp2, 2, "65dfd78b0c", "2024-02-29 01:02:03.12" },
	{ temporal_read_timestamp2, 4, "65dfd78b04d2", "2024-02-29 01:02:03.1234" },
	{ temporal_read_timestamp2, 6, "65dfd78b01e240", "2024-02-29 01:02:03.123456" },
	{ temporal_read_time, 0, "c01dfe", "-12:34:56" },
	{ temporal_read_time, 1, "01c5f6ff", "-12:34:56.1" },
	{ temporal_read_time, 2, "11bba5f4", "-12:34:56.12" },
	{ temporal_read_time, 3, "00b1547b85", "-12:34:56.123" },
	{ temporal_read_time, 4, "06ed4cd32e", "-12:34:56.1234" },
	{ temporal_read_time, 5, "4545003fc7", "-12:34:56.12345" },
	{ temporal_read_time, 6, "02b4b2027dc0", "-12:34:56.123456" },
	{ temporal_read_datetime, 0, "1b0ba98b68120000", "2024-02-29 01:02:03" },
	{ temporal_read_datetime, 1, "00a965a1a46f", "2024-02-29 01:02:03.1" },
	{ temporal_read_datetime, 2, "069df8506c58", "2024-02-29 01:02:03.12" },
	{ temporal_read_datetime, 3, "00422bb3243b73", "2024-02-29 01:02:03.123" },
	{ temporal_read_datetime, 4, "0295b4ff6a5282", "2024-02-29 01:02:03.1234" },
	{ temporal_read_datetime, 5, "19d911fa273919", "2024-02-29 01:02:03.12345" },
	{ temporal_read_datetime, 6, "01027ab3c5883b00", "2024-02-29 01:02:03.123456" },
	{ temporal_read_timestamp, 0, "8bd7df65", "2024-02-29 01:02:03" },
	{ temporal_read_timestamp, 1, "65dfd78b01", "2024-02-29 01:02:03.1" },
	{ temporal_read_timestamp, 2, "65dfd78b0c", "2024-02-29 01:02:03.12" },
	{ temporal_read_timestamp, 3, "65dfd78b007b", "2024-02-29 01:02:03.123" },
	{ temporal_read_timestamp, 4, "65dfd78b04d2", "2024-02-29 01:02:03.1234" },
	{ temporal_read_timestamp, 5, "65dfd78b003039", "2024-02-29 01:02:03.12345" },
	{ temporal_read_timestamp, 6, "65dfd78b01e240", "2024-02-29 01:02:03.123456" },
	{ read_date, 0, "9f1f4e", "9999-12-31" },
	{ temporal_read_time2, 0, "863efb", "99:59:59" },
	{ temporal_read_time2, 0, "864000", "100:00:00" },
	{ temporal_read_datetime2, 0, "fef3ff7efb", "9999-12-31 23:59:59" },
	{ temporal_read_time, 0, "000000", "00:00:00" },
	{ temporal_read_time, 0, "41e201", "12:34:57" },
	{ temporal_read_time, 0, "c0d401", "12:00:00" },
	{ temporal_read_time, 0, "a7f57f", "838:59:59" },
	{ temporal_read_time, 0, "590a80", "-838:59:59" },
	{ temporal_read_time, 1, "01cce060", "00:00:00.0" },
	{ temporal_read_time, 1, "01d3c9c1", "12:34:56.1" },
	{ temporal_read_time, 2, "128499c0", "24:00:00.00" },
	{ temporal_read_time, 1, "037233c0", "767:00:00.0" },
	{ temporal_read_time, 1, "0372c060", "768:00:00.0" }, /* 32 days: the next month */
	{ temporal_read_time, 1, "0399c0bf", "838:59:59.9" },
	{ temporal_read_time, 1, "00000001", "-838:59:59.9" },
	{ temporal_read_time, 6, "057e7bbcf7ff", "838:59:59.999999" },
	{ temporal_read_datetime, 0, "0000000000000000", "0000-00-00 00:00:00" },
	{ temporal_read_datetime, 0, "7787d105f15a0000", "9999-12-31 23:59:59" },
	{ temporal_read_datetime, 0, "00a0027e68120000", "2024-00-00 00:00:00" },
	{ temporal_read_datetime, 0, "80d00a8468120000", "2024-01-01 20:00:00" },
	{ temporal_read_timestamp, 0, "00000000", "0000-00-00 00:00:00" },
	{ temporal_read_timestamp, 2, "0000000000", "0000-00-00 00:00:00.00" },
	{ temporal_read_timestamp, 2, "0000000001", "1970-01-01 00:00:00.01" },
	{ read_packed_time, 0, "3f420ffb6e340000", "838:59:59.999999" },
	{ read_packed_datetime, 0, "3f420ffb7efff37e", "9999-12-31 23:59:59.999999" },
	{ read_packed_date, 0, "00000000 00bab219", "2024-02-29" },
	{ read_packed_time, 0, "e05ef84737ffffff", "-12:34:56.500000" },
	{ read_packed_datetime, 0, "40f5068310bab219", "2024-02-29 01:02:03.456000" },
};

TEST(vectors)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes b = bytes_of_hex(cases[i].hex);
		struct reader r = reader_over(b.at, b.length);
		struct buf text = BUF_INIT;

		cases[i].read(&r, cases[i].fraction, &text);
		assert_string_equal(buf_text(&text), cases[i].want);
		assert_false(r.failed);
		buf_release(&text);
		free(b.at);
	}
}

TEST(rejects_every_truncation)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes whole = bytes_of_hex(cases[i].hex);

		for (size_t n = 0; n < whole.length; n++) {
			struct bytes b = bytes_copy(whole.at, n);
			struct reader r = reader_over(b.at, n);
			struct buf text = BUF_INIT;

			cases[i].read(&r, cases[i].fraction, &text);
			assert_true(r.failed);
			buf_release(&text);
			free(b.at);
		}
		free(whole.at);
	}
}

TEST(rejects_fields_that_no_date_has)
{
	static const struct {
		read_fraction *read;
		unsigned fraction;
		const char *hex;
	} bad[] = {
		{ read_date, 0, "a0d10f" },			    /* month 13 */
		{ read_date, 0, "ffffff" },			    /* year 32767 */
		{ temporal_read_time2, 0, "80003c" },		    /* second 60 */
		{ temporal_read_time2, 0, "800f00" },		    /* minute 60 */
		{ temporal_read_time2, 0, "b47000" },		    /* hour 839 */
		{ temporal_read_time2, 2, "80000064" },		    /* 100 hundredths */
		{ temporal_read_time2, 7, "8000000000000000" },	    /* no such fraction */
		{ temporal_read_datetime2, 0, "19b2ba1083" },	    /* negative */
		{ temporal_read_datetime2, 0, "99b2bb8083" },	    /* hour 24 */
		{ temporal_read_datetime2, 0, "ffffffffff" },	    /* year 10082 */
		{ temporal_read_datetime2, 6, "99b2ba10830f4240" }, /* 1000000 microseconds */
		{ temporal_read_datetime2, 7, "99b2ba108300000000" },
		{ temporal_read_timestamp2, 2, "65dfd78b64" },
		{ temporal_read_timestamp2, 9, "65dfd78b6400000000" },
		{ read_date, 0, "9f214e" }, /* year 10000 */
		{ temporal_read_datetime2, 0, "fef4420000" },
		{ temporal_read_datetime, 0, "00407a10f35a0000" },
		{ temporal_read_time, 1, "0399c0c0" }, /* hour 839 */
		{ temporal_read_time, 0, "ffff7f" },
		{ temporal_read_time, 7, "ffff7fffffffffff" },
		{ temporal_read_datetime, 0, "ffffffffffffffff" },
		{ temporal_read_datetime, 6, "ffffffffffffffff" },
		{ temporal_read_timestamp, 1, "65dfd78b0a" },
		{ temporal_read_timestamp, 7, "65dfd78b0000000000" },
		{ read_packed_time, 0, "0000000000000080" },
		{ read_packed_datetime, 0, "ffffffffffffffff" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct bytes b = bytes_of_hex(bad[i].hex);
		struct reader r = reader_over(b.at, b.length);
		struct buf text = BUF_INIT;

		bad[i].read(&r, bad[i].fraction, &text);
		assert_true(r.failed);
		buf_release(&text);
		free(b.at);
	}
}

TEST_MAIN(cmocka_unit_test(vectors), cmocka_unit_test(rejects_every_truncation),
	  cmocka_unit_test(rejects_fields_that_no_date_has))
