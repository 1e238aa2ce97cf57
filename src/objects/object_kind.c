#include <string.h>

#include "objects/object_list.h"

static const char *const names[OBJECT_KINDS] = {
	[OBJECT_SEQUENCE] = "sequences", [OBJECT_ROUTINE] = "routines", [OBJECT_VIEW] = "views",
	[OBJECT_TRIGGER] = "triggers",	 [OBJECT_EVENT] = "events",
};

const char *object_kind_name(enum object_kind kind)
{
	return names[kind];
}

bool object_kind_named(const char *name)
{
	for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++)
		if (strcmp(names[kind], name) == 0)
			return true;
	return false;
}
