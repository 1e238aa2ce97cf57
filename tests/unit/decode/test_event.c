/* event: events of MySQL 9.7 and MariaDB 10.11 as they were sent, whole, damaged and
 * cut off. */
#include "decode/event.h"

#include <zlib.h>

#include "base/buf.h"
#include "../hex.h"

static const char mysql_format[] =
	"2389036b0f010000007b0000000000000000000400392e372e342d320000000000000000000000000000"
	"00000000000000000000000000000000000000000000000000000000000000000013000d000800000000"
	"0400040000006300041a08000000000000020000000a0a0a2a2a001234000a28000001f9dd73ed";
static const char mysql_format_no_checksums[] =
	"f091036b0f010000007b0000000000000000000400392e372e342d320000000000000000000000000000"
	"00000000000000000000000000000000000000000000000000000000000000000013000d000800000000"
	"0400040000006300041a08000000000000020000000a0a0a2a2a001234000a280000008444203d";
static const char mariadb_format[] =
	"2089036b0f01000000fc000000000000000000040031302e31312e31392d4d6172696144422d302b6465"
	"62313275312d6c6f6700000000000000000000000000000000000000000000000013380d000800120004"
	"040404120000e400041a08000000080808020000000a0a0a0000000000000a0a0a000000000000000000"
	"000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	"000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000041304000d0808080a0a0a019c62013a";
static const char mysql_rotate[] =
	"0000000004010000002c000000000000002000f62c97010000000062696e6c6f672e303030303031e287"
	"8575";
static const char mysql_heartbeat[] =
	"0000000029010000002c0000003a0300000000010d62696e6c6f672e3030303030330203fc3a0300deca"
	"040f";
static const char mariadb_heartbeat[] =
	"000000001b01000000270000009a03000000006d617269612d62696e2e30303030303397191a3b";
static const char mysql_query[] =
	"f091036b02010000004f000000942d970108002e0000000000000000000025000000000000012000a045"
	"0000000006037374640421002100ff0005062b30303a303012ff0000424547494ea1c3eea8";
static const char mysql_analyze[] =
	"f091036b0201000000530000002332970100002e000000000000000000001d000000000000012000a045"
	"0000000006037374640421002100ff0012ff0000616e616c797a65207461626c6520762e74377ef374";
static const char mariadb_query[] =
	"f091036b020100000050000000b1575c0200002e000000000000000000001a0000000000010100002054"
	"0000000006037374640421002100080000616e616c797a65207461626c6520762e7452f7e65d";
static const char mariadb_gtid[] =
	"f091036ba2010000002a000000be515c020800d610000000000000000000000c000000000000e0775389";

static const char *const samples[] = {
	mysql_format,	 mysql_format_no_checksums,
	mariadb_format,	 mysql_rotate,
	mysql_heartbeat, mysql_query,
	mysql_analyze,	 mariadb_query,
	mariadb_gtid,	 mariadb_heartbeat,
};

/* Splits the event; the bytes stay the caller's to free. */
static struct bytes parse(const char *hex, bool has_checksum, struct binlog_event *event)
{
	struct bytes b = bytes_of_hex(hex);
	struct binlog_format format;
	struct error err = ERROR_INIT;

	binlog_format_init(&format);
	format.has_checksum = has_checksum;
	if (!binlog_event_parse(b.at, b.length, &format, event, &err))
		fail_msg("%s", err.text);
	return b;
}

