/* streamer: binlogs that no server at hand can be made to send. Rows are written as
 * "+1/a", boundaries as "@b.000001:300". */
#include "../stream_script.h"

/* What every connection begins with. */
static void begin(const char *file, uint64_t offset)
{
	put_fake_rotate(file, offset);
	put_format(0, "9.7.4", script.has_checksum);
}

static void begin_mariadb(const char *file, uint64_t offset)
{
	put_fake_rotate(file, offset);
	put_format(0, "11.4.2-MariaDB", script.has_checksum);
}

static void put_heartbeat_v2(const char *file, uint64_t offset)
{
	struct buf body = BUF_INIT;

	put_number(&body, 1, 1);
	put_number(&body, strlen(file), 1);
	buf_puts(&body, file);
	put_number(&body, 2, 1);
	put_number(&body, 9, 1);
	put_number(&body, 0xfe, 1); /* 8 bytes follow */
	put_number(&body, offset, 8);
	put_number(&body, 0, 1);
	put_buf(EVENT_HEARTBEAT_V2, 0, &body);
}

static void put_heartbeat(const char *file, uint64_t offset)
{
	put(EVENT_HEARTBEAT, offset, file, strlen(file));
}

TEST(a_transaction)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_gtid(450);
	put_query(460, "BEGIN");
	put_map(500);
	put_rows(520, "1 a", "1 b");
	put_rows(540, "1 b", NULL);
	put_query(560, "COMMIT");
	check_seen("@b.000001:200 +1/a @b.000001:400 1/a>1/b -1/b @b.000001:560");
}

/* Headers have the lower 32 bits; the upper ones follow from the event before. */
TEST(a_file_grows_beyond_4_gib)
{
	start_at("b.000001", 4 * GIB - 250);
	begin("b.000001", 4 * GIB - 250);
	put_transaction(4 * GIB - 100, "1 a");
	put_transaction(4 * GIB + 50, "2 b"); /* its row ends just below, its XID above */
	put_transaction(4 * GIB + 300, "3 c");
	put_transaction(8 * GIB - 10, "4 d");
	put_transaction(8 * GIB + 80, "5 e");
	check_seen("@b.000001:4294967046 +1/a @b.000001:4294967196 +2/b @b.000001:4294967346"
		   " +3/c @b.000001:4294967596 +4/d @b.000001:8589934582"
		   " +5/e @b.000001:8589934672");
}

/* Nothing of the place before is left in the lower half. */
TEST(odd_places)
{
	start_at("b.000001", 4 * GIB + 201);
	begin("b.000001", 4);
	put_transaction(3 * GIB + 1, "0 old");
	put_transaction(4 * GIB + 201, "1 old");
	put_transaction(4 * GIB + 400, "2 b");
	put_transaction(4 * GIB + 601, "3 c");
	put_transaction(4 * GIB + 800, "4 d");
	check_seen("+2/b @b.000001:4294967696 +3/c @b.000001:4294967897 +4/d"
		   " @b.000001:4294968096");
}

/* An event that ends at 4 GiB exactly has a 0 in its header, as those without a place
 * have. The end of the event before it lies inside of the transaction: no boundary. */
TEST(an_event_ends_at_4_gib)
{
	start_at("b.000001", 4 * GIB - 250);
	begin("b.000001", 4 * GIB - 250);
	put_transaction(4 * GIB, "1 a");
	put_transaction(4 * GIB + 200, "2 b");
	check_seen("@b.000001:4294967046 +1/a +2/b @b.000001:4294967496");

	start_at("b.000001", 4 * GIB - 250);
	begin("b.000001", 4 * GIB - 250);
	put_transaction(4 * GIB, "1 a");
	put_heartbeat_v2("b.000001", 4 * GIB); /* nothing more follows */
	check_seen("@b.000001:4294967046 +1/a @b.000001:4294967296");
}

/* The protocol asks for 32 bits: the file comes from its beginning, and what lies in
 * front of the position was applied already. */
TEST(resumed_beyond_4_gib)
{
	start_at("b.000001", 4 * GIB + 500);
	begin("b.000001", 4);
	put_transaction(300, "1 old");
	put_query(400, "DROP TABLE v.t");
	put_transaction(3 * GIB, "2 old");
	put_transaction(4 * GIB + 200, "3 old");
	put_transaction(4 * GIB + 500, "4 old");
	put_transaction(4 * GIB + 700, "5 new");
	check_seen("+5/new @b.000001:4294967996"); /* and nothing was asked for twice */

	/* The same when the connection is lost behind it. */
	start_at("b.000001", 4 * GIB - 100);
	begin("b.000001", 4 * GIB - 100);
	put_transaction(4 * GIB + 100, "1 a");
	put_gtid(4 * GIB + 150);
	lose_connection();
	begin("b.000001", 4);
	put_transaction(3 * GIB, "0 old");
	put_transaction(4 * GIB + 100, "1 a");
	put_transaction(4 * GIB + 300, "2 b");
	run_script();
	assert_string_equal(script.seen.data, "@b.000001:4294967196 +1/a @b.000001:4294967396"
					      " +2/b @b.000001:4294967596");
	assert_string_equal(script.opened.data, "b.000001:4294967196 b.000001:4294967396");
	forget_script();
}

/* The same where a server is not asked for a place near the head of a file. */
TEST(begins_in_front_of_the_position)
{
	start_at("b.000001", 400);
	script.starts_in_front = true;
	begin("b.000001", 4);
	put_transaction(300, "1 old");
	put_query(400, "DROP TABLE v.t");
	put_transaction(700, "2 new");
	check_seen("+2/new @b.000001:700");
}

