/* A source's binlog made by hand, for tests of the streamer: events are put one after
 * the other, then a streamer runs over them, and what it delivers is recorded as text. The
 * feed is defined here and wins over the one of the archive, as does the stop latch,
 * which does not sleep. To be included by one file of a program.
 *
 * The table that is copied is v.t (id INT PRIMARY KEY, s VARCHAR(10)). */
#ifndef TESTS_UNIT_STREAM_SCRIPT_H
#define TESTS_UNIT_STREAM_SCRIPT_H

#include <fcntl.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "stream/gtid_source.h"
#include "stream/streamer.h"
#include "unit.h"

#define GIB (UINT64_C(1) << 30)

enum step_kind {
	STEP_EVENT,
	STEP_LOST,   /* the connection ends; what follows comes on the next one */
	STEP_REFUSE, /* the next connection cannot be had */
	STEP_CUT,    /* the file ends in the middle of an event */
};

struct step {
	enum step_kind kind;
	enum error_kind refusal;
	struct buf bytes;
};

static struct {
	struct step steps[300];
	unsigned count, next;
	bool has_checksum;
	/* The streamer's callbacks as the test wants them. */
	bool has_side_effects, refuses_rows, refuses_boundaries, takes_truncate;
	uint64_t buffered_bytes_max;
	uint64_t xa_bytes_max;
	struct binlog_position start, stop_at, final;
	/* What came of it. */
	struct buf seen; /* "+1 a", "-1 a", "1 a>1 b", "@b.000001:120"; "late" ones */
	bool is_final;
	char undecided[200]; /* XA transactions at the end */
	struct buf opened;   /* positions that streams were asked for from */
	struct error err;
	bool is_finished;
	bool starts_in_front; /* of the position: at the file's beginning */
	unsigned sleeps;
	struct binlog_position next_file; /* unset: there is none */
	struct gtid_set before_next;	  /* logged before it */
} script;

static struct stop script_stop;

struct binlog_feed {
	uint64_t begins_at;
	bool is_cut_short;
};

/* --- The feed and the latch ---------------------------------------------------- */

struct binlog_feed *binlog_feed_open(const struct binlog_feed_params *params UNUSED,
				     const struct binlog_position *position, struct error *err)
{
	struct step *step = &script.steps[script.next];

	buf_printf(&script.opened, "%s" POSITION_FORMAT, script.opened.length ? " " : "",
		   POSITION_ARGS(position));
	if (script.next < script.count && step->kind == STEP_REFUSE) {
		script.next++;
		error_set(err, step->refusal, "refused");
		return NULL;
	}

	struct binlog_feed *feed = mem_calloc(1, sizeof(*feed));

	feed->begins_at =
		position->offset > UINT32_MAX || script.starts_in_front ? 4 : position->offset;
	return feed;
}

uint64_t binlog_feed_begins_at(const struct binlog_feed *feed)
{
	return feed->begins_at;
}

void binlog_feed_close(struct binlog_feed *feed)
{
	free(feed);
}

bool binlog_feed_has_checksums(const struct binlog_feed *feed UNUSED)
{
	return script.has_checksum;
}

/* The end of the script ends the run without a word. */
bool binlog_feed_next(struct binlog_feed *feed, const uint8_t **event, size_t *length,
		      struct error *err)
{
	struct step *step = &script.steps[script.next];

	if (script.next >= script.count)
		return error_set(err, ERROR_STOPPED, "the script is at its end");
	script.next++;
	feed->is_cut_short = step->kind == STEP_CUT;
	if (feed->is_cut_short)
		return error_set(err, ERROR_SQL, "truncated in the middle of event");
	if (step->kind != STEP_EVENT)
		return error_set(err, ERROR_LOST, "lost");
	*event = (const uint8_t *)step->bytes.data;
	*length = step->bytes.length;
	return true;
}

bool binlog_feed_is_cut_short(const struct binlog_feed *feed)
{
	return feed->is_cut_short;
}

bool gtid_source_next_file(const struct binlog_feed_params *params UNUSED,
			   const struct binlog_position *position UNUSED,
			   struct binlog_position *next, bool *found, struct gtid_set *before,
			   struct error *err UNUSED)
{
	*next = script.next_file;
	*found = binlog_position_is_set(next);
	gtid_set_copy(before, &script.before_next);
	return true;
}

void stop_init(struct stop *s)
{
	atomic_init(&s->set, false);
}

void stop_destroy(struct stop *s UNUSED)
{
}

void stop_set(struct stop *s)
{
	atomic_store(&s->set, true);
}

bool stop_is_set(const struct stop *s)
{
	return atomic_load(&s->set);
}

