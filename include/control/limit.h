/* Which side is the limit, told once a minute: the loop's thread looks now and then, and
 * what was seen most of the time counts. */
#ifndef CONTROL_LIMIT_H
#define CONTROL_LIMIT_H

#include "ferry/ferry.h"

#define LIMIT_TELL_MS 60000

struct limit {
	int64_t began_ms; /* of this minute; 0: not yet */
	unsigned looks;
	unsigned source;
	unsigned target;
};

/* now_ms is of clock_ms(). The side to tell of, when a minute is over and there is one. */
enum slower_side limit_add(struct limit *limit, int64_t now_ms, const struct ferry_status *status);
void limit_log(struct limit *limit, const struct ferry_status *status);

#endif
