/* Applies a batch of changes of a table that has a key. */
#ifndef APPLY_CHANGE_APPLY_H
#define APPLY_CHANGE_APPLY_H

#include "change_queue.h"
#include "run/run.h"

/* queue: whose changes these are, the caller's alone meanwhile. first: in stream order, all
 * past the fence. target: the caller's own session. False: some of them may be applied, and
 * all have to come again. */
bool change_apply(struct run *run, struct db *target, struct table_queue *queue,
		  struct change *first, struct error *err) MUST_CHECK;

#endif