bool stop_sleep_ms(struct stop *s, int64_t milliseconds UNUSED)
{
	script.sleeps++;
	return !stop_is_set(s);
}

/* --- Bytes --------------------------------------------------------------------- */

static UNUSED void put_number(struct buf *b, uint64_t number, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		buf_putc(b, (char)(number >> 8 * i));
}

/* An event as it stands in the log; the checksum where has_checksum says so. */
static UNUSED void make_event(struct buf *to, unsigned type, uint64_t end, unsigned flags,
			      const void *body, size_t length, bool has_checksum)
{
	size_t start = to->length;
	uint32_t crc;

	put_number(to, end || flags ? 1000 : 0, 4);
	put_number(to, type, 1);
	put_number(to, 1, 4);
	put_number(to, EVENT_HEADER_SIZE + length + (has_checksum ? 4 : 0), 4);
	put_number(to, end, 4); /* its lower half */
	put_number(to, flags, 2);
	buf_add(to, body, length);
	if (!has_checksum)
		return;
	crc = (uint32_t)crc32(0, (const Bytef *)to->data + start, (uInt)(to->length - start));
	put_number(to, crc, 4);
}

static struct step *add_step(enum step_kind kind)
{
	struct step *step = &script.steps[script.count++];

	assert_true(script.count < ARRAY_LEN(script.steps));
	step->kind = kind;
	return step;
}

static UNUSED void put_flagged(unsigned type, uint64_t end, unsigned flags, const void *body,
			       size_t length)
{
	make_event(&add_step(STEP_EVENT)->bytes, type, end, flags, body, length,
		   script.has_checksum);
}

static UNUSED void put(unsigned type, uint64_t end, const void *body, size_t length)
{
	put_flagged(type, end, 0, body, length);
}

static UNUSED void put_buf(unsigned type, uint64_t end, struct buf *body)
{
	put(type, end, body->data, body->length);
	buf_release(body);
}

/* --- Events of each kind ------------------------------------------------------- */

static UNUSED void rotate_body(struct buf *body, const char *file, uint64_t offset)
{
	put_number(body, offset, 8);
	buf_puts(body, file);
}

/* What the server makes up to say where the following events stand. */
static UNUSED void put_fake_rotate(const char *file, uint64_t offset)
{
	struct buf body = BUF_INIT;

	rotate_body(&body, file, offset);
	put_flagged(EVENT_ROTATE, 0, EVENT_FLAG_ARTIFICIAL, body.data, body.length);
	buf_release(&body);
}

static UNUSED void put_rotate(const char *file, uint64_t end)
{
	struct buf body = BUF_INIT;

	rotate_body(&body, file, 4);
	put_buf(EVENT_ROTATE, end, &body);
}

/* The same for both servers but for the version, which says whose it is. */
static UNUSED void put_format(uint64_t end, const char *version, bool has_checksum)
{
	struct buf body = BUF_INIT;
	char text[50] = "";
	bool before = script.has_checksum;

	snprintf(text, sizeof(text), "%s", version);
	put_number(&body, 4, 2);
	buf_add(&body, text, sizeof(text));
	put_number(&body, 0, 4);
	put_number(&body, EVENT_HEADER_SIZE, 1);
	for (unsigned type = 1; type <= EVENT_MARIADB_DELETE_ROWS_COMPRESSED; type++) {
		bool is_v2 = type >= EVENT_WRITE_ROWS_V2 && type <= EVENT_DELETE_ROWS_V2;
		bool is_rows = type == EVENT_TABLE_MAP ||
			       (type >= EVENT_WRITE_ROWS_V1 && type <= EVENT_DELETE_ROWS_V1) ||
			       (type >= EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1 &&
				type <= EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1);

		put_number(&body, type == EVENT_QUERY ? 13 : is_v2 ? 10 : is_rows ? 8 : 0, 1);
	}
	put_number(&body, has_checksum, 1);
	/* It ends in four bytes of checksum whatever its algorithm. */
	script.has_checksum = true;
	put_buf(EVENT_FORMAT_DESCRIPTION, end, &body);
	script.has_checksum = before;
}

static UNUSED void put_gtid(uint64_t end)
{
	put(EVENT_GTID, end, "\0\0", 2);
}

static UNUSED void put_mariadb_gtid(uint64_t end, unsigned flags)
{
	struct buf body = BUF_INIT;

	put_number(&body, 1, 8);
	put_number(&body, 0, 4);
	put_number(&body, flags, 1);
	put_number(&body, 0, 6);
	put_buf(EVENT_MARIADB_GTID, end, &body);
}

