/* The rules of Ghostferry's FilterAndRewrite: a whitelist that is not empty names
 * all that is chosen, else everything is chosen but what the blacklist names. Names
 * are compared byte by byte; a table's name counts alone, in every database. */
#include "plan/name_filter.h"

#include <string.h>

static const char *const system_schemas[] = {
	OWN_SCHEMA, /* our own, on a server that is the target of another run */
	"information_schema", "mysql", "performance_schema", "sys",
};

bool name_is_system_schema(const char *schema)
{
	for (size_t i = 0; i < ARRAY_LEN(system_schemas); i++)
		if (strcmp(schema, system_schemas[i]) == 0)
			return true;
	return false;
}

static bool is_listed(const struct string_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], name) == 0)
			return true;
	return false;
}

static bool rules_choose(const struct name_rules *rules, const char *name)
{
	if (rules->whitelist.count > 0)
		return is_listed(&rules->whitelist, name);
	return !is_listed(&rules->blacklist, name);
}

bool name_is_chosen(const struct move_options *options, const char *schema, const char *table)
{
	return !name_is_system_schema(schema) && rules_choose(&options->databases, schema) &&
	       (!table || rules_choose(&options->tables, table));
}

const char *name_on_target(const struct name_rules *rules, const char *name)
{
	const char *renamed = map_get_text(&rules->rewrites, name);

	return renamed ? renamed : name;
}