/* Reads the body with the parser of its type. */
static bool parse_body(struct binlog_event *event, struct error *err)
{
	struct binlog_format format;
	struct binlog_rotate rotate;
	struct binlog_heartbeat heartbeat;
	struct binlog_query query;
	struct binlog_mariadb_gtid gtid;

	binlog_format_init(&format);
	switch (event->type) {
	case EVENT_FORMAT_DESCRIPTION:
		return binlog_format_parse(event, &format, err);
	case EVENT_ROTATE:
		return binlog_rotate_parse(event, &rotate, err);
	case EVENT_HEARTBEAT:
	case EVENT_HEARTBEAT_V2:
		return binlog_heartbeat_parse(event, &heartbeat, err);
	case EVENT_QUERY:
		return binlog_query_parse(event, &format, &query, err);
	case EVENT_MARIADB_GTID:
		return binlog_mariadb_gtid_parse(event, &gtid, err);
	default:
		fail_msg("no parser for type %u", event->type);
		return false;
	}
}

static void set_u32(uint8_t *at, uint32_t number)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

static void assert_text(const char *text, size_t length, const char *want)
{
	assert_int_equal(length, strlen(want));
	assert_memory_equal(text, want, length);
}

TEST(header)
{
	struct binlog_event event;
	struct bytes b = parse(mysql_query, true, &event);

	assert_int_equal(event.timestamp, 1795396080);
	assert_int_equal(event.type, EVENT_QUERY);
	assert_int_equal(event.server_id, 1);
	assert_int_equal(event.size, 79);
	assert_int_equal(event.log_pos, 26684820);
	assert_int_equal(event.flags, 8);
	assert_int_equal(reader_left(&event.body), 79 - EVENT_HEADER_SIZE - 4);
	free(b.at);
}

