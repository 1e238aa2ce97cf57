/* Answers that do not end: a piece is made for each client at every beat, when it has taken
 * the one before. All on the loop's thread. */
#ifndef CONTROL_HTTP_STREAM_H
#define CONTROL_HTTP_STREAM_H

#include <microhttpd.h>

#include "control/http_server.h"
#include "peers.h"

struct streams {
	struct stream *first; /* owned by their connections */
	unsigned count;
};

/* The response to that connection, which is the caller's; its first piece is made at once. NULL:
 * there are too many, or no memory. */
struct MHD_Response *stream_open(struct streams *streams, struct MHD_Connection *connection,
				 struct peer *peer, server_next *next, void *context);
/* Another piece for each client that waits for one. The library is to be run after it. */
void streams_beat(struct streams *streams);
/* They end with the next run of the library, which cannot be stopped before. */
void streams_end(struct streams *streams);

#endif
