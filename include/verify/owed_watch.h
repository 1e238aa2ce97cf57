/* While rows are moved: does one of those that the target is owed (owed_rows.h) have no place
 * there, as a unique key compares in another way? Such a row never comes, and the run ends at
 * once rather than at the cutover. A thread of its own, with a connection to each server. */
#ifndef VERIFY_OWED_WATCH_H
#define VERIFY_OWED_WATCH_H

#include "rows/owed_rows.h"

struct owed_watch {
	/* Constant while the thread runs. */
	struct owed_rows *owed; /* borrowed */

	struct mutex lock;
	struct condition changed;
	bool is_ended; /* guarded by lock */
	struct thread thread;
};

void owed_watch_init(struct owed_watch *w);
void owed_watch_destroy(struct owed_watch *w);
/* Where no table has such a key, there is no thread. */
void owed_watch_start(struct owed_watch *w, struct owed_rows *owed);
/* Waits until the last look is over. Before anybody else looks. */
void owed_watch_end(struct owed_watch *w);

#endif
