/* One image of a row: the values of all columns at one moment. Used by one thread;
 * its memory is used again for the next row. */
#ifndef BINLOG_ROW_IMAGE_H
#define BINLOG_ROW_IMAGE_H

#include "binlog/table_map.h"

struct row_image {
	struct value *values; /* owned, by column */
	size_t *offsets;      /* owned; where in text a value begins, or SIZE_MAX */
	unsigned room;	      /* columns allocated */
	struct buf text;      /* what had to be printed */
};

void row_image_release(struct row_image *image);
/* Reads the null bitmap and the values of all columns. Values point into the
 * event or into image->text until the next call. The map must have passed
 * binlog_table_map_check() with its table. */
bool row_image_decode(struct row_image *image, struct reader *r,
		      const struct binlog_table_map *map, struct error *err) MUST_CHECK;

#endif
