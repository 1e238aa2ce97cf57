/* The words of a statement that somebody typed, as the server reads them in the object's sql_mode.
 * Pure functions. */
#ifndef OBJECTS_OBJECT_WORDS_H
#define OBJECTS_OBJECT_WORDS_H

#include "objects/object_list.h"

enum object_word {
	OBJECT_WORD_NAME,     /* or a keyword, or a number */
	OBJECT_WORD_TEXT,     /* a string, or a comment that may be executed, or a hint */
	OBJECT_WORD_COMMENT,  /* any other */
	OBJECT_WORD_VARIABLE, /* with its @; or an account's host */
	OBJECT_WORD_SIGN,     /* any other character */
};

struct object_words {
	const char *begin, *end; /* of the word */
	enum object_word kind;
	bool is_unfinished; /* the last one has no end */
	bool has_quoted_names, has_escapes;
};

/* at: where in o's statement. */
struct object_words object_words_from(const struct object *o, const char *at);
/* False: there is none. */
bool object_words_next(struct object_words *w) MUST_CHECK;
/* The same without comments. */
bool object_words_next_code(struct object_words *w) MUST_CHECK;
bool object_words_is_sign(const struct object_words *w, char sign);
/* Does it stand there without quotes, in any case? */
bool object_words_is_keyword(const struct object_words *w, const char *keyword);
/* Of OBJECT_WORD_NAME, without its quotes. */
void object_words_name(const struct object_words *w, struct buf *name);

#endif
