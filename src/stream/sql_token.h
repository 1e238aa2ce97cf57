/* SQL text as tokens: just enough to find verbs and names. Pure functions. */
#ifndef STREAM_SQL_TOKEN_H
#define STREAM_SQL_TOKEN_H

#include "base/attr.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* keyword, unquoted name or number */
	TOKEN_NAME,   /* `name` */
	TOKEN_DOUBLE, /* "name" or "string", by the session's sql_mode */
	TOKEN_STRING, /* 'string' */
	TOKEN_SYMBOL, /* one character of anything else */
};

struct token {
	enum token_kind kind;
	const char *text; /* into the statement, quotes included */
	size_t length;
};

struct tokenizer {
	const char *at;
	const char *end;
	unsigned versioned; /* open comments that are looked into */
	bool is_literal;    /* a backslash in quotes stands for itself */
};

struct tokenizer tokenizer_over(const char *sql, size_t length);
struct token tokenizer_next(struct tokenizer *t);

/* In any case of letters. */
bool token_is_word(const struct token *token, const char *word);
bool token_is_symbol(const struct token *token, char symbol);
/* Copies a name without its quotes, doubled ones once; false when the token cannot
 * be a name or is too long. */
bool token_copy_name(const struct token *token, char *name, size_t size) MUST_CHECK;

#endif
