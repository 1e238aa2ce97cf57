/* A limit on the bytes that are held at a time. They are acquired first, in the order of the
 * requests, so that small ones cannot overtake a large one forever. A request larger than the limit
 * is granted when nothing else is held: otherwise it would wait forever. Any thread. */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include "base/stop.h"

struct budget {
	uint64_t limit;
	struct mutex lock;
	struct condition changed;
	uint64_t used;	    /* guarded by lock */
	uint64_t requested; /* guarded by lock: number of the last request */
	uint64_t granted;   /* guarded by lock: and of the last one that was granted */
};

void budget_init(struct budget *b, uint64_t limit);
void budget_destroy(struct budget *b);
/* False when stop is set first; nothing was acquired then. */
bool budget_acquire(struct budget *b, uint64_t bytes, struct stop *stop) MUST_CHECK;
/* Is a request waiting? */
bool budget_is_waited_for(struct budget *b);
/* What was acquired is more or less than expected; to 0 releases it. Does not wait. */
void budget_change(struct budget *b, uint64_t from, uint64_t to);

#endif