TEST(formats)
{
	static const struct {
		const char *hex;
		bool has_checksum, is_mariadb;
		const char *version;
		unsigned count;
	} cases[] = {
		{ mysql_format, true, false, "9.7.4-2", 42 },
		{ mysql_format_no_checksums, false, false, "9.7.4-2", 42 },
		{ mariadb_format, true, true, "10.11.19-MariaDB-0+deb12u1-log", 171 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct binlog_event event;
		struct binlog_format format;
		struct error err = ERROR_INIT;
		/* Whether it has a checksum, it says itself. */
		struct bytes b = parse(cases[i].hex, i % 2, &event);

		assert_true(binlog_format_parse(&event, &format, &err));
		assert_int_equal(format.has_checksum, cases[i].has_checksum);
		assert_int_equal(format.is_mariadb, cases[i].is_mariadb);
		assert_string_equal(format.server_version, cases[i].version);
		assert_int_equal(format.header_size_count, cases[i].count);
		assert_int_equal(format.header_sizes[EVENT_QUERY], 13);
		assert_int_equal(format.header_sizes[EVENT_TABLE_MAP], 8);
		assert_int_equal(format.header_sizes[EVENT_WRITE_ROWS_V2], 10);
		assert_int_equal(format.header_sizes[EVENT_MARIADB_GTID],
				 cases[i].is_mariadb ? 19 : 0);
		free(b.at);
	}
}

/* The flag of a file in use is set after its checksum was made. */
TEST(format_of_a_file_in_use)
{
	struct bytes b = bytes_of_hex(mysql_format);
	struct binlog_format format;
	struct binlog_event event;
	struct error err = ERROR_INIT;

	binlog_format_init(&format);
	b.at[17] |= 1;
	assert_true(binlog_event_parse(b.at, b.length, &format, &event, &err));
	b.at[17] |= 2;
	assert_false(binlog_event_parse(b.at, b.length, &format, &event, &err));
	assert_int_equal(err.kind, ERROR_CORRUPT);
	free(b.at);
}

TEST(rotate)
{
	struct binlog_event event;
	struct binlog_rotate rotate;
	struct error err = ERROR_INIT;
	struct bytes b = parse(mysql_rotate, true, &event);

	assert_int_equal(event.flags, EVENT_FLAG_ARTIFICIAL);
	assert_true(binlog_rotate_parse(&event, &rotate, &err));
	assert_int_equal(rotate.offset, 26684662);
	assert_text(rotate.file, rotate.file_length, "binlog.000001");
	free(b.at);
}

TEST(heartbeats)
{
	struct binlog_event event;
	struct binlog_heartbeat heartbeat;
	struct error err = ERROR_INIT;
	struct bytes b = parse(mysql_heartbeat, true, &event);

	assert_true(binlog_heartbeat_parse(&event, &heartbeat, &err));
	assert_int_equal(heartbeat.offset, 826);
	assert_true(heartbeat.offset_is_64);
	assert_text(heartbeat.file, heartbeat.file_length, "binlog.000003");
	free(b.at);

	b = parse(mariadb_heartbeat, true, &event);
	assert_true(binlog_heartbeat_parse(&event, &heartbeat, &err));
	assert_int_equal(heartbeat.offset, 922);
	assert_false(heartbeat.offset_is_64);
	assert_text(heartbeat.file, heartbeat.file_length, "maria-bin.000003");
	free(b.at);
}

TEST(heartbeats_beyond_4_gib)
{
	struct binlog_event event;
	struct binlog_heartbeat heartbeat;
	struct error err = ERROR_INIT;
	/* MySQL: field 2 holds 5000000000. */
	struct bytes b = parse("00000000290100000026000000000000000000"
			       "0105622e303032 0209fe00f2052a01000000 00",
			       false, &event);

	assert_true(binlog_heartbeat_parse(&event, &heartbeat, &err));
	assert_true(heartbeat.offset == 5000000000);
	assert_text(heartbeat.file, heartbeat.file_length, "b.002");
	free(b.at);

	/* MariaDB: in front of the name when the header says 0. */
	b = parse("000000001b0100000020000000000000000000 00f2052a01000000 622e303032", false,
		  &event);
	assert_true(binlog_heartbeat_parse(&event, &heartbeat, &err));
	assert_true(heartbeat.offset == 5000000000);
	assert_true(heartbeat.offset_is_64);
	assert_text(heartbeat.file, heartbeat.file_length, "b.002");
	free(b.at);

	/* A name of one byte behind it, and an offset of seven. */
	b = parse("000000001b010000001c000000000000000000 00f2052a01000000 62", false, &event);
	assert_true(binlog_heartbeat_parse(&event, &heartbeat, &err));
	assert_true(heartbeat.offset == 5000000000);
	assert_text(heartbeat.file, heartbeat.file_length, "b");
	free(b.at);
	b = parse("000000001b0100000020000000000000000000 0000000000000100 622e303032", false,
		  &event);
	assert_true(binlog_heartbeat_parse(&event, &heartbeat, &err));
	assert_true(heartbeat.offset == UINT64_C(1) << 48);
	assert_text(heartbeat.file, heartbeat.file_length, "b.002");
	free(b.at);

	/* An offset that wraps to 0 exactly has just the name. */
	b = parse("000000001b0100000020000000000000000000 6d7973716c2d62696e2e303031", false,
		  &event);
	assert_true(binlog_heartbeat_parse(&event, &heartbeat, &err));
	assert_false(heartbeat.offset_is_64);
	assert_text(heartbeat.file, heartbeat.file_length, "mysql-bin.001");
	free(b.at);
}

TEST(queries)
{
	static const struct {
		const char *hex, *schema, *sql;
		unsigned post_header;
		bool is_utf8, is_literal;
	} cases[] = {
		{ mysql_query, "", "BEGIN", 13, true, false },
		{ mysql_analyze, "", "analyze table v.t", 13, true, false },
		{ mariadb_query, "", "analyze table v.t", 13, true, false },
		/* Schema "db"; a newer server with two more bytes in the post-header. */
		{ "0000000002010000002c000000000000000000"
		  "0100000000000000020000 0300 ffff 010203 646200 61626364",
		  "db", "abcd", 15, false, false },
		/* An AUTO_INCREMENT variable, then latin1. */
		{ "00000000020100000031000000000000000000"
		  "010000000000000000 0000 0c00 0301000200 04080021000800 00 61626364",
		  "", "abcd", 13, false, false },
		/* utf8mb4 of MySQL 8, and of MariaDB 11. */
		{ "0000000002010000002c000000000000000000"
		  "010000000000000000 0000 0700 04ff0021000800 00 61626364",
		  "", "abcd", 13, true, false },
		{ "0000000002010000002c000000000000000000"
		  "010000000000000000 0000 0700 04000921000800 00 61626364",
		  "", "abcd", 13, true, false },
		/* A sql_mode with NO_BACKSLASH_ESCAPES, and one with its neighbours. */
		{ "00000000020100000035000000000000000000"
		  "010000000000000000 0000 1000 010000100000000000 04ff0021000800 00 61626364",
		  "", "abcd", 13, true, true },
		{ "00000000020100000035000000000000000000"
		  "010000000000000000 0000 1000 01ffffefffffffffff 04ff0021000800 00 61626364",
		  "", "abcd", 13, true, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct binlog_event event;
		struct binlog_query query;
		struct binlog_format format;
		struct error err = ERROR_INIT;
		struct bytes b = parse(cases[i].hex, i < 3, &event);

		binlog_format_init(&format);
		format.header_sizes[EVENT_QUERY] = (uint8_t)cases[i].post_header;
		assert_true(binlog_query_parse(&event, &format, &query, &err));
		assert_text(query.schema, query.schema_length, cases[i].schema);
		assert_text(query.sql, query.sql_length, cases[i].sql);
		assert_int_equal(query.error_code, 0);
		assert_int_equal(query.is_utf8, cases[i].is_utf8);
		assert_int_equal(query.is_literal, cases[i].is_literal);
		free(b.at);
	}
}

TEST(mariadb_gtids)
{
	struct binlog_event event;
	struct binlog_mariadb_gtid gtid;
	struct error err = ERROR_INIT;
	struct bytes b = parse(mariadb_gtid, true, &event);

	assert_true(binlog_mariadb_gtid_parse(&event, &gtid, &err));
	assert_int_equal(gtid.sequence, 4310);
	assert_int_equal(gtid.domain, 0);
	assert_int_equal(gtid.flags, 12);
	free(b.at);
}

/* With a checksum, no byte may change and none may be missing. */
TEST(rejects_every_damage)
{
	struct binlog_format format;
	struct binlog_event event;
	struct error err = ERROR_INIT;

	binlog_format_init(&format);
	format.has_checksum = true;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct bytes b = bytes_of_hex(samples[i]);

		for (size_t at = 0; at < b.length; at++) {
			/* Its type and its algorithm decide whether there is one. */
			if (samples[i] == mysql_format_no_checksums || at == 4 ||
			    (b.at[4] == EVENT_FORMAT_DESCRIPTION && (at == 17 || at == b.length - 5)))
				continue;
			b.at[at] ^= 0x41;
			assert_false(binlog_event_parse(b.at, b.length, &format, &event, &err));
			assert_int_equal(err.kind, ERROR_CORRUPT);
			b.at[at] ^= 0x41;
		}
		free(b.at);
	}
}

TEST(rejects_every_truncation)
{
	struct binlog_format format;
	struct binlog_event event;
	struct error err = ERROR_INIT;

	binlog_format_init(&format);
	format.has_checksum = true;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct bytes whole = bytes_of_hex(samples[i]);

		for (size_t n = 0; n < whole.length; n++) {
			struct bytes b = bytes_copy(whole.at, n);

			assert_false(binlog_event_parse(b.at, n, &format, &event, &err));
			if (n >= EVENT_HEADER_SIZE) {
				set_u32(b.at + 9, (uint32_t)n);
				if (samples[i] != mysql_format_no_checksums &&
				    b.at[4] != EVENT_FORMAT_DESCRIPTION)
					assert_false(
						binlog_event_parse(b.at, n, &format, &event, &err));
			}
			free(b.at);
		}
		free(whole.at);
	}
}

