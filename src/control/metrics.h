/* GET /metrics: the status in Prometheus' text format. Pure function over a snapshot. */
#ifndef CONTROL_METRICS_H
#define CONTROL_METRICS_H

#include "control/status_json.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_write(struct buf *out, const struct status_view *view);

#endif
