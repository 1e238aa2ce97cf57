/* The state of parsing one statement, and the steps the parsers of all verbs are
 * made of. Private to statement*.c; one call of statement_parse() owns it. */
#ifndef STREAM_STATEMENT_PARSER_H
#define STREAM_STATEMENT_PARSER_H

#include "statement.h"
#include "sql_token.h"

struct parser {
	struct tokenizer tokens;
	struct token token; /* the one to look at next */
	struct statement *out;
};

/* What to do with a verb, or with the kind of object behind one. */
struct statement_rule {
	const char *word;
	void (*parse)(struct parser *p);
};

void parser_advance(struct parser *p);
bool parser_at_word(const struct parser *p, const char *word);
bool parser_at_end(const struct parser *p);
/* These go past the token if it is that one. */
bool parser_accept(struct parser *p, const char *word);
bool parser_accept_symbol(struct parser *p, char symbol);
bool parser_accept_any(struct parser *p, const char *const *words); /* ended by NULL */
/* Goes on with the rule whose word is next, if there is one. */
bool parser_find_rule(struct parser *p, const struct statement_rule *rules, size_t count);

void parser_set(struct parser *p, enum statement_kind kind, const char *verb);
void parser_harmless(struct parser *p);
/* Says that names may be missing. */
void parser_incomplete(struct parser *p);
/* A name at this place, without going past it. */
bool parser_copy_name(const struct parser *p, char *name, size_t size);
/* Names at this place; a missing one makes the list incomplete. */
bool parser_read_table(struct parser *p);
void parser_read_tables(struct parser *p); /* separated by commas */
void parser_read_database(struct parser *p);
/* Every "a.b" from here to the end. */
void parser_read_qualified(struct parser *p);

/* Verbs with a file of their own, called behind their first word. */
void statement_create(struct parser *p);
void statement_alter(struct parser *p);
void statement_drop(struct parser *p);
void statement_rename(struct parser *p);
void statement_truncate(struct parser *p);
void statement_insert(struct parser *p);
void statement_replace(struct parser *p);
void statement_update(struct parser *p);
void statement_delete(struct parser *p);
void statement_load(struct parser *p);
void statement_any_table(struct parser *p); /* CALL and the like */

#endif
