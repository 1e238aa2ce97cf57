/* Row images: a bitmap of the columns that are NULL, then the values of the
 * others without anything in between (MySQL source, sql/rpl_record.cc). Columns that
 * the event leaves out have no place in either. Columns that the schema does not have
 * come last (see table_check.c) and are skipped.
 *
 * Printed values collect in one buffer, which may move while it grows; so they
 * are kept as offsets until the row is complete. */
#include "row_image.h"

#include <stdlib.h>

#include "base/mem.h"
#include "column_codec.h"

#define BORROWED SIZE_MAX
#define HIDDEN_COLUMN_SIZE 8

static void reserve(struct row_image *image, unsigned columns)
{
	if (columns <= image->room)
		return;
	image->values = mem_resize(image->values, columns, sizeof(*image->values));
	image->offsets = mem_resize(image->offsets, columns, sizeof(*image->offsets));
	image->room = columns;
}

void row_image_release(struct row_image *image)
{
	free(image->values);
	free(image->offsets);
	buf_release(&image->text);
	*image = (struct row_image){ .room = 0 };
}

static bool bit_at(const uint8_t *bits, unsigned index)
{
	return bits[index / 8] >> (index % 8) & 1;
}

static void set_null(struct row_image *image, unsigned index)
{
	image->values[index] = (struct value){ .bytes = NULL };
	image->offsets[index] = BORROWED;
}

static void decode_value(struct row_image *image, struct reader *r, const struct binlog_column *in,
			 const struct column *column)
{
	unsigned index = column->position;
	struct cell cell = { .text = &image->text };
	size_t start = image->text.length;

	column_codec(in->type)->decode(r, in, column, &cell);
	if (cell.bytes) {
		image->values[index].bytes = (const char *)cell.bytes;
		image->values[index].length = cell.length;
		image->offsets[index] = BORROWED;
	} else {
		image->values[index].length = image->text.length - start;
		image->offsets[index] = start;
	}
}

static bool cut_short(const struct table *table, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "table %s: row image cut short", table->full_name);
}

struct row_columns row_columns_read(struct reader *r, unsigned count)
{
	struct row_columns columns = { .bits = reader_bytes(r, (count + 7u) / 8) };

	/* Bits behind the last column mean nothing. */
	for (unsigned i = 0; columns.bits && i < count; i++)
		columns.count += row_columns_have(&columns, i);
	return columns;
}

bool row_columns_have(const struct row_columns *columns, unsigned index)
{
	return bit_at(columns->bits, index);
}

bool row_image_decode(struct row_image *image, struct reader *r, const struct binlog_table_map *map,
		      const struct row_columns *columns, const struct row_image *from,
		      struct error *err)
{
	const struct table *table = map->table;
	const uint8_t *nulls = reader_bytes(r, (columns->count + 7u) / 8);
	unsigned bit = 0; /* of nulls, which counts the columns that are there */

	if (!nulls)
		return cut_short(table, err);
	reserve(image, table->column_count);
	buf_clear(&image->text);
	for (unsigned i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];

		if (!row_columns_have(columns, i)) {
			/* What a generated column held is not known then, and is not needed: it is
			 * not written, and a key that has one is refused (binlog_writer.c). */
			set_null(image, i);
			if (from && column_is_written(column))
				image->values[i] = from->values[i];
		} else if (bit_at(nulls, bit++)) {
			set_null(image, i);
		} else {
			decode_value(image, r, &map->columns[i], column);
		}
		if (r->failed)
			return error_set(err, ERROR_CORRUPT,
					 "table %s: the value of column %u (`%s`, %s) is cut short or "
					 "not valid",
					 table->full_name, i + 1, column->name, column->raw_type);
	}
	for (unsigned i = table->column_count; i < map->column_count; i++)
		if (row_columns_have(columns, i) && !bit_at(nulls, bit++))
			reader_skip(r, HIDDEN_COLUMN_SIZE);
	if (r->failed)
		return cut_short(table, err);
	for (unsigned i = 0; i < table->column_count; i++)
		if (image->offsets[i] != BORROWED)
			image->values[i].bytes = buf_text(&image->text) + image->offsets[i];
	return true;
}
