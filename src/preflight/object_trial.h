/* Makes the objects of a database once in one that is dropped again. */
#ifndef PREFLIGHT_OBJECT_TRIAL_H
#define PREFLIGHT_OBJECT_TRIAL_H

#include "preflight_priv.h"

/* Adds a finding for each that the target refuses. */
bool object_trial_run(struct preflight *p, const struct object_pairs *pairs,
		      struct error *err) MUST_CHECK;

#endif
