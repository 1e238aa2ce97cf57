/* Finds by its verb what a statement in the binlog does, and the tables and databases it
 * names.
 *
 * It errs to the safe side: what is not recognised is STATEMENT_UNKNOWN, a name
 * that is not found where it should be makes the list incomplete, and versioned
 * comments count as executed. Verbs, and the objects behind CREATE, ALTER and
 * DROP, are tables: a verb that is not in them is unknown. */
#include "statement.h"

#include <string.h>

#include "statement_parser.h"

static void begin(struct parser *p)
{
	if (!parser_at_word(p, "NOT")) /* MariaDB: BEGIN NOT ATOMIC is a block of statements */
		parser_set(p, STATEMENT_BEGIN, "BEGIN");
}

static void start(struct parser *p)
{
	static const char *const replication[] = { "GROUP_REPLICATION", "REPLICA", "SLAVE", "ALL",
						   NULL };

	if (parser_accept(p, "TRANSACTION"))
		parser_set(p, STATEMENT_BEGIN, "START TRANSACTION");
	else if (parser_accept_any(p, replication))
		parser_harmless(p);
}

static void commit(struct parser *p)
{
	parser_set(p, STATEMENT_COMMIT, "COMMIT");
}

/* Its name is like a table's. */
static void savepoint(struct parser *p)
{
	parser_set(p, STATEMENT_SAVEPOINT, "SAVEPOINT");
	parser_read_table(p);
}

static void rollback(struct parser *p)
{
	parser_accept(p, "WORK");
	if (!parser_accept(p, "TO")) {
		parser_set(p, STATEMENT_ROLLBACK, "ROLLBACK");
		return;
	}
	parser_accept(p, "SAVEPOINT");
	parser_set(p, STATEMENT_ROLLBACK_TO, "ROLLBACK TO SAVEPOINT");
	parser_read_table(p);
}

static void release(struct parser *p)
{
	if (!parser_accept(p, "SAVEPOINT"))
		return;
	parser_set(p, STATEMENT_RELEASE_SAVEPOINT, "RELEASE SAVEPOINT");
	parser_read_table(p);
}

static void xa(struct parser *p)
{
	static const struct {
		const char *word;
		enum statement_kind kind;
		const char *verb;
	} phases[] = {
		{ "START", STATEMENT_XA_START, "XA START" },
		{ "BEGIN", STATEMENT_XA_START, "XA START" },
		{ "END", STATEMENT_XA_END, "XA END" },
		{ "PREPARE", STATEMENT_XA_PREPARE, "XA PREPARE" },
		{ "COMMIT", STATEMENT_XA_COMMIT, "XA COMMIT" },
		{ "ROLLBACK", STATEMENT_XA_ROLLBACK, "XA ROLLBACK" },
	};

	for (size_t i = 0; i < ARRAY_LEN(phases); i++)
		if (parser_at_word(p, phases[i].word))
			parser_set(p, phases[i].kind, phases[i].verb);
}

/* MariaDB's ANALYZE UPDATE ... does what it analyzes. */
static void analyze(struct parser *p)
{
	static const char *const words[] = { "NO_WRITE_TO_BINLOG", "LOCAL", NULL };

	parser_accept_any(p, words);
	if (parser_at_word(p, "TABLE") || parser_at_word(p, "TABLES"))
		parser_harmless(p);
}

