/* Statements that change tables, indexes and databases, and the objects of other
 * kinds that the same verbs make and drop. */
#include "statement_parser.h"

static bool accept_if_exists(struct parser *p)
{
	if (!parser_accept(p, "IF"))
		return false;
	parser_accept(p, "NOT");
	return parser_accept(p, "EXISTS");
}

/* Its name, which may be any word. */
static void read_index(struct parser *p, bool creates)
{
	bool is_optional = accept_if_exists(p);

	if (creates && parser_at_word(p, "ON"))
		return;
	if (is_optional && !parser_copy_name(p, p->out->index, sizeof(p->out->index)))
		p->out->index[0] = '\0';
	p->out->creates_index = creates;
	parser_advance(p);
}

/* To the table behind the next ON. */
static void read_indexed_table(struct parser *p)
{
	while (!parser_at_end(p) && !parser_at_word(p, "ON"))
		parser_advance(p);
	if (parser_accept(p, "ON"))
		parser_read_table(p);
	else
		parser_incomplete(p);
}

static void create_table(struct parser *p)
{
	parser_set(p, STATEMENT_TABLE, "CREATE TABLE");
	p->out->creates = true;
	p->out->if_absent = accept_if_exists(p);
	parser_read_table(p);
}

static void create_index(struct parser *p)
{
	parser_set(p, STATEMENT_TABLE, "CREATE INDEX");
	read_index(p, true);
	read_indexed_table(p);
}

/* Applications say IF NOT EXISTS whenever they start; if the database was missing, its tables will
 * show it. */
static void create_database(struct parser *p)
{
	if (accept_if_exists(p)) {
		parser_harmless(p);
		return;
	}
	parser_set(p, STATEMENT_TABLE, "CREATE DATABASE");
	p->out->creates = true;
	parser_read_database(p);
}

static void drop_table(struct parser *p)
{
	parser_set(p, STATEMENT_TABLE, "DROP TABLE");
	p->out->drops = true;
	accept_if_exists(p);
	parser_read_tables(p);
}

static void drop_index(struct parser *p)
{
	parser_set(p, STATEMENT_TABLE, "DROP INDEX");
	read_index(p, false);
	read_indexed_table(p);
}

static void drop_database(struct parser *p)
{
	parser_set(p, STATEMENT_TABLE, "DROP DATABASE");
	p->out->drops = true;
	accept_if_exists(p);
	parser_read_database(p);
}

/* [TO | AS | =] name; RENAME of a part of the table names none. */
static void alter_rename(struct parser *p)
{
	static const char *const parts[] = { "COLUMN", "INDEX", "KEY", "CONSTRAINT", NULL };
	static const char *const fillers[] = { "TO", "AS", NULL };

	if (parser_accept_any(p, parts))
		return;
	if (!parser_accept_any(p, fillers))
		parser_accept_symbol(p, '=');
	parser_read_table(p);
}

/* Other tables that take part: RENAME TO t, EXCHANGE PARTITION p WITH TABLE t,
 * CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO PARTITION p. Not inside
 * parentheses; both words are reserved, so they are no names. */
static void alter_table(struct parser *p)
{
	unsigned depth = 0;

	parser_set(p, STATEMENT_TABLE, "ALTER TABLE");
	accept_if_exists(p);
	parser_read_table(p);
	while (!parser_at_end(p)) {
		if (token_is_symbol(&p->token, '('))
			depth++;
		else if (token_is_symbol(&p->token, ')') && depth > 0)
			depth--;
		if (depth == 0 && parser_accept(p, "RENAME"))
			alter_rename(p);
		else if (depth == 0 && parser_accept(p, "TABLE"))
			parser_read_table(p);
		else
			parser_advance(p);
	}
}

/* Changes what later tables get that name no character set, or makes it read-only, which
 * is a way to stop the writers for the cutover. MariaDB's UPGRADE DATA DIRECTORY NAME
 * renames it. */
static void alter_database(struct parser *p)
{
	parser_harmless(p);
	while (!parser_at_end(p) && !parser_at_word(p, "UPGRADE"))
		parser_advance(p);
	if (parser_at_end(p))
		return;
	parser_set(p, STATEMENT_TABLE, "ALTER DATABASE");
	p->out->is_open = true;
}

