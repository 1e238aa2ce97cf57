/* What to do when what was copied is of no more use. Whoever finds that out in the depths
 * does not know whether an application uses the target by then, where the same advice would
 * do harm. One run per process. Any thread. */
#ifndef BASE_ADVICE_H
#define BASE_ADVICE_H

/* To put into a message, behind ": " or "; ". A constant. */
const char *advice_start_over(void);

/* From here on (CutoverUnlock is being called, or was) the target may be in use. */
void advice_target_in_use(void);

#endif
