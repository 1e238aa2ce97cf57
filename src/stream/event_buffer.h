/* Events that are kept undecoded, one behind the other: the rows of a transaction until
 * its commit, those of a prepared XA transaction until it is decided. One thread. */
#ifndef STREAM_EVENT_BUFFER_H
#define STREAM_EVENT_BUFFER_H

#include "base/buf.h"
#include "decode/event.h"

struct event_buffer {
	struct buf bytes; /* type, flags, body length and body of each */
};

void event_buffer_add(struct event_buffer *buffer, const struct binlog_event *event);
/* The event at *offset (start with 0), which moves behind it; false at the end. The body
 * points into the buffer. */
bool event_buffer_next(const struct event_buffer *buffer, size_t *offset,
		       struct binlog_event *event);

#endif
