/* Throttle: what the servers may be burdened with before rows wait. Plain values; those of
 * the configuration are borrowed from it, copies own what they point to. */
#ifndef PLAN_THROTTLE_LIMITS_H
#define PLAN_THROTTLE_LIMITS_H

#include "base/attr.h"
#include "base/error.h"
#include "plan/string_list.h"

enum throttle_side { THROTTLE_SOURCE, THROTTLE_TARGET, THROTTLE_SIDES };

struct throttle_limits {
	/* "host" or "host:port": replicas of the one and of the other */
	struct string_list replicas[THROTTLE_SIDES];
	uint64_t max_lag_s;
	/* 0: no limit. */
	uint64_t max_threads[THROTTLE_SIDES]; /* Threads_running */
	uint64_t max_history[THROTTLE_SIDES]; /* InnoDB's history list */
	uint64_t rows_per_s;
	uint64_t bytes_per_s;
	const char *query[THROTTLE_SIDES]; /* of the user; NULL: none */
	uint64_t query_max[THROTTLE_SIDES];
	int64_t interval_ms; /* between two checks of the servers */
};

#define THROTTLE_LAG_DEFAULT_S 1
#define THROTTLE_INTERVAL_DEFAULT_MS 1000
#define THROTTLE_INTERVAL_MIN_MS 100

void throttle_limits_copy(struct throttle_limits *to, const struct throttle_limits *from);
/* Of a copy; fine on zeroed memory. */
void throttle_limits_release(struct throttle_limits *limits);

/* Is there any limit? */
bool throttle_limits_are_set(const struct throttle_limits *limits);

/* "db2", "db2:3307", "[::1]:3306", "::1"; the port is 3306 where none is given. host is
 * THROTTLE_HOST_SIZE long. */
#define THROTTLE_HOST_SIZE 256
bool throttle_address(const char *text, char *host, unsigned *port) MUST_CHECK;
/* False for limits that make no sense; ERROR_CONFIG begins with the key. */
bool throttle_limits_check(const struct throttle_limits *limits, struct error *err) MUST_CHECK;

#endif
