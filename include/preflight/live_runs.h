/* Is another run writing to the target just now? Each run holds one of a few named locks on
 * it, whatever its id, so that a second configuration can tell leftovers from tables that are
 * being filled, and gives no advice to drop these.
 *
 * For advice alone: after a lost connection the run's own lock is taken again, this one is
 * not. */
#ifndef PREFLIGHT_LIVE_RUNS_H
#define PREFLIGHT_LIVE_RUNS_H

#include "db/db.h"

/* Takes the first free one. None being free is no error. */
bool live_runs_enter(struct db *target, struct error *err) MUST_CHECK;
/* The connection of another run that holds one; 0: none does. */
bool live_runs_other(struct db *target, uint64_t *connection, struct error *err) MUST_CHECK;

#endif
