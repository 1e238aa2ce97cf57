/* GTID sets: text, sums, parts and differences; and the events that carry GTIDs, with
 * bytes from a MySQL 9.7 and a MariaDB 10.11. */
#include "decode/gtid_set.h"

#include "decode/gtid_event.h"
#include "../hex.h"

#define A "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
#define B "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb"

static struct gtid_set set_of(const char *text)
{
	struct gtid_set set = GTID_SET_INIT;
	struct error err = ERROR_INIT;

	if (!gtid_set_parse(&set, text, strlen(text), &err))
		fail_msg("%s: %s", text, err.text);
	return set;
}

static void assert_prints(const struct gtid_set *set, const char *wanted)
{
	struct buf text = BUF_INIT;

	gtid_set_print(&text, set);
	assert_string_equal(buf_text(&text), wanted);
	buf_release(&text);
}

TEST(text_is_read_and_printed)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "", "" },
		{ " \n", "" },
		{ A ":1", A ":1" },
		{ A ":1-5:7,\n" B ":3", A ":1-5:7," B ":3" },
		{ B ":3," A ":7:1-5", A ":1-5:7," B ":3" },
		{ A ":5:1-3:4:9-12:10-20", A ":1-5:9-20" },
		{ "AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAA : 1 - 2", A ":1-2" },
		{ A ":1-3:Tag_1:4-5:x:1", A ":1-3," A ":tag_1:4-5," A ":x:1" },
		{ A ":x:1," A ":1", A ":1," A ":x:1" },
		{ A ":7-5", "" },
		{ A ":9223372036854775807", A ":9223372036854775807" },
		{ ",," A ":1,", A ":1" },
		{ "0-1-100", "0-1-100" },
		{ "1-1-3, 0-2-57,0-1-100,0-1-99", "0-1-100,0-2-57,1-1-3" },
		{ "4294967295-4294967295-18446744073709551615",
		  "4294967295-4294967295-18446744073709551615" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gtid_set set = set_of(cases[i].text);

		assert_prints(&set, cases[i].wanted);
		gtid_set_release(&set);
	}
}

TEST(text_that_is_none_is_refused)
{
	static const char *const cases[] = {
		"x",
		A,
		A ":",
		A ":0",
		A ":1-",
		A ":1;",
		A ":9223372036854775808",
		A ":tag",
		A ":1:tag:",
		"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaa:1",
		"aaaaaaaa-aaaa-aaaa-aaaaaaaaaaaaaaaa:1",
		A ":a23456789012345678901234567890123:1",
		"0-1",
		"0-1-",
		"0-1-0",
		"4294967296-1-1",
		"0-1-18446744073709551616",
		"0-1-1 2",
		A ":1,0-1-1",
		"0-1-1," A ":1",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gtid_set set = GTID_SET_INIT;
		struct error err = ERROR_INIT;

		if (gtid_set_parse(&set, cases[i], strlen(cases[i]), &err))
			fail_msg("%s was taken", cases[i]);
		gtid_set_release(&set);
	}
}