static UNUSED void query_body(struct buf *body, const char *schema, const char *sql)
{
	put_number(body, 0, 8);
	put_number(body, strlen(schema), 1);
	put_number(body, 0, 4);
	buf_add(body, schema, strlen(schema) + 1);
	buf_puts(body, sql);
}

static UNUSED void put_query_in(uint64_t end, const char *schema, const char *sql)
{
	struct buf body = BUF_INIT;

	query_body(&body, schema, sql);
	put_buf(EVENT_QUERY, end, &body);
}

static UNUSED void put_query(uint64_t end, const char *sql)
{
	put_query_in(end, "elsewhere", sql);
}

static UNUSED void map_body(struct buf *body, unsigned id, const char *schema, const char *name)
{
	put_number(body, id, 6);
	put_number(body, 1, 2);
	put_number(body, strlen(schema), 1);
	buf_add(body, schema, strlen(schema) + 1);
	put_number(body, strlen(name), 1);
	buf_add(body, name, strlen(name) + 1);
	buf_add(body, "\x02\x03\x0f\x02\x0a\x00\x02", 7);
}

static UNUSED void put_map(uint64_t end)
{
	struct buf body = BUF_INIT;

	map_body(&body, 7, "v", "t");
	put_buf(EVENT_TABLE_MAP, end, &body);
}

/* Rows of version 1; an update has both. */
static UNUSED void rows_body(struct buf *body, unsigned map, const char *before, const char *after)
{
	const char *texts[] = { before, after };

	put_number(body, map, 6);
	put_number(body, 1, 2);
	buf_add(body, "\x02\xff\xff", before && after ? 3 : 2);
	for (unsigned i = 0; i < 2; i++) {
		if (!texts[i])
			continue;
		put_number(body, 0, 1); /* none is NULL */
		put_number(body, (uint64_t)strtoul(texts[i], NULL, 10), 4);
		put_number(body, strlen(strchr(texts[i], ' ') + 1), 1);
		buf_puts(body, strchr(texts[i], ' ') + 1);
	}
}

static UNUSED void put_rows(uint64_t end, const char *before, const char *after)
{
	struct buf body = BUF_INIT;

	rows_body(&body, 7, before, after);
	put_buf(before && after ? EVENT_UPDATE_ROWS_V1 :
		before		? EVENT_DELETE_ROWS_V1 :
				  EVENT_WRITE_ROWS_V1,
		end, &body);
}

static UNUSED void put_xid(uint64_t end)
{
	put(EVENT_XID, end, "\1\0\0\0\0\0\0\0", 8);
}

/* GTID, BEGIN, the map, one new row, XID: 5 events that end at end. */
static UNUSED void put_transaction(uint64_t end, const char *row)
{
	put_gtid(end - 80);
	put_query(end - 70, "BEGIN");
	put_map(end - 60);
	put_rows(end - 20, NULL, row);
	put_xid(end);
}

static UNUSED void lose_connection(void)
{
	add_step(STEP_LOST);
}

static UNUSED void cut_short(const char *next_file, const char *logged_before)
{
	struct error err;

	add_step(STEP_CUT);
	gtid_set_release(&script.before_next);
	if (!binlog_position_set(&script.next_file, next_file, strlen(next_file), 4, &err) ||
	    !gtid_set_parse(&script.before_next, logged_before, strlen(logged_before), &err))
		fail();
}

static UNUSED void refuse_connection(enum error_kind kind)
{
	add_step(STEP_REFUSE)->refusal = kind;
}

/* --- The run -------------------------------------------------------------------- */

static char script_names[][4] = { "v", "t", "v.t", "id", "s", "x" };
static struct column script_columns[] = {
	{ .name = script_names[3], .raw_type = script_names[5], .type = COLUMN_INT },
	{ .name = script_names[4],
	  .raw_type = script_names[5],
	  .position = 1,
	  .type = COLUMN_VARCHAR,
	  .max_octets = 10 },
};
static struct table script_table = { .schema = script_names[0],
				     .name = script_names[1],
				     .full_name = script_names[2],
				     .columns = script_columns,
				     .column_count = 2 };

static const struct table *find_table(void *context UNUSED, const char *schema, const char *name)
{
	return strcmp(schema, "v") == 0 && strcmp(name, "t") == 0 ? &script_table : NULL;
}

/* Every table of v would be. */
static bool is_chosen(void *context UNUSED, const char *schema, const char *name UNUSED)
{
	return strcmp(schema, "v") == 0;
}

static void see_text(const char *text)
{
	buf_printf(&script.seen, "%s%s", script.seen.length ? " " : "", text);
}

