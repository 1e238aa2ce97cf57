/* The options of a move, for the run that goes back: source and target change places, with
 * their accounts, TLS, Params and Marginalia. Filters and rewrites give way to the list of what
 * was moved, so that two databases that became one come apart again, and whatever was made on
 * the target since is left alone. What is said of single tables or columns, by their names on
 * the old source, is said of the same by their names on what is the source now. */
#ifndef PLAN_TURN_ROUND_H
#define PLAN_TURN_ROUND_H

#include "plan/move_options.h"

struct turned_options {
	struct move_options move;
	struct string_list texts; /* owned: of lists in it */
};

/* Borrows what from and names point to. */
void turn_round(struct turned_options *turned, const struct move_options *from,
		const struct map *names);
void turned_options_release(struct turned_options *turned);

#endif
