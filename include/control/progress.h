/* One line that says how far the migration is: below the log of a terminal, now and then in a log
 * file, on the web page. Pure function; any thread. */
#ifndef CONTROL_PROGRESS_H
#define CONTROL_PROGRESS_H

#include "base/buf.h"
#include "control/rate.h"

#define PROGRESS_TERMINAL_MS 500
#define PROGRESS_LOG_MS 10000

/* "copying 3/12 tables, 41.5%, 52.1k rows/s, 11.3 MB/s, ETA 3m20s, lag 0s, 1.2M/2.9M rows,
 * 340.0M/900.0MB, shop.orders".
 * The most important comes first, as narrow terminals cut the end off. */
void progress_line(struct buf *line, const struct ferry_status *status,
		   const struct estimate *estimate);
/* "3s", "2m05s", "1h02m", "3d04h" */
void progress_put_duration(struct buf *out, double seconds);
/* "999", "52.1k", "1.23M" */
void progress_put_count(struct buf *out, double count);

#endif
