/* Cuts a statement into tokens (MySQL manual, "Language Structure").
 *
 * Comments vanish, but the text inside versioned ones, which the servers execute,
 * does not: their markers do. A text that ends inside a quotation or a comment ends
 * there as a token too; nothing here can fail. */
#include "sql_token.h"

#include <string.h>
#include <strings.h>

struct tokenizer tokenizer_over(const char *sql, size_t length)
{
	return (struct tokenizer){ .at = sql, .end = sql + length };
}

static size_t left(const struct tokenizer *t)
{
	return (size_t)(t->end - t->at);
}

static bool starts_with(const struct tokenizer *t, const char *text)
{
	size_t length = strlen(text);

	return left(t) >= length && memcmp(t->at, text, length) == 0;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Everything beyond ASCII may be part of a name. */
static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
	       c == '$' || (unsigned char)c >= 0x80;
}

/* The marker of a versioned comment and its number. */
static void enter_versioned(struct tokenizer *t, size_t marker)
{
	t->at += marker;
	while (t->at < t->end && is_digit(*t->at))
		t->at++;
	t->versioned++;
}

static bool skip_one(struct tokenizer *t)
{
	const char *end;

	if (is_space(*t->at)) {
		t->at++;
	} else if (*t->at == '#' || (starts_with(t, "--") && (left(t) == 2 || is_space(t->at[2])))) {
		end = memchr(t->at, '\n', left(t));
		t->at = end ? end + 1 : t->end;
	} else if (starts_with(t, "/*!")) {
		enter_versioned(t, 3);
	} else if (starts_with(t, "/*M!")) {
		enter_versioned(t, 4);
	} else if (starts_with(t, "/*")) {
		end = memmem(t->at + 2, left(t) - 2, "*/", 2);
		t->at = end ? end + 2 : t->end;
	} else if (t->versioned && starts_with(t, "*/")) {
		t->at += 2;
		t->versioned--;
	} else {
		return false;
	}
	return true;
}

/* A doubled quote stands for one; so does an escaped one, but not in a name. */
static void skip_quoted(struct tokenizer *t, char quote)
{
	for (t->at++; t->at < t->end; t->at++) {
		if (*t->at == '\\' && quote != '`' && !t->is_literal && left(t) > 1)
			t->at++;
		else if (*t->at != quote)
			continue;
		else if (left(t) > 1 && t->at[1] == quote)
			t->at++;
		else
			break;
	}
	if (t->at < t->end)
		t->at++;
}

struct token tokenizer_next(struct tokenizer *t)
{
	struct token token = { .kind = TOKEN_END };

	while (t->at < t->end && skip_one(t))
		;
	token.text = t->at;
	if (t->at == t->end)
		return token;
	switch (*t->at) {
	case '`':
		token.kind = TOKEN_NAME;
		skip_quoted(t, '`');
		break;
	case '"':
		token.kind = TOKEN_DOUBLE;
		skip_quoted(t, '"');
		break;
	case '\'':
		token.kind = TOKEN_STRING;
		skip_quoted(t, '\'');
		break;
	default:
		token.kind = is_word_char(*t->at) ? TOKEN_WORD : TOKEN_SYMBOL;
		t->at++;
		while (token.kind == TOKEN_WORD && t->at < t->end && is_word_char(*t->at))
			t->at++;
	}
	token.length = (size_t)(t->at - token.text);
	return token;
}

bool token_is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_WORD && token->length == strlen(word) &&
	       strncasecmp(token->text, word, token->length) == 0;
}

bool token_is_symbol(const struct token *token, char symbol)
{
	return token->kind == TOKEN_SYMBOL && token->text[0] == symbol;
}

bool token_copy_name(const struct token *token, char *name, size_t size)
{
	bool is_quoted = token->kind == TOKEN_NAME || token->kind == TOKEN_DOUBLE;
	const char *at = token->text + (is_quoted ? 1 : 0);
	const char *end = token->text + token->length - (is_quoted ? 1 : 0);
	size_t length = 0;

	if ((!is_quoted && token->kind != TOKEN_WORD) || end <= at)
		return false;
	for (; at < end; at++) {
		if (is_quoted && *at == token->text[0])
			at++; /* the first of two */
		if (at == end || length + 1 >= size || *at == '\0')
			return false;
		name[length++] = *at;
	}
	name[length] = '\0';
	return true;
}
