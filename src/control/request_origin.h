/* Does a request come from our own pages or a program, or did a page of another site make a
 * browser send it? Pure function. */
#ifndef CONTROL_REQUEST_ORIGIN_H
#define CONTROL_REQUEST_ORIGIN_H

#include "base/attr.h"

struct request_origin {
	/* The headers as they were sent, NULL when absent. */
	const char *host;
	const char *origin;
	const char *fetch_site; /* Sec-Fetch-Site */
	bool changes_something; /* neither GET nor HEAD */
};

/* is_loopback: the server can only be reached from its own machine. */
bool request_origin_allows(const struct request_origin *origin, bool is_loopback);

#endif
