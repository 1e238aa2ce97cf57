/* XA transactions: the events by which the servers prepare them, and the list of those
 * whose fate is open. */
#include "../../../src/stream/xa.h"

#include "../hex.h"

/* XA START 'gt','bq',7 ... XA PREPARE; and XA START X'00ff27' ... XA COMMIT ONE PHASE. */
static const char mysql_prepare[] =
	"d1a1036b260d38070028000000550300000000000700000002000000020000006774627109b6e48f";
static const char mysql_one_phase[] =
	"d1a1036b260d380700270000008705000000000101000000030000000000000000ff27ae964bbe";
static const char mariadb_prepare[] =
	"d1a1036b260e380700280000005006000000000007000000020000000200000067746271fd336a4c";

TEST(events_and_statements_name_a_transaction_alike)
{
	static const struct {
		const char *hex, *statement, *xid;
		bool one_phase;
	} cases[] = {
		{ mysql_prepare, "XA COMMIT X'6774',X'6271',7", "x'6774',x'6271',7", false },
		{ mariadb_prepare, "XA ROLLBACK X'6774', X'6271',7", "x'6774',x'6271',7", false },
		{ mysql_one_phase, "XA COMMIT X'00FF27',X'',1", "x'00ff27',x'',1", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes bytes = bytes_of_hex(cases[i].hex);
		struct binlog_event event = {
			.type = bytes.at[4],
			.body = reader_over(bytes.at + EVENT_HEADER_SIZE,
					    bytes.length - EVENT_HEADER_SIZE - 4),
		};
		struct buf xid = BUF_INIT;
		struct error err = ERROR_INIT;
		bool one_phase;

		assert_true(xa_prepare_parse(&event, &xid, &one_phase, &err));
		assert_string_equal(xid.data, cases[i].xid);
		assert_int_equal(one_phase, cases[i].one_phase);
		assert_true(xa_statement_parse(cases[i].statement, strlen(cases[i].statement), &xid,
					       &err));
		assert_string_equal(xid.data, cases[i].xid);
		buf_release(&xid);
		free(bytes.at);
	}
}

TEST(a_prepare_rejects_every_truncation)
{
	struct bytes whole = bytes_of_hex(mysql_prepare);

	for (size_t cut = 0; cut < whole.length - EVENT_HEADER_SIZE - 4; cut++) {
		struct bytes bytes = bytes_copy(whole.at + EVENT_HEADER_SIZE, cut);
		struct binlog_event event = { .type = EVENT_XA_PREPARE,
					      .body = reader_over(bytes.at, cut) };
		struct buf xid = BUF_INIT;
		struct error err = ERROR_INIT;
		bool one_phase;

		assert_false(xa_prepare_parse(&event, &xid, &one_phase, &err));
		buf_release(&xid);
		free(bytes.at);
	}
	free(whole.at);
}

/* Each part of a name has 64 bytes at most. */
TEST(names_of_every_length)
{
	for (unsigned gtrid = 0; gtrid <= 66; gtrid++) {
		for (unsigned bqual = 0; bqual <= 66; bqual += 8) {
			uint8_t body[13 + 132] = {
				0, 1, 0, 0, 0, (uint8_t)gtrid, 0, 0, 0, (uint8_t)bqual, 0, 0, 0
			};
			struct bytes b = bytes_copy(body, 13 + gtrid + bqual);
			struct binlog_event event = { .type = EVENT_XA_PREPARE,
						      .body = reader_over(b.at, b.length) };
			struct buf xid = BUF_INIT;
			struct error err = ERROR_INIT;
			bool one_phase;

			assert_int_equal(xa_prepare_parse(&event, &xid, &one_phase, &err),
					 gtrid <= 64 && bqual <= 64);
			buf_release(&xid);
			free(b.at);
		}
	}
}

/* In memory of exact size, for the sanitizers. */
TEST(a_statement_ends_where_it_ends)
{
	static const char sql[] = "XA COMMIT X'61',X'',1";
	struct bytes b = bytes_copy((const uint8_t *)sql, strlen(sql));
	struct buf xid = BUF_INIT;
	struct error err = ERROR_INIT;

	assert_true(xa_statement_parse((const char *)b.at, b.length, &xid, &err));
	assert_string_equal(xid.data, "x'61',x'',1");
	free(b.at);
	b = bytes_copy((const uint8_t *)sql, 9);
	assert_false(xa_statement_parse((const char *)b.at, b.length, &xid, &err));
	assert_non_null(strstr(err.text, "XA COMMIT"));
	free(b.at);
	buf_release(&xid);
}

TEST(statements_without_an_xid_are_refused)
{
	static const char *const cases[] = { "XA COMMIT", "'", "", "XA COMMIT 5" };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf xid = BUF_INIT;
		struct error err = ERROR_INIT;

		assert_false(xa_statement_parse(cases[i], strlen(cases[i]), &xid, &err));
		buf_release(&xid);
	}
}