/* By number, not by text. */
TEST(file_names_get_longer)
{
	start_at("b.999999", 200);
	snprintf(script.stop_at.file, sizeof(script.stop_at.file), "b.1000000");
	script.stop_at.offset = 400;
	begin("b.999999", 200);
	put_transaction(400, "1 a"); /* in "b.999999", behind "b.1000000" as text */
	put_transaction(600, "2 b");
	put_rotate("b.1000000", 700);
	put_fake_rotate("b.1000000", 4);
	put_format(120, "9.7.4", false);
	put_transaction(300, "3 c");
	put_transaction(500, "4 d");
	put_transaction(700, "5 not wanted");
	run_script();
	assert_string_equal(script.seen.data,
			    "@b.999999:200 +1/a @b.999999:400 +2/b @b.999999:600 @b.1000000:4"
			    " @b.1000000:120 +3/c @b.1000000:300 +4/d @b.1000000:500");
	assert_true(script.is_finished);
	assert_int_equal(script.err.kind, ERROR_NONE);
	forget_script();
}

/* MariaDB 11.4 writes no positions inside of a transaction. */
TEST(no_positions_inside_a_transaction)
{
	start_at("b.000001", 256);
	begin_mariadb("b.000001", 256);
	put_mariadb_gtid(300, 12);
	put(EVENT_MARIADB_ANNOTATE_ROWS, 0, "INSERT", 6);
	put_map(0);
	put_rows(0, NULL, "1 a");
	put_rows(0, NULL, "2 b");
	put_xid(500);
	put_mariadb_gtid(540, 12);
	put_map(0);
	put_rows(0, NULL, "3 c");
	put_query(700, "COMMIT");
	check_seen("@b.000001:256 +1/a +2/b @b.000001:500 +3/c @b.000001:700");
}

/* ... and a connection that is lost there begins at the boundary again. */
TEST(lost_where_there_are_no_positions)
{
	start_at("b.000001", 256);
	begin_mariadb("b.000001", 256);
	put_mariadb_gtid(300, 12);
	put_map(0);
	put_rows(0, NULL, "1 a");
	lose_connection();
	begin_mariadb("b.000001", 256);
	put_mariadb_gtid(300, 12);
	put_map(0);
	put_rows(0, NULL, "1 a");
	put_xid(500);
	run_script();
	assert_string_equal(script.seen.data, "@b.000001:256 +1/a @b.000001:256 +1/a @b.000001:500");
	assert_string_equal(script.opened.data, "b.000001:256 b.000001:256");
	forget_script();
}

static void put_half_a_transaction(void)
{
	start_at("b.000001", 256);
	begin_mariadb("b.000001", 256);
	put_mariadb_gtid(300, 12); /* 0-1-1 */
	put_map(350);
}

static void put_what_follows(void)
{
	put_fake_rotate("b.000002", 4);
	put_format(0, "10.6.0-MariaDB", false);
	put_mariadb_gtid(300, 12);
	put_map(350);
	put_rows(400, NULL, "2 b");
	put_xid(500);
}

/* A server that was killed leaves half a transaction at the end of its file. */
TEST(a_file_that_is_cut_short_is_passed)
{
	put_half_a_transaction();
	cut_short("b.000002", "0-2-7");
	put_what_follows();
	run_script();
	assert_string_equal(script.seen.data, "@b.000001:256 @b.000002:4 @b.000002:4 +2/b"
					      " @b.000002:500");
	assert_string_equal(script.opened.data, "b.000001:256 b.000002:4");
	forget_script();
}

static void check_cut(const char *next_file, const char *logged_before, const char *why)
{
	cut_short(next_file, logged_before);
	put_what_follows();
	run_script();
	assert_int_equal(script.err.kind, ERROR_PURGED);
	assert_non_null(strstr(script.err.text, why));
	assert_non_null(strstr(script.err.text, "cannot be resumed"));
	forget_script();
}

TEST(a_file_that_is_cut_short_ends_the_run)
{
	put_half_a_transaction();
	check_cut("b.000002", "0-1-1", "may have been committed");
	put_half_a_transaction();
	check_cut("", "", "there is no next file");
	/* The event that says which transaction it is. */
	start_at("b.000001", 256);
	begin_mariadb("b.000001", 256);
	check_cut("b.000002", "0-2-7", "may have been committed");
	/* Rows were delivered, as there was no room to buffer them. */
	put_half_a_transaction();
	put_rows(400, NULL, "1 a");
	check_cut("b.000002", "0-2-7", "the target holds rows of that transaction");
}

TEST(lost_in_mid_transaction)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_gtid(420);
	put_query(440, "BEGIN");
	put_map(480);
	put_rows(500, NULL, "2 b");
	lose_connection();
	refuse_connection(ERROR_LOST);
	refuse_connection(ERROR_LOST);
	begin("b.000001", 400);
	put_gtid(420); /* the transaction begins again, not inside the old one */
	put_query(440, "BEGIN");
	put_map(480);
	put_rows(500, NULL, "2 b");
	put_rows(520, NULL, "3 c");
	put_xid(540);
	run_script();
	assert_string_equal(script.seen.data, "@b.000001:200 +1/a @b.000001:400 +2/b"
					      " @b.000001:400 +2/b +3/c @b.000001:540");
	assert_string_equal(script.opened.data,
			    "b.000001:200 b.000001:400 b.000001:400 b.000001:400");
	assert_int_equal(script.sleeps, 3);
	assert_int_equal(script.err.kind, ERROR_NONE);
	forget_script();
}

/* Its rows were delivered, and the source does not have it any more. */
TEST(lost_in_mid_transaction_for_good)
{
	for (unsigned cuts = 1; cuts <= 2; cuts++) {
		start_at("b.000001", 200);
		for (unsigned i = 0; i < cuts; i++) {
			begin("b.000001", 200);
			put_gtid(220);
			put_query(240, "BEGIN");
			put_map(280);
			put_rows(300 - 10 * i, NULL, "2 b");
			lose_connection();
		}
		begin("b.000001", 200);
		put_fake_rotate("b.000002", 4);
		put_transaction(400, "3 c");
		check_fails(cuts == 1 ? "@b.000001:200 +2/b @b.000001:200" :
					"@b.000001:200 +2/b @b.000001:200 +2/b @b.000001:200",
			    ERROR_PURGED,
			    "ends at b.000001:200 in that file, but was sent up to "
			    "b.000001:300");
	}
}