static void see_image(const struct value *values)
{
	for (unsigned i = 0; i < 2; i++) {
		if (i > 0)
			buf_putc(&script.seen, '/');
		buf_add(&script.seen, values[i].bytes, values[i].length);
	}
}

static bool see_row(void *context UNUSED, const struct row_change *change, struct error *err)
{
	if (script.refuses_rows)
		return error_set(err, ERROR_SQL, "the row is not wanted");
	see_text(change->kind == ROW_INSERT ? "+" : change->kind == ROW_DELETE ? "-" : "");
	if (change->before)
		see_image(change->before);
	if (change->kind == ROW_UPDATE)
		buf_putc(&script.seen, '>');
	if (change->after)
		see_image(change->after);
	return true;
}

static bool see_truncate(void *context UNUSED, const struct table *table,
			 const struct binlog_position *end, bool *is_taken, struct error *err UNUSED)
{
	*is_taken = script.takes_truncate;
	if (*is_taken)
		see_text("emptied:");
	if (*is_taken)
		buf_printf(&script.seen, "%s:%u", table->full_name, (unsigned)end->offset);
	return true;
}

static bool see_late(void *context, const struct row_change *change, struct error *err)
{
	see_text("late");
	return see_row(context, change, err);
}

static bool see_boundary(void *context UNUSED, const struct binlog_position *position,
			 struct gtid_set *gtids UNUSED, uint32_t timestamp UNUSED, struct error *err)
{
	if (script.refuses_boundaries)
		return error_set(err, ERROR_SYSTEM, "the place is not wanted");
	see_text("@");
	buf_printf(&script.seen, POSITION_FORMAT, POSITION_ARGS(position));
	return true;
}

static void see_failure(void *context UNUSED, const struct error *err)
{
	script.err = *err;
}

static UNUSED void forget_script(void)
{
	for (unsigned i = 0; i < script.count; i++)
		buf_release(&script.steps[i].bytes);
	buf_release(&script.seen);
	buf_release(&script.opened);
	gtid_set_release(&script.before_next);
	memset(&script, 0, sizeof(script));
}

static UNUSED void start_at(const char *file, uint64_t offset)
{
	static int nowhere = -1;

	forget_script();
	if (nowhere < 0)
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	log_set_fd(nowhere);
	snprintf(script.start.file, sizeof(script.start.file), "%s", file);
	script.start.offset = offset;
}

static UNUSED void run_script(void)
{
	static const struct db_params server = { .label = "source" };
	struct binlog_streamer_params params = {
		.feed = { .server = &server, .if_purged = "start from scratch" },
		.start = script.start,
		.handler = { .find_table = find_table,
			     .is_chosen = is_chosen,
			     .truncate = see_truncate,
			     .row = see_row,
			     .late = see_late,
			     .boundary = see_boundary,
			     .failed = see_failure },
		.has_side_effects = script.has_side_effects,
		.buffered_bytes_max = script.buffered_bytes_max,
		.xa_bytes_max = script.xa_bytes_max,
		.stop = &script_stop,
	};
	struct error err = ERROR_INIT;
	struct binlog_streamer *streamer;

	stop_init(&script_stop);
	streamer = binlog_streamer_open(&params, &err);
	if (!streamer) {
		script.err = err;
		return;
	}
	if (script.stop_at.file[0])
		binlog_streamer_stop_at(streamer, &script.stop_at);
	if (script.final.file[0])
		binlog_streamer_set_final(streamer, &script.final);
	binlog_streamer_start(streamer);
	script.is_finished = binlog_streamer_join(streamer);
	script.is_final = script.final.file[0] && binlog_streamer_wait_final(streamer);

	struct buf undecided = BUF_INIT;

	(void)binlog_streamer_undecided(streamer, &script.start, &undecided);
	snprintf(script.undecided, sizeof(script.undecided), "%s", buf_text(&undecided));
	buf_release(&undecided);
	binlog_streamer_free(streamer);
}

/* Runs, and it comes to the end of the script having delivered just that. */
static UNUSED void check_seen(const char *want)
{
	run_script();
	if (script.err.kind != ERROR_NONE)
		fail_msg("%s", script.err.text);
	assert_string_equal(buf_text(&script.seen), want);
	assert_int_equal(script.next, script.count);
	forget_script();
}

/* Runs, and it ends with this error after having delivered just that. */
static UNUSED void check_fails(const char *want, enum error_kind kind, const char *text)
{
	run_script();
	assert_string_equal(buf_text(&script.seen), want);
	if (!strstr(script.err.text, text))
		fail_msg("no \"%s\" in: %s", text, script.err.text);
	assert_int_equal(script.err.kind, kind);
	assert_false(script.is_finished);
	forget_script();
}

#endif
