/* What -dryrun prints: the tables that would be moved, and what prevents it. */
#ifndef APP_DRY_RUN_H
#define APP_DRY_RUN_H

#include "ferry/ferry.h"

/* The whole text for stdout. */
void dry_run_text(struct buf *out, const struct moved_tables *tables,
		  const struct findings *findings);
/* One line each, with the remedy on a second one; also for starts that fail. */
void findings_text(struct buf *out, const struct findings *findings);

#endif
