/* A map of names and patterns: see name_filter.h. */
#include "plan/collation_rewrite.h"

#include <string.h>

#include "plan/name_filter.h"

const char *collation_on_target(const struct map *rewrites, const char *name)
{
	const struct map_entry *entry;
	const char *becomes = map_get_text(rewrites, name), *best = NULL;
	size_t cursor = 0, longest = 0;

	if (becomes || *name == '\0')
		return becomes ? becomes : name;
	while ((entry = map_next(rewrites, &cursor)))
		if (name_matches_database(entry->key, name) &&
		    (!best || entry->key_length > longest ||
		     (entry->key_length == longest && strcmp(entry->key, best) < 0))) {
			best = entry->key;
			longest = entry->key_length;
			becomes = entry->value;
		}
	return best ? becomes : name;
}

bool collation_same_charset(const char *a, const char *b)
{
	size_t left = strcspn(a, "_"), right = strcspn(b, "_");
	bool is_utf8 = strncmp(a, "utf8_", 5) == 0 || strncmp(a, "utf8mb3_", 8) == 0;

	return (left == right && strncmp(a, b, left) == 0) ||
	       (is_utf8 && (strncmp(b, "utf8_", 5) == 0 || strncmp(b, "utf8mb3_", 8) == 0));
}
