/* Which key did a person mean who wrote one that does not exist? */
#include "config_keys.h"
#include "base/nearest.h"

const char *options_nearest(const struct option_group *group, const char *key)
{
	struct nearest nearest;

	nearest_init(&nearest, key);
	for (size_t i = 0; i < group->count; i++)
		if (!group->options[i].instead && group->options[i].type < OPTION_REFUSED)
			nearest_try(&nearest, group->options[i].key);
	return nearest.name;
}
