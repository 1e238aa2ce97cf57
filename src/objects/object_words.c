/* What the lexers of both flavours agree about. Of character sets in which a byte of a longer
 * character may look like a quote nothing can be read: object_names.c refuses those. */
#include "object_words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "create/create_text.h"

struct object_words object_words_from(const struct object *o, const char *at)
{
	return (struct object_words){
		.begin = at,
		.end = at,
		.has_quoted_names = strstr(o->sql_mode, "ANSI_QUOTES") != NULL,
		.has_escapes = strstr(o->sql_mode, "NO_BACKSLASH_ESCAPES") == NULL,
	};
}

static bool is_name_quote(const struct object_words *w, char c)
{
	return c == '`' || (c == '"' && w->has_quoted_names);
}

static const char *skip_quoted(struct object_words *w, const char *at)
{
	bool has_escapes = w->has_escapes && !is_name_quote(w, *at);
	char quote = *at++;

	for (; *at; at++) {
		if (*at == '\\' && has_escapes && at[1])
			at++;
		else if (*at == quote && at[1] == quote)
			at++;
		else if (*at == quote)
			return at + 1;
	}
	w->is_unfinished = true;
	return at;
}

static const char *skip_comment(struct object_words *w, const char *at)
{
	const char *end = strstr(at + 2, "*/");
	bool is_code = at[2] == '!' || at[2] == '+' || create_begins(at + 2, "M!");

	w->kind = is_code ? OBJECT_WORD_TEXT : OBJECT_WORD_COMMENT;
	w->is_unfinished = end == NULL;
	return end ? end + 2 : at + strlen(at);
}

static bool begins_line_comment(const char *at)
{
	return *at == '#' || (create_begins(at, "--") && (unsigned char)at[2] <= ' ');
}

static const char *skip_variable(struct object_words *w, const char *at)
{
	at += strspn(at, "@");
	if (*at && strchr("`'\"", *at))
		return skip_quoted(w, at);
	while (create_is_word(*at) || *at == '.')
		at++;
	return at;
}

static const char *skip_word(const char *at)
{
	while (create_is_word(*at))
		at++;
	return at;
}

bool object_words_next(struct object_words *w)
{
	const char *at = w->end;

	while (isspace((unsigned char)*at))
		at++;
	w->begin = at;
	w->kind = OBJECT_WORD_SIGN;
	if (*at == '\'' || *at == '"' || *at == '`') {
		w->kind = is_name_quote(w, *at) ? OBJECT_WORD_NAME : OBJECT_WORD_TEXT;
		w->end = skip_quoted(w, at);
	} else if (create_begins(at, "/*")) {
		w->end = skip_comment(w, at);
	} else if (begins_line_comment(at)) {
		w->kind = OBJECT_WORD_COMMENT;
		w->end = at + strcspn(at, "\n");
	} else if (*at == '@') {
		w->kind = OBJECT_WORD_VARIABLE;
		w->end = skip_variable(w, at);
	} else if (create_is_word(*at)) {
		w->kind = OBJECT_WORD_NAME;
		w->end = skip_word(at);
	} else {
		w->end = at + (*at != '\0');
	}
	return w->end > w->begin;
}

bool object_words_next_code(struct object_words *w)
{
	while (object_words_next(w))
		if (w->kind != OBJECT_WORD_COMMENT)
			return true;
	return false;
}

bool object_words_is_sign(const struct object_words *w, char sign)
{
	return w->kind == OBJECT_WORD_SIGN && *w->begin == sign;
}

bool object_words_is_keyword(const struct object_words *w, const char *keyword)
{
	size_t length = strlen(keyword);

	return w->kind == OBJECT_WORD_NAME && (size_t)(w->end - w->begin) == length &&
	       strncasecmp(w->begin, keyword, length) == 0;
}

void object_words_name(const struct object_words *w, struct buf *name)
{
	char quote = *w->begin;

	buf_clear(name);
	if (!is_name_quote(w, quote)) {
		buf_add(name, w->begin, (size_t)(w->end - w->begin));
		return;
	}
	for (const char *at = w->begin + 1; at < w->end - 1; at++) {
		buf_putc(name, *at);
		at += *at == quote;
	}
}
