/* Throttle as it can be read and changed at run time: an object with the configuration's keys,
 * but for ReplicaConnection. */
#ifndef CONTROL_THROTTLE_JSON_H
#define CONTROL_THROTTLE_JSON_H

#include "base/json.h"
#include "plan/throttle_limits.h"

/* For the caller's tree. */
cJSON *throttle_json(const struct throttle_limits *limits);
/* Changes what the object has, in a copy: all or nothing, ERROR_CONFIG. */
bool throttle_json_read(const cJSON *object, struct throttle_limits *limits,
			struct error *err) MUST_CHECK;

#endif
