/* Compressed parts of a binlog: MySQL's TRANSACTION_PAYLOAD events, which wrap a
 * whole transaction, and MariaDB's compressed query and row events. One thread. */
#ifndef DECODE_PAYLOAD_H
#define DECODE_PAYLOAD_H

#include "base/buf.h"
#include "decode/event.h"

/* The events inside a TRANSACTION_PAYLOAD, unpacked one at a time, so that a huge
 * transaction needs memory for its largest event only. */
struct payload;

/* Borrows the event's bytes. NULL and *err: no payload of a known kind. */
struct payload *payload_open(struct binlog_event *event, struct error *err) MUST_CHECK;
void payload_close(struct payload *payload);

enum payload_result { PAYLOAD_EVENT, PAYLOAD_END, PAYLOAD_FAILED };
/* The next inner event (header first, no checksum), valid until the next call. */
enum payload_result payload_next(struct payload *payload, const uint8_t **bytes, size_t *length,
				 struct error *err) MUST_CHECK;

/* Turns a compressed MariaDB event into the plain one it stands for: *event is
 * changed to point into out. Format: MariaDB sql/log_event.cc,
 * binlog_buf_uncompress(). */
bool mariadb_event_uncompress(struct binlog_event *event, const struct binlog_format *format,
			      struct buf *out, struct error *err) MUST_CHECK;

#endif
