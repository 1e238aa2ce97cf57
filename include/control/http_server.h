/* An HTTP server on the libev loop, for a table of routes. It deals with HTTP alone, not with what
 * is served.
 *
 * Everything happens on the loop's thread, so a handler must not wait. */
#ifndef CONTROL_HTTP_SERVER_H
#define CONTROL_HTTP_SERVER_H

#include <ev.h>

#include "base/buf.h"
#include "control/access.h"
#include "control/listen.h"

#define SERVER_BODY_MAX 65536
#define SERVER_CONNECTIONS_MAX 64
#define SERVER_IDLE_TIMEOUT_S 30
#define SERVER_REQUEST_TIMEOUT_S 30 /* for all of a request, and for all of its answer */
#define SERVER_STREAMS_MAX 16	    /* of the connections: answers that do not end */
#define SERVER_BEAT_MS 1000	    /* between two pieces of these */

struct server_request {
	const char *method;
	const char *path;
	const char *content_type; /* "" when not sent */
	bool is_json;		  /* content type is application/json */
	const char *body;	  /* NUL behind it */
	size_t body_length;
	bool is_allowed; /* has sent the token, or none is configured */
	bool by_https;	 /* according to the browser: behind a proxy */
	void *native;	 /* for server_form_value() */
};

/* Appends the next piece of an answer that goes on. *seen is the client's own, 0 at first: how much
 * it has received. Does not wait. */
typedef void server_next(void *context, uint64_t *seen, struct buf *out);

struct server_reply {
	unsigned status;	  /* 200 when the handler starts */
	const char *content_type; /* NULL: no body */
	const char *location;	  /* of a redirection, or NULL */
	struct buf cookie;	  /* to be set; empty: none */
	struct buf body;
	server_next *next;	     /* instead of a body; NULL: the answer ends */
	void (*then)(void *context); /* when it is sent, or its client gone; NULL: nothing */
};

struct server_route {
	const char *method;
	const char *path;
	bool is_public; /* served without the token, too */
	void (*handle)(void *context, const struct server_request *request,
		       struct server_reply *reply);
};

struct server; /* opaque: hides the library */

/* Takes the listener's socket, also on failure. The rest is borrowed.
 * NULL and *err on failure. */
struct server *server_new(struct ev_loop *loop, const struct listener *listener,
			  const struct access *access, const struct server_route *routes,
			  size_t route_count, void *context, struct error *err) MUST_CHECK;
/* Cuts open connections off. NULL is fine. */
void server_free(struct server *server);

/* Makes another piece of each endless answer, and sends what can be sent at once: the last piece
 * before the process ends. NULL is fine. */
void server_beat(struct server *server);

/* A field of the posted form (urlencoded), else of the query. False
 * when there is none. */
bool server_form_value(const struct server_request *request, const char *name,
		       struct buf *value) MUST_CHECK;
/* A plain text answer with a newline. */
void server_reply_text(struct server_reply *reply, unsigned status, const char *format, ...)
	PRINTF(3, 4);
/* The form of success that all posts share: 200 without a body to a program (JSON
 * request), a redirection to / to a browser's form. */
void server_reply_success(struct server_reply *reply, const struct server_request *request);

#endif
