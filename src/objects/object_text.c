/* Statements are moved as the source prints them, in the character set they were written in. In
 * their text only the account and names of databases are replaced, where they are that for certain.
 * Anything else that has another name on the target is refused (preflight/objects_check.c).
 *
 * The bodies of routines, triggers and events are as somebody typed them: object_names.c. A view is
 * printed by the server from its parsed form: every name in backquotes, no comments, and
 * each table, column and function of another database as `database`.`name`. A name in front of a
 * dot is a database, or one that the view itself gives to a table; and such an alias is written
 * alone or after a dot (`t` `name`, `other`.`name`, with `name` as). So a name that only ever
 * appears in front of a dot, with none before it, is a database, and one that appears elsewhere as
 * well may be either: that is refused. */
#include "objects/object_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "create/create_text.h"
#include "db/sql.h"
#include "object_body.h"
#include "object_names.h"
#include "plan/collation.h"
#include "plan/collation_rewrite.h"
#include "plan/name_filter.h"

bool object_kind_is_moved(const struct move_options *options, enum object_kind kind)
{
	for (size_t i = 0; i < options->move_objects.count; i++)
		if (strcmp(options->move_objects.items[i], object_kind_name(kind)) == 0)
			return true;
	return false;
}

bool object_is_moved_any(const struct move_options *options)
{
	return options->move_objects.count > 0;
}

bool object_is_chosen(const struct move_options *options, const struct object *o)
{
	switch (o->kind) {
	case OBJECT_VIEW:
	case OBJECT_SEQUENCE:
		return name_is_chosen(options, o->schema, o->name);
	case OBJECT_TRIGGER:
		return name_is_chosen(options, o->schema, o->table);
	default:
		return name_is_chosen(options, o->schema, NULL);
	}
}

/* --- words ------------------------------------------------------------------------- */

bool object_mentions(const struct object *o, const char *word)
{
	const char *begin, *start = object_behind_account(o, &begin);
	struct buf quoted = BUF_INIT;
	size_t length;
	/* In another character set it would be other bytes. */
	bool is_there =
		!utf8_is_ascii(word) && !create_begins(o->client, "utf8") && !utf8_is_ascii(start);

	sql_name(&quoted, word);
	word = strchr(word, '`') ? buf_text(&quoted) : word;
	length = strlen(word);
	for (const char *at = start; *at && !is_there; at++)
		is_there = strncasecmp(at, word, length) == 0 && !create_is_word(at[length]) &&
			   (at == start || !create_is_word(at[-1]));
	buf_release(&quoted);
	return is_there;
}

/* The next name in backquotes; strings are skipped. NULL: there is none. */
static const char *next_name(const char *at)
{
	while (*at && *at != '`')
		at = *at == '\'' || *at == '"' ? create_skip_quoted(at) : at + 1;
	return *at ? at : NULL;
}

/* After the account: where names used by a view begin. */
static const char *view_names(const struct object *o)
{
	const char *begin;

	return object_behind_account(o, &begin);
}

/* Is this name there, in backquotes, in front of a dot, and not after one? */
static bool is_in_front(const char *at, const char *start, const struct buf *quoted)
{
	return create_begins(at, buf_text(quoted)) && at[quoted->length] == '.' &&
	       (at == start || at[-1] != '.');
}

/* May the name of this database be replaced wherever a view has it in front of a dot? */
static bool is_database_alone(const struct object *o, const char *database)
{
	const char *start = view_names(o), *at = start;
	struct buf quoted = BUF_INIT;
	bool is_in_front_once = false, is_elsewhere = false;

	sql_name(&quoted, database);
	while ((at = next_name(at))) {
		const char *end = create_skip_quoted(at);

		if (is_in_front(at, start, &quoted))
			is_in_front_once = true;
		else if ((size_t)(end - at) == quoted.length &&
			 strncasecmp(at, quoted.data, quoted.length) == 0) {
			is_elsewhere = true;
			/* In another letter case: the server prints its own names as they are. */
			is_in_front_once |= memcmp(at, quoted.data, quoted.length) != 0;
		}
		at = end;
	}
	buf_release(&quoted);
	return !(is_in_front_once && is_elsewhere);
}

/* Wherever the statement has this name, can it be replaced? */
static bool is_replaced(const struct object *o, const char *database, const char *other)
{
	if (o->kind != OBJECT_VIEW)
		return object_names_are_certain(o, database, other);
	return is_database_alone(o, database) && (create_begins(o->client, "utf8") ||
						  (utf8_is_ascii(database) && utf8_is_ascii(other)));
}

