/* The column types of binlog events: what their metadata looks like and how their
 * values are read. One table, one line per type. Pure functions. */
#ifndef DECODE_COLUMN_CODEC_H
#define DECODE_COLUMN_CODEC_H

#include "decode/table_map.h"

/* The servers' numbers (field_types.h), as they stand in TABLE_MAP events. */
enum binlog_column_type {
	TYPE_TINY = 1,
	TYPE_SHORT = 2,
	TYPE_LONG = 3,
	TYPE_FLOAT = 4,
	TYPE_DOUBLE = 5,
	TYPE_TIMESTAMP = 7,
	TYPE_LONGLONG = 8,
	TYPE_INT24 = 9,
	TYPE_DATE = 10,
	TYPE_TIME = 11,
	TYPE_DATETIME = 12,
	TYPE_YEAR = 13,
	TYPE_NEWDATE = 14,
	TYPE_VARCHAR = 15,
	TYPE_BIT = 16,
	TYPE_TIMESTAMP2 = 17,
	TYPE_DATETIME2 = 18,
	TYPE_TIME2 = 19,
	TYPE_BLOB_COMPRESSED = 140,
	TYPE_VARCHAR_COMPRESSED = 141,
	TYPE_VECTOR = 242,
	TYPE_JSON = 245,
	TYPE_NEWDECIMAL = 246,
	TYPE_ENUM = 247,
	TYPE_SET = 248,
	TYPE_BLOB = 252,
	TYPE_STRING = 254,
	TYPE_GEOMETRY = 255,
};

/* One value while it is read: either borrowed from the event, or appended to text. */
struct cell {
	struct buf *text;
	const uint8_t *bytes; /* NULL: in text, behind what was there */
	size_t length;
};

struct column_codec {
	const char *name; /* NULL: a type we do not know */
	bool is_numeric;  /* has a bit in the signedness metadata */
	/* Metadata as it stands in the event; NULL: there is none. */
	void (*read_meta)(struct reader *r, struct binlog_column *in);
	/* NULL: known, but not decoded. */
	void (*decode)(struct reader *r, const struct binlog_column *in,
		       const struct column *column, struct cell *cell);
};

/* Never NULL. */
const struct column_codec *column_codec(uint8_t type);
/* "DECIMAL(12,2)", "VARCHAR of 40 bytes": the type as the event has it. */
void column_codec_describe(const struct binlog_column *in, struct buf *text);

#endif
