/* information_schema has the bodies, too, but neither in the same words on all servers nor in words
 * that a server would understand: MySQL unescapes the strings in them, MariaDB escapes them its own
 * way. */
#include "object_body.h"

#include <string.h>

#include "create/create_text.h"
#include "object_words.h"

const char *object_behind_account(const struct object *o, const char **begin)
{
	const char *at = *o->definer ? create_find(buf_text(&o->created), " DEFINER=") : NULL;

	*begin = at;
	if (!at || !strchr("`\"'", *at)) {
		*begin = NULL;
		return buf_text(&o->created);
	}
	at = create_skip_quoted(at);
	return *at == '@' ? create_skip_quoted(at + 1) : at;
}

/* Each stands in a line of its own, indented, in the server's words. */
static const char *skip_characteristics(const char *at)
{
	static const char *const words[] = { "LANGUAGE ",	"NO SQL\n",
					     "CONTAINS SQL\n",	"READS SQL DATA\n",
					     "DETERMINISTIC\n", "MODIFIES SQL DATA\n",
					     "SQL SECURITY " };
	static const char comment[] = "    COMMENT '";
	bool is_one = true;

	while (is_one) {
		is_one = false;
		for (size_t i = 0; !is_one && i < ARRAY_LEN(words); i++)
			is_one = create_begins(at, "    ") && create_begins(at + 4, words[i]);
		if (is_one) {
			at += strcspn(at, "\n");
		} else if (create_begins(at, comment)) {
			is_one = true;
			at = create_skip_quoted(at + sizeof(comment) - 2);
		}
		at += is_one && *at == '\n';
	}
	return at;
}

/* Behind the parameters, which begin at *from. */
static const char *behind_parameters(const struct object *o, const char **from)
{
	struct object_words w = object_words_from(o, *from);
	unsigned depth = 0;

	while (object_words_next(&w)) {
		if (object_words_is_sign(&w, '(') && depth++ == 0)
			*from = w.begin;
		if (object_words_is_sign(&w, ')') && --depth == 0)
			break;
	}
	return w.end;
}

const char *object_returns(const struct object *o, const char **end)
{
	const char *begin, *at = object_behind_account(o, &begin);

	at = behind_parameters(o, &at);
	*end = at + strcspn(at, "\n");
	return at;
}

static void put_routine(struct buf *text, const struct object *o, const char *at)
{
	const char *end = behind_parameters(o, &at);

	buf_add(text, at, (size_t)(end - at));
	at = strchr(end, '\n'); /* behind what it returns */
	buf_puts(text, at ? skip_characteristics(at + 1) : "");
}

static const char *behind_keyword(const struct object *o, const char *at, const char *keyword)
{
	struct object_words w = object_words_from(o, at);

	while (object_words_next_code(&w))
		if (object_words_is_keyword(&w, keyword))
			break;
	return w.end;
}

void object_body_put(struct buf *text, const struct object *o)
{
	const char *begin, *at = object_behind_account(o, &begin);

	if (o->kind == OBJECT_ROUTINE && strncmp(o->type, "PACKAGE", 7) != 0)
		put_routine(text, o, at);
	else if (o->kind == OBJECT_ROUTINE)
		buf_puts(text, at);
	else if (o->kind == OBJECT_TRIGGER)
		at = behind_keyword(o, behind_keyword(o, at, "EACH"), "ROW");
	else if (o->kind == OBJECT_EVENT)
		at = behind_keyword(o, at, "DO");
	if (o->kind == OBJECT_TRIGGER || o->kind == OBJECT_EVENT)
		buf_puts(text, at + strspn(at, " \n\t\r"));
}
