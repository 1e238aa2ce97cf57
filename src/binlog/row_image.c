/* Row images: a bitmap of the columns that are NULL, then the values of the
 * others without anything in between (MySQL source, sql/rpl_record.cc).
 *
 * Printed values collect in one buffer, which may move while it grows; so they
 * are kept as offsets until the row is complete. */
#include "row_image.h"

#include <stdlib.h>

#include "base/mem.h"
#include "column_codec.h"

#define BORROWED SIZE_MAX

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

static void decode_value(struct row_image *image, struct reader *r,
			 const struct binlog_column *in, const struct column *column)
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

static void resolve(struct row_image *image, unsigned columns)
{
	for (unsigned i = 0; i < columns; i++)
		if (image->offsets[i] != BORROWED)
			image->values[i].bytes = buf_text(&image->text) + image->offsets[i];
}

static bool bad_value(const struct table *table, unsigned index, struct error *err)
{
	return error_set(err, ERROR_CORRUPT,
			 "table %s: the value of column %u (`%s`, %s) is cut short or not valid",
			 table->full_name, index + 1, table->columns[index].name,
			 table->columns[index].raw_type);
}

bool row_image_decode(struct row_image *image, struct reader *r,
		      const struct binlog_table_map *map, struct error *err)
{
	const struct table *table = map->table;
	const uint8_t *nulls = reader_bytes(r, (map->column_count + 7u) / 8);

	if (!nulls)
		return error_set(err, ERROR_CORRUPT, "table %s: row image cut short",
				 table->full_name);
	reserve(image, map->column_count);
	buf_clear(&image->text);
	for (unsigned i = 0; i < map->column_count; i++) {
		if (nulls[i / 8] >> (i % 8) & 1) {
			image->values[i] = (struct value){ .bytes = NULL };
			image->offsets[i] = BORROWED;
			continue;
		}
		decode_value(image, r, &map->columns[i], &table->columns[i]);
		if (r->failed)
			return bad_value(table, i, err);
	}
	resolve(image, map->column_count);
	return true;
}