static const struct statement_rule create_rules[] = {
	{ "DATABASE", create_database },
	{ "INDEX", create_index },
	{ "SCHEMA", create_database },
	{ "TABLE", create_table },
};

static const struct statement_rule alter_rules[] = {
	{ "DATABASE", alter_database },
	{ "SCHEMA", alter_database },
	{ "TABLE", alter_table },
};

static const struct statement_rule drop_rules[] = {
	{ "DATABASE", drop_database }, { "INDEX", drop_index },	 { "SCHEMA", drop_database },
	{ "TABLE", drop_table },       { "TABLES", drop_table },
};

/* Objects that hold no rows of copied tables. */
static const char *const other_objects[] = {
	"EVENT",     "FUNCTION",  "INSTANCE", "LIBRARY", "LOGFILE",  "PACKAGE", "PREPARE",
	"PROCEDURE", "REFERENCE", "RESOURCE", "ROLE",	 "SEQUENCE", "SERVER",	"TABLESPACE",
	"TEMPORARY", "TRIGGER",	  "USER",     "VIEW",	 NULL,
};

/* [= name [@ host]]: either part may look like a keyword. Without it, DEFINER is
 * the end of SQL SECURITY DEFINER. */
static void skip_definer(struct parser *p)
{
	if (!parser_accept_symbol(p, '='))
		return;
	parser_advance(p);
	if (parser_accept_symbol(p, '@'))
		parser_advance(p);
	if (parser_accept_symbol(p, '(')) /* CURRENT_USER() */
		parser_accept_symbol(p, ')');
}

/* What may stand between the verb and the kind of object. */
static bool skip_modifier(struct parser *p)
{
	static const char *const words[] = {
		"OR",	    "REPLACE", "UNIQUE",     "FULLTEXT",     "SPATIAL",	  "VECTOR",
		"ONLINE",   "OFFLINE", "IGNORE",     "UNDO",	     "AGGREGATE", "SQL",
		"SECURITY", "INVOKER", "ALGORITHM",  "UNDEFINED",    "MERGE",	  "TEMPTABLE",
		"JSON",	    "DUALITY", "RELATIONAL", "MATERIALIZED", NULL,
	};

	if (parser_accept(p, "DEFINER")) {
		skip_definer(p);
		return true;
	}
	return parser_accept_any(p, words) || parser_accept_symbol(p, '=');
}

static void object(struct parser *p, const struct statement_rule *rules, size_t count)
{
	while (!parser_find_rule(p, rules, count)) {
		if (parser_accept_any(p, other_objects)) {
			parser_harmless(p);
			return;
		}
		if (!skip_modifier(p))
			return;
	}
}

void statement_create(struct parser *p)
{
	object(p, create_rules, ARRAY_LEN(create_rules));
}

void statement_alter(struct parser *p)
{
	object(p, alter_rules, ARRAY_LEN(alter_rules));
}

void statement_drop(struct parser *p)
{
	object(p, drop_rules, ARRAY_LEN(drop_rules));
}

/* a TO b [, c TO d]; MariaDB: a WAIT 5 TO b */
static void rename_table(struct parser *p)
{
	parser_set(p, STATEMENT_TABLE, "RENAME TABLE");
	accept_if_exists(p);
	do {
		if (!parser_read_table(p))
			return;
		while (!parser_at_end(p) && !parser_at_word(p, "TO"))
			parser_advance(p);
		if (!parser_accept(p, "TO"))
			parser_incomplete(p);
		else if (!parser_read_table(p))
			return;
	} while (parser_accept_symbol(p, ','));
}

void statement_rename(struct parser *p)
{
	if (parser_accept(p, "USER"))
		parser_harmless(p);
	else if (parser_accept(p, "TABLE") || parser_accept(p, "TABLES"))
		rename_table(p);
}

void statement_truncate(struct parser *p)
{
	parser_set(p, STATEMENT_TABLE, "TRUNCATE");
	parser_accept(p, "TABLE");
	parser_read_table(p);
	p->out->empties =
		parser_at_end(p) || parser_at_word(p, "WAIT") || parser_at_word(p, "NOWAIT");
}
