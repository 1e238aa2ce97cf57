/* A sample says who is waited for at that moment: threads that wait are not interrupted, and
 * nothing is measured where rows are moved. */
#include "control/bottleneck.h"

#include "base/clock.h"
#include "base/log.h"

static const char log_tag[] = "limit";

enum slower_side bottleneck_add(struct bottleneck *bottleneck, int64_t now_ms,
				const struct ferry_status *status)
{
	enum slower_side side = SLOWER_NONE;

	if (!status->has_started || bottleneck->began_ms == 0) {
		*bottleneck = (struct bottleneck){ .began_ms = now_ms };
		return SLOWER_NONE;
	}
	bottleneck->samples++;
	bottleneck->source += status->limit == SLOWER_SOURCE;
	bottleneck->target += status->limit == SLOWER_TARGET;
	if (now_ms - bottleneck->began_ms < BOTTLENECK_LOG_MS)
		return SLOWER_NONE;
	if (bottleneck->target * 2 > bottleneck->samples)
		side = SLOWER_TARGET;
	else if (bottleneck->source * 2 > bottleneck->samples)
		side = SLOWER_SOURCE;
	*bottleneck = (struct bottleneck){ .began_ms = now_ms };
	return side;
}

void bottleneck_log(struct bottleneck *bottleneck, const struct ferry_status *status)
{
	switch (bottleneck_add(bottleneck, clock_ms(), status)) {
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
