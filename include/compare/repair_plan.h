/* What all that repair rows in one run have in common. Constant once made. */
#ifndef COMPARE_REPAIR_PLAN_H
#define COMPARE_REPAIR_PLAN_H

#include "run/run.h"

struct repair_plan {
	struct run *run;     /* borrowed */
	/* Rows that nobody asked for had to give way to repaired ones: the table must be
	 * compared as a whole again. Any thread. */
	void (*pushed_out)(void *context, size_t table);
	void *context;
};

#endif
