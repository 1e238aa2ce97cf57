/* A walk over the lines of the list in parentheses, each of which is a column when it begins
 * with a name, and over the options behind it. Everything else is copied as it stands. */
#include "create_exact.h"

#include <string.h>
#include <strings.h>

#include "create/create_text.h"

struct exact {
	const char *at;
	struct buf *out;
	const struct table *table;
	const struct column *column; /* of this line, or NULL */
	unsigned depth;		     /* of parentheses */
	const char *row_format;	     /* to be put in, or NULL */
	struct error *err;
};

static void copy_to(struct exact *x, const char *end)
{
	buf_add(x->out, x->at, (size_t)(end - x->at));
	x->at = end;
}

static void put_bytes(struct buf *out, const char *hex)
{
	buf_printf(out, *hex ? "0x%s" : "''", hex);
}

static void put_members(struct exact *x)
{
	const struct column *column = x->column;

	buf_putc(x->out, '(');
	for (unsigned i = 0; i < column->member_count; i++) {
		buf_puts(x->out, i ? "," : "");
		put_bytes(x->out, column->member_bytes[i]);
	}
	buf_putc(x->out, ')');
	x->at = create_skip_parentheses(x->at);
}

/* A line of the list: its name, and its type where that has members. */
static void parse_line(struct exact *x)
{
	copy_to(x, x->at + strspn(x->at, "\n "));
	x->column = NULL;
	if (*x->at != '`')
		return;
	x->column = create_column(x->table, x->at);
	copy_to(x, create_skip_quoted(x->at));
	copy_to(x, x->at + strspn(x->at, " "));
	if (!x->column || !x->column->member_bytes)
		return;
	if (create_begins(x->at, "enum(") || create_begins(x->at, "set(")) {
		copy_to(x, strchr(x->at, '('));
		put_members(x);
	}
}

/* The only member shown as this text; NULL: none, or several. */
static const char *find_member(const struct column *column, const char *text, size_t length)
{
	const char *found = NULL;

	for (unsigned i = 0; i < column->member_count; i++) {
		if (strlen(column->members[i]) != length ||
		    memcmp(column->members[i], text, length) != 0)
			continue;
		if (found)
			return NULL;
		found = column->member_bytes[i];
	}
	return found;
}

/* The text between quotes, read as members are (db/column_type.c). */
static void put_unquoted(struct buf *text, const char *at, const char *end)
{
	for (at++, end--; at < end; at++) {
		if (*at == '\\' && at + 1 < end) {
			at++;
			buf_putc(text, *at == 'n' ? '\n' :
				       *at == 'r' ? '\r' :
				       *at == '0' ? '\0' :
						    *at);
		} else {
			buf_putc(text, *at);
			at += *at == '\'';
		}
	}
}

/* Of a SET: several, with commas between them. A comma of its own in the column's character
 * set is not taken for one byte there: sets of UCS-2 and its like have plain texts only. */
static bool put_default(struct exact *x, const struct buf *text)
{
	const char *at = buf_text(text), *end = at + text->length;
	struct buf bytes = BUF_INIT;
	bool ok = true;

	while (ok && at < end) {
		size_t length = x->column->type == COLUMN_SET ? strcspn(at, ",") : text->length;
		const char *member = find_member(x->column, at, length);

		ok = member != NULL;
		if (!ok)
			break;
		buf_puts(&bytes, member);
		at += length;
		if (at < end) {
			buf_puts(&bytes, "2C");
			at++;
		}
	}
	if (ok)
		put_bytes(x->out, buf_text(&bytes));
	buf_release(&bytes);
	return ok;
}

/* MariaDB prints the default as it prints members; MySQL as its bytes. at stands on the
 * quote. */
