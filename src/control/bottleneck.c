/* A sample says which side is waited for at that moment: threads that wait are not interrupted. */
#include "control/bottleneck.h"

#include "base/clock.h"
#include "base/log.h"
#include "control/work_fields.h"

static const char log_tag[] = "limit";

static void begin(struct bottleneck *bottleneck, int64_t now_ms, const struct ferry_status *status)
{
	*bottleneck = (struct bottleneck){ .began_ms = now_ms, .work = status->work };
}

enum slower_side bottleneck_add(struct bottleneck *bottleneck, int64_t now_ms,
				const struct ferry_status *status)
{
	enum slower_side side = SLOWER_NONE;

	if (!status->has_started || bottleneck->began_ms == 0) {
		begin(bottleneck, now_ms, status);
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
	begin(bottleneck, now_ms, status);
	return side;
}

void bottleneck_log(struct bottleneck *bottleneck, const struct ferry_status *status)
{
	const struct work_times then = bottleneck->work;
	struct log_facts facts = { .count = 0 };

	switch (bottleneck_add(bottleneck, clock_ms(), status)) {
	case SLOWER_SOURCE:
		work_fields_add_side(&facts, WORK_ON_SOURCE, &status->work, &then);
		log_info_facts(&facts,
			       "the source is the limit: rows and changes do not come faster");
		break;
	case SLOWER_TARGET:
		work_fields_add_side(&facts, WORK_ON_TARGET, &status->work, &then);
		log_info_facts(&facts, "the target is the limit: it does not write faster");
		break;
	case SLOWER_NONE:
		break;
	}
}
