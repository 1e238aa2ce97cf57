/* A compressed part of a binlog: the first byte is 0 and the rest a TRANSACTION_PAYLOAD
 * event's body, whose inner events are parsed; or the type of a MariaDB event, and the
 * rest is its body. */
#include "decode/payload.h"
#include "decode/table_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EVENTS_MAX 1000

static void parse_inner(const uint8_t *bytes, size_t length)
{
	struct binlog_format format;
	struct binlog_event event;
	struct binlog_table_map map;
	struct binlog_query query;
	struct error err = ERROR_INIT;

	binlog_format_init(&format);
	if (!binlog_event_parse(bytes, length, &format, &event, &err))
		return;
	if (event.type == EVENT_TABLE_MAP && binlog_table_map_parse(&event, &format, &map, &err))
		binlog_table_map_release(&map);
	if (event.type == EVENT_QUERY && binlog_query_parse(&event, &format, &query, &err))
		(void)query;
}

static void open_payload(struct binlog_event *event)
{
	struct error err = ERROR_INIT;
	struct payload *payload = payload_open(event, &err);
	const uint8_t *bytes;
	size_t length;

	for (unsigned i = 0; payload && i < EVENTS_MAX; i++) {
		if (payload_next(payload, &bytes, &length, &err) != PAYLOAD_EVENT)
			break;
		parse_inner(bytes, length);
	}
	payload_close(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct binlog_event event = { .type = EVENT_TRANSACTION_PAYLOAD };
	struct binlog_format format;
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	if (size == 0)
		return 0;
	binlog_format_init(&format);
	event.body = reader_over(data + 1, size - 1);
	if (data[0] == 0) {
		open_payload(&event);
		return 0;
	}
	event.type = data[0];
	if (mariadb_event_uncompress(&event, &format, &out, &err))
		(void)reader_left(&event.body);
	buf_release(&out);
	return 0;
}
