/* Messages to the service manager that started the program (sd_notify(3)). Without one,
 * nothing happens. The loop's thread. */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include "base/attr.h"

/* At the start, once. */
void notify_init(void);
bool notify_is_wanted(void);
/* state: such as "READY=1", or NULL; status: free text, or NULL. Failures are ignored. */
void notify_send(const char *state, const char *status);

#endif
