/* Posting to the URLs of the configuration: progress, state, errors, the cutover
 * lock. A post is {"Payload":"<text>"} as application/json, and only status 200 is
 * success (201 and 204 fail, as in Ghostferry).
 *
 * Any thread: every post is a connection of its own. curl_global_init() is main's. */
#ifndef CONTROL_CALLBACK_H
#define CONTROL_CALLBACK_H

#include "base/buf.h"
#include "base/error.h"

#define CALLBACK_CONNECT_TIMEOUT_MS 10000
#define CALLBACK_TIMEOUT_MS 60000

/* What the configuration says of one callback; texts are borrowed. */
struct callback {
	const char *uri;     /* NULL or "": none */
	const char *payload; /* NULL: "" */
};

bool callback_is_set(const struct callback *callback);

/* Waits for the answer, timeout_ms at most. Failures are ERROR_HTTP, ERROR_LOST (no
 * answer at all) or ERROR_TIMEOUT; "callback returned 500 Internal Server Error". */
bool callback_post(const char *uri, const char *payload, long timeout_ms,
		   struct error *err) MUST_CHECK;

#endif
