/* Compressed parts of a binlog: events as the servers wrote them.
 *
 *   CREATE TABLE v.t (id INT PRIMARY KEY, a VARCHAR(100));
 *   INSERT INTO v.t VALUES (1, REPEAT('x', 90)), (2, 'two');
 *   UPDATE v.t SET a = REPEAT('y', 99) WHERE id = 1;  DELETE FROM v.t WHERE id = 1;
 *   CREATE TABLE v.u (... COMMENT 'a comment that is long enough to be compressed');
 *
 * MySQL 9.7 with binlog_transaction_compression=ON, MariaDB 10.11 with
 * log_bin_compress=ON. */
#include "decode/payload.h"

#include <zlib.h>
#include <zstd.h>

#include "../hex.h"

static const char mysql_payload[] =
	"d1a1036b280d380700b3000000c801000000000201000303fc18010101900028b52ffd601800350400b2"
	"461825804bd20130911115033306f210a45cdac44b490640fd1e421f85c86f1aa8c38c9062b79429ff4f"
	"47c270d1acedef9b2b5fef87cee2fb58274b4f0bd617cf70729e014d465513490422fd21bea323806561"
	"2c20519e2b861efc58d0207432aa0a0f00a004e2364c800c1f1207ab401f30762a13a03970a11176b0ac"
	"074403250fc00b685d87a7";
static const char mariadb_write[] =
	"d1a1036ba60e3807003e0000005302000000001b000000000001000203816b789cfbc3c8c0c010c55041"
	"33f087096801334349793e00c0a62de33c5ff16a";
static const char mariadb_update[] =
	"d1a1036ba70e3807003e0000004703000000001b0000000000010002030381cb789cfbc3c8c0c010c550"
	"4133f0076441324325ed0100bbf05bb3fd054701";
static const char mariadb_delete[] =
	"d1a1036ba80e380700350000002204000000001b000000000001000203816a789cfbc3c8c0c090cc5049"
	"7b0000b467302c3fde5248";
static const char mariadb_query[] =
	"d1a1036ba50e380700aa0000001505000000000c00000000000000010000230000000000010100005842"
	"000000000603737464042d002d002d00816c000000000000007600815e789c15cab10e40301405d05fb9"
	"1b16ff50cd1b84224d1763f142135ad1f2fd584f8ed4240cc188aa253ce58ddc2da83b8341d74ae8110d"
	"8d90bd52f459663187e3609f90369be022f6e057b00ff7ba21054cfc8ff3e21879c98a17222e1da3be29"
	"5a3c";

static struct binlog_format format;

/* The event of a vector; bytes must outlive it. */
static struct binlog_event event_of(struct bytes bytes)
{
	struct binlog_event event;
	struct error err = ERROR_INIT;

	binlog_format_init(&format);
	format.has_checksum = true;
	assert_true(binlog_event_parse(bytes.at, bytes.length, &format, &event, &err));
	return event;
}

TEST(a_payload_holds_the_transaction)
{
	struct bytes bytes = bytes_of_hex(mysql_payload);
	struct binlog_event event = event_of(bytes);
	struct error err = ERROR_INIT;
	struct payload *payload = payload_open(&event, &err);
	static const uint8_t types[] = { EVENT_QUERY, EVENT_TABLE_MAP, EVENT_WRITE_ROWS_V2,
					 EVENT_XID };
	const uint8_t *inner;
	size_t length;

	assert_non_null(payload);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		assert_int_equal(payload_next(payload, &inner, &length, &err), PAYLOAD_EVENT);
		assert_true(length > EVENT_HEADER_SIZE);
		assert_int_equal(inner[4], types[i]);
		if (types[i] == EVENT_WRITE_ROWS_V2)
			assert_non_null(memmem(inner, length, "xxxxxxxxxxxxxxxx", 16));
	}
	assert_int_equal(payload_next(payload, &inner, &length, &err), PAYLOAD_END);
	payload_close(payload);
	free(bytes.at);
}

/* Cut short at any place, it fails or holds fewer events, and reads nothing behind. */
TEST(a_payload_rejects_every_truncation)
{
	struct bytes whole = bytes_of_hex(mysql_payload);
	size_t body = whole.length - EVENT_HEADER_SIZE - 4;

	for (size_t cut = 0; cut < body; cut++) {
		struct bytes bytes = bytes_copy(whole.at + EVENT_HEADER_SIZE, cut);
		struct binlog_event event = { .type = EVENT_TRANSACTION_PAYLOAD,
					      .body = reader_over(bytes.at, bytes.length) };
		struct error err = ERROR_INIT;
		struct payload *payload = payload_open(&event, &err);
		enum payload_result result = PAYLOAD_FAILED;
		const uint8_t *inner;
		size_t length;

		while (payload &&
		       (result = payload_next(payload, &inner, &length, &err)) == PAYLOAD_EVENT)
			;
		assert_int_equal(result, PAYLOAD_FAILED);
		payload_close(payload);
		free(bytes.at);
	}
	free(whole.at);
}

