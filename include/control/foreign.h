/* Does a request that changes something come from our own pages or a program, or
 * was a browser led to send it by a foreign page? Pure function. */
#ifndef CONTROL_FOREIGN_H
#define CONTROL_FOREIGN_H

#include "base/attr.h"

/* The headers as they were sent, NULL when absent. is_loopback: the server can only
 * be reached from its own machine. */
bool foreign_allows(const char *host, const char *origin, const char *fetch_site,
		    bool is_loopback);

#endif
