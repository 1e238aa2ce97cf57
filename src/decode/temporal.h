/* Dates and times of row images and JSON documents as the text the servers print
 * with time_zone '+00:00'. Each appends one value; what no server writes fails
 * the reader. fraction: the declared digits of seconds, 0..6. Pure functions. */
#ifndef DECODE_TEMPORAL_H
#define DECODE_TEMPORAL_H

#include "base/buf.h"
#include "base/reader.h"

void temporal_read_year(struct reader *r, struct buf *text);
void temporal_read_date(struct reader *r, struct buf *text);
void temporal_read_time2(struct reader *r, unsigned fraction, struct buf *text);
void temporal_read_datetime2(struct reader *r, unsigned fraction, struct buf *text);
void temporal_read_timestamp2(struct reader *r, unsigned fraction, struct buf *text);

/* The formats before MySQL 5.6; with a fraction, MariaDB's of that time. */
void temporal_read_time(struct reader *r, unsigned fraction, struct buf *text);
void temporal_read_datetime(struct reader *r, unsigned fraction, struct buf *text);
void temporal_read_timestamp(struct reader *r, unsigned fraction, struct buf *text);

/* Eight bytes, as JSON documents have them; six digits of seconds. */
void temporal_read_packed_date(struct reader *r, struct buf *text);
void temporal_read_packed_time(struct reader *r, struct buf *text);
void temporal_read_packed_datetime(struct reader *r, struct buf *text);

#endif
