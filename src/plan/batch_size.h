/* Rows per batch by the size of a table's rows: Ghostferry's
 * DataIterationBatchSizePerTableOverride. Pure function. */
#ifndef PLAN_BATCH_SIZE_H
#define PLAN_BATCH_SIZE_H

#include "plan/move_options.h"

/* For a table whose rows have average_bytes on average; 0: no points are configured. */
uint64_t batch_size_for(const struct batch_points *points, uint64_t average_bytes);

#endif
