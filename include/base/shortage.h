/* The system gives no more memory, or no more threads. Nothing can be undone then, but what
 * was saved so far can be told: the loop is woken, dumps the state and ends the process. */
#ifndef BASE_SHORTAGE_H
#define BASE_SHORTAGE_H

#include "base/attr.h"

/* Once, in main, before there are threads: puts memory aside for the end, and remembers
 * that this thread is the loop's. */
void shortage_init(void);
/* tell: wakes the loop; any thread calls it, without memory, and under any lock. NULL:
 * nobody is to be told (any more). */
void shortage_set_hook(void (*tell)(void *context), void *context);
/* Does not return, but in the loop's thread: it may try once more. */
void shortage_found(const char *what);
/* What was found short, or NULL. */
const char *shortage_what(void);

#endif
