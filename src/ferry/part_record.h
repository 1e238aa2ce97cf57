/* What a run moves, as a row on its target next to its line (line_record.h), so that runs alongside
 * it (FriendlyRuns) notice when both would move the same row: each would take it back through older
 * images when the other one has ended already. Called by the ferry's thread. */
#ifndef FERRY_PART_RECORD_H
#define FERRY_PART_RECORD_H

#include "run/run.h"

/* Writes the run's own part, unless another run's overlaps: then ERROR_CONFIG says how. */
bool part_record_enter(struct db *target, const struct run *run, struct error *err) MUST_CHECK;

#endif
