#include "ferry/table_action.h"

const char *table_action_name(enum table_action action)
{
	static const char *const names[TABLE_ACTIONS] = {
		[TABLE_WAITING] = "waiting",	 [TABLE_COPYING] = "copying",
		[TABLE_RECOPYING] = "recopying", [TABLE_INDEXING] = "indexing",
		[TABLE_COMPLETED] = "completed",
	};

	return names[action];
}