/* Maps are not known any longer: the server sends them again. */
TEST(maps_end_with_the_connection)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(220);
	put_query(240, "BEGIN");
	put_map(280);
	lose_connection();
	begin("b.000001", 200);
	put_gtid(220);
	put_query(240, "BEGIN");
	put_rows(300, NULL, "1 a");
	check_fails("@b.000001:200 @b.000001:200", ERROR_CORRUPT, "id 7 that was not mapped");
}

TEST(a_connection_that_cannot_be_had_again)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	lose_connection();
	refuse_connection(ERROR_PURGED);
	check_fails("@b.000001:200", ERROR_PURGED, "refused");

	start_at("b.000001", 200);
	begin("b.000001", 200);
	lose_connection();
	for (unsigned i = 0; i < 250; i++)
		refuse_connection(ERROR_LOST);
	run_script();
	assert_int_equal(script.err.kind, ERROR_LOST);
	assert_int_equal(script.sleeps, 200);
	forget_script();
}

TEST(fake_rotations)
{
	/* At the start of a dump and of each file they only say where one is. */
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_fake_rotate("b.000001", 400);
	put_transaction(600, "2 b");
	put_rotate("b.000002", 650);
	put_fake_rotate("b.000002", 4);
	put_format(120, "9.7.4", false);
	put_transaction(300, "3 c");
	/* A file that ends without its ROTATE: the server had crashed. */
	put_fake_rotate("b.000003", 4);
	put_format(120, "9.7.4", false);
	put_transaction(300, "4 d");
	check_seen("@b.000001:200 +1/a @b.000001:400 +2/b @b.000001:600 @b.000002:4 @b.000002:120"
		   " +3/c @b.000002:300 @b.000003:4 @b.000003:120 +4/d @b.000003:300");
}

TEST(a_file_ends_inside_a_transaction)
{
	/* It had written nothing that is copied: so it was not committed. */
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	put_query(300, "BEGIN");
	put_map(320);
	put_fake_rotate("b.000002", 4);
	put_format(120, "9.7.4", false);
	put_transaction(300, "1 a");
	check_seen("@b.000001:200 @b.000002:4 @b.000002:120 +1/a @b.000002:300");

	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	put_query(300, "BEGIN");
	put_map(320);
	put_rows(340, NULL, "1 a");
	put_fake_rotate("b.000002", 4);
	check_fails("@b.000001:200 +1/a", ERROR_UNSUPPORTED,
		    "cut short by the end of its binlog file");
}

/* RESET on the source: the new events lie in front of the position. */
TEST(a_binlog_that_goes_back)
{
	static const struct {
		const char *file;
		uint64_t offset;
	} back[] = { { "b.000001", 4 }, { "b.000004", 999999 }, { "b.000005", 4 } };

	for (size_t i = 0; i < ARRAY_LEN(back); i++) {
		start_at("b.000005", 200);
		begin("b.000005", 200);
		put_transaction(400, "1 a");
		put_fake_rotate(back[i].file, back[i].offset);
		put_transaction(600, "2 b");
		check_fails("@b.000005:200 +1/a @b.000005:400", ERROR_PURGED, "goes back from");
	}
}

TEST(positions_that_no_file_has)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_fake_rotate("b.000001", UINT64_MAX);
	check_fails("@b.000001:200", ERROR_CORRUPT, "ROTATE event");
}

TEST(a_wrong_checksum)
{
	start_at("b.000001", 200);
	script.has_checksum = true;
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_transaction(600, "2 b");
	script.steps[script.count - 2].bytes.data[30] ^= 4; /* in the row */
	check_fails("@b.000001:200 +1/a @b.000001:400", ERROR_CORRUPT, "b.000001:540");
}

/* As the file says, not as the one before had it. */
TEST(checksums_are_switched)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_rotate("b.000002", 450);
	put_fake_rotate("b.000002", 4);
	put_format(120, "9.7.4", true);
	script.has_checksum = true;
	put_transaction(300, "2 b");
	script.has_checksum = false; /* what the feed is asked for at its beginning */
	check_seen("@b.000001:200 +1/a @b.000001:400 @b.000002:4 @b.000002:120 +2/b"
		   " @b.000002:300");
}

TEST(savepoints_are_no_boundary)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	put_query(260, "BEGIN");
	put_query(300, "SAVEPOINT `a`");
	put_query(310, "ROLLBACK TO `a`"); /* of nothing that was delivered */
	put_map(320);
	put_rows(340, NULL, "1 a");
	put_query(360, "SAVEPOINT `b`");
	put_rows(380, NULL, "2 b");
	put_query(400, "RELEASE SAVEPOINT `b`");
	put_xid(420);
	check_seen("@b.000001:200 +1/a +2/b @b.000001:420");
}

