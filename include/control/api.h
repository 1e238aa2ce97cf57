/* What the control server serves: Ghostferry's HTTP interface. All
 * on the loop's thread. */
#ifndef CONTROL_API_H
#define CONTROL_API_H

#include "control/http_server.h"
#include "control/rate.h"

/* The context of every route; everything is borrowed. */
struct api {
	struct ferry *ferry;
	const struct rate *rate;
	struct scripts *scripts;    /* NULL: there are none */
	const char *custom_payload; /* ProgressCallback.Payload, shown in the status */
	const struct access *access;
	const char *address;	     /* that the server listens on */
	void (*stop)(void *context); /* as SIGTERM does; does not stop at once */
	void *stop_context;
	struct events *events; /* owned; NULL: no client has listened yet */
	int64_t events_ms;     /* when they were taken */
};

void api_release(struct api *api);

extern const struct server_route api_routes[];
extern const size_t api_route_count;

#endif