static void buffer(struct event_buffer *events, uint8_t type, const char *body)
{
	struct binlog_event event = { .type = type, .body = reader_over(body, strlen(body)) };

	event_buffer_add(events, &event);
}

TEST(buffered_events_come_back_in_order)
{
	struct xa_list list = { NULL };
	struct binlog_position before = { .file = "bin.000001", .offset = 4 };
	struct event_buffer events = { BUF_INIT };
	struct gtid_set done = GTID_SET_INIT;
	struct xa_transaction *found;
	struct binlog_event event;
	size_t offset = 0;

	buffer(&events, EVENT_TABLE_MAP, "map");
	buffer(&events, EVENT_WRITE_ROWS_V2, "rows of it");
	xa_prepare(&list, "x'61',x'',1", &before, &events);
	assert_int_equal(events.bytes.length, 0);
	before.offset = 500;
	buffer(&events, EVENT_WRITE_ROWS_V2, "other");
	xa_prepare(&list, "x'62',x'',1", &before, &events);
	assert_null(xa_decide(&list, "x'63',x'',1", &done));
	assert_int_equal(list.first->before.offset, 4);
	found = xa_decide(&list, "x'61',x'',1", &done);
	assert_non_null(found);
	assert_int_equal(list.first->before.offset, 500);
	assert_true(event_buffer_next(&found->buffered, &offset, &event));
	assert_int_equal(event.type, EVENT_TABLE_MAP);
	assert_memory_equal(event.body.at, "map", 3);
	assert_true(event_buffer_next(&found->buffered, &offset, &event));
	assert_int_equal(reader_left(&event.body), strlen("rows of it"));
	assert_false(event_buffer_next(&found->buffered, &offset, &event));
	xa_transaction_free(found);
	assert_null(xa_decide(&list, "x'61',x'',1", &done));
	xa_list_release(&list);
}

static void add(struct gtid_set *set, uint64_t number)
{
	struct gtid gtid = { .kind = GTID_MYSQL, .number = number };

	gtid_set_add_range(set, &gtid, number);
}

/* What lies behind an undecided transaction is done when that and all before it are. */
TEST(gtids_wait_for_the_oldest_one)
{
	static const char *const xids[] = { "x'61',x'',1", "x'62',x'',1", "x'63',x'',1" };
	struct xa_list list = { NULL };
	struct binlog_position before = { .file = "bin.000001", .offset = 4 };
	struct gtid_set done = GTID_SET_INIT;
	struct event_buffer events = { BUF_INIT };

	assert_null(xa_newest_gtids(&list));
	for (unsigned i = 0; i < ARRAY_LEN(xids); i++) {
		xa_prepare(&list, xids[i], &before, &events);
		add(xa_newest_gtids(&list), i + 1);
	}
	xa_transaction_free(xa_decide(&list, xids[1], &done));
	assert_true(gtid_set_is_empty(&done));
	add(xa_newest_gtids(&list), 4);
	xa_transaction_free(xa_decide(&list, xids[0], &done));
	assert_int_equal(done.lines[0].count, 1);
	assert_int_equal(done.lines[0].ranges[0].last, 2);
	xa_transaction_free(xa_decide(&list, xids[2], &done));
	assert_int_equal(done.lines[0].count, 1);
	assert_int_equal(done.lines[0].ranges[0].last, 4);
	assert_null(list.first);
	gtid_set_release(&done);
}

TEST_MAIN(cmocka_unit_test(events_and_statements_name_a_transaction_alike),
	  cmocka_unit_test(a_prepare_rejects_every_truncation),
	  cmocka_unit_test(statements_without_an_xid_are_refused),
	  cmocka_unit_test(buffered_events_come_back_in_order),
	  cmocka_unit_test(names_of_every_length), cmocka_unit_test(a_statement_ends_where_it_ends),

	  cmocka_unit_test(gtids_wait_for_the_oldest_one))