TEST(what_was_rolled_back)
{
	static const struct {
		const char *sql, *text;
	} cases[] = {
		{ "ROLLBACK", "was rolled back and holds rows" },
		{ "ROLLBACK TO `a`", "was rolled back in part and holds rows" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start_at("b.000001", 200);
		begin("b.000001", 200);
		put_gtid(250);
		put_query(260, "BEGIN");
		put_map(320);
		put_rows(340, NULL, "1 a");
		put_query(360, cases[i].sql);
		check_fails("@b.000001:200 +1/a", ERROR_UNSUPPORTED, cases[i].text);
	}
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	put_query(260, "BEGIN");
	put_query(360, "ROLLBACK");
	check_seen("@b.000001:200 @b.000001:360");
}

static void start_buffering(uint64_t bytes)
{
	start_at("b.000001", 200);
	script.buffered_bytes_max = bytes;
	begin("b.000001", 200);
	put_gtid(250);
	put_query(260, "BEGIN");
	put_query(280, "SAVEPOINT `a`");
	put_map(320);
	put_rows(340, NULL, "1 a");
}

TEST(rows_are_buffered_until_the_commit)
{
	start_buffering(1000);
	put_query(350, "SAVEPOINT `b`");
	put_rows(360, "1 a", "2 b");
	put_rows(380, NULL, "3 c");
	put_query(390, "ROLLBACK TO `B`");
	put_rows(400, NULL, "4 d");
	put_xid(420);
	put_transaction(600, "5 e");
	check_seen("@b.000001:200 +1/a +4/d @b.000001:420 +5/e @b.000001:600");

	/* By a statement, and after all of it was taken back. */
	start_buffering(1000);
	put_query(350, "SAVEPOINT `b`");
	put_query(390, "ROLLBACK TO SAVEPOINT a");
	put_rows(400, NULL, "4 d");
	put_query(420, "COMMIT");
	check_seen("@b.000001:200 +4/d @b.000001:420");

	start_buffering(1000);
	put_query(360, "ROLLBACK");
	check_seen("@b.000001:200 @b.000001:360");

	/* Its file ends: it was not committed. */
	start_buffering(1000);
	put_fake_rotate("b.000002", 4);
	put_format(120, "9.7.4", false);
	check_seen("@b.000001:200 @b.000002:4 @b.000002:120");

	/* Nothing of it comes twice. */
	start_buffering(1000);
	lose_connection();
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	check_seen("@b.000001:200 @b.000001:200 +1/a @b.000001:400");
}

/* In their order, and then there is no way back behind them. */
TEST(rows_that_have_no_room_are_delivered)
{
	start_buffering(60);
	put_rows(360, NULL, "2 b");
	put_rows(380, NULL, "3 c");
	put_rows(400, NULL, "4 d");
	put_query(415, "SAVEPOINT `c`");
	put_rows(420, NULL, "6 f");
	put_query(425, "ROLLBACK TO `c`");
	put_xid(440);
	check_seen("@b.000001:200 +1/a +2/b +3/c +4/d @b.000001:440");

	start_buffering(60);
	put_rows(360, NULL, "2 b");
	put_rows(380, NULL, "3 c");
	put_rows(400, NULL, "4 d");
	put_query(425, "ROLLBACK TO `a`");
	check_fails("@b.000001:200 +1/a +2/b +3/c", ERROR_UNSUPPORTED, "was rolled back in part");

	start_buffering(1000);
	put_query(425, "ROLLBACK TO `another`");
	check_fails("@b.000001:200", ERROR_UNSUPPORTED, "was rolled back in part");
}

/* XA_PREPARE: not one phase, format 1, 'a' of one byte. */
#define PREPARE "\0\1\0\0\0\1\0\0\0\0\0\0\0a"

static void put_prepared(uint64_t end)
{
	put_gtid(end - 90);
	put_query(end - 80, "XA START X'61',X'',1");
	put_map(end - 60);
	put_rows(end - 40, NULL, "1 a");
	put_query(end - 20, "XA END X'61',X'',1");
	put(EVENT_XA_PREPARE, end, PREPARE, sizeof(PREPARE) - 1);
}

TEST(xa_transactions)
{
	static const struct {
		const char *sql, *want;
	} cases[] = {
		{ "XA COMMIT X'61',X'',1",
		  "@b.000001:200 @b.000001:200 +2/b @b.000001:200 +1/a @b.000001:600" },
		{ "XA ROLLBACK X'61',X'',1",
		  "@b.000001:200 @b.000001:200 +2/b @b.000001:200 @b.000001:600" },
		/* Another one's end leaves it open. */
		{ "XA COMMIT X'62',X'',1",
		  "@b.000001:200 @b.000001:200 +2/b @b.000001:200 @b.000001:200" },
	};

	/* Its START, END and PREPARE are no boundary, and none is behind it until it is
	 * decided. */
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start_at("b.000001", 200);
		begin("b.000001", 200);
		put_prepared(300);
		put_transaction(400, "2 b");
		put_gtid(550);
		put_query(600, cases[i].sql);
		check_seen(cases[i].want);
	}
}

/* The rows are buffered again from the place in front of it. */
TEST(lost_while_an_xa_transaction_is_open)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_prepared(300);
	put_transaction(400, "2 b");
	lose_connection();
	begin("b.000001", 200);
	put_prepared(300);
	put_transaction(400, "2 b");
	put_query(600, "XA COMMIT X'61',X'',1");
	run_script();
	assert_string_equal(script.seen.data,
			    "@b.000001:200 @b.000001:200 +2/b @b.000001:200 @b.000001:200"
			    " @b.000001:200 +2/b @b.000001:200 +1/a @b.000001:600");
	assert_string_equal(script.opened.data, "b.000001:200 b.000001:200");
	forget_script();
}

TEST(xa_in_one_phase)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(210);
	put_query(220, "XA START X'61',X'',1");
	put_map(240);
	put_rows(260, NULL, "1 a");
	put_query(280, "XA END X'61',X'',1");
	put(EVENT_XA_PREPARE, 300, "\1\1\0\0\0\1\0\0\0\0\0\0\0a", 14);
	check_seen("@b.000001:200 +1/a @b.000001:300");
}

/* Its end tells how much memory all of it takes, of which nothing is buffered. */
TEST(xa_that_is_too_large)
{
	static const char *const ends[] = { NULL, "COMMIT", "XA COMMIT X'61',X'',1" };

	for (size_t i = 0; i <= ARRAY_LEN(ends); i++) {
		bool is_prepared = i == ARRAY_LEN(ends);

		start_at("b.000001", 200);
		script.xa_bytes_max = 1;
		begin("b.000001", 200);
		put_gtid(210);
		put_query(220, "XA START X'61',X'',1");
		put_map(240);
		put_rows(260, NULL, "1 a");
		if (is_prepared)
			put(EVENT_XA_PREPARE, 300, PREPARE, sizeof(PREPARE) - 1);
		else if (ends[i])
			put_query(300, ends[i]);
		else
			put_xid(300);
		run_script();
		assert_string_equal(script.seen.data, "@b.000001:200");
		assert_non_null(strstr(script.err.text,
				       is_prepared ? "XA RECOVER shows" : "but was not prepared"));
		forget_script();
	}
}

/* Its maps and rows are buffered for the XA COMMIT: as rows of a transaction that just ends
 * they would be misread, and without them lost. */
