/* Indexes that the target's tables were made without (DeferSecondaryIndexes) are added when all
 * rows have been copied, before the cutover, while changes go on being applied. */
#ifndef CREATE_DEFERRED_INDEXES_H
#define CREATE_DEFERRED_INDEXES_H

#include "run/run.h"

/* Does a table lack any, by the tracker? */
bool deferred_indexes_are_left(struct run *run) MUST_CHECK;
/* By the ferry's thread, when the copy's workers have ended: adds them, in one statement per
 * table, several tables at once. A failure ends the run at once, whatever other statements are
 * under way. */
bool deferred_indexes_add(struct run *run, struct error *err) MUST_CHECK;

#endif
