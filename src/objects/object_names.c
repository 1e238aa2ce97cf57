/* In a body a name in front of a dot is a database, or something that the body itself declares: a
 * table or an alias of one, a cursor, a record. There it stands without a dot behind it. So a name
 * that is only ever in front of a dot, with none before it, is a database. Not certain is it
 * where MariaDB has packages, which go before databases, and in front of `key_buffer_size` and its
 * like, variables of a cache that may have any name.
 *
 * A name in a string is not certain, as a statement may be assembled from it; in a comment it has
 * no effect. Nothing can be told in character sets in which a character may contain a quote, or in
 * which the name would be other bytes. */
#include "object_names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "create/create_text.h"
#include "db/sql.h"
#include "object_body.h"
#include "object_words.h"

static bool is_readable(const struct object *o, const char *database, const char *other)
{
	static const char *const plain[] = { "latin", "ascii", "cp125", "koi8" };

	if (create_begins(o->client, "utf8"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (create_begins(o->client, plain[i]))
			return utf8_is_ascii(database) && utf8_is_ascii(other);
	return false;
}

/* w: on a name. */
static bool is_in_front(struct object_words w)
{
	return object_words_next_code(&w) && object_words_is_sign(&w, '.') &&
	       object_words_next_code(&w) && !isdigit((unsigned char)*w.begin) &&
	       !create_begins(w.begin, "key_") &&
	       (w.kind == OBJECT_WORD_NAME || object_words_is_sign(&w, '*'));
}

static bool is_in_text(const struct object_words *w, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = w->begin; at + length <= w->end; at++)
		if (strncasecmp(at, word, length) == 0)
			return true;
	return false;
}

bool object_names_are_certain(const struct object *o, const char *database, const char *other)
{
	const char *begin, *at = object_behind_account(o, &begin);
	struct object_words w = object_words_from(o, at);
	struct buf name = BUF_INIT;
	bool is_behind_dot = false;
	bool is_certain = is_readable(o, database, other) && !o->has_packages &&
			  !strstr(o->sql_mode, "ORACLE");

	while (is_certain && object_words_next_code(&w)) {
		if (w.kind == OBJECT_WORD_TEXT)
			is_certain = !is_in_text(&w, database);
		if (w.kind == OBJECT_WORD_NAME) {
			object_words_name(&w, &name);
			/* In other letter case it may be another database, or the same one. */
			if (strcasecmp(buf_text(&name), database) == 0)
				is_certain = strcmp(buf_text(&name), database) == 0 &&
					     !is_behind_dot && is_in_front(w);
		}
		is_behind_dot = object_words_is_sign(&w, '.');
	}
	buf_release(&name);
	return is_certain && !w.is_unfinished;
}

void object_names_replace(struct object *o, const struct map *rewrites)
{
	const char *begin, *from = buf_text(&o->created), *at = object_behind_account(o, &begin);
	struct object_words w = object_words_from(o, at);
	struct buf text = BUF_INIT, name = BUF_INIT;
	bool is_behind_dot = false;

	while (object_words_next_code(&w)) {
		const char *other = NULL;

		if (w.kind == OBJECT_WORD_NAME && !is_behind_dot && is_in_front(w)) {
			object_words_name(&w, &name);
			other = map_get_text(rewrites, buf_text(&name));
		}
		if (other && object_names_are_certain(o, buf_text(&name), other)) {
			buf_add(&text, from, (size_t)(w.begin - from));
			sql_name(&text, other);
			from = w.end;
		}
		is_behind_dot = object_words_is_sign(&w, '.');
	}
	buf_puts(&text, from);
	buf_release(&o->created);
	buf_release(&name);
	o->created = text;
}
