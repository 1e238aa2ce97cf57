/* Statements that change rows: in the binlog of a source that logs rows, they come
 * from sessions that log statements. */
#include "statement_parser.h"

void statement_insert(struct parser *p)
{
	static const char *const modifiers[] = { "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY",
						 "IGNORE",	 "INTO",    NULL };

	parser_set(p, STATEMENT_DML, "INSERT");
	while (parser_accept_any(p, modifiers))
		;
	parser_read_table(p);
}

void statement_replace(struct parser *p)
{
	statement_insert(p);
	parser_set(p, STATEMENT_DML, "REPLACE");
}

static void skip_parentheses(struct parser *p)
{
	unsigned depth = 0;

	do {
		if (token_is_symbol(&p->token, '('))
			depth++;
		else if (token_is_symbol(&p->token, ')'))
			depth--;
		parser_advance(p);
	} while (depth > 0 && !parser_at_end(p));
}

/* Is what follows the first table's name one of the words that end the list of
 * tables? Then it was the only one. */
static void only_table(struct parser *p, const char *const *ends)
{
	if (parser_accept(p, "PARTITION") && token_is_symbol(&p->token, '('))
		skip_parentheses(p);
	if (parser_at_end(p) || parser_accept_any(p, ends))
		return;
	parser_accept(p, "AS");
	parser_advance(p); /* the alias */
	if (!parser_at_end(p) && !parser_accept_any(p, ends))
		parser_incomplete(p);
}

void statement_update(struct parser *p)
{
	static const char *const modifiers[] = { "LOW_PRIORITY", "IGNORE", NULL };
	static const char *const ends[] = { "SET", NULL };

	parser_set(p, STATEMENT_DML, "UPDATE");
	while (parser_accept_any(p, modifiers))
		;
	if (parser_read_table(p))
		only_table(p, ends);
}

void statement_delete(struct parser *p)
{
	static const char *const modifiers[] = { "LOW_PRIORITY", "QUICK", "IGNORE", NULL };
	static const char *const ends[] = { "WHERE", "ORDER", "LIMIT", "RETURNING", NULL };

	parser_set(p, STATEMENT_DML, "DELETE");
	while (parser_accept_any(p, modifiers))
		;
	if (!parser_accept(p, "FROM"))
		parser_incomplete(p); /* several tables */
	else if (parser_read_table(p))
		only_table(p, ends);
}

void statement_load(struct parser *p)
{
	if (parser_accept(p, "INDEX")) { /* into the key cache */
		parser_harmless(p);
		return;
	}
	parser_set(p, STATEMENT_DML, "LOAD DATA");
	while (!parser_at_end(p) && !parser_accept(p, "INTO"))
		parser_advance(p);
	if (parser_accept(p, "TABLE"))
		parser_read_table(p);
	else
		parser_incomplete(p);
}

/* Statements that may change anything, since what they call does. */
void statement_any_table(struct parser *p)
{
	parser_set(p, STATEMENT_DML, "CALL, DO, SELECT or WITH");
	p->out->is_open = true;
}