static void put_number(struct buf *b, uint64_t number, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		buf_putc(b, (char)(number >> 8 * i));
}

/* An inner event of that size; claimed: the size it tells. */
static void put_inner(struct buf *b, uint8_t type, size_t size, size_t claimed)
{
	put_number(b, 0, 4);
	put_number(b, type, 1);
	put_number(b, 1, 4);
	put_number(b, claimed, 4);
	put_number(b, 0, 6);
	for (size_t i = EVENT_HEADER_SIZE; i < size; i++)
		buf_putc(b, (char)(i * 7 + i / 256));
}

/* How many events a payload of those bytes has; -1: it is refused. */
static int count_events(const struct buf *inner, bool is_packed, const char *fields)
{
	struct bytes head = bytes_of_hex(fields);
	struct buf body = BUF_INIT;
	struct binlog_event event = { .type = EVENT_TRANSACTION_PAYLOAD };
	struct error err = ERROR_INIT;
	enum payload_result result = PAYLOAD_FAILED;
	struct payload *payload;
	const uint8_t *bytes;
	size_t length;
	int count = 0;

	buf_add(&body, head.at, head.length);
	free(head.at);
	if (is_packed) {
		size_t room = ZSTD_compressBound(inner->length);

		buf_reserve(&body, room);
		body.length +=
			ZSTD_compress(body.data + body.length, room, inner->data, inner->length, 1);
	} else {
		buf_add(&body, inner->data, inner->length);
	}
	head = bytes_copy(body.data, body.length);
	event.body = reader_over(head.at, head.length);
	payload = payload_open(&event, &err);
	while (payload && (result = payload_next(payload, &bytes, &length, &err)) == PAYLOAD_EVENT) {
		struct reader r = reader_over(bytes, length);

		reader_skip(&r, 9);
		assert_int_equal(reader_u32(&r), length);
		count++;
	}
	payload_close(payload);
	free(head.at);
	buf_release(&body);
	return result == PAYLOAD_END ? count : -1;
}

#define PLAIN "0203fcff00 00"
#define PACKED "020100 00"

TEST(events_of_every_size)
{
	static const size_t sizes[] = { 19,
					20,
					255,
					70000,
					(1 << 20) - 1,
					1 << 20,
					(1 << 20) + 1,
					(1 << 20) + 19,
					(1 << 20) + 20,
					3 << 20 };
	struct buf inner = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		put_inner(&inner, EVENT_WRITE_ROWS_V2, sizes[i], sizes[i]);
	assert_int_equal(count_events(&inner, false, PLAIN), ARRAY_LEN(sizes));
	assert_int_equal(count_events(&inner, true, PACKED), ARRAY_LEN(sizes));
	/* Half an event behind them, or half a header. */
	for (size_t cut = 1; cut < 40; cut += 3) {
		struct buf longer = BUF_INIT;

		buf_add(&longer, inner.data, inner.length);
		put_inner(&longer, EVENT_XID, 40 - cut > 19 ? 40 - cut : 19, 40);
		buf_truncate(&longer, inner.length + 40 - cut);
		assert_int_equal(count_events(&longer, false, PLAIN), -1);
		assert_int_equal(count_events(&longer, true, PACKED), -1);
		buf_release(&longer);
	}
	buf_release(&inner);
}

TEST(inner_sizes_that_cannot_be)
{
	static const uint64_t sizes[] = { 0, 1, 18, 41, (1 << 30) + 1, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct buf inner = BUF_INIT;

		put_inner(&inner, EVENT_XID, 40, sizes[i]);
		assert_int_equal(count_events(&inner, false, PLAIN), -1);
		assert_int_equal(count_events(&inner, true, PACKED), -1);
		buf_release(&inner);
	}
}

