#include "control/work_fields.h"

#include <inttypes.h>

void work_fields_add_side(struct log_facts *facts, enum work_side side,
			  const struct work_times *now, const struct work_times *then)
{
	for (size_t i = 0; i < WORK_COUNT; i++)
		if (work_names[side][i].log)
			log_factf(facts, work_names[side][i].log, "%" PRId64,
				  (now->us[side][i] - (then ? then->us[side][i] : 0)) / 1000);
}
