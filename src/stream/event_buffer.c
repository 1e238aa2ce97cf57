/* Only what decoding needs of an event is stored: type, flags and body. */
#include "event_buffer.h"

#include <string.h>

void event_buffer_add(struct event_buffer *buffer, const struct binlog_event *event)
{
	struct buf *to = &buffer->bytes;
	uint64_t length = reader_left(&event->body);

	buf_putc(to, (char)event->type);
	buf_add(to, &event->flags, sizeof(event->flags));
	buf_add(to, &length, sizeof(length));
	buf_add(to, event->body.at, length);
}

bool event_buffer_next(const struct event_buffer *buffer, size_t *offset, struct binlog_event *event)
{
	const struct buf *from = &buffer->bytes;
	uint64_t length;

	if (*offset == from->length)
		return false;

	struct reader r = reader_over(from->data + *offset, from->length - *offset);

	*event = (struct binlog_event){ .type = reader_u8(&r) };
	memcpy(&event->flags, reader_bytes(&r, sizeof(event->flags)), sizeof(event->flags));
	memcpy(&length, reader_bytes(&r, sizeof(length)), sizeof(length));
	event->body = reader_sub(&r, length);
	*offset = from->length - reader_left(&r);
	return true;
}
