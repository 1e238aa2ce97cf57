/* A binlog: what the server sends, event after event, up to a connection that ends.
 * An event is its type, flags, position[4], the length[2] of its body, the body; the
 * header around it is made here. Boundaries never go back, and rows are
 * those of the table that is copied. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "stream/gtid_source.h"
#include "stream/streamer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* CREATE TABLE v.t (id INT PRIMARY KEY, s VARCHAR(10)) */
static char names[][4] = { "v", "t", "v.t", "id", "s", "x" };
static struct column columns[] = {
	{ .name = names[3], .raw_type = names[5], .position = 0, .type = COLUMN_INT },
	{ .name = names[4],
	  .raw_type = names[5],
	  .position = 1,
	  .type = COLUMN_VARCHAR,
	  .max_octets = 10 },
};
static struct table table = { .schema = names[0],
			      .name = names[1],
			      .full_name = names[2],
			      .columns = columns,
			      .column_count = 2 };

struct binlog_feed {
	struct reader events;
	uint64_t begins_at;
	uint8_t *bytes; /* the event at hand, in memory of its own */
};

static struct reader input;
static struct binlog_position last;

struct binlog_feed *binlog_feed_open(const struct binlog_feed_params *params UNUSED,
				     const struct binlog_position *position,
				     struct error *err UNUSED)
{
	struct binlog_feed *feed = mem_calloc(1, sizeof(*feed));

	feed->events = input;
	feed->begins_at = position->offset > UINT32_MAX ? 4 : position->offset;
	return feed;
}

uint64_t binlog_feed_begins_at(const struct binlog_feed *feed)
{
	return feed->begins_at;
}

void binlog_feed_close(struct binlog_feed *feed)
{
	if (!feed)
		return;
	free(feed->bytes);
	free(feed);
}

bool binlog_feed_has_checksums(const struct binlog_feed *feed UNUSED)
{
	return false;
}

bool binlog_feed_is_cut_short(const struct binlog_feed *feed UNUSED)
{
	return false;
}

bool gtid_source_next_file(const struct binlog_feed_params *params UNUSED,
			   const struct binlog_position *position UNUSED,
			   struct binlog_position *next UNUSED, bool *found UNUSED,
			   struct gtid_set *before UNUSED, struct error *err)
{
	return error_set(err, ERROR_STOPPED, "end");
}

static void put_u32(uint8_t *to, uint32_t number)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(number >> 8 * i);
}

bool binlog_feed_next(struct binlog_feed *feed, const uint8_t **event, size_t *length,
		      struct error *err)
{
	struct reader *r = &feed->events;
	uint8_t type = reader_u8(r), flags = reader_u8(r);
	uint32_t log_pos = reader_u32(r);
	unsigned size = reader_u16(r);
	const uint8_t *body = reader_bytes(r, size);

	if (!body)
		return error_set(err, ERROR_STOPPED, "end");
	free(feed->bytes);
	*length = EVENT_HEADER_SIZE + size;
	feed->bytes = mem_calloc(*length, 1);
	feed->bytes[0] = 1; /* its time */
	feed->bytes[4] = type;
	put_u32(feed->bytes + 9, (uint32_t)*length);
	put_u32(feed->bytes + 13, log_pos);
	feed->bytes[17] = flags;
	memcpy(feed->bytes + EVENT_HEADER_SIZE, body, size);
	*event = feed->bytes;
	return true;
}

static const struct table *find_table(void *context UNUSED, const char *schema, const char *name)
{
	return strcmp(schema, "v") == 0 && strcmp(name, "t") == 0 ? &table : NULL;
}

static bool is_chosen(void *context UNUSED, const char *schema, const char *name UNUSED)
{
	return strcmp(schema, "v") == 0;
}

static bool see_row(void *context UNUSED, const struct row_change *change, struct error *err UNUSED)
{
	assert(change->table == &table);
	assert((change->before != NULL) == (change->kind != ROW_INSERT));
	assert((change->after != NULL) == (change->kind != ROW_DELETE));
	return true;
}

static bool see_boundary(void *context UNUSED, const struct binlog_position *position,
			 struct gtid_set *gtids UNUSED, uint32_t timestamp UNUSED,
			 struct error *err UNUSED)
{
	assert(binlog_position_compare(position, &last) >= 0);
	last = *position;
	return true;
}

static void see_failure(void *context UNUSED, const struct error *err)
{
	assert(err->kind != ERROR_NONE && err->text[0]);
}

static void run(const uint8_t *data, size_t size, uint64_t buffered_bytes_max)
{
	struct stop stop;
	struct error err = ERROR_INIT;
	struct binlog_streamer_params params = {
		.start = { "b.000001", 4 },
		.handler = { .find_table = find_table,
			     .is_chosen = is_chosen,
			     .row = see_row,
			     .boundary = see_boundary,
			     .failed = see_failure },
		.buffered_bytes_max = buffered_bytes_max,
		.stop = &stop,
	};
	struct binlog_streamer *streamer;

	log_set_level(LOG_ERROR);
	input = reader_over(data, size);
	last = params.start;
	stop_init(&stop);
	streamer = binlog_streamer_open(&params, &err);
	assert(streamer);
	binlog_streamer_start(streamer);
	assert(!binlog_streamer_join(streamer));
	binlog_streamer_free(streamer);
	stop_destroy(&stop);
}

/* Rows are delivered at once, some of them, or not before the commit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run(data, size, 0);
	run(data, size, 60);
	run(data, size, UINT64_MAX);
	return 0;
}
