/* SHOW GRANTS lists what was granted to the account itself; privileges from a role that MySQL
 * does not expand, or partial revokes, leave the answer open. An open answer is no finding: the
 * statement that needs the privilege will show it. */
#include "preflight/grants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/db_rows.h"
#include "db/sql.h"

void grants_release(struct grants *grants)
{
	for (size_t i = 0; i < grants->count; i++) {
		free(grants->items[i].privileges);
		free(grants->items[i].scope);
	}
	free(grants->items);
	*grants = (struct grants){ .count = 0 };
}

bool grants_read(struct grants *grants, struct db *db, struct error *err)
{
	struct db_rows rows = db_rows_of(db, "SELECT CURRENT_USER()", err);

	while (db_rows_next(&rows)) {
		struct buf account = BUF_INIT;

		if (sql_account(&account, db_rows_text(&rows, 0)))
			snprintf(grants->account, sizeof(grants->account), "%s", account.data);
		buf_release(&account);
	}
	if (!rows.ok)
		return false;
	rows = db_rows_of(db, "SHOW GRANTS", err);
	while (db_rows_next(&rows))
		grants_add(grants, db_rows_text(&rows, 0));
	return rows.ok;
}

/* Where the word begins outside of names in backticks. */
static const char *find_outside_names(const char *text, const char *word)
{
	size_t length = strlen(word);
	bool inside = false;

	for (; *text; text++) {
		if (!inside && strncmp(text, word, length) == 0)
			return text;
		if (*text == '`')
			inside = !inside;
	}
	return NULL;
}

void grants_add(struct grants *grants, const char *line)
{
	const char *privileges, *on, *to;
	struct grant *added;

	if (strncmp(line, "GRANT ", 6) != 0) {
		grants->is_partial |= strncmp(line, "REVOKE ", 7) == 0;
		return;
	}
	privileges = line + 6;
	on = find_outside_names(privileges, " ON ");
	to = on ? find_outside_names(on, " TO ") : NULL;
	if (!to) {
		grants->is_partial = true; /* a role */
		return;
	}
	grants->items = mem_resize(grants->items, grants->count + 1, sizeof(*added));
	added = &grants->items[grants->count++];
	added->privileges = mem_memdup(privileges, (size_t)(on - privileges));
	added->scope = mem_memdup(on + 4, (size_t)(to - on - 4));
}

/* Is it in the list, as a whole? "SELECT (`a`)" is not SELECT. */
static bool has_privilege(const char *list, const char *wanted)
{
	size_t length = strlen(wanted);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += strspn(at, ", ");
		if (strncmp(at, wanted, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}

bool grants_pattern_matches(const char *pattern, const char *name)
{
	for (; *pattern; pattern++, name++) {
		if (*pattern == '%') {
			for (; *name; name++)
				if (grants_pattern_matches(pattern + 1, name))
					return true;
			return pattern[strspn(pattern, "%")] == '\0';
		}
		if (*name == '\0')
			return false;
		if (*pattern == '_')
			continue;
		if (*pattern == '\\' && pattern[1])
			pattern++;
		if (*pattern != *name)
			return false;
	}
	return *name == '\0';
}

/* Does a privilege of this scope cover the schema? The scope is "*.*", or "`a``b`.*" or
 * "`a``b`.`t`" for the name "a`b"; a privilege on some table may be enough. */
static enum grants_answer scope_answer(const char *scope, const char *schema)
{
	enum grants_answer answer;
	size_t length = 0;
	char *name;

	if (strcmp(scope, "*.*") == 0)
		return GRANTS_YES;
	if (!schema || *scope != '`')
		return GRANTS_NO;
	name = mem_strdup(scope);
	for (scope++; *scope; scope++) {
		if (*scope == '`' && *++scope != '`')
			break;
		name[length++] = *scope;
	}
	name[length] = '\0';
	if (strcmp(scope, ".*") == 0)
		answer = grants_pattern_matches(name, schema) ? GRANTS_YES : GRANTS_NO;
	else
		answer = strcmp(name, schema) == 0 ? GRANTS_UNKNOWN : GRANTS_NO;
	free(name);
	return answer;
}

enum grants_answer grants_allow(const struct grants *grants, const char *privilege,
				const char *schema)
{
	bool is_open = grants->is_partial || grants->count == 0;

	for (size_t i = 0; i < grants->count; i++) {
		const struct grant *grant = &grants->items[i];
		enum grants_answer answer;

		if (!has_privilege(grant->privileges, privilege) &&
		    !has_privilege(grant->privileges, "ALL PRIVILEGES"))
			continue;
		answer = scope_answer(grant->scope, schema);
		if (answer == GRANTS_YES)
			return GRANTS_YES;
		is_open |= answer == GRANTS_UNKNOWN;
	}
	return is_open ? GRANTS_UNKNOWN : GRANTS_NO;
}
