/* Does a request come from our own pages or a program, or did a page of another site make a
 * browser send it? Pure functions. */
#ifndef CONTROL_REQUEST_ORIGIN_H
#define CONTROL_REQUEST_ORIGIN_H

#include "plan/move_options.h"

struct request_origin {
	/* The headers as they were sent, NULL when absent. */
	const char *host;
	const char *origin;
	const char *fetch_site; /* Sec-Fetch-Site */
	bool changes_something; /* neither GET nor HEAD */
};

/* is_local: the server can only be reached from its own machine. trusted: hosts that a
 * reverse proxy has, see request_origin_is_host(); NULL: none. */
bool request_origin_allows(const struct request_origin *origin, bool is_local,
			   const struct string_list *trusted);

/* "name" (with whatever port), "name:port", "[v6]:port" */
bool request_origin_is_host(const char *text);

#endif
