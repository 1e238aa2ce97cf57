/* Compressed parts of a binlog: events as the servers wrote them.
 *
 *   CREATE TABLE v.t (id INT PRIMARY KEY, a VARCHAR(100));
 *   INSERT INTO v.t VALUES (1, REPEAT('x', 90)), (2, 'two');
 *   UPDATE v.t SET a = REPEAT('y', 99) WHERE id = 1;  DELETE FROM v.t WHERE id = 1;
 *   CREATE TABLE v.u (... COMMENT 'a comment that is long enough to be compressed');
 *
 * MySQL 9.7 with binlog_transaction_compression=ON, MariaDB 10.11 with
 * log_bin_compress=ON. */
#include "binlog/payload.h"

#include "hex.h"

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
	  cmocka_unit_test(mariadb_events_reject_every_truncation))
