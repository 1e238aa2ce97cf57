/* The JSON texts of GET /api/status and of the progress callback, field for field
 * as Ghostferry's. Pure functions over a snapshot; any thread. */
#ifndef CONTROL_STATUS_JSON_H
#define CONTROL_STATUS_JSON_H

#include "base/buf.h"
#include "control/scripts.h"
#include "control/rate.h"

struct status_view {
	const struct ferry_status *status;
	const struct estimate *estimate;
	const char *custom_payload;    /* ProgressCallback.Payload; NULL: "" */
	const struct scripts *scripts; /* NULL: there are none */
	const char *address;	       /* of the control server; NULL: "" */
	double now;		       /* wall seconds */
};

/* Both append one line without a newline at its end. */
void progress_json_write(struct buf *out, const struct status_view *view);
void status_json_write(struct buf *out, const struct status_view *view);
/* The status without its tables; one of its TableStatuses. */
void status_json_overall(struct buf *out, const struct status_view *view);
void status_json_table(struct buf *out, const struct status_view *view, size_t index);

#endif
