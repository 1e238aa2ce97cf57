/* What to do when what was copied is of no more use. The code that finds this out does not know
 * whether an application already uses the target, where the usual advice would do harm. One run per
 * process. Any thread. */
#ifndef BASE_ADVICE_H
#define BASE_ADVICE_H

#include <stdbool.h>

/* To put into a message, behind ": " or "; ". A constant. */
const char *advice_start_over(void);

/* May a table be dropped on the target and copied again (-recopy)? */
bool advice_may_recopy(void);

/* From here on (CutoverUnlock is being called, or was) the target may be in use. */
void advice_target_in_use(void);
/* This run goes back (PrepareRollback): the target is what the move came from. */
void advice_on_way_back(void);
/* Of some tables this run moves a part (Tables.Where): none can be dropped. */
void advice_of_parts(void);

#endif