TEST(xa_that_ends_without_a_prepare)
{
	static const struct {
		const char *sql, *text;
	} cases[] = {
		{ NULL, "the XA transaction after b.000001:200 ends by an XID event" },
		{ "COMMIT", "the XA transaction after b.000001:200 ends by COMMIT" },
		{ "XA COMMIT X'61',X'',1",
		  "the XA transaction after b.000001:200 ends by XA COMMIT" },
		{ "XA PREPARE X'61',X'',1",
		  "the XA transaction after b.000001:200 ends by XA PREPARE" },
	};

	for (unsigned rows = 0; rows < 2; rows++) {
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			start_at("b.000001", 200);
			script.buffered_bytes_max = 1000;
			begin("b.000001", 200);
			put_gtid(210);
			put_query(220, "XA START X'61',X'',1");
			put_map(240);
			if (rows)
				put_rows(260, NULL, "1 a");
			if (cases[i].sql)
				put_query(300, cases[i].sql);
			else
				put_xid(300);
			check_fails("@b.000001:200", ERROR_CORRUPT, cases[i].text);
		}
	}
	/* Nothing of it is copied, or it is undone: nothing to refuse. */
	for (unsigned rows = 0; rows < 2; rows++) {
		start_at("b.000001", 200);
		begin("b.000001", 200);
		put_gtid(210);
		put_query(220, "XA START X'61',X'',1");
		if (rows) {
			put_map(240);
			put_rows(260, NULL, "1 a");
		}
		put_query(300, rows ? "XA ROLLBACK X'61',X'',1" : "COMMIT");
		put_transaction(500, "2 b");
		check_seen("@b.000001:200 @b.000001:300 +2/b @b.000001:500");
	}
}

/* MariaDB says by a flag what the transaction is. */
TEST(xa_of_mariadb)
{
	start_at("b.000001", 200);
	begin_mariadb("b.000001", 200);
	put_mariadb_gtid(210, 64);
	put_query(220, "XA START X'61',X'',1");
	put_map(240);
	put_rows(260, NULL, "1 a");
	put_query(280, "XA END X'61',X'',1");
	put(EVENT_XA_PREPARE, 300, PREPARE, sizeof(PREPARE) - 1);
	put_mariadb_gtid(350, 128 | 1);
	put_query(400, "XA COMMIT X'61',X'',1");
	check_seen("@b.000001:200 @b.000001:200 +1/a @b.000001:400");
}

TEST(heartbeats)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_heartbeat("b.000001", 500);
	put_heartbeat("b.000001", 500);
	put_heartbeat_v2("b.000001", 700);
	put_heartbeat_v2("b.000001", 5 * GIB);
	/* The upper half of a place in the same file is what it was; never back. */
	put_heartbeat("b.000001", GIB + 100);
	put_heartbeat("b.000001", 90);
	put_heartbeat_v2("b.000001", 300);
	/* The first of another file. */
	put_heartbeat("b.000002", 200);
	put_transaction(400, "1 a");
	/* Not between the events of a transaction. */
	put_gtid(450);
	put_heartbeat_v2("b.000002", 450);
	put_query(500, "BEGIN");
	put_heartbeat("b.000002", 500);
	put_xid(600);
	check_seen("@b.000001:200 @b.000001:500 @b.000001:500 @b.000001:700"
		   " @b.000001:5368709120 @b.000001:5368709220 @b.000001:5368709220"
		   " @b.000001:5368709220 @b.000002:200 +1/a @b.000002:400 @b.000002:600");
}

TEST(events_that_are_not_known)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_flagged(99, 250, EVENT_FLAG_IGNORABLE, "?", 1);
	put_gtid(300);
	put_flagged(99, 350, EVENT_FLAG_IGNORABLE, "?", 1);
	put_query(400, "BEGIN");
	put(99, 450, "?", 1);
	check_fails("@b.000001:200 @b.000001:250", ERROR_UNSUPPORTED, "b.000001:450");

	start_at("b.000001", 200);
	begin("b.000001", 200);
	put(EVENT_INCIDENT, 300, "\1\0\0", 3);
	check_fails("@b.000001:200", ERROR_UNSUPPORTED, "the server lost changes");
}

/* Context, notes, what concerns other replicas: a boundary between transactions, nothing
 * inside of one. */
TEST(events_that_change_nothing)
{
	static const uint8_t types[] = {
		EVENT_STOP,
		EVENT_INTVAR,
		EVENT_RAND,
		EVENT_USER_VAR,
		EVENT_BEGIN_LOAD_QUERY,
		EVENT_APPEND_BLOCK,
		EVENT_DELETE_FILE,
		EVENT_IGNORABLE,
		EVENT_ROWS_QUERY,
		EVENT_PREVIOUS_GTIDS,
		EVENT_TRANSACTION_CONTEXT,
		EVENT_VIEW_CHANGE,
		EVENT_MARIADB_ANNOTATE_ROWS,
		EVENT_MARIADB_BINLOG_CHECKPOINT,
		EVENT_MARIADB_GTID_LIST,
		EVENT_MARIADB_START_ENCRYPTION,
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		start_at("b.000001", 200);
		begin("b.000001", 200);
		put(types[i], 300, "whatever it is", 14);
		put(i % 2 ? EVENT_ANONYMOUS_GTID : EVENT_GTID_TAGGED, 320, "\0\0", 2);
		put_query(340, "BEGIN");
		put(types[i], 360, "whatever it is", 14);
		put_map(370);
		put(types[i], 380, "whatever it is", 14);
		put_rows(390, NULL, "1 a");
		put_xid(400);
		check_seen("@b.000001:200 @b.000001:300 +1/a @b.000001:400");
	}
}

