/* A walk over the words of a CREATE statement. Strings, names in backticks and comments
 * are passed as they are, but for version comments, which are looked up; everything
 * else the other flavour spells differently is a rule on one word.
 *
 * What is taken away has nothing to do with the data: where and how rows are stored, and
 * the JSON_VALID() check of MariaDB's JSON alias, as MySQL's function is another one.
 * The server refuses what no rule knows; and what was created is compared with the
 * source before any row is copied (table_creator.c), so that a default that differs
 * between the two (of a character set, say) is noticed. */
#include "create_translate.h"

#include <stdio.h>
#include <string.h>

#include "create/create_text.h"

struct walk {
	const char *at;
	struct buf *out;
	enum flavour to;
	unsigned depth; /* of parentheses */
	char type[24];	/* of the column in this line, "" in other lines */
	bool is_unique; /* this line is a UNIQUE KEY */
	struct error *err;
};

static bool refuse(struct walk *w, const char *what)
{
	return error_set(w->err, ERROR_UNSUPPORTED, "%s has no counterpart in %s", what,
			 flavour_name(w->to));
}

static void copy_to(struct walk *w, const char *end)
{
	buf_add(w->out, w->at, (size_t)(end - w->at));
	w->at = end;
}

/* Leaves something out, and the blank in front of it. */
static void drop_to(struct walk *w, const char *end)
{
	if (w->out->length > 0 && w->out->data[w->out->length - 1] == ' ')
		buf_truncate(w->out, w->out->length - 1);
	w->at = end;
}

/* Version comments that the other flavour does not read, or reads otherwise. */
static const struct comment {
	enum flavour to;
	const char *begins;
	const char *becomes; /* NULL: refused */
	const char *what;
} comments[] = {
	{ FLAVOUR_MARIADB, "/*!80023 INVISIBLE */", "INVISIBLE", "" },
	{ FLAVOUR_MARIADB, "/*!80000 INVISIBLE */", "IGNORED", "" },
	{ FLAVOUR_MARIADB, "/*!50606 STORAGE ", "", "" },
	{ FLAVOUR_MARIADB, "/*!50606 COLUMN_FORMAT ", "", "" },
	{ FLAVOUR_MARIADB, "/*!80016 DEFAULT ENCRYPTION='N' */", "", "" },
	{ FLAVOUR_MARIADB, "/*!80003 SRID ", NULL, "a column restricted to one SRID" },
	{ FLAVOUR_MARIADB, "/*!80016 NOT ENFORCED ", NULL, "a CHECK that is NOT ENFORCED" },
	{ FLAVOUR_MARIADB, "/*!50100 TABLESPACE", NULL, "a TABLESPACE" },
	{ FLAVOUR_MARIADB, "/*!8", NULL, "an option of MySQL 8" },
	{ FLAVOUR_MYSQL, "/*M!100301 COMPRESSED*/", "", "" },
	{ FLAVOUR_MYSQL, "/*!100301 COMPRESSED*/", "", "" },
	{ FLAVOUR_MYSQL, "/*M!", NULL, "an option of MariaDB" },
};

/* A database's collation is but what later tables get that name none, and tables are
 * shown with theirs: where the target does not know it, the character set must do. */
static bool parse_database_default(struct walk *w, const char *end)
{
	const char *collate = strstr(w->at, " COLLATE ");

	if (!create_begins(w->at, "/*!40100 DEFAULT CHARACTER SET ") || !collate || collate > end ||
	    (!memmem(collate, (size_t)(end - collate), "_0900_", 6) &&
	     !memmem(collate, (size_t)(end - collate), "uca1400", 7)))
		return false;
	copy_to(w, collate);
	buf_puts(w->out, " */");
	w->at = end;
	return true;
}

static bool parse_comment(struct walk *w)
{
	const char *end = strstr(w->at, "*/");

	end = end ? end + 2 : w->at + strlen(w->at);
	if (w->depth == 0 && parse_database_default(w, end))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(comments); i++) {
		const struct comment *c = &comments[i];

		if (c->to != w->to || !create_begins(w->at, c->begins))
			continue;
		if (!c->becomes)
			return refuse(w, c->what);
		if (*c->becomes) {
			buf_puts(w->out, c->becomes);
			w->at = end;
		} else {
			drop_to(w, end);
		}
		return true;
	}
	copy_to(w, end);
	return true;
}

/* The server default of a type that MySQL gives no plain literal. */
static bool needs_expression(const struct walk *w)
{
	static const char *const types[] = { "text", "blob", "json", "geometry", "point" };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strstr(w->type, types[i]))
			return true;
	return false;
}