const char *object_rewritten_name(const struct move_options *options, const struct object *o)
{
	const struct map *databases = &options->databases.rewrites,
			 *tables = &options->tables.rewrites;
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(databases, &cursor)))
		if (strcmp(entry->key, entry->value) != 0 && object_mentions(o, entry->key) &&
		    !is_replaced(o, entry->key, entry->value))
			return entry->key;
	cursor = 0;
	while ((entry = map_next(tables, &cursor)))
		if (strcmp(entry->key, entry->value) != 0 && object_mentions(o, entry->key))
			return entry->key;
	return NULL;
}

bool object_is_in_two_charsets(const struct object *o, enum flavour source)
{
	bool is_raw = o->kind == OBJECT_EVENT || source == FLAVOUR_MYSQL;

	return *o->client && o->kind != OBJECT_VIEW && is_raw && !create_begins(o->client, "utf8") &&
	       !(utf8_is_ascii(o->name) && utf8_is_ascii(o->table) && utf8_is_ascii(o->definer));
}

bool object_may_be_over(const struct object *o)
{
	const char *text = buf_text(&o->created);

	return o->kind == OBJECT_EVENT &&
	       (create_find(text, " ON SCHEDULE AT ") || create_find(text, " ENDS "));
}

/* --- translated --------------------------------------------------------------------- */

static void replace(char **text, const char *with)
{
	char *copy = mem_strdup(with);

	free(*text);
	*text = copy;
}

static void rewrite_definer(struct object *o, const struct move_options *options)
{
	const char *account = map_get_text(&options->definer_rewrites, o->definer);
	const char *begin, *end = object_behind_account(o, &begin);
	struct buf text = BUF_INIT;

	if (!account || !begin)
		return;
	buf_add(&text, o->created.data, (size_t)(begin - o->created.data));
	if (sql_account(&text, account)) {
		buf_puts(&text, end);
		buf_release(&o->created);
		o->created = text;
		replace(&o->definer, account);
		return;
	}
	buf_release(&text);
}

static const struct map_entry *database_in_front(const struct move_options *options, const char *at,
						 const char *start)
{
	const struct map_entry *entry;
	struct buf quoted = BUF_INIT;
	size_t cursor = 0;

	while ((entry = map_next(&options->databases.rewrites, &cursor))) {
		buf_clear(&quoted);
		sql_name(&quoted, entry->key);
		if (is_in_front(at, start, &quoted))
			break;
	}
	buf_release(&quoted);
	return entry;
}

/* All in one pass, as two databases may swap names. What must not be replaced is refused by
 * object_rewritten_name(), whatever happens to it here. */
static void rewrite_databases(struct object *o, const struct move_options *options)
{
	const char *start = view_names(o), *from = buf_text(&o->created), *at = start;
	struct buf text = BUF_INIT;

	while ((at = next_name(at))) {
		const struct map_entry *entry = database_in_front(options, at, start);

		if (entry && is_database_alone(o, entry->key)) {
			buf_add(&text, from, (size_t)(at - from));
			sql_name(&text, entry->value);
			from = create_skip_quoted(at);
		}
		at = create_skip_quoted(at);
	}
	buf_puts(&text, from);
	buf_release(&o->created);
	o->created = text;
}

/* Those that the server prints itself: of a view, in small letters, and of what a function returns. */
static void rewrite_collations(struct object *o, const struct move_options *options)
{
	bool is_view = o->kind == OBJECT_VIEW;
	const char *word = is_view ? " collate " : " COLLATE ", *from = buf_text(&o->created);
	const char *end = from + o->created.length, *at = from;
	struct buf text = BUF_INIT, name = BUF_INIT;

	if (!is_view)
		at = object_returns(o, &end);
	while ((at = create_find(at, word)) && at < end) {
		const char *there, *begin = at;

		while (create_is_word(*at))
			at++;
		buf_clear(&name);
		buf_add(&name, begin, (size_t)(at - begin));
		there = collation_on_target(&options->collation_rewrites, buf_text(&name));
		buf_add(&text, from, (size_t)(begin - from));
		buf_puts(&text, there);
		from = at;
	}
	buf_puts(&text, from);
	buf_release(&o->created);
	buf_release(&name);
	o->created = text;
}

