/* Rows events: which rows of one table were written, updated or deleted (MySQL
 * source, libs/mysql/binlog/event/rows_event.h, Rows_event):
 *
 *   id[6] flags[2] (version 2: extra length[2] extra) column-count
 *   columns-present (update: columns-present of the after-image)
 *   row images up to the end: updates have pairs, before and after
 *
 * Only images are taken of which it is known what every column held that is written:
 * all that is not generated must be there. In the image after an update a column may be
 * left out that has not changed (MariaDB's binlog_row_image=FULL_NODUP); MariaDB from 11.8
 * on leaves generated columns and its hidden ones out of updates and deletes. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "decode/table_map.h"
#include "row_image.h"

#define SHORT_ID_POST_HEADER 6

static const struct rows_type {
	uint8_t type;
	enum row_change_kind kind;
	bool has_extra;
} rows_types[] = {
	{ EVENT_WRITE_ROWS_V1, ROW_INSERT, false },  { EVENT_UPDATE_ROWS_V1, ROW_UPDATE, false },
	{ EVENT_DELETE_ROWS_V1, ROW_DELETE, false }, { EVENT_WRITE_ROWS_V2, ROW_INSERT, true },
	{ EVENT_UPDATE_ROWS_V2, ROW_UPDATE, true },  { EVENT_DELETE_ROWS_V2, ROW_DELETE, true },
};

struct row_decoder {
	struct row_image before;
	struct row_image after;
	/* The event at hand: what is left of it, and what is known of its rows. */
	struct reader rows;		    /* borrowed */
	const struct binlog_table_map *map; /* borrowed */
	enum row_change_kind kind;
	struct row_columns first;  /* of the image before, or of an insert */
	struct row_columns second; /* of the image after an update */
};

struct row_decoder *row_decoder_new(void)
{
	return mem_calloc(1, sizeof(struct row_decoder));
}

void row_decoder_free(struct row_decoder *decoder)
{
	if (!decoder)
		return;
	row_image_release(&decoder->before);
	row_image_release(&decoder->after);
	free(decoder);
}

bool row_decoder_begin(struct row_decoder *decoder, const struct binlog_event *event,
		       const struct binlog_format *format, const struct binlog_table_map *map,
		       struct error *err)
{
	const struct table *table = map->table;
	const struct rows_type *type = NULL;
	struct reader *r = &decoder->rows;

	assert(table && table->column_count <= map->column_count);
	for (size_t i = 0; i < ARRAY_LEN(rows_types); i++)
		if (rows_types[i].type == event->type)
			type = &rows_types[i];
	if (!type)
		return error_set(err, ERROR_UNSUPPORTED, "table %s: rows in a %s event (%u)",
				 table->full_name, binlog_event_type_name(event->type), event->type);
	*r = event->body;
	decoder->map = map;
	decoder->kind = type->kind;
	reader_skip(r, format->header_sizes[event->type] == SHORT_ID_POST_HEADER ? 4 : 6);
	reader_u16(r); /* flags */
	if (type->has_extra) {
		unsigned extra = reader_u16(r); /* counts itself */

		reader_skip(r, extra < 2 ? SIZE_MAX : extra - 2u);
	}

	uint64_t columns = reader_lenenc(r);

	if (!r->failed && columns != map->column_count)
		return error_set(err, ERROR_CORRUPT,
				 "table %s: rows of %" PRIu64 " columns behind a map of %u",
				 table->full_name, columns, map->column_count);
	decoder->first = row_columns_read(r, map->column_count);
	if (type->kind == ROW_UPDATE)
		decoder->second = row_columns_read(r, map->column_count);
	if (r->failed)
		return error_set(err, ERROR_CORRUPT, "table %s: rows event cut short",
				 table->full_name);
	/* The values of all columns that are written must be there. */
	for (unsigned i = 0; i < table->column_count; i++)
		if (!row_columns_have(&decoder->first, i) && column_is_written(&table->columns[i]))
			return error_set(err, ERROR_UNSUPPORTED,
					 "table %s: the row image is not FULL: set "
					 "binlog_row_image=FULL on the source, for all of its sessions, "
					 "and start from scratch; or, to have that table alone copied "
					 "again, resume with -recopy %s",
					 table->full_name, table->full_name);
	return true;
}

enum rows_result row_decoder_next(struct row_decoder *decoder, struct row_change *change,
				  struct error *err)
{
	const struct binlog_table_map *map = decoder->map;
	struct reader *r = &decoder->rows;
	struct row_image *first = decoder->kind == ROW_INSERT ? &decoder->after : &decoder->before;

	if (reader_left(r) == 0)
		return ROWS_END;
	if (!row_image_decode(first, r, map, &decoder->first, NULL, err) ||
	    (decoder->kind == ROW_UPDATE &&
	     !row_image_decode(&decoder->after, r, map, &decoder->second, &decoder->before, err)))
		return ROWS_FAILED;
	*change = (struct row_change){ .table = map->table, .kind = decoder->kind };
	if (decoder->kind != ROW_INSERT)
		change->before = decoder->before.values;
	if (decoder->kind != ROW_DELETE)
		change->after = decoder->after.values;
	return ROWS_NEXT;
}