/* MySQL wants expressions in parentheses. at stands behind "DEFAULT ". */
static bool parse_default(struct walk *w)
{
	const char *end = w->at;
	bool is_call, is_plain;

	while (create_is_word(*end) || *end == '.' || *end == '-' || *end == '+')
		end++;
	is_call = *end == '(' && end > w->at;
	is_plain = create_begins(w->at, "NULL") || create_begins(w->at, "current_timestamp") ||
		   *w->at == '(';
	if (is_plain)
		return true;
	if (create_begins(w->at, "nextval("))
		return refuse(w, "a default taken from a SEQUENCE");
	if (is_call)
		end = create_skip_parentheses(end);
	else if (*end == '\'')
		end = create_skip_quoted(end);
	if (!is_call && !needs_expression(w)) {
		copy_to(w, end);
		return true;
	}
	buf_putc(w->out, '(');
	copy_to(w, end);
	buf_putc(w->out, ')');
	return true;
}

/* Behind "=value", with its quotes. */
static const char *skip_value(const char *at)
{
	at += *at == '=';
	if (*at == '\'' || *at == '`')
		return create_skip_quoted(at);
	while (create_is_word(*at))
		at++;
	return at;
}

/* Types that only the one flavour has; GEOMETRYCOLLECTION has two names. */
static bool check_type(struct walk *w)
{
	static const struct {
		enum flavour to;
		const char *type;
	} missing[] = {
		{ FLAVOUR_MYSQL, "uuid" },     { FLAVOUR_MYSQL, "inet4" },
		{ FLAVOUR_MYSQL, "inet6" },    { FLAVOUR_MYSQL, "xmltype" },
		{ FLAVOUR_MARIADB, "vector" }, { FLAVOUR_MYSQL, "vector" },
	};
	char what[64];

	for (size_t i = 0; i < ARRAY_LEN(missing); i++)
		if (missing[i].to == w->to && strcmp(missing[i].type, w->type) == 0) {
			snprintf(what, sizeof(what), "the type %s", w->type);
			return refuse(w, what);
		}
	return true;
}

static bool parse_type(struct walk *w)
{
	size_t length = 0;

	while (create_is_word(w->at[length]) && length < sizeof(w->type) - 1)
		length++;
	memcpy(w->type, w->at, length);
	w->type[length] = '\0';
	if (!check_type(w))
		return false;
	if (strcmp(w->type, "geomcollection") != 0 || w->to != FLAVOUR_MARIADB)
		return true;
	buf_puts(w->out, "geometrycollection");
	w->at += length;
	return true;
}

/* One word outside of quotes and comments. */
struct rule {
	enum flavour to;
	const char *word;    /* with what follows it */
	const char *becomes; /* NULL: refused; "": left out, up to the end of its value */
	const char *what;
};

static const struct rule rules[] = {
	{ FLAVOUR_MYSQL, "IGNORED", "INVISIBLE", "" },
	{ FLAVOUR_MYSQL, "PAGE_CHECKSUM=", "", "" },
	{ FLAVOUR_MYSQL, "TRANSACTIONAL=", "", "" },
	{ FLAVOUR_MYSQL, "USING HASH", NULL, "a unique key kept by a hash" },
	{ FLAVOUR_MYSQL, "PERIOD FOR", NULL, "a PERIOD" },
	{ FLAVOUR_MYSQL, "REF_SYSTEM_ID", NULL, "REF_SYSTEM_ID" },
	{ FLAVOUR_MARIADB, "COMPRESSION=", "", "" },
	{ FLAVOUR_MARIADB, "SECONDARY_ENGINE=", "", "" },
	{ FLAVOUR_MARIADB, "ENCRYPTION='N'", "", "" },
	{ FLAVOUR_MARIADB, "ENCRYPTION=", NULL, "ENCRYPTION" },
	{ FLAVOUR_MARIADB, "TABLESPACE", NULL, "a TABLESPACE" },
};

static bool apply_rule(struct walk *w, const struct rule *rule)
{
	const char *end = w->at + strlen(rule->word);

	if (!rule->becomes)
		return refuse(w, rule->what);
	if (*rule->becomes) {
		buf_puts(w->out, rule->becomes);
		w->at = end;
	} else {
		drop_to(w, end[-1] == '=' ? skip_value(end - 1) : end);
	}
	return true;
}

static bool is_json_check(const char *at)
{
	static const char head[] = "CHECK (json_valid(`";
	const char *end;

	if (!create_begins(at, head))
		return false;
	end = create_skip_quoted(at + sizeof(head) - 2);
	return create_begins(end, "))");
}