TEST(fields_of_a_payload)
{
	static const struct {
		const char *fields;
		int events;
	} cases[] = {
		{ "0203fcff00 0101 28 00", 1 },	 /* its size: 40 */
		{ "0203fcff00 0101 27 00", -1 }, /* another */
		{ "0203fcff00 0101 29 00", -1 },
		{ "0203fcff00 0301 28 0901 05 00", 1 }, /* unpacked size; one we do not know */
		{ "0101 28 00", 1 },			/* no method: not packed */
		{ "0201 01 00", -1 },			/* a method that is none */
		{ "0201 fd 00", -1 },			/* half a number */
		{ "0203fcff00 0105 28 00", -1 },	/* a field longer than what is left of it */
	};

	struct buf packed = BUF_INIT;

	/* A method cut short is none, and not the first there is. */
	put_inner(&packed, EVENT_XID, 40, 40);
	assert_int_equal(count_events(&packed, true, PACKED), 1);
	assert_int_equal(count_events(&packed, true, "0201 fd 00"), -1);
	buf_release(&packed);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf inner = BUF_INIT;

		put_inner(&inner, EVENT_XID, 40, 40);
		if (count_events(&inner, false, cases[i].fields) != cases[i].events)
			fail_msg("case %zu", i);
		buf_release(&inner);
	}
}

/* A rows event of MariaDB, packed; false where it is refused. */
static bool unpack_rows(uint8_t type, const char *head_hex, const char *lead_hex, const void *rows,
			size_t length, struct buf *out)
{
	struct bytes head = bytes_of_hex(head_hex), lead = bytes_of_hex(lead_hex);
	uint8_t packed[4096];
	uLongf size = sizeof(packed);
	struct buf body = BUF_INIT;
	struct binlog_event event = { .type = type };
	struct error err = ERROR_INIT;
	bool ok;

	assert_int_equal(compress2(packed, &size, rows, length, 9), Z_OK);
	buf_add(&body, head.at, head.length);
	buf_add(&body, lead.at, lead.length);
	buf_add(&body, packed, size);
	free(lead.at);
	lead = bytes_copy(body.data, body.length);
	event.body = reader_over(lead.at, lead.length);
	ok = mariadb_event_uncompress(&event, &format, out, &err);
	if (ok) {
		assert_int_equal(out->length, head.length + length);
		assert_memory_equal(out->data, head.at, head.length);
		assert_memory_equal(out->data + head.length, rows, length);
		assert_int_equal(out->data[out->length], 0);
		assert_int_equal(reader_left(&event.body), out->length);
	}
	free(head.at);
	free(lead.at);
	buf_release(&body);
	return ok;
}

#define ROWS "\1\2\3\4\5\6\7"

TEST(heads_that_are_not_packed)
{
	static const struct {
		uint8_t type;
		const char *head;
	} heads[] = {
		{ EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1, "070000000000 0100 08 ff" },
		{ EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1, "070000000000 0100 09 ff01" },
		{ EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1, "070000000000 0100 10 ffff" },
		{ EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1, "070000000000 0100 09 ff01 ff01" },
		{ EVENT_MARIADB_WRITE_ROWS_COMPRESSED, "070000000000 0100 0200 01 01" },
		{ EVENT_MARIADB_WRITE_ROWS_COMPRESSED, "070000000000 0100 0500 aabbcc 01 01" },
		{ EVENT_MARIADB_UPDATE_ROWS_COMPRESSED, "070000000000 0100 0300 aa 01 01 01" },
		{ EVENT_MARIADB_DELETE_ROWS_COMPRESSED, "070000000000 0100 0200 01 01" },
		/* One that does not count itself has nothing more. */
		{ EVENT_MARIADB_DELETE_ROWS_COMPRESSED, "070000000000 0100 0100 01 01" },
	};
	struct buf out = BUF_INIT;

	binlog_format_init(&format);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		if (!unpack_rows(heads[i].type, heads[i].head, "8107", ROWS, 7, &out))
			fail_msg("case %zu", i);
	/* More columns than there can be. */
	for (unsigned columns = 65534; columns < 65538; columns++) {
		struct buf head = BUF_INIT;

		buf_printf(&head, "070000000000 0100 fd%02x%02x%02x ", columns & 0xff,
			   columns >> 8 & 0xff, columns >> 16);
		for (unsigned i = 0; i < (columns + 7) / 8; i++)
			buf_puts(&head, "ff");
		assert_int_equal(unpack_rows(EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1,
					     buf_text(&head), "8107", ROWS, 7, &out),
				 columns < 65536);
		buf_release(&head);
	}
	buf_release(&out);
}

