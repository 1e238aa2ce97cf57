/* Where the time went, as fields of a line of the log: "target_writing_ms". */
#ifndef CONTROL_WORK_FIELDS_H
#define CONTROL_WORK_FIELDS_H

#include "base/log.h"
#include "run/work_time.h"

#define WORK_FIELDS_MAX 24

struct work_fields {
	struct log_field fields[WORK_FIELDS_MAX + 1]; /* the last one ends them */
	char keys[WORK_FIELDS_MAX][40];
	char values[WORK_FIELDS_MAX][32];
	size_t count;
};

void work_fields_init(struct work_fields *f);
void work_fields_add(struct work_fields *f, const char *key, const char *format, ...) PRINTF(3, 4);
/* What has come to one side since then; NULL: since the start. */
void work_fields_add_side(struct work_fields *f, enum work_side side, const struct work_times *now,
			  const struct work_times *then);

#endif