/* The name that MariaDB gives to a CHECK without one. It does so in each table, and MySQL has such
 * a name but once in a database. */
static const char *skip_given_name(const char *at)
{
	static const char head[] = "CONSTRAINT `CONSTRAINT_";
	const char *end = at + sizeof(head) - 1;

	if (!create_begins(at, head))
		return NULL;
	end += strspn(end, "0123456789");
	return create_begins(end, "` CHECK ") ? end + 2 : NULL;
}

/* MariaDB (tried: 10.5, 10.11, 11.8) keeps a text behind an introducer without its escapes: '\n'
 * as 'x0A', or what it cannot read itself. utf8mb4 is what a literal is without one. */
static bool parse_introducer(struct walk *w, const char *quote)
{
	const char *backslash = memchr(quote, '\\', (size_t)(create_skip_quoted(quote) - quote));

	if (create_begins(w->at, "_utf8mb4'")) {
		w->at = quote;
		return true;
	}
	if (backslash)
		return refuse(w, "a text with a backslash, of another character set than utf8mb4,");
	copy_to(w, quote);
	return true;
}

static bool parse_word(struct walk *w)
{
	const char *end = w->at;

	/* InnoDB has no such index but for UNIQUE ones, which MariaDB keeps by a hash. */
	if (w->to == FLAVOUR_MYSQL && w->depth == 1 && !w->is_unique && !w->type[0] &&
	    create_begins(w->at, "USING HASH")) {
		drop_to(w, w->at + strlen("USING HASH"));
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].to == w->to && w->depth <= 1 && create_begins(w->at, rules[i].word))
			return apply_rule(w, &rules[i]);
	if (w->to == FLAVOUR_MYSQL && w->depth == 1 && is_json_check(w->at)) {
		drop_to(w, create_skip_parentheses(strchr(w->at, '(')));
		return true;
	}
	if (w->to == FLAVOUR_MYSQL && w->depth == 1 && skip_given_name(w->at)) {
		w->at = skip_given_name(w->at);
		return true;
	}
	if (w->to == FLAVOUR_MYSQL && w->depth == 1 && w->type[0] &&
	    create_begins(w->at, "DEFAULT ")) {
		copy_to(w, w->at + strlen("DEFAULT "));
		return parse_default(w);
	}
	while (create_is_word(*end))
		end++;
	if (w->to == FLAVOUR_MARIADB && *w->at == '_' && *end == '\'')
		return parse_introducer(w, end);
	copy_to(w, end);
	return true;
}

/* A line of the list in parentheses: a column when it begins with a name. */
static bool parse_line(struct walk *w)
{
	const char *key;

	copy_to(w, w->at + strspn(w->at, "\n "));
	w->type[0] = '\0';
	w->is_unique = create_begins(w->at, "UNIQUE KEY ");
	if (*w->at == '`') {
		copy_to(w, create_skip_quoted(w->at));
		copy_to(w, w->at + strspn(w->at, " "));
		return parse_type(w);
	}
	key = strstr(w->at, " ((");
	if (w->to == FLAVOUR_MARIADB && key && key < w->at + strcspn(w->at, "\n") &&
	    (create_begins(w->at, "KEY ") || create_begins(w->at, "UNIQUE KEY ")))
		return refuse(w, "an index over expressions");
	return true;
}

static bool step(struct walk *w)
{
	char c = *w->at;

	if (c == '\n' && w->depth == 1)
		return parse_line(w);
	/* MariaDB prints options of other engines as `name`='value' behind the list. */
	if (c == '`' && w->to == FLAVOUR_MYSQL && w->depth == 0 && w->out->length > 0 &&
	    w->out->data[w->out->length - 1] == ' ' && *create_skip_quoted(w->at) == '=') {
		drop_to(w, skip_value(create_skip_quoted(w->at)));
		return true;
	}
	if (c == '\'' || c == '`' || c == '"') {
		copy_to(w, create_skip_quoted(w->at));
		return true;
	}
	if (c == '/' && w->at[1] == '*')
		return parse_comment(w);
	if (create_is_word(c))
		return parse_word(w);
	w->depth += c == '(';
	w->depth -= c == ')' && w->depth > 0;
	copy_to(w, w->at + 1);
	return true;
}

bool create_translate(struct buf *out, const char *shown, enum flavour from, enum flavour to,
		      struct error *err)
{
	struct walk w = { .at = shown, .out = out, .to = to, .err = err };

	if (from == to) {
		buf_puts(out, shown);
		return true;
	}
	while (*w.at)
		if (!step(&w))
			return false;
	return true;
}
