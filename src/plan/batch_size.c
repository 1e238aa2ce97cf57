/* Interpolates between the control points in whole numbers, with Ghostferry's two
 * truncating divisions, so that the same configuration gives the same batches. */
#include "batch_size.h"

/* The last point at or below bytes; the points are ascending. */
static const struct batch_point *below(const struct batch_points *points, uint64_t bytes)
{
	const struct batch_point *found = &points->items[0];

	for (size_t i = 0; i < points->count; i++)
		if (points->items[i].row_bytes <= bytes)
			found = &points->items[i];
	return found;
}

static uint64_t between(const struct batch_point *a, const struct batch_point *b, uint64_t bytes)
{
	uint64_t width = b->row_bytes - a->row_bytes;

	return a->rows * (b->row_bytes - bytes) / width + b->rows * (bytes - a->row_bytes) / width;
}

uint64_t batch_size_for(const struct batch_points *points, uint64_t average_bytes)
{
	const struct batch_point *low;
	uint64_t bytes = average_bytes;

	if (points->count == 0)
		return 0;
	if (bytes < points->min_row_bytes)
		bytes = points->min_row_bytes;
	if (bytes > points->max_row_bytes)
		bytes = points->max_row_bytes;
	low = below(points, bytes);
	if (low->row_bytes >= bytes || low == &points->items[points->count - 1])
		return low->rows;
	return between(low, low + 1, bytes);
}
