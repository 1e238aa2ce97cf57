/* A number of bytes that may be held at a time. Whoever wants to hold some takes them
 * first and waits for others to give theirs back; in the order of asking, so that a
 * large wish is not overtaken for ever by small ones. A wish larger than the whole is
 * granted when nothing else is held: whatever must be held can be. Any thread. */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include "base/stop.h"

struct budget {
	uint64_t limit;
	struct mutex lock;
	struct condition changed;
	uint64_t used;	  /* guarded by lock */
	uint64_t asked;	  /* guarded by lock: number of the last one who asked */
	uint64_t granted; /* guarded by lock: and of the last one who got it */
};

void budget_init(struct budget *b, uint64_t limit);
void budget_destroy(struct budget *b);
/* False when stop is set meanwhile; then nothing was taken. */
bool budget_acquire(struct budget *b, uint64_t bytes, struct stop *stop) MUST_CHECK;
/* Does anybody wait just now? */
bool budget_is_waited_for(struct budget *b);
/* What was taken turned out to be more or less. Does not wait. */
void budget_change(struct budget *b, uint64_t from, uint64_t to);
void budget_return(struct budget *b, uint64_t bytes);

#endif
