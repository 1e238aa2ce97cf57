/* Interpolates between the control points in whole numbers, with Ghostferry's two
 * truncating divisions, so that the same configuration gives the same batches. */
#include "batch_size.h"

uint64_t batch_size_for(const struct batch_points *points, uint64_t average_bytes)
{
	const struct batch_point *low = points->items, *high;
	uint64_t bytes = average_bytes, width;

	if (points->count == 0)
		return 0;
	if (bytes < points->min_row_bytes)
		bytes = points->min_row_bytes;
	if (bytes > points->max_row_bytes)
		bytes = points->max_row_bytes;
	for (size_t i = 0; i < points->count; i++) /* the points are ascending */
		if (points->items[i].row_bytes <= bytes)
			low = &points->items[i];
	high = low + 1;
	if (low->row_bytes >= bytes || high == points->items + points->count)
		return low->rows;
	width = high->row_bytes - low->row_bytes;
	return low->rows * (high->row_bytes - bytes) / width +
	       high->rows * (bytes - low->row_bytes) / width;
}
