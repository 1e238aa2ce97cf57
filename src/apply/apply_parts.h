/* One batch of changes, applied by several writers at once: in parts that nothing connects,
 * so that their order does not matter. */
#ifndef APPLY_APPLY_PARTS_H
#define APPLY_APPLY_PARTS_H

#include <stddef.h>

#include "base/thread.h"
#include "db/db.h"

struct parted_batch;

/* Embedded in what is to be done; owned by who calls apply_parts_run(). */
struct apply_part {
	/* target: of the thread that does it. */
	bool (*apply)(struct apply_part *part, struct db *target, struct error *err);
	struct apply_part *next;    /* the caller's list; then guarded by the lock */
	struct parted_batch *batch; /* constant once others see it */
};

/* Parts that nobody has taken yet. */
struct apply_parts {
	struct mutex lock;
	struct condition done;	  /* a part is */
	struct apply_part *first; /* guarded by lock */
	/* Called without the lock when there are parts for others; constant. NULL: nobody else. */
	void (*wake)(void *context);
	void *context;
};

void apply_parts_init(struct apply_parts *parts, void (*wake)(void *context), void *context);
void apply_parts_destroy(struct apply_parts *parts);

/* Has all parts of the list applied, by this thread and those that help, and returns when
 * none is being applied any more. False: one has failed, err is its error, and some may not
 * have been tried. */
bool apply_parts_run(struct apply_parts *parts, struct apply_part *first, struct db *target,
		     struct error *err) MUST_CHECK;

/* Any thread that has nothing else to do. */
bool apply_parts_are_left(struct apply_parts *parts);
/* Applies one that is left, if there is one; how it went is for its owner to see. */
void apply_parts_help(struct apply_parts *parts, struct db *target);

#endif
