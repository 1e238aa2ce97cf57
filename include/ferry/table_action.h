/* A table's progress, for the status. */
#ifndef FERRY_TABLE_ACTION_H
#define FERRY_TABLE_ACTION_H

#include <stdbool.h>

/* In the order in which a table goes through them. */
enum table_action {
	TABLE_WAITING,
	TABLE_COPYING,
	TABLE_RECOPYING, /* the same once more, as its definition changed */
	TABLE_INDEXING,
	TABLE_COMPLETED,
	TABLE_ACTIONS
};

static inline bool table_action_is_copy(enum table_action action)
{
	return action == TABLE_COPYING || action == TABLE_RECOPYING;
}

/* "copying", as in /api/status and the metrics. */
const char *table_action_name(enum table_action action);

#endif
