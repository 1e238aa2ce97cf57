/* Creates the objects of a database once, in a scratch database that is then dropped. */
#ifndef PREFLIGHT_OBJECT_TRIAL_H
#define PREFLIGHT_OBJECT_TRIAL_H

#include "preflight_priv.h"

/* Adds a finding for each that the target refuses. */
bool object_trial_run(struct preflight *p, const struct object_pairs *pairs,
		      struct error *err) MUST_CHECK;

#endif
