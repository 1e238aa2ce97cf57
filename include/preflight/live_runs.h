/* Is another run writing to the target at the moment? Each run holds one of a few named locks
 * there, whatever its id, so that a second configuration can tell leftovers from tables that are
 * being filled, and does not advise dropping the latter.
 *
 * Only for advice: after a lost connection the run's own lock is acquired again, this one is
 * not. */
#ifndef PREFLIGHT_LIVE_RUNS_H
#define PREFLIGHT_LIVE_RUNS_H

#include "db/db.h"

/* Acquires the first free lock. It is no error if none is free. */
bool live_runs_enter(struct db *target, struct error *err) MUST_CHECK;
/* The connection of another run that holds such a lock; 0: none does. */
bool live_runs_other(struct db *target, uint64_t *connection, struct error *err) MUST_CHECK;

#endif
