/* What the parsers of statements have in common: looking at the next token and
 * reading names into the statement's list. */
#include "statement_parser.h"

#include <string.h>

void parser_advance(struct parser *p)
{
	p->token = tokenizer_next(&p->tokens);
}

bool parser_at_word(const struct parser *p, const char *word)
{
	return token_is_word(&p->token, word);
}

bool parser_accept(struct parser *p, const char *word)
{
	if (!parser_at_word(p, word))
		return false;
	parser_advance(p);
	return true;
}

bool parser_accept_symbol(struct parser *p, char symbol)
{
	if (!token_is_symbol(&p->token, symbol))
		return false;
	parser_advance(p);
	return true;
}

bool parser_accept_any(struct parser *p, const char *const *words)
{
	for (; *words; words++)
		if (parser_accept(p, *words))
			return true;
	return false;
}

bool parser_at_end(const struct parser *p)
{
	return p->token.kind == TOKEN_END || token_is_symbol(&p->token, ';');
}

void parser_set(struct parser *p, enum statement_kind kind, const char *verb)
{
	p->out->kind = kind;
	p->out->verb = verb;
}

void parser_incomplete(struct parser *p)
{
	p->out->is_complete = false;
}

bool parser_copy_name(const struct parser *p, char *name, size_t size)
{
	return token_copy_name(&p->token, name, size);
}

static bool read_identifier(struct parser *p, char *name, size_t size)
{
	if (!token_copy_name(&p->token, name, size))
		return false;
	parser_advance(p);
	return true;
}

/* The next free entry of the list, not yet counted. */
static struct statement_name *next_name(struct parser *p)
{
	struct statement *out = p->out;

	if (out->name_count == STATEMENT_NAMES_MAX) {
		out->is_open = true;
		return NULL;
	}
	return &out->names[out->name_count];
}

/* [schema .] name; in old statements also ". name". */
bool parser_read_table(struct parser *p)
{
	struct statement_name *name = next_name(p);

	if (!name)
		return false;
	name->schema[0] = '\0';
	parser_accept_symbol(p, '.');
	if (!read_identifier(p, name->name, sizeof(name->name))) {
		parser_incomplete(p);
		return false;
	}
	if (parser_accept_symbol(p, '.')) {
		memcpy(name->schema, name->name, sizeof(name->schema));
		if (!read_identifier(p, name->name, sizeof(name->name))) {
			parser_incomplete(p);
			return false;
		}
	}
	p->out->name_count++;
	return true;
}

void parser_read_tables(struct parser *p)
{
	while (parser_read_table(p) && parser_accept_symbol(p, ','))
		;
}

/* Whatever may be a table's full name; columns behind an alias are among them. */
void parser_read_qualified(struct parser *p)
{
	for (; p->token.kind != TOKEN_END; parser_advance(p)) {
		struct statement_name *name = next_name(p);
		struct parser ahead = *p;

		if (!name)
			return;
		if (read_identifier(&ahead, name->schema, sizeof(name->schema)) &&
		    parser_accept_symbol(&ahead, '.') &&
		    read_identifier(&ahead, name->name, sizeof(name->name)))
			p->out->name_count++;
	}
}

void parser_read_database(struct parser *p)
{
	struct statement_name *name = next_name(p);

	if (!name)
		return;
	name->name[0] = '\0';
	if (read_identifier(p, name->schema, sizeof(name->schema)))
		p->out->name_count++;
	else
		parser_incomplete(p);
}

bool parser_find_rule(struct parser *p, const struct statement_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (parser_accept(p, rules[i].word)) {
			rules[i].parse(p);
			return true;
		}
	}
	return false;
}

void parser_harmless(struct parser *p)
{
	parser_set(p, STATEMENT_HARMLESS, "harmless");
}
