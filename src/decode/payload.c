/* Unpacks compressed events. Sizes found in the bytes are only trusted as limits
 * for what may come out, never as amounts to allocate up front. */
#include "decode/payload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

/* The servers' limit for max_allowed_packet, and so for one event. */
#define EVENT_BYTES_MAX (UINT64_C(1) << 30)

/* Fields before the payload; mysql/binlog/event/codecs/binary.h. */
enum payload_field {
	FIELD_END = 0,
	FIELD_PAYLOAD_SIZE = 1,
	FIELD_COMPRESSION = 2,
	FIELD_UNCOMPRESSED_SIZE = 3,
};

#define COMPRESSION_ZSTD 0
#define COMPRESSION_NONE 255

struct payload {
	struct reader packed; /* borrowed: what was not yet unpacked */
	bool is_plain;
	ZSTD_DStream *stream; /* owned; NULL when plain */
	struct buf event;     /* the event handed out */
};

static bool read_fields(struct reader *body, uint64_t *compression, uint64_t *size,
			struct error *err)
{
	*compression = COMPRESSION_NONE;
	*size = UINT64_MAX;
	while (!body->failed) {
		uint64_t field = reader_lenenc(body);

		if (field == FIELD_END)
			break;

		struct reader value = reader_sub(body, reader_lenenc(body));

		if (field == FIELD_PAYLOAD_SIZE)
			*size = reader_lenenc(&value);
		else if (field == FIELD_COMPRESSION)
			*compression = reader_lenenc(&value);
		if (value.failed)
			body->failed = true;
	}
	if (body->failed || (*size != UINT64_MAX && *size != reader_left(body)))
		return error_set(err, ERROR_CORRUPT, "TRANSACTION_PAYLOAD event with a bad header");
	return true;
}

struct payload *payload_open(struct binlog_event *event, struct error *err)
{
	uint64_t compression;
	uint64_t size;

	if (!read_fields(&event->body, &compression, &size, err))
		return NULL;
	if (compression != COMPRESSION_ZSTD && compression != COMPRESSION_NONE) {
		error_set(err, ERROR_UNSUPPORTED,
			  "a transaction compressed by the unknown method %" PRIu64, compression);
		return NULL;
	}

	struct payload *payload = mem_calloc(1, sizeof(*payload));

	payload->packed = event->body;
	payload->is_plain = compression == COMPRESSION_NONE;
	if (!payload->is_plain) {
		payload->stream = ZSTD_createDStream();
		if (!payload->stream)
			abort();
	}
	return payload;
}

void payload_close(struct payload *payload)
{
	if (!payload)
		return;
	ZSTD_freeDStream(payload->stream);
	buf_release(&payload->event);
	free(payload);
}

/* Fills up to `want` bytes behind the event's content; fewer at the end. */
static bool unpack(struct payload *p, size_t want, struct error *err)
{
	if (p->is_plain) {
		size_t take = want < reader_left(&p->packed) ? want : reader_left(&p->packed);

		buf_add(&p->event, reader_bytes(&p->packed, take), take);
		return true;
	}

	ZSTD_inBuffer in = { p->packed.at, reader_left(&p->packed), 0 };

	while (want > 0) {
		/* Grows with what really comes out, not with what a header claims. */
		size_t step = want < (1U << 20) ? want : (1U << 20);

		buf_reserve(&p->event, step);
		ZSTD_outBuffer out = { p->event.data + p->event.length, step, 0 };
		size_t before = in.pos;
		size_t code = ZSTD_decompressStream(p->stream, &out, &in);

		if (ZSTD_isError(code))
			return error_set(err, ERROR_CORRUPT, "compressed transaction: %s",
					 ZSTD_getErrorName(code));
		p->event.length += out.pos;
		p->event.data[p->event.length] = '\0';
		want -= out.pos;
		if (out.pos == 0 && in.pos == before)
			break;
	}
	reader_skip(&p->packed, in.pos);
	return true;
}

enum payload_result payload_next(struct payload *p, const uint8_t **bytes, size_t *length,
				 struct error *err)
{
	buf_clear(&p->event);
	if (!unpack(p, EVENT_HEADER_SIZE, err))
		return PAYLOAD_FAILED;
	if (p->event.length == 0 && reader_left(&p->packed) == 0)
		return PAYLOAD_END;

	struct reader header = reader_over(p->event.data, p->event.length);

	reader_skip(&header, 9); /* timestamp, type, server id */
	uint64_t size = reader_u32(&header);

	if (header.failed || size < EVENT_HEADER_SIZE || size > EVENT_BYTES_MAX ||
	    p->event.length != EVENT_HEADER_SIZE) {
		error_set(err, ERROR_CORRUPT, "compressed transaction: bad event header inside");
		return PAYLOAD_FAILED;
	}
	if (!unpack(p, size - EVENT_HEADER_SIZE, err))
		return PAYLOAD_FAILED;
	if (p->event.length != size) {
		error_set(err, ERROR_CORRUPT, "compressed transaction: cut short");
		return PAYLOAD_FAILED;
	}
	*bytes = (const uint8_t *)p->event.data;
	*length = p->event.length;
	return PAYLOAD_EVENT;
}

