/* information_schema hides constraints from accounts that may only SELECT, and so
 * would hide a cascade from the check that must not miss any. SHOW CREATE TABLE shows
 * them to whoever may read the table. Each stands on a line of its own:
 *
 *   CONSTRAINT `c` FOREIGN KEY (`a`) REFERENCES `db`.`p` (`id`) ON DELETE CASCADE
 *
 * Texts in the statement cannot begin a line, as their line ends are escaped. */
#include "plan/foreign_key.h"

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
static bool parse_columns(const char **at, char names[KEY_COLUMNS_MAX][FOREIGN_KEY_NAME_MAX],
			  unsigned *count)
{
	char rest[FOREIGN_KEY_NAME_MAX];

	*count = 0;
	if (!take(at, "("))
		return false;
	do {
		if (!parse_name(at, *count < KEY_COLUMNS_MAX ? names[*count] : rest))
			return false;
		++*count;
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

/* " ON DELETE CASCADE", up to the end of the line. SET DEFAULT is in the grammar of all servers,
 * and done by none: MariaDB forgets it, MySQL shows it, and refuses the parent's statement. */
static enum foreign_key_action parse_action(const char *line, size_t length, const char *event)
{
	static const struct {
		const char *words;
		enum foreign_key_action action;
	} known[] = { { "CASCADE", FOREIGN_KEY_CASCADES }, { "SET NULL", FOREIGN_KEY_SETS_NULL } };
	const char *at = memmem(line, length, event, strlen(event));

	if (!at)
		return FOREIGN_KEY_REFUSES;
	at += strlen(event);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strncmp(at, known[i].words, strlen(known[i].words)) == 0)
			return known[i].action;
	return FOREIGN_KEY_REFUSES;
}

static bool parse(const char **at, struct foreign_key *key)
{
	size_t rest;

	if (!parse_name(at, key->name) || !take(at, " FOREIGN KEY ") ||
	    !parse_columns(at, key->columns, &key->column_count) || !take(at, " REFERENCES ") ||
	    !parse_parent(at, key) || !take(at, " ") ||
	    !parse_columns(at, key->parent_columns, &key->parent_column_count))
		return false;
	rest = strcspn(*at, "\n");
	key->on_delete = parse_action(*at, rest, " ON DELETE ");
	key->on_update = parse_action(*at, rest, " ON UPDATE ");
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
