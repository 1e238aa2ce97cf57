/* The rules of Ghostferry's FilterAndRewrite: a whitelist that is not empty names
 * all that is chosen, else everything is chosen but what the blacklist names. Names
 * are compared byte by byte; a table's name counts alone, in every database.
 *
 * Beyond that an entry may be a pattern, and a table's may begin with its database. What
 * was a list of exact names still is one: an entry without * and ? names what it did. */
#include "plan/name_filter.h"

#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

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

/* The length of a name in backquotes at text, or 0. */
static size_t quoted_length(const char *text)
{
	size_t i = 1;

	if (*text != '`')
		return 0;
	for (; text[i]; i++) {
		if (text[i] != '`')
			continue;
		if (text[i + 1] != '`')
			return i + 1;
		i++;
	}
	return 0;
}

/* Of "db.table" what is before the dot; the whole length when there is none. */
static size_t database_length(const char *entry)
{
	size_t quoted = quoted_length(entry);

	if (quoted > 0 && (entry[quoted] == '.' || entry[quoted] == '\0'))
		return quoted;
	return strcspn(entry, ".");
}

static bool quoted_matches(const char *at, const char *end, const char *name)
{
	for (; at < end; at++, name++) {
		if (*at != *name)
			return false;
		at += *at == '`'; /* the second of a pair */
	}
	return *name == '\0';
}

/* Goes back to the last star only: what that one has taken, no earlier one needs to give. */
static bool pattern_matches(const char *at, const char *end, const char *name)
{
	const char *star = NULL, *taken = NULL;

	while (*name) {
		size_t length = utf8_length((const unsigned char *)name);

		if (at < end && *at == '*') {
			star = ++at;
			taken = name;
		} else if (at < end && *at == '?') {
			at++;
			name += length > 0 ? length : 1;
		} else if (at < end && *at == *name) {
			at++;
			name++;
		} else if (star) {
			at = star;
			name = ++taken;
		} else {
			return false;
		}
	}
	while (at < end && *at == '*')
		at++;
	return at == end;
}

/* A name, a pattern or a name in backquotes. */
static bool part_matches(const char *part, size_t length, const char *name)
{
	if (length > 0 && quoted_length(part) == length)
		return quoted_matches(part + 1, part + length - 1, name);
	return pattern_matches(part, part + length, name);
}

bool name_entry_is_plain(const char *entry)
{
	return entry[strcspn(entry, "*?")] == '\0' && quoted_length(entry) == 0;
}

bool name_matches_database(const char *entry, const char *schema)
{
	return part_matches(entry, strlen(entry), schema);
}

bool name_matches_table(const char *entry, const char *schema, const char *table)
{
	size_t length = database_length(entry);
	const char *rest = entry + length + 1;

	if (entry[length] == '\0')
		return !table || part_matches(entry, length, table);
	/* A table's own name may have a dot in it. */
	if (name_entry_is_plain(entry) && (!table || strcmp(entry, table) == 0))
		return true;
	return part_matches(entry, length, schema) &&
	       (!table || part_matches(rest, strlen(rest), table));
}

static bool choose_database(const struct name_rules *rules, const char *schema)
{
	bool is_white = rules->whitelist.count > 0;
	const struct string_list *list = is_white ? &rules->whitelist : &rules->blacklist;

	for (size_t i = 0; i < list->count; i++)
		if (name_matches_database(list->items[i], schema))
			return is_white;
	return !is_white;
}

static bool choose_table(const struct name_rules *rules, const char *schema, const char *table)
{
	bool is_white = rules->whitelist.count > 0;
	const struct string_list *list = is_white ? &rules->whitelist : &rules->blacklist;

	if (!is_white && !table)
		return true;
	for (size_t i = 0; i < list->count; i++)
		if (name_matches_table(list->items[i], schema, table))
			return is_white;
	return !is_white;
}

/* What was moved, and nothing else, whatever has come since. */
static const struct name_pair *find_moved(const struct move_options *options, const char *schema,
					  const char *table)
{
	struct buf full_name = BUF_INIT;
	const struct name_pair *found;

	buf_printf(&full_name, "%s.%s", schema, table);
	found = map_get(options->way_back.names, full_name.data, full_name.length);
	buf_release(&full_name);
	return found;
}

static bool was_any_moved(const struct move_options *options, const char *schema)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(options->way_back.names, &cursor)))
		if (strcmp(((const struct name_pair *)entry->value)->source.schema, schema) == 0)
			return true;
	return false;
}

bool name_is_chosen(const struct move_options *options, const char *schema, const char *table)
{
	if (options->way_back.names)
		return table ? find_moved(options, schema, table) != NULL :
			       was_any_moved(options, schema);
	return !name_is_system_schema(schema) && choose_database(&options->databases, schema) &&
	       choose_table(&options->tables, schema, table);
}

static const char *rewrite(const struct name_rules *rules, const char *name)
{
	const char *renamed = map_get_text(&rules->rewrites, name);

	return renamed ? renamed : name;
}

const char *database_on_target(const struct move_options *options, const char *schema)
{
	return rewrite(&options->databases, schema);
}

struct table_name name_on_target(const struct move_options *options, const char *schema,
				 const char *table)
{
	if (options->way_back.names)
		return find_moved(options, schema, table)->target;
	return (struct table_name){ rewrite(&options->databases, schema),
				    rewrite(&options->tables, table) };
}
