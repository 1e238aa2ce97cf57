/* Two rows of the source that one unique key of the target takes for one. */
#ifndef VERIFY_MERGED_ROWS_H
#define VERIFY_MERGED_ROWS_H

#include "compare/range_diff.h"

/* The row with this condition is missing on the target. Where the row that stands in its way
 * there is on the source beside it, report says which, and what the remedy is; else it stays
 * as it is, and whether the row comes is not known yet. */
bool merged_rows_find(struct range_diff *c, const struct moved_table *t, const char *condition,
		      size_t length, struct buf *report, struct error *err) MUST_CHECK;

#endif
