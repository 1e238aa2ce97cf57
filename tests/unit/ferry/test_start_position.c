/* start_position: where a stream begins, and which servers are refused. The server is made up
 * here. Seen to fail with what the stream had received not looked for, with what is in no file
 * left out, and with a position beyond 4 GiB taken on trust. */
#include "../../../src/ferry/start_position.h"

#include "base/clock.h"
#include "base/log.h"
#include "stream/gtid_source.h"
#include "../unit.h"

#define UUID "3e11fa47-71ca-11e1-9e33-c80aa9429562"
#define GTIDS(range) UUID ":" range

/* What the server says of itself; sets are ranges of its transactions, NULL: none. */
struct server {
	bool has_gtids;
	const char *executed, *later; /* at first, and after three times */
	const char *unlogged;	      /* in no file */
	const char *oldest;	      /* before the oldest file, where none will do */
	bool is_short;		      /* of the position's file */
	enum error_kind fails;
};

static struct server server;
static unsigned asked, sleeps, stops_after;
static int64_t now_ms;

int64_t clock_ms(void)
{
	return now_ms;
}

void log_write(enum log_level level UNUSED, const char *tag UNUSED, const struct error *err UNUSED,
	       const struct log_field *fields UNUSED, const char *format UNUSED, ...)
{
}

bool stop_sleep_ms(struct stop *s UNUSED, int64_t milliseconds)
{
	now_ms += milliseconds;
	return ++sleeps != stops_after;
}

static void put_set(struct gtid_set *set, const char *text)
{
	struct error err;

	gtid_set_release(set);
	assert_true(!text || gtid_set_parse(set, text, strlen(text), &err));
}

static bool answer(struct error *err)
{
	return !server.fails || error_set(err, server.fails, "no answer");
}

bool db_ready(struct db *db UNUSED, struct error *err UNUSED)
{
	return true;
}

bool gtid_source_has(struct db *db UNUSED, bool *has, struct error *err)
{
	*has = server.has_gtids;
	return answer(err);
}

static void set_position(struct binlog_position *position, const char *file, uint64_t offset)
{
	struct error err;

	assert_true(binlog_position_set(position, file, strlen(file), offset, &err));
}

bool gtid_source_current(struct db *db UNUSED, struct binlog_position *position,
			 struct gtid_set *before, struct error *err UNUSED)
{
	set_position(position, "b.000009", 900);
	put_set(before, server.executed);
	return true;
}

bool binlog_current_position(struct db *db UNUSED, struct binlog_position *position,
			     struct error *err UNUSED)
{
	set_position(position, "b.000009", 900);
	return true;
}

bool binlog_reaches(struct db *db UNUSED, const struct binlog_position *position UNUSED,
		    struct error *err)
{
	return !server.is_short || error_set(err, ERROR_CONFIG, "the file is short");
}

bool gtid_source_executed(struct db *db UNUSED, struct gtid_set *executed, struct error *err UNUSED)
{
	put_set(executed, asked++ >= 3 && server.later ? server.later : server.executed);
	return true;
}

bool gtid_source_unlogged(struct db *db UNUSED, struct gtid_set *unlogged, struct error *err UNUSED)
{
	put_set(unlogged, server.unlogged);
	return true;
}

bool gtid_source_find(struct db *db UNUSED, const struct binlog_feed_params *params UNUSED,
		      const struct gtid_set *applied UNUSED, struct binlog_position *start,
		      bool *found, struct gtid_set *before, struct error *err UNUSED)
{
	*found = !server.oldest;
	if (*found)
		set_position(start, "n.000002", 4);
	put_set(before, server.oldest);
	return true;
}

/* "here" is the server's identity. */
struct scenario {
	const char *name;
	struct server server;
	const char *uuid; /* of the state; NULL: there is no state */
	bool has_gtids;
	uint64_t offset; /* in b.000003 */
	const char *applied, *received;
	const char *position; /* "": refused */
	bool goes_by_gtid, is_other;
	enum error_kind kind;
	const char *says;
};

