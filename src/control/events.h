/* GET /api/events: the status as it changes, as server-sent events. On the loop's thread. */
#ifndef CONTROL_EVENTS_H
#define CONTROL_EVENTS_H

#include "control/status_json.h"

struct events; /* opaque */

/* A snapshot for the pieces that follow. *events NULL: it is made. */
void events_take(struct events **events, const struct status_view *view);
/* Appends an event: the status, and those of its tables that changed after *seen (0: all). */
void events_put(const struct events *events, uint64_t *seen, struct buf *out);
void events_free(struct events *events);

#endif