/* Without checksums the bodies are on their own: what is cut behind the fixed part
 * cannot be told, but nothing is read beyond the end. */
TEST(bodies_cut_off)
{
	static const struct {
		const char *hex;
		size_t whole_from; /* the shortest length that parses */
	} cases[] = {
		{ mysql_format, EVENT_HEADER_SIZE + 57 + 1 },
		{ mysql_rotate, EVENT_HEADER_SIZE + 8 + 1 },
		{ mysql_heartbeat, EVENT_HEADER_SIZE + 20 },
		{ mariadb_heartbeat, EVENT_HEADER_SIZE + 1 },
		{ mysql_query, EVENT_HEADER_SIZE + 13 + 37 + 1 },
		{ mariadb_gtid, EVENT_HEADER_SIZE + 13 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct binlog_event event;
		struct bytes whole = parse(cases[i].hex, true, &event);
		size_t length = whole.length - 4;

		for (size_t n = EVENT_HEADER_SIZE; n <= length; n++) {
			struct bytes b = bytes_copy(whole.at, n);
			struct error err = ERROR_INIT;
			bool ok;

			event.body = reader_over(b.at + EVENT_HEADER_SIZE, n - EVENT_HEADER_SIZE);
			ok = parse_body(&event, &err);
			if (n < cases[i].whole_from) {
				assert_false(ok);
				assert_int_equal(err.kind, ERROR_CORRUPT);
			}
			if (n == length || n == cases[i].whole_from)
				assert_true(ok);
			free(b.at);
		}
		free(whole.at);
	}
}

/* Nothing but a header and its checksum. */
TEST(an_event_without_a_body)
{
	/* STOP of MariaDB, with its CRC32. */
	static const uint8_t stop[] = { 0xf0, 0x91, 0x03, 0x6b, 3, 1, 0, 0, 0, 23, 0, 0,
					0,    100,  0,	  0,	0, 0, 0, 0, 0, 0,  0 };
	struct bytes b = bytes_copy(stop, sizeof(stop));
	struct binlog_format format;
	struct binlog_event event;
	struct error err = ERROR_INIT;

	binlog_format_init(&format);
	assert_false(format.has_checksum);
	format.has_checksum = true;
	set_u32(b.at + 19, (uint32_t)crc32(0, b.at, 19));
	assert_true(binlog_event_parse(b.at, b.length, &format, &event, &err));
	assert_int_equal(reader_left(&event.body), 0);
	free(b.at);

	/* Without room for one; a format needs that, and a byte that says which. */
	for (size_t n = EVENT_HEADER_SIZE; n < EVENT_HEADER_SIZE + 5; n++) {
		for (unsigned type = 3; type <= 15; type += 12) {
			b = bytes_copy(stop, n < sizeof(stop) ? n : sizeof(stop));
			b.at[4] = (uint8_t)type;
			set_u32(b.at + 9, (uint32_t)b.length);
			assert_false(binlog_event_parse(b.at, b.length, &format, &event, &err));
			free(b.at);
		}
	}
}

/* A server with more kinds of events than there are numbers for. */
TEST(formats_of_the_future)
{
	struct buf body = BUF_INIT;
	struct binlog_format format;
	struct error err = ERROR_INIT;
	struct binlog_event event = { .type = EVENT_FORMAT_DESCRIPTION };

	buf_add(&body, "\4\0", 2);
	for (unsigned i = 0; i < 54; i++)
		buf_putc(&body, 0);
	buf_putc(&body, EVENT_HEADER_SIZE);
	for (unsigned i = 0; i < 300; i++)
		buf_putc(&body, 7);
	buf_putc(&body, 1);
	event.body = reader_over(body.data, body.length);
	assert_true(binlog_format_parse(&event, &format, &err));
	assert_int_equal(format.header_size_count, 255);
	assert_int_equal(format.header_sizes[255], 7);
	assert_int_equal(format.header_sizes[0], 0);
	assert_true(format.has_checksum);
	buf_release(&body);
}

TEST(places_at_the_end_of_what_can_be)
{
	static const struct {
		const char *hex;
		bool ok;
	} cases[] = {
		/* ROTATE: 2^63 - 1 and one more. */
		{ "0000000004010000001c000000000000000000 ffffffffffffff7f 62", true },
		{ "0000000004010000001c000000000000000000 0000000000000080 62", false },
		/* HEARTBEAT with its place in front. */
		{ "000000001b010000001c000000000000000000 ffffffffffff0000 62", true },
		{ "000000001b010000001c000000000000000000 0000000000000100 62", true },
		/* HEARTBEAT_V2, with an end mark and without. */
		{ "000000002901000000200000000000000000000101620209feffffffffffffff7f00", true },
		{ "000000002901000000200000000000000000000101620209fe000000000000008000", false },
		{ "0000000029010000001f0000000000000000000101620209feffffffffffffff7f", true },
		/* Without a file, without a place. */
		{ "0000000029010000001e0000000000000000000209fe010000000000000000", false },
		{ "00000000290100000018000000000000000000010262630000", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes b = bytes_of_hex(cases[i].hex);
		struct binlog_format format;
		struct binlog_event event;
		struct error err = ERROR_INIT;

		set_u32(b.at + 9, (uint32_t)b.length);
		binlog_format_init(&format);
		assert_true(binlog_event_parse(b.at, b.length, &format, &event, &err));
		if (parse_body(&event, &err) != cases[i].ok)
			fail_msg("case %zu", i);
		free(b.at);
	}
}

TEST(rejects_formats_we_do_not_know)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} changes[] = {
		{ EVENT_HEADER_SIZE, 3 },	/* binlog version */
		{ EVENT_HEADER_SIZE + 56, 18 }, /* header size */
		{ 118, 2 },			/* checksum algorithm */
	};

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct bytes b = bytes_of_hex(mysql_format_no_checksums);
		struct binlog_event event;
		struct binlog_format format;
		struct error err = ERROR_INIT;

		binlog_format_init(&format);
		b.at[changes[i].at] = changes[i].byte;
		assert_true(binlog_event_parse(b.at, b.length, &format, &event, &err));
		assert_false(binlog_format_parse(&event, &format, &err));
		assert_int_equal(err.kind, ERROR_UNSUPPORTED);
		free(b.at);
	}
}