TEST(statements)
{
	static const struct {
		const char *sql;
		bool has_side_effects;
		const char *text; /* NULL: it goes on */
	} cases[] = {
		{ "INSERT INTO v.t VALUES (1)", false, "binlog_format" },
		{ "UPDATE w.x, v.t SET t.s = 1", false, "binlog_format" },
		{ "DELETE FROM w.x", false, NULL },
		{ "DELETE FROM w.x", true, "by a trigger" },
		{ "TRUNCATE v.t", false, "TRUNCATE" },
		{ "ALTER TABLE v.t ADD z INT", false, "v.t" },
		{ "RENAME TABLE w.x TO v.x", false, "v.x" },
		{ "CREATE TABLE v.z (id INT)", false, "v.z" },
		{ "CREATE TABLE IF NOT EXISTS v.t (id INT)", false, NULL },
		{ "DROP DATABASE v", false, "touches v" },
		{ "DROP DATABASE w", false, NULL },
		{ "CREATE TABLE w.z SELECT * FROM v.t", false, NULL },
		{ "DO w.f()", false, "any table" },
		{ "CREATE USER x", false, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start_at("b.000001", 200);
		script.has_side_effects = cases[i].has_side_effects;
		begin("b.000001", 200);
		put_gtid(250);
		put_query(300, cases[i].sql);
		if (cases[i].text)
			check_fails("@b.000001:200", ERROR_UNSUPPORTED, cases[i].text);
		else
			check_seen("@b.000001:200 @b.000001:300");
	}
}

/* Among the rows, between transactions; else it is a change of the definition like any other. */
TEST(truncate_in_its_place)
{
	static const char *const others[] = { "TRUNCATE t PARTITION p", "DROP TABLE v.t",
					      "ALTER TABLE v.t TRUNCATE PARTITION p" };

	for (int taken = 0; taken < 2; taken++) {
		start_at("b.000001", 200);
		script.takes_truncate = taken;
		begin("b.000001", 200);
		put_transaction(400, "1 a");
		put_gtid(450);
		put_query_in(500, "v", "TRUNCATE t");
		put_query(600, "TRUNCATE TABLE w.t");
		put_transaction(700, "2 b");
		if (taken)
			check_seen("@b.000001:200 +1/a @b.000001:400 emptied:v.t:500 "
				   "@b.000001:500 @b.000001:600 +2/b @b.000001:700");
		else
			check_fails("@b.000001:200 +1/a @b.000001:400", ERROR_UNSUPPORTED,
				    "TRUNCATE on the source touches v.t");
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		start_at("b.000001", 200);
		script.takes_truncate = true;
		begin("b.000001", 200);
		put_query_in(300, "v", others[i]);
		check_fails("@b.000001:200", ERROR_UNSUPPORTED, "touches v.t");
	}
}

/* Its rows stand in front of the TRUNCATE, and would come behind it. */
TEST(truncate_behind_an_undecided_transaction)
{
	start_at("b.000001", 200);
	script.takes_truncate = true;
	begin("b.000001", 200);
	put_prepared(300);
	put_query(400, "TRUNCATE v.t");
	check_fails("@b.000001:200 @b.000001:200", ERROR_UNSUPPORTED, "touches v.t");
}

/* One that does nothing, for there is no such index, says nothing about the next one. */
TEST(a_definition_behind_one_that_does_nothing)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_query(300, "DROP INDEX IF EXISTS i ON v.t");
	put_query(400, "ALTER TABLE v.t ADD z INT");
	check_fails("@b.000001:200 @b.000001:300", ERROR_UNSUPPORTED, "ALTER TABLE");
}

/* The definition is the first half of a transaction, and no boundary. */
TEST(create_table_select)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	put_query(270, "BEGIN");
	put_query(300, "CREATE TABLE w.z (id INT) START TRANSACTION");
	put_map(350);
	put_rows(360, NULL, "1 a");
	put_xid(400);
	check_seen("@b.000001:200 +1/a @b.000001:400");
}

/* A trigger made while the stream runs. */
TEST(a_new_trigger)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_query(250, "DELETE FROM w.x");
	put_query(300, "CREATE TRIGGER w.r AFTER DELETE ON w.x FOR EACH ROW DELETE FROM v.t");
	put_query(350, "DELETE FROM w.x");
	check_fails("@b.000001:200 @b.000001:250 @b.000001:300", ERROR_UNSUPPORTED, "by a trigger");
}

TEST(other_tables)
{
	struct buf body = BUF_INIT;

	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	put_query(270, "BEGIN");
	map_body(&body, 8, "w", "t");
	put_buf(EVENT_TABLE_MAP, 300, &body);
	rows_body(&body, 8, NULL, "1 a");
	put_buf(EVENT_WRITE_ROWS_V1, 320, &body);
	put_buf(EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1, 330,
		(rows_body(&body, 8, NULL, "x 1"), &body));
	rows_body(&body, 8, NULL, "1 a");
	put_buf(EVENT_PARTIAL_UPDATE_ROWS, 340, &body);
	put(EVENT_WRITE_ROWS_V1, 350, "\xff\xff\xff\0\0\0\1\0", 8); /* ends a statement */
	put_xid(400);
	check_seen("@b.000001:200 @b.000001:400");
}

TEST(rows_in_the_wrong_place)
{
	struct buf body = BUF_INIT;

	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_map(300);
	put_rows(320, NULL, "1 a");
	check_fails("@b.000001:200", ERROR_CORRUPT, "outside of a transaction");

	/* A map is good for its own transaction only. */
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_gtid(450);
	put_query(500, "BEGIN");
	put_rows(520, NULL, "2 b");
	check_fails("@b.000001:200 +1/a @b.000001:400", ERROR_CORRUPT, "was not mapped");

	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	put_query(300, "BEGIN");
	put_gtid(350);
	check_fails("@b.000001:200", ERROR_CORRUPT, "before the one after b.000001:200 has ended");

	/* Partial images of a copied table. */
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	put_query(300, "BEGIN");
	put_map(320);
	rows_body(&body, 7, "1 a", "1 b");
	put_buf(EVENT_PARTIAL_UPDATE_ROWS, 350, &body);
	check_fails("@b.000001:200", ERROR_UNSUPPORTED, "binlog_row_value_options");
}

TEST(another_definition)
{
	struct buf body = BUF_INIT;

	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	put_query(300, "BEGIN");
	map_body(&body, 7, "v", "t");
	body.data[body.length - 6] = 8; /* BIGINT */
	put_buf(EVENT_TABLE_MAP, 350, &body);
	check_fails("@b.000001:200", ERROR_SCHEMA, "`id`");
}

