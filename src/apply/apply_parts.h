/* One batch of changes, applied by several writers at once, in parts that are independent of each
 * other, so their order does not matter. */
#ifndef APPLY_APPLY_PARTS_H
#define APPLY_APPLY_PARTS_H

#include <stddef.h>

#include "base/thread.h"
#include "db/db.h"

struct parted_batch;

/* Embedded in a unit of work; owned by the caller of apply_parts_run(). */
struct apply_part {
	/* target: the connection of the thread that applies the part. */
	bool (*apply)(struct apply_part *part, struct db *target, struct error *err);
	struct apply_part *next;    /* the caller's list; then guarded by the lock */
	struct parted_batch *batch; /* constant once others see it */
};

/* Parts that no thread has taken yet. */
struct apply_parts {
	struct mutex lock;
	struct condition done;	  /* a part has ended */
	struct apply_part *first; /* guarded by lock */
	/* Called without the lock when there are parts for other threads; constant; may be NULL. */
	void (*wake)(void *context);
	void *context;
};

void apply_parts_init(struct apply_parts *parts, void (*wake)(void *context), void *context);
void apply_parts_destroy(struct apply_parts *parts);

/* Applies all parts of the list, in this thread and its helpers, and returns when none is being
 * applied any more. False: one has failed, err is its error, and some may not have been tried. */
bool apply_parts_run(struct apply_parts *parts, struct apply_part *first, struct db *target,
		     struct error *err) MUST_CHECK;

/* For any thread that has nothing else to do. */
bool apply_parts_are_left(struct apply_parts *parts);
/* Applies one of the parts left, if there is one; its outcome is reported to its owner. */
void apply_parts_help(struct apply_parts *parts, struct db *target);

#endif
