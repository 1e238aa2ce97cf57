/* A sample says who is waited for at that moment: threads that wait are not asked, and
 * nothing is measured where rows are moved. */
#include "control/bottleneck.h"

#include "base/clock.h"
#include "base/log.h"

static const char log_tag[] = "limit";

enum slower_side bottleneck_add(struct bottleneck *limit, int64_t now_ms, const struct ferry_status *status)
{
	enum slower_side side = SLOWER_NONE;

	if (!status->has_started || limit->began_ms == 0) {
		*limit = (struct bottleneck){ .began_ms = now_ms };
		return SLOWER_NONE;
	}
	limit->looks++;
	limit->source += status->limit == SLOWER_SOURCE;
	limit->target += status->limit == SLOWER_TARGET;
	if (now_ms - limit->began_ms < LIMIT_TELL_MS)
		return SLOWER_NONE;
	if (limit->target * 2 > limit->looks)
		side = SLOWER_TARGET;
	else if (limit->source * 2 > limit->looks)
		side = SLOWER_SOURCE;
	*limit = (struct bottleneck){ .began_ms = now_ms };
	return side;
}

void bottleneck_log(struct bottleneck *limit, const struct ferry_status *status)
{
	switch (bottleneck_add(limit, clock_ms(), status)) {
	case SLOWER_SOURCE:
		log_info("the source is the limit: rows and changes do not come faster");
		break;
	case SLOWER_TARGET:
		log_info("the target is the limit: it does not write faster");
		break;
	case SLOWER_NONE:
		break;
	}
}