static const struct statement_rule verbs[] = {
	{ "ALTER", statement_alter },
	{ "ANALYZE", analyze },
	{ "BEGIN", begin },
	{ "CACHE", parser_harmless },
	{ "CALL", statement_any_table },
	{ "CHANGE", parser_harmless },
	{ "CHECK", parser_harmless },
	{ "CHECKSUM", parser_harmless },
	{ "COMMIT", commit },
	{ "CREATE", statement_create },
	{ "DELETE", statement_delete },
	{ "DO", statement_any_table },
	{ "DROP", statement_drop },
	{ "FLUSH", parser_harmless },
	{ "GRANT", parser_harmless },
	{ "HANDLER", parser_harmless },
	{ "INSERT", statement_insert },
	{ "INSTALL", parser_harmless },
	{ "KILL", parser_harmless },
	{ "LOAD", statement_load },
	{ "OPTIMIZE", parser_harmless },
	{ "PURGE", parser_harmless },
	{ "RELEASE", release },
	{ "RENAME", statement_rename },
	{ "REPAIR", parser_harmless },
	{ "REPLACE", statement_replace },
	{ "RESET", parser_harmless },
	{ "REVOKE", parser_harmless },
	{ "ROLLBACK", rollback },
	{ "SAVEPOINT", savepoint },
	{ "SELECT", statement_any_table },
	{ "SET", parser_harmless },
	{ "SHOW", parser_harmless },
	{ "START", start },
	{ "STOP", parser_harmless },
	{ "TRUNCATE", statement_truncate },
	{ "UNINSTALL", parser_harmless },
	{ "UPDATE", statement_update },
	{ "USE", parser_harmless },
	{ "WITH", statement_any_table },
	{ "XA", xa },
};

/* MariaDB: SET STATEMENT variable = value [, ...] FOR statement */
static bool skip_settings(struct parser *p)
{
	struct parser ahead = *p;

	if (!parser_accept(&ahead, "SET") || !parser_accept(&ahead, "STATEMENT"))
		return false;
	while (!parser_at_end(&ahead) && !parser_at_word(&ahead, "FOR"))
		parser_advance(&ahead);
	parser_accept(&ahead, "FOR");
	*p = ahead;
	return true;
}

static struct tokenizer tokens_of(const char *sql, size_t length, bool is_literal)
{
	struct tokenizer tokens = tokenizer_over(sql, length);

	tokens.is_literal = is_literal;
	return tokens;
}

static void parse(const char *sql, size_t length, bool is_literal, struct statement *statement)
{
	struct parser p = { .tokens = tokens_of(sql, length, is_literal), .out = statement };

	statement->kind = STATEMENT_UNKNOWN;
	statement->verb = "unknown statement";
	statement->name_count = 0;
	statement->names[0].name[0] = '\0';
	statement->is_complete = true;
	statement->is_open = false;
	statement->creates = false;
	statement->if_absent = false;
	statement->drops = false;
	statement->empties = false;
	statement->index[0] = '\0';
	statement->creates_index = false;
	parser_advance(&p);
	while (skip_settings(&p))
		;
	if (p.token.kind == TOKEN_END) /* MariaDB's stand-in events are comments */
		parser_set(&p, STATEMENT_HARMLESS, "");
	else
		parser_find_rule(&p, verbs, ARRAY_LEN(verbs));
	if (statement->kind == STATEMENT_UNKNOWN)
		statement->is_open = true;
	/* A table of another database than the default one is written in full. */
	if (!statement->is_complete) {
		p.tokens = tokens_of(sql, length, is_literal);
		parser_advance(&p);
		parser_read_qualified(&p);
	}
}

/* What the one or the other way to read a statement finds. */
static void add(struct statement *statement, const struct statement *other)
{
	unsigned room = STATEMENT_NAMES_MAX - statement->name_count;
	unsigned added = other->name_count < room ? other->name_count : room;

	if (statement->kind != other->kind) {
		statement->kind = STATEMENT_UNKNOWN;
		statement->verb = "unknown statement";
		statement->is_open = true;
	}
	memcpy(statement->names + statement->name_count, other->names,
	       added * sizeof(*other->names));
	statement->name_count += added;
	statement->is_open |= other->is_open || added < other->name_count;
	statement->is_complete &= other->is_complete;
}

void statement_parse(const char *sql, size_t length, enum statement_escapes escapes,
		     struct statement *statement)
{
	struct statement other;

	parse(sql, length, escapes == STATEMENT_LITERAL, statement);
	if (escapes != STATEMENT_EITHER || !memchr(sql, '\\', length))
		return;
	parse(sql, length, true, &other);
	add(statement, &other);
}
