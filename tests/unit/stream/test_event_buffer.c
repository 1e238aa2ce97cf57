/* Events that are buffered come out as they went in. Seen to fail with the flags left out, and
 * with an offset that does not move behind the body. */
#include "../../../src/stream/event_buffer.h"
#include "../unit.h"

static const struct {
	unsigned type, flags;
	const char *body;
	size_t length;
} events[] = {
	{ EVENT_WRITE_ROWS_V2, 0, "\x07\0\0\0\0\0row", 9 },
	{ EVENT_MARIADB_DELETE_ROWS_COMPRESSED, 0x8001, "x", 1 },
	{ EVENT_TABLE_MAP, 1, "", 0 },
	{ EVENT_UPDATE_ROWS_V1, 0x100, "behind an empty one", 19 },
};

static void add(struct event_buffer *buffer, size_t i)
{
	struct binlog_event event = { .type = (uint8_t)events[i].type,
				      .flags = (uint16_t)events[i].flags,
				      .body = reader_over(events[i].body, events[i].length) };

	event_buffer_add(buffer, &event);
}

TEST(events_come_out_as_they_went_in)
{
	struct event_buffer buffer = { .bytes = BUF_INIT };
	struct binlog_event event;
	size_t offset = 0;

	assert_false(event_buffer_next(&buffer, &offset, &event));
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		add(&buffer, i);
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		assert_true(event_buffer_next(&buffer, &offset, &event));
		assert_int_equal(event.type, events[i].type);
		assert_int_equal(event.flags, events[i].flags);
		assert_int_equal(reader_left(&event.body), events[i].length);
		assert_memory_equal(event.body.at, events[i].body, events[i].length);
		assert_false(event.body.failed);
	}
	assert_int_equal(offset, buffer.bytes.length);
	assert_false(event_buffer_next(&buffer, &offset, &event));
	buf_release(&buffer.bytes);
}

TEST(only_what_is_left_of_a_body_is_buffered)
{
	struct event_buffer buffer = { .bytes = BUF_INIT };
	struct binlog_event event = { .body = reader_over("headrest", 8) };
	size_t offset = 0;

	(void)reader_bytes(&event.body, 4);
	event_buffer_add(&buffer, &event);
	assert_int_equal(reader_left(&event.body), 4); /* and it is not taken from it */
	assert_true(event_buffer_next(&buffer, &offset, &event));
	assert_int_equal(reader_left(&event.body), 4);
	assert_memory_equal(event.body.at, "rest", 4);
	buf_release(&buffer.bytes);
}

TEST_MAIN(cmocka_unit_test(events_come_out_as_they_went_in),
	  cmocka_unit_test(only_what_is_left_of_a_body_is_buffered))
