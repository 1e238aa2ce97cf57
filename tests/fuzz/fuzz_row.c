/* A TABLE_MAP and a rows event for it: length[2] of the map's body, the body, the
 * rows event's type, its body. The table of the schema is made from the map, so that
 * every column type is decoded and the check against the schema passes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/decode/column_codec.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS_MAX 1000

static char text[] = "x";
static volatile unsigned touched;

static const enum column_type types[256] = {
	[TYPE_TINY] = COLUMN_TINYINT,
	[TYPE_SHORT] = COLUMN_SMALLINT,
	[TYPE_INT24] = COLUMN_MEDIUMINT,
	[TYPE_LONG] = COLUMN_INT,
	[TYPE_LONGLONG] = COLUMN_BIGINT,
	[TYPE_FLOAT] = COLUMN_FLOAT,
	[TYPE_DOUBLE] = COLUMN_DOUBLE,
	[TYPE_NEWDECIMAL] = COLUMN_DECIMAL,
	[TYPE_TIMESTAMP] = COLUMN_TIMESTAMP,
	[TYPE_TIMESTAMP2] = COLUMN_TIMESTAMP,
	[TYPE_DATETIME] = COLUMN_DATETIME,
	[TYPE_DATETIME2] = COLUMN_DATETIME,
	[TYPE_TIME] = COLUMN_TIME,
	[TYPE_TIME2] = COLUMN_TIME,
	[TYPE_DATE] = COLUMN_DATE,
	[TYPE_NEWDATE] = COLUMN_DATE,
	[TYPE_YEAR] = COLUMN_YEAR,
	[TYPE_BIT] = COLUMN_BIT,
	[TYPE_ENUM] = COLUMN_ENUM,
	[TYPE_SET] = COLUMN_SET,
	[TYPE_BLOB] = COLUMN_BLOB,
	[TYPE_STRING] = COLUMN_BINARY,
	[TYPE_VARCHAR] = COLUMN_VARCHAR,
	[TYPE_JSON] = COLUMN_JSON,
	[TYPE_GEOMETRY] = COLUMN_GEOMETRY,
	[TYPE_VECTOR] = COLUMN_VECTOR,
	[TYPE_BLOB_COMPRESSED] = COLUMN_BLOB,
	[TYPE_VARCHAR_COMPRESSED] = COLUMN_VARCHAR,
};

/* Whatever the map says, said as a schema would. */
static void make_column(const struct binlog_column *in, unsigned index, struct column *column)
{
	*column = (struct column){
		.name = text,
		.raw_type = text,
		.position = index,
		.type = types[in->type],
		.is_unsigned = in->sign == SIGN_UNSIGNED,
		.max_octets = in->meta,
		.length_bytes = in->meta,
		.precision = in->type == TYPE_NEWDECIMAL ? in->meta >> 8 : in->meta,
		.scale = in->meta & 0xff,
		.fraction = in->type < TYPE_TIMESTAMP2 ? index % 8 : in->meta,
		.member_count = in->meta,
	};
	if (in->type == TYPE_VARCHAR_COMPRESSED)
		column->max_octets = in->meta - 1u;
	if (in->type == TYPE_STRING && in->meta == 16 && index % 2 == 1)
		column->type = index % 4 == 1 ? COLUMN_UUID : COLUMN_INET6;
	if (in->type == TYPE_ENUM)
		column->member_count = in->meta == 2 ? 300 : 3;
	if (in->type == TYPE_SET)
		column->member_count = in->meta * 8u;
}

/* Every byte of every value is looked at, for the sanitizers. */
static void touch(const struct value *values, unsigned count)
{
	for (unsigned i = 0; values && i < count; i++)
		if (values[i].bytes && memchr(values[i].bytes, 0, values[i].length))
			touched++;
}

static void decode(struct binlog_table_map *map, struct binlog_event *event,
		   const struct binlog_format *format)
{
	struct table table = { .full_name = text, .column_count = map->column_count };
	struct row_decoder *decoder = row_decoder_new();
	struct error err = ERROR_INIT;
	enum rows_result result = ROWS_FAILED;
	struct row_change change;
	unsigned rows = 0;

	table.columns = mem_calloc(map->column_count, sizeof(*table.columns));
	for (unsigned i = 0; i < map->column_count; i++) {
		make_column(&map->columns[i], i, &table.columns[i]);
		map->columns[i].name = NULL;
	}
	map->table = &table;
	if (binlog_table_map_check(map, &table, &err) &&
	    row_decoder_begin(decoder, event, format, map, &err)) {
		while (rows++ < ROWS_MAX &&
		       (result = row_decoder_next(decoder, &change, &err)) == ROWS_NEXT) {
			touch(change.before, table.column_count);
			touch(change.after, table.column_count);
		}
	}
	assert(result != ROWS_FAILED || err.kind != ERROR_NONE);
	row_decoder_free(decoder);
	free(table.columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over(data, size);
	struct binlog_event map_event = { .type = EVENT_TABLE_MAP };
	struct binlog_event rows_event = { .type = 0 };
	struct binlog_table_map map;
	struct binlog_format format;
	struct error err = ERROR_INIT;

	binlog_format_init(&format);
	map_event.body = reader_sub(&r, reader_u16(&r));
	rows_event.type = reader_u8(&r);
	rows_event.body = r;
	if (r.failed || !binlog_table_map_parse(&map_event, &format, &map, &err))
		return 0;
	decode(&map, &rows_event, &format);
	binlog_table_map_release(&map);
	return 0;
}
