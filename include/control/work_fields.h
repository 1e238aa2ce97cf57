/* Where the time went, as fields of a line of the log: "target_writing_ms". */
#ifndef CONTROL_WORK_FIELDS_H
#define CONTROL_WORK_FIELDS_H

#include "base/log.h"
#include "run/work_time.h"

/* What has come to one side since then; NULL: since the start. */
void work_fields_add_side(struct log_facts *facts, enum work_side side,
			  const struct work_times *now, const struct work_times *then);

#endif