static const struct scenario scenarios[] = {
	{ .name = "a new run", .server = { .executed = GTIDS("1-9") }, .position = "b.000009:900" },
	{ .name = "a new run, with GTIDs",
	  .server = { true, .executed = GTIDS("1-9") },
	  .applied = GTIDS("1-9"),
	  .received = GTIDS("1-9"),
	  .position = "b.000009:900",
	  .goes_by_gtid = true },
	{ .name = "the same server", .uuid = "here", .offset = 100, .position = "b.000003:100" },
	{ .name = "a state that names none", .uuid = "", .offset = 100, .position = "b.000003:100" },
	{ .name = "the same server, which has all of it",
	  .server = { true, .executed = GTIDS("1-9") },
	  .uuid = "here",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .received = GTIDS("1-9"),
	  .position = "b.000003:100",
	  .goes_by_gtid = true },
	{ .name = "the same server, which counts the last one later",
	  .server = { true, .executed = GTIDS("1-8"), .later = GTIDS("1-9") },
	  .uuid = "here",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .received = GTIDS("1-9"),
	  .position = "b.000003:100",
	  .goes_by_gtid = true },
	{ .name = "the same server, which has lost what was received",
	  .server = { true, .executed = GTIDS("1-8") },
	  .uuid = "here",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .received = GTIDS("1-9"),
	  .position = "",
	  .kind = ERROR_CONFIG,
	  .says = "the source no longer has transactions that it had when the state was made "
		  "(" GTIDS("9") "): " },
	{ .name = "the same server, which has lost what was applied",
	  .server = { true, .executed = GTIDS("1-4") },
	  .uuid = "here",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .position = "",
	  .kind = ERROR_CONFIG,
	  .says = "(" GTIDS("5") "): " },
	{ .name = "GTIDs of another kind of server",
	  .server = { true, .executed = "0-1-9" },
	  .uuid = "here",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .position = "",
	  .kind = ERROR_CONFIG,
	  .says = "(" GTIDS("1-5") "): " },
	{ .name = "a state without GTIDs",
	  .server = { true, .executed = GTIDS("1-9") },
	  .uuid = "here",
	  .offset = 100,
	  .position = "b.000003:100" },
	{ .name = "a server that has them no more",
	  .uuid = "here",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .position = "b.000003:100" },
	{ .name = "a place beyond 4 GiB that is there",
	  .uuid = "here",
	  .offset = UINT64_C(1) << 32,
	  .position = "b.000003:4294967296" },
	{ .name = "a place beyond 4 GiB that is not",
	  .server = { .is_short = true },
	  .uuid = "here",
	  .offset = UINT64_C(1) << 32,
	  .position = "",
	  .kind = ERROR_CONFIG,
	  .says = "the file is short" },
	{ .name = "the last place of which the stream itself says so",
	  .server = { .is_short = true },
	  .uuid = "here",
	  .offset = UINT32_MAX,
	  .position = "b.000003:4294967295" },
	{ .name = "another server, and a state without GTIDs",
	  .server = { true, .executed = GTIDS("1-9") },
	  .uuid = "there",
	  .offset = 100,
	  .position = "",
	  .kind = ERROR_CONFIG,
	  .says = "made with another source server (there, this is here): its binlog position "
		  "means nothing here, and it has no GTIDs by which to find the place" },
	{ .name = "another server without GTIDs",
	  .uuid = "there",
	  .has_gtids = true,
	  .offset = 100,
	  .position = "",
	  .kind = ERROR_CONFIG,
	  .says = "means nothing here, and gtid_mode is not ON on this one" },
	{ .name = "another server",
	  .server = { true, .executed = GTIDS("1-9"), .is_short = true },
	  .uuid = "there",
	  .has_gtids = true,
	  .offset = UINT64_C(1) << 32,
	  .applied = GTIDS("1-5"),
	  .received = GTIDS("1-9"),
	  .position = "n.000002:4",
	  .goes_by_gtid = true,
	  .is_other = true },
	{ .name = "another server, which lacks some",
	  .server = { true, .executed = GTIDS("1-7") },
	  .uuid = "there",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .received = GTIDS("1-9"),
	  .position = "",
	  .kind = ERROR_CONFIG,
	  .says = "the state was made with another source server (there, this is here): this "
		  "server lacks transactions that the source of the state had (" GTIDS("8-9") ")" },
	{ .name = "another server, made from a later backup",
	  .server = { true, .executed = GTIDS("1-9"), .unlogged = GTIDS("1-6") },
	  .uuid = "there",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .received = GTIDS("1-5"),
	  .position = "",
	  .kind = ERROR_PURGED,
	  .says = "were not moved yet (" GTIDS("6") "): " },
	{ .name = "another server, which has purged some",
	  .server = { true, .executed = GTIDS("1-9"), .oldest = GTIDS("1-7") },
	  .uuid = "there",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .received = GTIDS("1-5"),
	  .position = "",
	  .kind = ERROR_PURGED,
	  .says = "were not moved yet (" GTIDS("6-7") "): " },
	{ .name = "another server, whose files do not say",
	  .server = { true, .executed = GTIDS("1-9"), .oldest = GTIDS("1-3") },
	  .uuid = "there",
	  .has_gtids = true,
	  .offset = 100,
	  .applied = GTIDS("1-5"),
	  .received = GTIDS("1-5"),
	  .position = "",
	  .kind = ERROR_PURGED,
	  .says = "(its files do not say" },
	{ .name = "no answer",
	  .server = { .fails = ERROR_LOST },
	  .uuid = "here",
	  .offset = 100,
	  .position = "",
	  .kind = ERROR_LOST,
	  .says = "no answer" },
	{ .name = "no answer for a new run",
	  .server = { .fails = ERROR_LOST },
	  .position = "",
	  .kind = ERROR_LOST,
	  .says = "read the source's binlog position: no answer" },
};

