/* One line per phase: its names and where a run may go from there. */
#include "state/phase.h"

#include <assert.h>

#define TO(phase) (1u << (phase))

static const struct {
	const char *name;
	const char *stage;
	unsigned next; /* set of TO() */
} phases[] = {
	[PHASE_STARTING] = { "starting", "COPY", TO(PHASE_COPYING) },
	[PHASE_COPYING] = { "copying", "COPY",
			    TO(PHASE_INDEXING) | TO(PHASE_OBJECTS) | TO(PHASE_WAIT_FOR_CUTOVER) },
	[PHASE_INDEXING] = { "adding-indexes", "COPY",
			     TO(PHASE_OBJECTS) | TO(PHASE_WAIT_FOR_CUTOVER) },
	[PHASE_OBJECTS] = { "making-objects", "COPY", TO(PHASE_WAIT_FOR_CUTOVER) },
	[PHASE_WAIT_FOR_CUTOVER] = { "wait-for-cutover", "WAIT_FOR_CUTOVER",
				     TO(PHASE_VERIFY_BEFORE_CUTOVER) | TO(PHASE_CUTOVER) },
	[PHASE_VERIFY_BEFORE_CUTOVER] = { "verify-before-cutover", "VERIFICATION",
					  TO(PHASE_CUTOVER) },
	[PHASE_CUTOVER] = { "cutover", "CUTOVER", TO(PHASE_DONE) },
	[PHASE_DONE] = { "done", "DONE", 0 },
};

_Static_assert(ARRAY_LEN(phases) == PHASE_COUNT, "a phase without its line");

const char *phase_name(enum phase phase)
{
	assert(phase < PHASE_COUNT);
	return phases[phase].name;
}

const char *phase_stage(enum phase phase)
{
	assert(phase < PHASE_COUNT);
	return phases[phase].stage;
}

bool phase_may_follow(enum phase from, enum phase to)
{
	assert(from < PHASE_COUNT && to < PHASE_COUNT);
	return phases[from].next & TO(to);
}
