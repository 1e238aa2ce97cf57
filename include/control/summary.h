/* One line at the end of a run: what was moved, how fast, and where the time went. Of the
 * loop's thread. */
#ifndef CONTROL_SUMMARY_H
#define CONTROL_SUMMARY_H

#include "control/work_fields.h"
#include "ferry/ferry.h"

struct summary {
	int64_t copy_began_ms; /* 0: not yet */
	int64_t copy_ended_ms; /* 0: not yet */
};

/* At each tick: now_ms is of clock_ms(). */
void summary_update(struct summary *summary, enum phase phase, int64_t now_ms);
/* What the line says. */
void summary_fields(struct log_facts *facts, const struct summary *summary,
		    const struct ferry_status *status, int64_t now_ms);
/* Nothing is said of a run that has not started. */
void summary_log(const struct summary *summary, struct ferry *ferry);

#endif
