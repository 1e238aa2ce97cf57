/* A table and the events that both servers sent for the same statements:
 *
 *   CREATE TABLE v.t (id INT UNSIGNED PRIMARY KEY, name VARCHAR(300), ...);
 *   INSERT INTO v.t VALUES (1, ...), (4294967295, NULL, ...);
 *   UPDATE v.t SET price = 0.05, k = 8388607 WHERE id = 1;
 *   DELETE FROM v.t WHERE id = 4294967295;
 *
 * MySQL 9.7 with binlog_row_metadata=MINIMAL, MariaDB 10.11 with FULL. */
#ifndef UNIT_BINLOG_SAMPLE_H
#define UNIT_BINLOG_SAMPLE_H

#include "decode/table_map.h"
#include "hex.h"

static const char sample_mysql_map[] UNUSED =
	"f091036b130100000059000000ed2d97010000140200000000010001760001740011030ff6fefefefe10"
	"1112130a0d0405fc0914b0040a02f701f801ee90fe040201030602040802feff010101a00205fcff0002"
	"3f78cc087c";
static const char sample_mysql_write[] UNUSED =
	"f091036b1e01000000720000005f2e970100001402000000001100020011ffffff000000010000000400"
	"6e27c3a97ffffff3cd02030100630101020165dfd78b11d099b2ba108306f8557f3747b25dd00f7c0000"
	"c03f00000000000002c0040074657874fbfffffeff01ffffffff54e4dbde";
static const char sample_mysql_update[] UNUSED =
	"f091036b1f01000000b40000002a30970100001402000000001100020011ffffffffffff000000010000"
	"0004006e27c3a97ffffff3cd02030100630101020165dfd78b11d099b2ba108306f8557f3747b25dd00f"
	"7c0000c03f00000000000002c0040074657874fbffff0000000100000004006e27c3a980000000050203"
	"0100630101020165dfd78b11d099b2ba108306f8557f3747b25dd00f7c0000c03f00000000000002c004"
	"0074657874ffff7f5d8b5795";
static const char sample_mysql_delete[] UNUSED =
	"f091036b20010000002c0000006431970100001402000000001100020011fffffffeff01ffffffff7073"
	"f1a1";
static const char sample_mariadb_map[] UNUSED =
	"f091036b13010000009e0000007e535c020000890200000000010001760001740011030ff6fefefefe10"
	"1112130a0d0405fc0914b0040a02f701f801ee90fe040201030602040802feff010101a003042d2d3f08"
	"0430026964046e616d650570726963650165017301630162026269027473026474027469016401790166"
	"026462027478016b0a01080505020178017906050201610162080100ce66cc3e";
static const char sample_mariadb_write[] UNUSED =
	"f091036b170100000070000000ee535c020000890200000000010011ffff010000fe0100000004006e27"
	"c3a97ffffff3cd02030100630101020165dfd78b11d099b2ba108306f8557f3747b25dd00f7c0000c03f"
	"00000000000002c0040074657874fbfffffeffffffffffff9c72f9ce";
static const char sample_mariadb_update[] UNUSED =
	"f091036b1801000000b2000000cd555c020000890200000000010011ffff01ffff010000fe0100000004"
	"006e27c3a97ffffff3cd02030100630101020165dfd78b11d099b2ba108306f8557f3747b25dd00f7c00"
	"00c03f00000000000002c0040074657874fbffff0000fe0100000004006e27c3a9800000000502030100"
	"630101020165dfd78b11d099b2ba108306f8557f3747b25dd00f7c0000c03f00000000000002c0040074"
	"657874ffff7f5e92d339";
static const char sample_mariadb_delete[] UNUSED =
	"f091036b19010000002a00000018575c020000890200000000010011ffff01feffffffffffff73aaa983";

static char sample_names[17][6] = { "id", "name", "price", "e", "s", "c",  "b",	 "bi", "ts",
				    "dt", "ti",	  "d",	   "y", "f", "db", "tx", "k" };
static char sample_type[] = "its type";

/* Filled by sample_table(). */
static struct column sample_columns[17] = {
	{ .type = COLUMN_INT, .is_unsigned = true },
	{ .type = COLUMN_VARCHAR, .max_octets = 1200 },
	{ .type = COLUMN_DECIMAL, .precision = 10, .scale = 2 },
	{ .type = COLUMN_ENUM, .member_count = 2 },
	{ .type = COLUMN_SET, .member_count = 2 },
	{ .type = COLUMN_CHAR, .max_octets = 400 },
	{ .type = COLUMN_BINARY, .max_octets = 4 },
	{ .type = COLUMN_BIT, .precision = 10 },
	{ .type = COLUMN_TIMESTAMP, .fraction = 3 },
	{ .type = COLUMN_DATETIME, .fraction = 6 },
	{ .type = COLUMN_TIME, .fraction = 2 },
	{ .type = COLUMN_DATE },
	{ .type = COLUMN_YEAR },
	{ .type = COLUMN_FLOAT },
	{ .type = COLUMN_DOUBLE },
	{ .type = COLUMN_TEXT, .length_bytes = 2 },
	{ .type = COLUMN_MEDIUMINT },
};

static inline struct table sample_table(void)
{
	static char schema[] = "v", name[] = "t", full_name[] = "v.t";
	struct table table = {
		.schema = schema,
		.name = name,
		.full_name = full_name,
		.columns = sample_columns,
		.column_count = ARRAY_LEN(sample_columns),
	};

	for (unsigned i = 0; i < table.column_count; i++) {
		sample_columns[i].name = sample_names[i];
		sample_columns[i].raw_type = sample_type;
		sample_columns[i].position = i;
	}
	return table;
}

/* What both servers' FORMAT_DESCRIPTION says of the events here. */
static inline struct binlog_format sample_format(void)
{
	struct binlog_format format;

	binlog_format_init(&format);
	format.has_checksum = true;
	format.header_sizes[EVENT_TABLE_MAP] = 8;
	for (unsigned type = EVENT_WRITE_ROWS_V1; type <= EVENT_DELETE_ROWS_V1; type++)
		format.header_sizes[type] = 8;
	for (unsigned type = EVENT_WRITE_ROWS_V2; type <= EVENT_DELETE_ROWS_V2; type++)
		format.header_sizes[type] = 10;
	return format;
}

/* Splits the event of a hex text; the bytes stay the caller's to free. */
static inline struct bytes sample_event(const char *hex, struct binlog_event *event)
{
	struct bytes b = bytes_of_hex(hex);
	struct binlog_format format = sample_format();
	struct error err = ERROR_INIT;

	if (!binlog_event_parse(b.at, b.length, &format, event, &err))
		fail_msg("%s", err.text);
	return b;
}

static inline void sample_map(const char *hex, struct binlog_table_map *map)
{
	struct binlog_format format = sample_format();
	struct binlog_event event;
	struct bytes b = sample_event(hex, &event);
	struct error err = ERROR_INIT;

	if (!binlog_table_map_parse(&event, &format, map, &err))
		fail_msg("%s", err.text);
	free(b.at);
}

#endif
