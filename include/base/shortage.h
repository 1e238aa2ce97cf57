/* The system is out of memory, or of threads. Nothing can be undone then, but what was saved so far
 * can still be reported: the loop dumps the state and ends the process. */
#ifndef BASE_SHORTAGE_H
#define BASE_SHORTAGE_H

#include "base/attr.h"

/* Once, in main, before there are threads: keeps a reserve of memory for the end, and remembers
 * that this thread is the loop's. */
void shortage_init(void);
/* wake: wakes the loop; any thread calls it, without memory, and under any lock. NULL:
 * there is no loop (any more). */
void shortage_set_hook(void (*wake)(void *context), void *context);
/* Does not return, except in the loop's thread, which may try once more. */
void shortage_found(const char *what);
/* What was found short, or NULL. */
const char *shortage_what(void);

#endif
