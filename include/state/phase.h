/* The stages of a run and the moves between them, as data. */
#ifndef STATE_PHASE_H
#define STATE_PHASE_H

#include "base/attr.h"

enum phase {
	PHASE_STARTING,
	PHASE_COPYING,
	PHASE_INDEXING, /* if indexes were left out */
	PHASE_OBJECTS,	/* if views, routines or sequences are moved */
	PHASE_WAIT_FOR_CUTOVER,
	PHASE_VERIFY_BEFORE_CUTOVER,
	PHASE_CUTOVER,
	PHASE_DONE,
	PHASE_COUNT,
};

/* "copying", as /api/status and the callbacks say it */
const char *phase_name(enum phase phase);
/* CurrentStage of the state: "COPY", "CUTOVER", "DONE", ... */
const char *phase_stage(enum phase phase);
bool phase_may_follow(enum phase from, enum phase to);

#endif