TEST(differences_are_named)
{
	static const struct {
		const char *part, *whole, *missing;
	} cases[] = {
		{ "", "", "" },
		{ "", A ":1", "" },
		{ A ":1", "", A ":1" },
		{ A ":1-10", A ":1-10", "" },
		{ A ":3-4:9", A ":1-10", "" },
		{ A ":1-10", A ":2-3:5:9-20", A ":1:4:6-8" },
		{ A ":1-10", A ":3-20", A ":1-2" },
		{ A ":1-10", A ":1-9", A ":10" },
		{ A ":1-3," B ":1-3," A ":x:1", A ":1-3," A ":y:1", A ":x:1," B ":1-3" },
		{ A ":1", "0-1-1", A ":1" },
		{ "0-1-10,0-2-5", "0-1-12", "0-2-5" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gtid_set part = set_of(cases[i].part);
		struct gtid_set whole = set_of(cases[i].whole);
		struct gtid_set missing = GTID_SET_INIT;
		bool all = gtid_set_is_subset(&part, &whole, &missing);

		assert_prints(&missing, cases[i].missing);
		assert_int_equal(all, !*cases[i].missing);
		gtid_set_release(&part);
		gtid_set_release(&whole);
		gtid_set_release(&missing);
	}
}

/* As a server that a replica connects to sees it. */
TEST(the_last_of_each_domain_counts)
{
	static const struct {
		const char *part, *executed;
		bool all;
	} cases[] = {
		{ "0-1-10,0-2-5", "0-1-12", true },   /* 0-2-5 is older than a backup, say */
		{ "0-1-10,0-2-15", "0-1-20", false }, /* another history: 0-2-15 is unknown */
		{ "0-1-10,0-2-15", "0-2-15", true },  { "0-1-10,1-1-1", "0-1-10", false },
		{ "0-1-10", "0-1-9", false },	      { "", "0-1-9", true },
		{ A ":1-5", A ":1-4:6", false },      { A ":1-5", A ":1-6", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gtid_set part = set_of(cases[i].part);
		struct gtid_set executed = set_of(cases[i].executed);

		assert_int_equal(gtid_set_is_executed(&part, &executed, NULL), cases[i].all);
		gtid_set_release(&part);
		gtid_set_release(&executed);
	}
}

/* Against a plain table of flags. */
TEST(any_order_of_adding_gives_the_same)
{
	srand(7);
	for (unsigned round = 0; round < 300; round++) {
		bool in[64] = { false };
		struct gtid_set set = GTID_SET_INIT;

		for (unsigned i = 0; i < 24; i++) {
			struct gtid gtid = { .kind = GTID_MYSQL,
					     .number = 1 + (uint64_t)rand() % 60 };
			uint64_t last = gtid.number + (uint64_t)rand() % 4;

			gtid_set_add_range(&set, &gtid, last);
			for (uint64_t n = gtid.number; n <= last; n++)
				in[n] = true;
		}
		for (uint64_t n = 1; n < 64; n++) {
			struct gtid gtid = { .kind = GTID_MYSQL, .number = n };

			assert_int_equal(gtid_set_contains(&set, &gtid), in[n]);
		}
		for (size_t i = 1; i < set.lines[0].count; i++)
			assert_true(set.lines[0].ranges[i - 1].last + 1 <
				    set.lines[0].ranges[i].first);
		gtid_set_release(&set);
	}
}

TEST(sums_and_copies)
{
	struct gtid_set a = set_of(A ":1-3:8"), b = set_of(A ":4-5," B ":1");
	struct gtid_set c = GTID_SET_INIT;

	gtid_set_copy(&c, &a);
	gtid_set_merge(&a, &b);
	assert_prints(&a, A ":1-5:8," B ":1");
	assert_prints(&c, A ":1-3:8");
	gtid_set_move(&c, &b);
	assert_prints(&c, A ":4-5," B ":1");
	assert_true(gtid_set_is_empty(&b) && gtid_set_suits(&b, &a));
	gtid_set_release(&a);
	gtid_set_release(&c);
}

/* --- events -------------------------------------------------------------------------- */

static const struct {
	unsigned type;
	const char *body; /* checksum cut off */
	const char *wanted;
} events[] = {
	{ EVENT_PREVIOUS_GTIDS, "0000000000000000", "" },
	{ EVENT_GTID_TAGGED,
	  "027c00000202e8e503250238a5035d0222c5036d02c10304f1030000000204040610746573745f7461670800"
	  "0a040c7faea0bd562d610610e1021283120b",
	  "74f9891c-e997-11f1-9bf0-02fc00000001:test_tag:1" },
	{ EVENT_GTID,
	  "01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa70110100000000000203000000000000000400000000000000433fbe"
	  "562d6106b050620100",
	  "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:70000" },
	{ EVENT_PREVIOUS_GTIDS, /* tagged */
	  "010300000000000174f9891ce99711f19bf002fc00000001000100000000000000010000000000000002000000"
	  "0000000074f9891ce99711f19bf002fc0000000110746573745f74616701000000000000000100000000000000"
	  "0300000000000000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa000100000000000000701101000000000071110100"
	  "00000000",
	  "74f9891c-e997-11f1-9bf0-02fc00000001:1,74f9891c-e997-11f1-9bf0-02fc00000001:test_tag:1-2,"
	  "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:70000" },
	{ EVENT_PREVIOUS_GTIDS, /* as MySQL 5.7 and 8.0 write it */
	  "0100000000000000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa020000000000000001000000000000000400000000"
	  "00000007000000000000000800000000000000",
	  A ":1-3:7" },
	{ EVENT_MARIADB_GTID, "02000000000000000500000029000000000000", "5-7-2" },
	{ EVENT_MARIADB_GTID_LIST, "000000000000", "" },
	{ EVENT_MARIADB_GTID_LIST,
	  "03000000050000007ac92200010000000000000005000000090000000200000000000000000000007ac9220001"
	  "00000000000000",
	  "0-2279802-1,5-9-2,5-2279802-1" },
};

static bool parse(const struct binlog_event *event, struct gtid_set *set)
{
	struct error err = ERROR_INIT;
	struct gtid gtid;

	if (event->type == EVENT_PREVIOUS_GTIDS || event->type == EVENT_MARIADB_GTID_LIST)
		return gtid_list_parse(event, set, &err);
	if (!gtid_event_parse(event, &gtid, &err))
		return false;
	gtid_set_add(set, &gtid);
	return true;
}

TEST(events_tell_their_transactions)
{
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		struct bytes bytes = bytes_of_hex(events[i].body);
		struct binlog_event event = { .type = (uint8_t)events[i].type,
					      .server_id = 7,
					      .body = reader_over(bytes.at, bytes.length) };
		struct gtid_set set = GTID_SET_INIT;

		assert_true(parse(&event, &set));
		assert_prints(&set, events[i].wanted);
		gtid_set_release(&set);
		free(bytes.at);
	}
}

/* What a transaction is lies in front of what else its event says. */
TEST(events_reject_truncations)
{
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		struct bytes whole = bytes_of_hex(events[i].body);
		bool was_whole = false;

		for (size_t cut = 0; cut < whole.length; cut++) {
			struct bytes bytes = bytes_copy(whole.at, cut);
			struct binlog_event event = { .type = (uint8_t)events[i].type,
						      .server_id = 7,
						      .body = reader_over(bytes.at, cut) };
			struct gtid_set set = GTID_SET_INIT;
			bool ok = parse(&event, &set);

			assert_true(ok || !was_whole);
			was_whole = ok;
			if (ok)
				assert_prints(&set, events[i].wanted);
			gtid_set_release(&set);
			free(bytes.at);
		}
		if (strchr(events[i].wanted, ',')) /* a list, without padding */
			assert_false(was_whole);
		free(whole.at);
	}
}

TEST_MAIN(cmocka_unit_test(text_is_read_and_printed), cmocka_unit_test(text_that_is_none_is_refused),
	  cmocka_unit_test(differences_are_named), cmocka_unit_test(the_last_of_each_domain_counts),
	  cmocka_unit_test(any_order_of_adding_gives_the_same), cmocka_unit_test(sums_and_copies),
	  cmocka_unit_test(events_tell_their_transactions),
	  cmocka_unit_test(events_reject_truncations))
