/* TABLE_MAP events and the rows that follow them, checked against the table as
 * it was when the run started. */
#ifndef DECODE_TABLE_MAP_H
#define DECODE_TABLE_MAP_H

#include "decode/event.h"
#include "db/sql.h"

enum column_sign { SIGN_UNKNOWN, SIGN_SIGNED, SIGN_UNSIGNED };

struct binlog_column {
	uint8_t type;  /* MYSQL_TYPE_* as in the event, the real one of STRING resolved */
	uint16_t meta; /* DECIMAL: precision << 8 | scale; BIT: width; else as sent */
	bool is_nullable;
	enum column_sign sign; /* of numeric columns, where the server sends it */
	const char *name;      /* into map->names; NULL: the server does not send it */
};

/* Owned by the streamer, kept per table id until the transaction ends. */
struct binlog_table_map {
	uint64_t table_id;
	char *schema; /* owned */
	char *name;   /* owned */
	struct binlog_column *columns;
	unsigned column_count;
	/* Columns whose metadata could be read: a type we do not know hides what
	 * follows, which does no harm in a table that is not copied. */
	unsigned known_count;
	char *names;		   /* owned; NULL without binlog_row_metadata=FULL */
	const struct table *table; /* the copied table, or NULL: rows are skipped */
};

/* Reads everything but compares nothing; map->table is NULL then. *map needs no
 * initialising, and nothing need be released after a failure. */
bool binlog_table_map_parse(struct binlog_event *event, const struct binlog_format *format,
			    struct binlog_table_map *map, struct error *err) MUST_CHECK;
void binlog_table_map_release(struct binlog_table_map *map);
/* Compares with the cached schema: column count, types, metadata, signedness and
 * names where the server sends them. ERROR_SCHEMA naming the table, the column
 * and what differs. Type of a column that cannot be decoded: ERROR_UNSUPPORTED. */
bool binlog_table_map_check(const struct binlog_table_map *map, const struct table *table,
			    struct error *err) MUST_CHECK;

enum row_change_kind { ROW_INSERT, ROW_UPDATE, ROW_DELETE };

/* One row of a rows event. Values are in the forms of db/sql.h, by column of the
 * table; borrowed until the next row. before is set for UPDATE and DELETE,
 * after for INSERT and UPDATE, else NULL. */
struct row_change {
	const struct table *table;
	enum row_change_kind kind;
	const struct value *before;
	const struct value *after;
	/* Set by the streamer: where the event ends that makes it happen (XA COMMIT), and
	 * which row of its transaction it is, from 1. */
	const struct binlog_position *end;
	uint64_t number;
};

/* Memory reused from row to row. */
struct row_decoder;
struct row_decoder *row_decoder_new(void);
void row_decoder_free(struct row_decoder *decoder);

/* The id to find the map of a rows event with, before anything is decoded. */
bool binlog_rows_table_id(const struct binlog_event *event, const struct binlog_format *format,
			  uint64_t *table_id, struct error *err) MUST_CHECK;
/* Is this the last rows event of its statement? */
bool binlog_rows_end_statement(const struct binlog_event *event, const struct binlog_format *format);

/* Begins a rows event (v1 and v2, write, update, delete), whose bytes are borrowed. Images
 * without all plain columns are ERROR_UNSUPPORTED (binlog_row_image must be FULL);
 * generated columns that the server leaves out are NULL. */
bool row_decoder_begin(struct row_decoder *decoder, const struct binlog_event *event,
		       const struct binlog_format *format, const struct binlog_table_map *map,
		       struct error *err) MUST_CHECK;
enum rows_result { ROWS_NEXT, ROWS_END, ROWS_FAILED };
/* The event's next row, in order. */
enum rows_result row_decoder_next(struct row_decoder *decoder, struct row_change *change,
				  struct error *err) MUST_CHECK;

#endif
