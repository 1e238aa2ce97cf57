/* A state in which tables are still to be copied. */
#ifndef STATE_STATE_RECOPY_H
#define STATE_STATE_RECOPY_H

#include "state/state_read.h"

/* The same state, made as if nothing had been copied of the pending ones of the list, which it
 * lists. ERROR_CONFIG where it cannot be one; *made needs no release then. */
bool state_recopy_make(const struct saved_state *from, const struct recopies *list,
		       struct saved_state *made, struct error *err) MUST_CHECK;

#endif
