/* One image of a row: the values of all columns at one moment. Used by one thread;
 * its memory is used again for the next row. */
#ifndef DECODE_ROW_IMAGE_H
#define DECODE_ROW_IMAGE_H

#include "decode/table_map.h"

/* Which columns of the map an event's images hold. */
struct row_columns {
	const uint8_t *bits; /* borrowed from the event; the lowest bit of a byte first */
	unsigned count;	     /* how many of them are set */
};

struct row_image {
	struct value *values; /* owned, by column */
	size_t *offsets;      /* owned; where in text a value begins, or SIZE_MAX */
	unsigned room;	      /* columns allocated */
	struct buf text;      /* what had to be printed */
};

void row_image_release(struct row_image *image);
/* Reads the bitmap of one bit per column of the map. */
struct row_columns row_columns_read(struct reader *r, unsigned count);
bool row_columns_have(const struct row_columns *columns, unsigned index);

/* Reads the null bitmap and the values of the columns that are there. Of the others,
 * generated ones are NULL, and plain ones are as in `from`: the image before an update,
 * or NULL when there is none. Values point into the event, into image->text until the
 * next call, or are those of `from`. The map must have passed binlog_table_map_check()
 * with its table. */
bool row_image_decode(struct row_image *image, struct reader *r, const struct binlog_table_map *map,
		      const struct row_columns *columns, const struct row_image *from,
		      struct error *err) MUST_CHECK;

#endif
