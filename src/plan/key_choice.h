/* Which key a table is walked by, and its rows are recognised by. Pure. */
#ifndef PLAN_KEY_CHOICE_H
#define PLAN_KEY_CHOICE_H

#include "db/key.h"
#include "plan/move_options.h"

struct key_choice {
	struct key_columns key;
	bool is_configured; /* by CascadingPaginationColumnConfig */
	/* Configured, and not taken: the table's own key is; borrowed, or NULL. */
	const char *ignored_column;
	char remedy[1600]; /* of a refusal; "": its text says what there is to say */
};

/* The key always identifies rows and the server enforces it: a configured column without a
 * UNIQUE index of its own, or that may be NULL, gives way to the table's primary or unique key,
 * and is an error where there is none. False: ERROR_CONFIG, a column that does not exist was
 * configured; ERROR_UNSUPPORTED, no key will do. */
bool key_choice_make(struct key_choice *choice, const struct move_options *options,
		     const struct table *table, struct error *err) MUST_CHECK;

#endif
