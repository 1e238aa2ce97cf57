/* A walk like that of create_exact.c. Servers print a collation where they think it is needed:
 * not MySQL where it is the default of a column's character set, nor older MariaDBs where it
 * is that of the table's. So what a column or table has is taken from information_schema, and
 * put behind its type or its character set, where the grammar wants it. */
#include "create_rewrite.h"

#include <string.h>
#include <strings.h>

#include "create/create_text.h"
#include "plan/collation_rewrite.h"

struct rewrite {
	const char *at;
	struct buf *out;
	const struct table *table;
	const struct map *rewrites;
	unsigned depth; /* of parentheses */
	bool is_column; /* this line */
};

static void copy_to(struct rewrite *r, const char *end)
{
	buf_add(r->out, r->at, (size_t)(end - r->at));
	r->at = end;
}

static const char *skip_word(const char *at)
{
	while (create_is_word(*at))
		at++;
	return at;
}

/* What this becomes; NULL: it stays. */
static const char *becomes(const struct rewrite *r, const char *collation)
{
	const char *there = collation_on_target(r->rewrites, collation);

	return strcmp(there, collation) != 0 ? there : NULL;
}

/* at stands behind the character set. */
static void put_collation(struct rewrite *r, const char *introducer, const char *collation)
{
	if (create_begins(r->at, introducer))
		r->at = skip_word(r->at + strlen(introducer));
	buf_puts(r->out, introducer);
	buf_puts(r->out, collation);
}

/* A line of the list: a column's name, its type, and its character set. */
static void parse_line(struct rewrite *r)
{
	static const char charset[] = " CHARACTER SET ";
	const struct column *column;
	const char *collation, *comment;

	copy_to(r, r->at + strspn(r->at, "\n "));
	if (*r->at != '`')
		return;
	column = create_column(r->table, r->at);
	copy_to(r, create_skip_quoted(r->at));
	collation = column ? becomes(r, column->collation) : NULL;
	if (!collation)
		return;
	copy_to(r, skip_word(r->at + strspn(r->at, " ")));
	if (*r->at == '(')
		copy_to(r, create_skip_parentheses(r->at));
	while (create_begins(r->at, " /*") && (comment = strstr(r->at, "*/")))
		copy_to(r, comment + 2);
	if (create_begins(r->at, charset))
		copy_to(r, skip_word(r->at + strlen(charset)));
	put_collation(r, " COLLATE ", collation);
}

/* In an expression, where MySQL writes it in small letters. at stands on the word. */
static void parse_collate(struct rewrite *r)
{
	const char *name = skip_word(r->at) + 1, *end = skip_word(name), *collation;
	struct buf shown = BUF_INIT;

	buf_add(&shown, name, (size_t)(end - name));
	collation = becomes(r, buf_text(&shown));
	copy_to(r, collation ? name : end);
	if (collation) {
		buf_puts(r->out, collation);
		r->at = end;
	}
	buf_release(&shown);
}

static void parse_word(struct rewrite *r)
{
	static const char charset[] = "CHARSET=", collate[] = "collate ";
	const char *collation;

	if (r->depth == 0 && create_begins(r->at, charset)) {
		copy_to(r, skip_word(r->at + strlen(charset)));
		collation = becomes(r, r->table->collation);
		if (collation)
			put_collation(r, " COLLATE=", collation);
	} else if (strncasecmp(r->at, collate, strlen(collate)) == 0) {
		parse_collate(r);
	} else {
		copy_to(r, skip_word(r->at));
	}
}

typedef void rewrite_part(struct rewrite *r);

/* line: at stands on the end of the one before; word: on one outside of quotes. */
static void step(struct rewrite *r, rewrite_part *line, rewrite_part *word)
{
	char c = *r->at;

	if (c == '\n' && r->depth == 1) {
		line(r);
		return;
	}
	if (c == '\'' || c == '`' || c == '"') {
		copy_to(r, create_skip_quoted(r->at));
		return;
	}
	if (create_is_word(c)) {
		word(r);
		return;
	}
	r->depth += c == '(';
	r->depth -= c == ')' && r->depth > 0;
	copy_to(r, r->at + 1);
}

void create_rewrite_table(struct buf *out, const char *shown, const struct table *table,
			  const struct map *rewrites)
{
	struct rewrite r = { .at = shown, .out = out, .table = table, .rewrites = rewrites };

	if (rewrites->count == 0)
		buf_puts(out, shown);
	while (rewrites->count > 0 && *r.at)
		step(&r, parse_line, parse_word);
}

/* A line that begins with a name is a column's. */
static void parse_engine_line(struct rewrite *r)
{
	copy_to(r, r->at + strspn(r->at, "\n "));
	r->is_column = *r->at == '`';
}

/* Leaves it out with the blank in front of it. */
static void drop_to(struct rewrite *r, const char *end)
{
	if (r->out->length > 0 && r->out->data[r->out->length - 1] == ' ')
		buf_truncate(r->out, r->out->length - 1);
	r->at = end;
}

static void parse_engine_word(struct rewrite *r)
{
	static const char engine[] = "ENGINE=", hash[] = "USING HASH";
	static const char *const options[] = {
		"ROW_FORMAT=",	  "PACK_KEYS=",	    "CHECKSUM=",       "DELAY_KEY_WRITE=",
		"PAGE_CHECKSUM=", "TRANSACTIONAL=", "DATA DIRECTORY=", "INDEX DIRECTORY="
	};

	for (size_t i = 0; r->depth == 0 && i < ARRAY_LEN(options); i++)
		if (create_begins(r->at, options[i])) {
			const char *value = r->at + strlen(options[i]);

			drop_to(r, *value == '\'' ? create_skip_quoted(value) : skip_word(value));
			return;
		}
	if (r->depth == 0 && create_begins(r->at, engine)) {
		r->at = skip_word(r->at + strlen(engine));
		buf_puts(r->out, "ENGINE=InnoDB");
	} else if (r->depth == 1 && !r->is_column && create_begins(r->at, hash)) {
		drop_to(r, r->at + strlen(hash));
	} else {
		copy_to(r, skip_word(r->at));
	}
}

void create_rewrite_engine(struct buf *out, const char *shown)
{
	struct rewrite r = { .at = shown, .out = out };

	while (*r.at)
		step(&r, parse_engine_line, parse_engine_word);
}

void create_rewrite_database(struct buf *out, const char *shown, const char *collation)
{
	struct rewrite r = { .at = shown, .out = out };
	const char *charset = create_find(shown, "/*!40100 DEFAULT CHARACTER SET ");

	if (!charset) {
		buf_printf(out, "%s COLLATE %s", shown, collation);
		return;
	}
	copy_to(&r, skip_word(charset));
	put_collation(&r, " COLLATE ", collation);
	buf_puts(out, r.at);
}
