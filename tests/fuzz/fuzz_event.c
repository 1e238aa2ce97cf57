/* One event: the first byte says whether checksums are on and how long post-headers
 * are, the rest is the event. Nothing may be read behind it. */
#include <stdlib.h>

#include "base/attr.h"
#include "decode/table_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_body(struct binlog_event *event, struct binlog_format *format)
{
	struct error err = ERROR_INIT;
	struct binlog_rotate rotate;
	struct binlog_heartbeat heartbeat;
	struct binlog_query query;
	struct binlog_mariadb_gtid gtid;
	struct binlog_table_map map;
	struct reader body = event->body;
	uint64_t id;
	bool ok;

	ok = binlog_format_parse(event, format, &err);
	event->body = body;
	ok = binlog_rotate_parse(event, &rotate, &err);
	event->body = body;
	ok = binlog_heartbeat_parse(event, &heartbeat, &err);
	event->body = body;
	ok = binlog_query_parse(event, format, &query, &err);
	event->body = body;
	ok = binlog_mariadb_gtid_parse(event, &gtid, &err);
	event->body = body;
	ok = binlog_rows_table_id(event, format, &id, &err);
	ok = binlog_table_map_parse(event, format, &map, &err);
	if (ok)
		binlog_table_map_release(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct binlog_format format;
	struct binlog_event event;
	struct error err = ERROR_INIT;

	binlog_format_init(&format);
	if (size == 0)
		return 0;
	format.has_checksum = data[0] & 1;
	for (size_t i = 0; i < ARRAY_LEN(format.header_sizes); i++)
		format.header_sizes[i] = data[0] >> 1;
	if (!binlog_event_parse(data + 1, size - 1, &format, &event, &err)) {
		/* A right checksum is hard to guess: go on without. */
		if (size <= EVENT_HEADER_SIZE + 1)
			return 0;
		event.type = data[1];
		event.body = reader_over(data + 1 + EVENT_HEADER_SIZE, size - 1 - EVENT_HEADER_SIZE);
	}
	parse_body(&event, &format);
	return 0;
}