static bool choose(const struct scenario *s, struct start_position *start, struct error *err)
{
	struct saved_state state = { .run = { .has_gtids = s->has_gtids } };

	server = s->server;
	asked = sleeps = 0;
	if (s->uuid) {
		snprintf(state.run.source_uuid, sizeof(state.run.source_uuid), "%s", s->uuid);
		set_position(&state.run.position, "b.000003", s->offset);
		put_set(&state.run.applied, s->applied);
		put_set(&state.run.received, s->received);
	}
	bool ok = start_position_choose(start, NULL, "here", NULL, s->uuid ? &state : NULL, NULL,
					err);

	gtid_set_release(&state.run.applied);
	gtid_set_release(&state.run.received);
	return ok;
}

static void check_set(const struct gtid_set *set, const char *want)
{
	struct buf text = BUF_INIT;

	gtid_set_print(&text, set);
	assert_string_equal(buf_text(&text), want ? want : "");
	buf_release(&text);
}

TEST(where_it_begins)
{
	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		const struct scenario *s = &scenarios[i];
		struct start_position start = { .has_gtids = false };
		struct error err = ERROR_INIT;
		char position[600];

		print_message("%s\n", s->name);
		assert_int_equal(choose(s, &start, &err), *s->position != '\0');
		assert_int_equal(err.kind, s->kind);
		if (s->kind == ERROR_NONE) {
			snprintf(position, sizeof(position), POSITION_FORMAT,
				 POSITION_ARGS(&start.position));
			assert_string_equal(position, s->position);
			assert_int_equal(start.has_gtids, s->goes_by_gtid);
			assert_int_equal(start.is_other_server, s->is_other);
			check_set(&start.applied, s->goes_by_gtid ? s->applied : NULL);
			check_set(&start.received, s->goes_by_gtid ? s->received : NULL);
		} else {
			print_message("    %s\n", err.text);
			assert_non_null(strstr(err.text, s->says));
		}
		start_position_release(&start);
	}
}

TEST(the_run_ends_while_it_waits)
{
	const struct scenario s = { .server = { true, .executed = GTIDS("1-4") },
				    .uuid = "here",
				    .has_gtids = true,
				    .offset = 100,
				    .applied = GTIDS("1-5") };
	struct start_position start = { .has_gtids = false };
	struct error err = ERROR_INIT;

	stops_after = 2;
	assert_false(choose(&s, &start, &err));
	assert_int_equal(err.kind, ERROR_STOPPED);
	assert_int_equal(sleeps, 2);
	stops_after = 0;
	start_position_release(&start);
}

TEST_MAIN(cmocka_unit_test(where_it_begins), cmocka_unit_test(the_run_ends_while_it_waits))