TEST(a_row_that_is_not_taken)
{
	start_at("b.000001", 200);
	script.refuses_rows = true;
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	check_fails("@b.000001:200", ERROR_SQL, "b.000001:380: the row is not wanted");
}

/* The events of a compressed transaction have places in the server's cache. */
static void put_payload(uint64_t end, struct buf *events)
{
	struct buf body = BUF_INIT;

	buf_add(&body, "\x02\x03\xfc\xff\x00", 5); /* method 255: not compressed */
	buf_add(&body, "\x01\x04\xfd", 3);
	put_number(&body, events->length, 3);
	put_number(&body, 0, 1);
	buf_add(&body, events->data, events->length);
	buf_release(events);
	put_buf(EVENT_TRANSACTION_PAYLOAD, end, &body);
}

static void pack(struct buf *events, unsigned type, uint64_t end, struct buf *body)
{
	make_event(events, type, end, 0, body->data, body->length, false);
	buf_release(body);
}

TEST(packed_transactions)
{
	struct buf events = BUF_INIT, body = BUF_INIT;

	/* With and without checksums around it: there are none inside. */
	for (unsigned i = 0; i < 2; i++) {
		start_at("b.000001", 200);
		script.has_checksum = i;
		begin("b.000001", 200);
		put_gtid(250);
		query_body(&body, "w", "BEGIN");
		pack(&events, EVENT_QUERY, 77, &body);
		map_body(&body, 7, "v", "t");
		pack(&events, EVENT_TABLE_MAP, 0, &body);
		rows_body(&body, 7, NULL, "1 a");
		pack(&events, EVENT_WRITE_ROWS_V1, 9999, &body);
		put_number(&body, 1, 8);
		pack(&events, EVENT_XID, 12345, &body);
		put_payload(400, &events);
		put_transaction(600, "2 b");
		check_seen("@b.000001:200 +1/a @b.000001:400 +2/b @b.000001:600");
	}
}

TEST(what_may_not_be_packed)
{
	struct buf events = BUF_INIT, body = BUF_INIT;

	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	rotate_body(&body, "b.000009", 4);
	pack(&events, EVENT_ROTATE, 0, &body);
	put_payload(400, &events);
	check_fails("@b.000001:200", ERROR_UNSUPPORTED, "ROTATE");
}

TEST(compressed_events)
{
	struct buf body = BUF_INIT;
	uLongf size;

	start_at("b.000001", 200);
	begin_mariadb("b.000001", 200);
	put_mariadb_gtid(250, 0);
	put_map(300);
	rows_body(&body, 7, NULL, "1 a");

	/* Packed from behind the bitmaps on. */
	char rest[20];
	size_t length = body.length - 10;
	unsigned char packed[100];

	memcpy(rest, body.data + 10, length);
	size = sizeof(packed);
	assert_int_equal(compress(packed, &size, (const Bytef *)rest, length), Z_OK);
	buf_truncate(&body, 10);
	put_number(&body, 0x81, 1);
	put_number(&body, length, 1);
	buf_add(&body, packed, size);
	put_buf(EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1, 350, &body);
	put_xid(400);
	check_seen("@b.000001:200 +1/a @b.000001:400");
}

TEST(a_packed_transaction_that_is_cut_short)
{
	struct buf events = BUF_INIT, body = BUF_INIT;

	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_gtid(250);
	query_body(&body, "w", "BEGIN");
	pack(&events, EVENT_QUERY, 77, &body);
	put_number(&body, 1, 8);
	pack(&events, EVENT_XID, 12345, &body);
	buf_truncate(&events, events.length - 1);
	put_payload(400, &events);
	check_fails("@b.000001:200", ERROR_CORRUPT, "cut short");
}

/* Each kind that is read, with a byte of body. */
TEST(events_that_are_cut_short)
{
	static const uint8_t types[] = {
		EVENT_ROTATE,
		EVENT_FORMAT_DESCRIPTION,
		EVENT_QUERY,
		EVENT_TABLE_MAP,
		EVENT_WRITE_ROWS_V1,
		EVENT_HEARTBEAT_V2,
		EVENT_MARIADB_GTID,
		EVENT_XA_PREPARE,
		EVENT_TRANSACTION_PAYLOAD,
		EVENT_EXECUTE_LOAD_QUERY,
		EVENT_PARTIAL_UPDATE_ROWS,
		EVENT_MARIADB_QUERY_COMPRESSED,
		EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1,
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		start_at("b.000001", 200);
		begin("b.000001", 200);
		put(types[i], 300, "\1", 1);
		check_fails("@b.000001:200", ERROR_CORRUPT, "b.000001");
	}
}

TEST(a_place_that_is_not_taken)
{
	start_at("b.000001", 200);
	script.refuses_boundaries = true;
	begin("b.000001", 200);
	check_fails("", ERROR_SYSTEM, "the place is not wanted");
}

/* MariaDB's flags: a statement by itself, and a prepared XA transaction. */
TEST(flags_of_mariadb)
{
	start_at("b.000001", 200);
	begin_mariadb("b.000001", 200);
	put_mariadb_gtid(250, 1);
	put_query(300, "CREATE TABLE w.x (id INT)");
	put_mariadb_gtid(350, 64);
	put_map(370);
	put_rows(380, NULL, "1 a");
	put(EVENT_XA_PREPARE, 400, PREPARE, sizeof(PREPARE) - 1);
	check_seen("@b.000001:200 @b.000001:300 @b.000001:300");
}

/* Names that are not all told, in a database of copied tables. */
TEST(statements_that_are_not_understood)
{
	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_query_in(300, "v", "UPDATE w.x JOIN w.y SET a = 1");
	check_fails("@b.000001:200", ERROR_UNSUPPORTED, "database v");

	start_at("b.000001", 200);
	begin("b.000001", 200);
	put_query_in(300, "w", "UPDATE w.x JOIN w.y SET a = 1");
	check_seen("@b.000001:200 @b.000001:300");
}

