/* information_schema hides constraints from accounts that may only SELECT, and so
 * would hide a cascade from the check that must not miss any. SHOW CREATE TABLE shows
 * them to whoever may read the table. Each stands on a line of its own:
 *
 *   CONSTRAINT `c` FOREIGN KEY (`a`) REFERENCES `db`.`p` (`id`) ON DELETE CASCADE
 *
 * Texts in the statement cannot begin a line, as their line ends are escaped. */
#include "foreign_key.h"

#include <string.h>

static const char line_start[] = "\n  CONSTRAINT ";

static bool take(const char **at, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*at, word, length) != 0)
		return false;
	*at += length;
	return true;
}

static bool parse_name(const char **at, char name[FOREIGN_KEY_NAME_MAX])
{
	const char *c = *at;
	size_t length = 0;

	if (*c != '`')
		return false;
	for (c++; *c; c++) {
		if (*c == '`' && *++c != '`')
			break;
		if (length + 1 < FOREIGN_KEY_NAME_MAX)
			name[length++] = *c;
	}
	name[length] = '\0';
	*at = c;
	return true;
}

/* "(`a`, `b`)" */
static bool skip_columns(const char **at)
{
	char name[FOREIGN_KEY_NAME_MAX];

	if (!take(at, "("))
		return false;
	do {
		if (!parse_name(at, name))
			return false;
	} while (take(at, ", "));
	return take(at, ")");
}

static bool parse_parent(const char **at, struct foreign_key *key)
{
	if (!parse_name(at, key->parent_table))
		return false;
	key->parent_schema[0] = '\0';
	if (!take(at, "."))
		return true;
	memcpy(key->parent_schema, key->parent_table, sizeof(key->parent_schema));
	return parse_name(at, key->parent_table);
}

static bool holds(const char *text, size_t length, const char *word)
{
	return memmem(text, length, word, strlen(word)) != NULL;
}

static bool parse(const char **at, struct foreign_key *key)
{
	size_t rest;

	if (!parse_name(at, key->name) || !take(at, " FOREIGN KEY ") || !skip_columns(at) ||
	    !take(at, " REFERENCES ") || !parse_parent(at, key) || !take(at, " ") ||
	    !skip_columns(at))
		return false;
	rest = strcspn(*at, "\n");
	key->changes_child = holds(*at, rest, " CASCADE") || holds(*at, rest, " SET NULL") ||
			     holds(*at, rest, " SET DEFAULT");
	return true;
}

bool foreign_key_next(const char **at, struct foreign_key *key)
{
	const char *line;

	while ((line = strstr(*at, line_start))) {
		*at = line + sizeof(line_start) - 1;
		if (parse(at, key)) /* else a CHECK */
			return true;
	}
	return false;
}