/* --- MariaDB ----------------------------------------------------------------- */

/* 1 byte: 0x80 | algorithm << 4 | size of the length; the length, big-endian; zlib. */
static bool uncompress_rest(struct reader *r, struct buf *out, struct error *err)
{
	uint8_t lead = reader_u8(r);
	unsigned width = lead & 7;
	uint64_t size = reader_uint_be(r, width);

	if (r->failed || !(lead & 0x80) || (lead & 0x70) != 0 || width == 0 || width > 4 ||
	    size > EVENT_BYTES_MAX)
		return error_set(err, ERROR_CORRUPT, "compressed event with a bad header");
	/* zlib packs at most about 1:1032: a larger claim is wrong. */
	if (size / 1040 > reader_left(r) + 64)
		return error_set(err, ERROR_CORRUPT,
				 "compressed event that claims %" PRIu64 " bytes", size);
	buf_reserve(out, size);

	uLongf have = (uLongf)size;
	size_t left = reader_left(r);
	int code = uncompress((Bytef *)out->data + out->length, &have, reader_bytes(r, left),
			      (uLong)left);

	if (code != Z_OK || have != size)
		return error_set(err, ERROR_CORRUPT, "compressed event: zlib says %d", code);
	out->length += size;
	out->data[out->length] = '\0';
	return true;
}

/* Copies the part of a rows event that is not compressed: up to the bitmaps. */
static void copy_rows_head(struct reader *r, uint8_t type, const struct binlog_format *format,
			   struct buf *out)
{
	const uint8_t *start = r->at;
	bool is_v2 = type >= EVENT_MARIADB_WRITE_ROWS_COMPRESSED;
	bool is_update = type == EVENT_MARIADB_UPDATE_ROWS_COMPRESSED ||
			 type == EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1;

	(void)format; /* table ids have 6 bytes wherever these events exist */
	reader_skip(r, 8);
	if (is_v2) {
		uint16_t extra = reader_u16(r);

		reader_skip(r, extra >= 2 ? extra - 2U : 0);
	}
	uint64_t columns = reader_lenenc(r);

	if (columns > 65535)
		r->failed = true;
	reader_skip(r, (size_t)(columns + 7) / 8 * (is_update ? 2 : 1));
	if (!r->failed)
		buf_add(out, start, (size_t)(r->at - start));
}

static void copy_query_head(struct reader *r, struct buf *out)
{
	const uint8_t *start = r->at;

	reader_skip(r, 8); /* thread id, seconds */
	uint8_t schema_length = reader_u8(r);

	reader_skip(r, 2); /* error code */
	uint16_t variables = reader_u16(r);

	reader_skip(r, (size_t)variables + schema_length + 1);
	if (!r->failed)
		buf_add(out, start, (size_t)(r->at - start));
}

static const struct {
	uint8_t compressed;
	uint8_t plain;
} plain_types[] = {
	{ EVENT_MARIADB_QUERY_COMPRESSED, EVENT_QUERY },
	{ EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1, EVENT_WRITE_ROWS_V1 },
	{ EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1, EVENT_UPDATE_ROWS_V1 },
	{ EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1, EVENT_DELETE_ROWS_V1 },
	{ EVENT_MARIADB_WRITE_ROWS_COMPRESSED, EVENT_WRITE_ROWS_V2 },
	{ EVENT_MARIADB_UPDATE_ROWS_COMPRESSED, EVENT_UPDATE_ROWS_V2 },
	{ EVENT_MARIADB_DELETE_ROWS_COMPRESSED, EVENT_DELETE_ROWS_V2 },
};

bool mariadb_event_uncompress(struct binlog_event *event, const struct binlog_format *format,
			      struct buf *out, struct error *err)
{
	uint8_t plain = EVENT_UNKNOWN;

	for (size_t i = 0; i < ARRAY_LEN(plain_types); i++)
		if (plain_types[i].compressed == event->type)
			plain = plain_types[i].plain;
	buf_clear(out);
	if (plain == EVENT_QUERY)
		copy_query_head(&event->body, out);
	else
		copy_rows_head(&event->body, event->type, format, out);
	if (plain == EVENT_UNKNOWN || event->body.failed)
		return error_set(err, ERROR_CORRUPT, "%s event cut short",
				 binlog_event_type_name(event->type));
	if (!uncompress_rest(&event->body, out, err))
		return error_wrap(err, "%s", binlog_event_type_name(event->type));
	event->type = plain;
	event->body = reader_over(out->data, out->length);
	return true;
}