TEST(leads_of_what_is_packed)
{
	static const struct {
		const char *lead;
		bool ok;
	} leads[] = {
		{ "8107", true },	 { "820007", true },
		{ "8400000007", true },	 { "850000000007", false }, /* five bytes */
		{ "80", false },	 { "0107", false },	    /* not marked as packed */
		{ "0207", false },	 { "9107", false },	    /* another method */
		{ "c107", false },	 { "8106", false },	    /* more or less than it says */
		{ "8108", false },	 { "8440000001", false },   /* over a GiB */
		{ "8440000000", false }, { "83ffffff", false },	    /* more than can be packed */
		{ "8100", false },
	};
	struct buf out = BUF_INIT;

	binlog_format_init(&format);
	for (size_t i = 0; i < ARRAY_LEN(leads); i++) {
		buf_release(&out);
		if (unpack_rows(EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1, "070000000000 0100 08 ff",
				leads[i].lead, ROWS, 7, &out) != leads[i].ok)
			fail_msg("case %zu", i);
		assert_true(out.room < 1 << 20); /* no memory for a claim that cannot be true */
	}
	buf_release(&out);
}

/* As well as zlib can: that is no lie. */
TEST(rows_that_compress_well)
{
	static char zeros[1 << 20];
	struct buf out = BUF_INIT;

	binlog_format_init(&format);
	assert_true(unpack_rows(EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1, "070000000000 0100 08 ff",
				"83100000", zeros, sizeof(zeros), &out));
	buf_release(&out);
}

TEST(events_that_are_not_packed)
{
	struct buf out = BUF_INIT;

	assert_false(
		unpack_rows(EVENT_WRITE_ROWS_V1, "070000000000 0100 08 ff", "8107", ROWS, 7, &out));
	buf_release(&out);
}

TEST(mariadb_events_become_plain_ones)
{
	static const struct {
		const char *hex;
		uint8_t type;
		const char *holds;
	} cases[] = {
		{ mariadb_write, EVENT_WRITE_ROWS_V1, "xxxxxxxxxxxxxxxx" },
		{ mariadb_update, EVENT_UPDATE_ROWS_V1, "yyyyyyyyyyyyyyyy" },
		{ mariadb_delete, EVENT_DELETE_ROWS_V1, "yyyyyyyyyyyyyyyy" },
		{ mariadb_query, EVENT_QUERY, "CREATE TABLE v.u (id INT PRIMARY KEY" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes bytes = bytes_of_hex(cases[i].hex);
		struct binlog_event event = event_of(bytes);
		struct error err = ERROR_INIT;
		struct buf out = BUF_INIT;

		assert_true(mariadb_event_uncompress(&event, &format, &out, &err));
		assert_int_equal(event.type, cases[i].type);
		assert_non_null(memmem(event.body.at, reader_left(&event.body), cases[i].holds,
				       strlen(cases[i].holds)));
		if (event.type == EVENT_QUERY) {
			struct binlog_query query;

			assert_true(binlog_query_parse(&event, &format, &query, &err));
			assert_memory_equal(query.sql, cases[i].holds, strlen(cases[i].holds));
		}
		buf_release(&out);
		free(bytes.at);
	}
}

TEST(mariadb_events_reject_every_truncation)
{
	static const char *const cases[] = { mariadb_write, mariadb_update, mariadb_delete,
					     mariadb_query };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes whole = bytes_of_hex(cases[i]);
		size_t body = whole.length - EVENT_HEADER_SIZE - 4;

		binlog_format_init(&format);
		for (size_t cut = 0; cut < body; cut++) {
			struct bytes bytes = bytes_copy(whole.at + EVENT_HEADER_SIZE, cut);
			struct binlog_event event = { .type = whole.at[4],
						      .body = reader_over(bytes.at, cut) };
			struct error err = ERROR_INIT;
			struct buf out = BUF_INIT;

			assert_false(mariadb_event_uncompress(&event, &format, &out, &err));
			buf_release(&out);
			free(bytes.at);
		}
		free(whole.at);
	}
}

TEST_MAIN(cmocka_unit_test(a_payload_holds_the_transaction),
	  cmocka_unit_test(a_payload_rejects_every_truncation),
	  cmocka_unit_test(mariadb_events_become_plain_ones),
	  cmocka_unit_test(mariadb_events_reject_every_truncation),
	  cmocka_unit_test(events_of_every_size), cmocka_unit_test(inner_sizes_that_cannot_be),
	  cmocka_unit_test(fields_of_a_payload), cmocka_unit_test(heads_that_are_not_packed),
	  cmocka_unit_test(leads_of_what_is_packed), cmocka_unit_test(rows_that_compress_well),
	  cmocka_unit_test(events_that_are_not_packed))