/* MySQL 8 has removed this one, which has no effect inside an object. */
static void take_out_mode(char *modes, const char *mode)
{
	char *at = strstr(modes, mode);
	size_t length = strlen(mode);

	if (!at)
		return;
	if (at[length] == ',')
		length++;
	else if (at > modes)
		at--, length++;
	memmove(at, at + length, strlen(at + length) + 1);
}

/* Older servers know utf8mb3 only by its old name. */
static void translate_name(char **name, const struct map *collations, bool is_collation)
{
	bool knows = collation_is_known(collations, "utf8mb3_general_ci");
	const char *rest = strncmp(*name, "utf8mb3", 7) == 0 ? *name + 7 :
			   strncmp(*name, "utf8", 4) == 0    ? *name + 4 :
							       NULL;
	char *text;

	if (!rest || (*rest != (is_collation ? '_' : '\0')))
		return;
	text = mem_printf("%s%s", knows ? "utf8mb3" : "utf8", rest);
	free(*name);
	*name = text;
}

static void rewrite_collation(char **name, const struct move_options *options)
{
	const char *there = collation_on_target(&options->collation_rewrites, *name);

	if (**name && there != *name)
		replace(name, there);
}

void object_translate(struct object *o, const struct object_terms *terms)
{
	const struct move_options *options = terms->options;

	rewrite_definer(o, options);
	if (o->created.length > 0 && options->databases.rewrites.count > 0) {
		if (o->kind == OBJECT_VIEW)
			rewrite_databases(o, options);
		else
			object_names_replace(o, &options->databases.rewrites);
	}
	if (o->created.length > 0 && options->collation_rewrites.count > 0 &&
	    (o->kind == OBJECT_VIEW || strcmp(o->type, "FUNCTION") == 0))
		rewrite_collations(o, options);
	if (server_is_from(terms->target, 80000, SERVER_NEVER))
		take_out_mode(o->sql_mode, "NO_AUTO_CREATE_USER");
	if (*o->database_collation && strcmp(o->database_collation, terms->default_there) == 0)
		replace(&o->database_collation, terms->default_here);
	rewrite_collation(&o->collation, options);
	rewrite_collation(&o->database_collation, options);
	translate_name(&o->client, terms->collations, false);
	translate_name(&o->collation, terms->collations, true);
	translate_name(&o->database_collation, terms->collations, true);
	replace(&o->schema, database_on_target(options, o->schema));
}

/* --- compared ----------------------------------------------------------------------- */

bool object_prints_alike(const struct server_version *a, const struct server_version *b)
{
	return a->flavour == b->flavour && a->number / 100 == b->number / 100;
}

/* MariaDB puts the database in front of columns of a view whose definer may not read them. */
static void put_without_database(struct buf *text, const struct object *o)
{
	struct buf prefix = BUF_INIT;
	const char *at = buf_text(&o->created), *end;

	sql_name(&prefix, o->schema);
	buf_puts(&prefix, ".`");
	while (*at) {
		if (o->kind == OBJECT_VIEW && create_begins(at, prefix.data)) {
			at += prefix.length - 1;
			continue;
		}
		end = *at == '`' || *at == '\'' ? create_skip_quoted(at) : at + 1;
		buf_add(text, at, (size_t)(end - at));
		at = end;
	}
	buf_release(&prefix);
}

/* exact: all of the statement; else what is in the same words on all servers. */
static bool are_same_texts(const struct object *wanted, const struct object *there, bool exact)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	bool are_same;

	if (exact) {
		put_without_database(&a, wanted);
		put_without_database(&b, there);
	} else {
		object_body_put(&a, wanted);
		object_body_put(&b, there);
	}
	are_same = strcmp(buf_text(&a), buf_text(&b)) == 0;
	buf_release(&a);
	buf_release(&b);
	return are_same;
}

bool object_agrees(const struct object *wanted, const struct object *there, bool exact)
{
	const char *const pairs[][2] = {
		{ wanted->table, there->table },
		{ wanted->definer, there->definer },
		{ wanted->sql_mode, there->sql_mode },
		{ wanted->time_zone, there->time_zone },
		{ wanted->client, there->client },
		{ wanted->collation, there->collation },
		{ wanted->database_collation, there->database_collation },
		{ wanted->likeness, there->likeness },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (strcmp(pairs[i][0], pairs[i][1]) != 0)
			return false;
	if (wanted->columns && there->columns && strcmp(wanted->columns, there->columns) != 0)
		return false;
	return are_same_texts(wanted, there, exact);
}
