/* What a run moves, as a row on its target beside its line (line_record.h), so that others that
 * are to run side by side with it (FriendlyRuns) notice when the same row would be moved by
 * both: each would lead it back through older images, when the other one has ended already.
 * Called by the ferry's thread. */
#ifndef FERRY_PART_RECORD_H
#define FERRY_PART_RECORD_H

#include "run/run.h"

/* Writes the run's own, unless another one overlaps: that is ERROR_CONFIG, and says how. */
bool part_record_enter(struct db *target, const struct run *run, struct error *err) MUST_CHECK;

#endif