TEST(names_of_types)
{
	assert_string_equal(binlog_event_type_name(EVENT_WRITE_ROWS_V2), "WRITE_ROWS");
	assert_string_equal(binlog_event_type_name(EVENT_START_V3), "START_V3");
	assert_string_equal(binlog_event_type_name(EVENT_TRANSACTION_PAYLOAD),
			    "TRANSACTION_PAYLOAD");
	assert_string_equal(binlog_event_type_name(99), "unknown event");
	assert_string_equal(binlog_event_type_name(100000), "unknown event");
}

TEST_MAIN(cmocka_unit_test(header), cmocka_unit_test(formats),
	  cmocka_unit_test(format_of_a_file_in_use), cmocka_unit_test(rotate),
	  cmocka_unit_test(heartbeats), cmocka_unit_test(heartbeats_beyond_4_gib),
	  cmocka_unit_test(queries), cmocka_unit_test(mariadb_gtids),
	  cmocka_unit_test(rejects_every_damage), cmocka_unit_test(rejects_every_truncation),
	  cmocka_unit_test(bodies_cut_off), cmocka_unit_test(rejects_formats_we_do_not_know),
	  cmocka_unit_test(names_of_types), cmocka_unit_test(an_event_without_a_body),
	  cmocka_unit_test(formats_of_the_future),
	  cmocka_unit_test(places_at_the_end_of_what_can_be))