static bool parse_default(struct exact *x)
{
	const char *end = create_skip_quoted(x->at);
	struct buf text = BUF_INIT;
	bool ok;

	put_unquoted(&text, x->at, end);
	ok = x->column->default_bytes != NULL;
	if (ok)
		put_bytes(x->out, x->column->default_bytes);
	ok = ok || put_default(x, &text) ||
	     error_set(x->err, ERROR_UNSUPPORTED,
		       "the server does not show which member is the default of the column %s",
		       x->column->name);
	buf_release(&text);
	x->at = end;
	return ok;
}

static bool parse_word(struct exact *x)
{
	static const char by_default[] = "DEFAULT '";
	const char *end = x->at;

	if (x->depth == 1 && x->column && x->column->member_bytes &&
	    create_begins(x->at, by_default)) {
		copy_to(x, x->at + strlen(by_default) - 1);
		return parse_default(x);
	}
	while (create_is_word(*end))
		end++;

	bool is_increment = x->depth == 1 && x->column && x->column->is_nullable &&
			    (size_t)(end - x->at) == strlen("AUTO_INCREMENT") &&
			    create_begins(x->at, "AUTO_INCREMENT");
	bool is_engine = x->depth == 0 && create_begins(x->at, "ENGINE=InnoDB");

	if (is_engine)
		end = x->at + strlen("ENGINE=InnoDB");
	copy_to(x, end);
	if (is_increment)
		buf_puts(x->out, " NULL");
	if (is_engine && x->row_format) {
		buf_printf(x->out, " ROW_FORMAT=%s", x->row_format);
		x->row_format = NULL;
	}
	return true;
}

static bool step(struct exact *x)
{
	char c = *x->at;

	if (c == '\n' && x->depth == 1) {
		parse_line(x);
		return true;
	}
	if (c == '\'' || c == '`' || c == '"') {
		copy_to(x, create_skip_quoted(x->at));
		return true;
	}
	if (c == '/' && x->at[1] == '*') {
		const char *end = strstr(x->at, "*/");

		copy_to(x, end ? end + 2 : x->at + strlen(x->at));
		return true;
	}
	if (create_is_word(c))
		return parse_word(x);
	x->depth += c == '(';
	x->depth -= c == ')' && x->depth > 0;
	copy_to(x, x->at + 1);
	return true;
}

/* Among the options behind the list. */
static bool names_format(const char *at)
{
	unsigned depth = 0;

	while (*at) {
		if (*at == '\'' || *at == '`' || *at == '"') {
			at = create_skip_quoted(at);
			continue;
		}
		if (depth == 0 &&
		    (create_begins(at, "ROW_FORMAT=") || create_begins(at, "KEY_BLOCK_SIZE=")))
			return true;
		depth += *at == '(';
		depth -= *at == ')' && depth > 0;
		at++;
	}
	return false;
}

static const char *missing_format(const char *shown, const struct table *table,
				  const char *default_row_format)
{
	static const char *const formats[] = { "DYNAMIC", "COMPACT", "REDUNDANT" };

	if (!default_row_format || names_format(shown) ||
	    strcasecmp(default_row_format, table->row_format) == 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcasecmp(formats[i], table->row_format) == 0)
			return formats[i];
	return NULL;
}

/* A '?' may be one, or stand for what the server cannot print. */
static bool check_members(const struct table *table, struct error *err)
{
	for (unsigned c = 0; c < table->column_count; c++) {
		const struct column *column = &table->columns[c];

		for (unsigned i = 0; !column->member_bytes && i < column->member_count; i++)
			if (strchr(column->members[i], '?'))
				return error_set(err, ERROR_UNSUPPORTED,
						 "the server does not show all members of the column %s "
						 "exactly: create the table on the target yourself and "
						 "set AllowExistingTargetTable",
						 column->name);
	}
	return true;
}

bool create_exact(struct buf *out, const char *shown, const struct table *table,
		  const char *default_row_format, struct error *err)
{
	struct exact x = {
		.at = shown,
		.out = out,
		.table = table,
		.row_format = missing_format(shown, table, default_row_format),
		.err = err,
	};

	if (!check_members(table, err))
		return false;
	while (*x.at)
		if (!step(&x))
			return false;
	return true;
}