TEST(stops_at_a_boundary_and_at_once)
{
	start_at("b.000001", 200);
	snprintf(script.stop_at.file, sizeof(script.stop_at.file), "b.000001");
	script.stop_at.offset = 400;
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_transaction(600, "2 b");
	run_script();
	assert_string_equal(script.seen.data, "@b.000001:200 +1/a @b.000001:400");
	assert_true(script.is_finished);
	forget_script();
}

static void set_final(uint64_t offset)
{
	snprintf(script.final.file, sizeof(script.final.file), "b.000001");
	script.final.offset = offset;
}

TEST(rows_behind_the_final_position_are_late)
{
	start_at("b.000001", 200);
	set_final(350); /* inside of a transaction */
	script.stop_at = script.final;
	script.stop_at.offset = 650;
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_transaction(600, "2 b");
	put_transaction(700, "3 c");
	put_transaction(800, "4 d");
	run_script();
	assert_string_equal(script.seen.data,
			    "@b.000001:200 +1/a @b.000001:400 late +2/b late +3/c");
	assert_true(script.is_final);
	assert_true(script.is_finished);
	forget_script();
}

TEST(truncate_behind_the_final_position)
{
	start_at("b.000001", 200);
	script.takes_truncate = true;
	set_final(400);
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_query(500, "TRUNCATE v.t");
	check_fails("@b.000001:200 +1/a @b.000001:400", ERROR_UNSUPPORTED, "touches v.t");
}

/* What comes again is not late once more, nor is what lies before the final position. */
TEST(a_connection_that_is_lost_behind_the_final_position)
{
	start_at("b.000001", 200);
	set_final(400);
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_transaction(600, "2 b");
	put_gtid(620);
	put_query(630, "BEGIN");
	lose_connection();
	begin("b.000001", 600);
	put_transaction(700, "3 c");
	check_seen("@b.000001:200 +1/a @b.000001:400 late +2/b late +3/c");
}

TEST(the_end_before_the_final_position)
{
	start_at("b.000001", 200);
	set_final(500);
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	run_script();
	assert_false(script.is_final);
	forget_script();
}

/* Not before the first boundary at or behind it. */
TEST(stops_where_it_is_told_to)
{
	start_at("b.000001", 200);
	snprintf(script.stop_at.file, sizeof(script.stop_at.file), "b.000001");
	script.stop_at.offset = 350; /* inside of a transaction */
	begin("b.000001", 200);
	put_transaction(400, "1 a");
	put_transaction(500, "2 b");
	run_script();
	assert_string_equal(script.seen.data, "@b.000001:200 +1/a @b.000001:400");
	assert_true(script.is_finished);
	forget_script();
}

TEST_MAIN(cmocka_unit_test(a_transaction), cmocka_unit_test(a_file_grows_beyond_4_gib),
	  cmocka_unit_test(odd_places), cmocka_unit_test(a_packed_transaction_that_is_cut_short),
	  cmocka_unit_test(events_that_are_cut_short), cmocka_unit_test(a_place_that_is_not_taken),
	  cmocka_unit_test(flags_of_mariadb), cmocka_unit_test(statements_that_are_not_understood),
	  cmocka_unit_test(stops_at_a_boundary_and_at_once),
	  cmocka_unit_test(rows_behind_the_final_position_are_late),
	  cmocka_unit_test(a_connection_that_is_lost_behind_the_final_position),
	  cmocka_unit_test(the_end_before_the_final_position),
	  cmocka_unit_test(an_event_ends_at_4_gib), cmocka_unit_test(resumed_beyond_4_gib),
	  cmocka_unit_test(begins_in_front_of_the_position), cmocka_unit_test(file_names_get_longer),
	  cmocka_unit_test(no_positions_inside_a_transaction),
	  cmocka_unit_test(lost_where_there_are_no_positions),
	  cmocka_unit_test(a_file_that_is_cut_short_is_passed),
	  cmocka_unit_test(a_file_that_is_cut_short_ends_the_run),
	  cmocka_unit_test(lost_in_mid_transaction),
	  cmocka_unit_test(lost_in_mid_transaction_for_good),
	  cmocka_unit_test(maps_end_with_the_connection),
	  cmocka_unit_test(a_connection_that_cannot_be_had_again), cmocka_unit_test(fake_rotations),
	  cmocka_unit_test(a_file_ends_inside_a_transaction),
	  cmocka_unit_test(a_binlog_that_goes_back), cmocka_unit_test(positions_that_no_file_has),
	  cmocka_unit_test(a_wrong_checksum), cmocka_unit_test(checksums_are_switched),
	  cmocka_unit_test(savepoints_are_no_boundary), cmocka_unit_test(what_was_rolled_back),
	  cmocka_unit_test(rows_are_buffered_until_the_commit),
	  cmocka_unit_test(rows_that_have_no_room_are_delivered), cmocka_unit_test(xa_transactions),
	  cmocka_unit_test(lost_while_an_xa_transaction_is_open), cmocka_unit_test(xa_in_one_phase),
	  cmocka_unit_test(xa_that_is_too_large), cmocka_unit_test(xa_that_ends_without_a_prepare),
	  cmocka_unit_test(xa_of_mariadb), cmocka_unit_test(heartbeats),
	  cmocka_unit_test(events_that_are_not_known), cmocka_unit_test(events_that_change_nothing),
	  cmocka_unit_test(statements), cmocka_unit_test(a_definition_behind_one_that_does_nothing),
	  cmocka_unit_test(create_table_select), cmocka_unit_test(a_new_trigger),
	  cmocka_unit_test(truncate_in_its_place),
	  cmocka_unit_test(truncate_behind_an_undecided_transaction),
	  cmocka_unit_test(truncate_behind_the_final_position), cmocka_unit_test(other_tables),
	  cmocka_unit_test(rows_in_the_wrong_place), cmocka_unit_test(another_definition),
	  cmocka_unit_test(a_row_that_is_not_taken), cmocka_unit_test(packed_transactions),
	  cmocka_unit_test(what_may_not_be_packed), cmocka_unit_test(compressed_events),
	  cmocka_unit_test(stops_where_it_is_told_to))
