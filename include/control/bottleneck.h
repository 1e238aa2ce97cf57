/* Which side is the bottleneck, logged once a minute: the loop's thread takes a sample now and
 * then, and what was seen most of the time counts. Beside it stands what that side's workers
 * did in that minute. */
#ifndef CONTROL_BOTTLENECK_H
#define CONTROL_BOTTLENECK_H

#include "ferry/ferry.h"

#define BOTTLENECK_LOG_MS 60000

struct bottleneck {
	int64_t began_ms; /* of this minute; 0: not yet */
	unsigned samples;
	unsigned source;
	unsigned target;
	struct work_times work; /* when it began */
};

/* now_ms is of clock_ms(). The side to log, when a minute is over and there is one. */
enum slower_side bottleneck_add(struct bottleneck *bottleneck, int64_t now_ms,
				const struct ferry_status *status);
void bottleneck_log(struct bottleneck *bottleneck, const struct ferry_status *status);

#endif
