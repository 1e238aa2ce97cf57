/* JSON documents as SQL, types included.
 *
 * The document goes as its text, and what the server would not parse into what it was is corrected
 * by a JSON_REPLACE around it. All of it was tried on MySQL 9.7:
 *  - 1.50 is a DECIMAL with that scale, 5. one without decimals; 1.5e0 a DOUBLE;
 *  - CAST(... AS DATE/TIME(6)/DATETIME(6)/UNSIGNED) give what they say;
 *  - only a column gives a TIMESTAMP, a BIT or a BLOB: JSON_TABLE has columns.
 * A DOUBLE is left to the server's JSON parser only where any parser must find it:
 * at most 15 digits, times or divided by an exact power of ten. Older versions of
 * that parser miss others by the last bit.
 *
 * How the copy finds the types: JSON_TABLE(doc, '$**[0]') makes a row of every scalar.
 * "**" finds all values, and [0] of what is no array is that value itself. */
#include "db/sql_json.h"

#include <stdlib.h>

enum {
	DEPTH_MAX = 200,       /* the servers allow 100 */
	EXACT_DIGITS_MAX = 15, /* below 2^53 */
	EXACT_POWER_MAX = 22,  /* 10^22 is a double */
	VARCHAR_BYTES_MAX = 65535,
};

/* Walks the text and writes what is to be replaced. */
struct walk {
	const char *at;
	const char *end;
	struct buf path; /* of the current value */
	struct buf *out; /* ",path,value" for each */
	uint64_t seen;	 /* values counted so far */
	unsigned depth;
	/* The rest of the list, and its first entry. */
	const char *list;
	const char *list_end;
	uint64_t wanted; /* 0: none left */
	const char *type;
	size_t type_length;
	struct error *err;
};

size_t sql_json_text_length(struct value value)
{
	const char *end = memchr(value.bytes, '\0', value.length);

	return end ? (size_t)(end - value.bytes) : value.length;
}

static bool fail_text(struct walk *w)
{
	return error_set(w->err, ERROR_CORRUPT,
			 "a JSON document and the list of its types do not fit (behind value %llu)",
			 (unsigned long long)w->seen);
}

static bool fail_type(struct walk *w, const char *why)
{
	return error_set(w->err, ERROR_UNSUPPORTED,
			 "a JSON document holds a value of type %.*s at %.200s that cannot be "
			 "written exactly: %s (AllowInexactJSON carries such values as text)",
			 (int)w->type_length, w->type, buf_text(&w->path), why);
}

static bool next_type(struct walk *w)
{
	const char *at = w->list;

	w->wanted = 0;
	if (at == w->list_end)
		return true;
	while (at < w->list_end && *at >= '0' && *at <= '9' && w->wanted < UINT64_MAX / 100)
		w->wanted = w->wanted * 10 + (uint64_t)(*at++ - '0');
	if (at == w->list_end || *at != ' ' || w->wanted <= w->seen)
		return fail_text(w);
	w->type = ++at;
	while (at < w->list_end && *at != ',')
		at++;
	w->type_length = (size_t)(at - w->type);
	w->list = at < w->list_end ? at + 1 : at;
	return true;
}

/* A token: a number, a word, or a string with its quotes. */
struct token {
	const char *bytes;
	size_t length;
};

#define COLUMN_BEGIN "(SELECT j.x FROM JSON_TABLE('["
#define COLUMN_END(type) "]','$[0]' COLUMNS(x " type " PATH '$' ERROR ON ERROR)) j)"

/* Lines are broken with "\n". */
static bool read_base64(const char *at, const char *end, struct buf *bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	unsigned have = 0;

	for (; at < end && *at != '='; at++) {
		const char *digit = *at ? strchr(digits, *at) : NULL;

		if (*at == '\\' && end - at > 1 && at[1] == 'n') {
			at++;
			continue;
		}
		if (!digit)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_putc(bytes, (char)(bits >> have));
		}
	}
	return true;
}

/* The numbers are the servers' column types (field_types.h). */
static bool put_bytes(struct walk *w, unsigned long type, const struct buf *bytes)
{
	uint64_t number = 0;

	switch (type) {
	case 15: /* VARBINARY, and any expression */
		sql_hex(w->out, buf_text(bytes), bytes->length);
		return true;
	case 16: /* BIT */
		if (bytes->length == 0 || bytes->length > 8)
			return fail_text(w);
		for (size_t i = 0; i < bytes->length; i++)
			number = number << 8 | (unsigned char)bytes->data[i];
		buf_puts(w->out, COLUMN_BEGIN);
		buf_put_u64(w->out, number);
		buf_printf(w->out, "]','$[0]' COLUMNS(x BIT(%zu) PATH '$' ERROR ON ERROR)) j)",
			   bytes->length * 8);
		return true;
	case 250: /* MEDIUMBLOB */
		if (bytes->length <= VARCHAR_BYTES_MAX)
			return fail_type(w, "it is of a MEDIUMBLOB");
		buf_puts(w->out, "CAST(");
		sql_hex(w->out, buf_text(bytes), bytes->length);
		buf_printf(w->out, " AS BINARY(%zu))", bytes->length);
		return true;
	case 251: /* LONGBLOB */
		buf_puts(w->out, "(SELECT UNHEX(j.x) FROM JSON_TABLE('[\"");
		buf_put_hex(w->out, buf_text(bytes), bytes->length);
		buf_puts(w->out, "\"" COLUMN_END("LONGTEXT"));
		return true;
	case 252: /* BLOB */
		buf_puts(w->out, "COALESCE(" COLUMN_BEGIN "null" COLUMN_END("BLOB") ",");
		sql_hex(w->out, buf_text(bytes), bytes->length);
		buf_putc(w->out, ')');
		return true;
	case 254: /* BINARY: a recursive query has the column types of its first part */
		buf_printf(w->out,
			   "(WITH RECURSIVE c(n,x) AS (SELECT 0,j.x FROM JSON_TABLE('[\"\"]','$[0]' "
			   "COLUMNS(x BINARY(%zu) PATH '$')) j UNION ALL SELECT 1,",
			   bytes->length);
		sql_hex(w->out, buf_text(bytes), bytes->length);
		buf_puts(w->out, " FROM c WHERE n=0) SELECT x FROM c WHERE n=1)");
		return true;
	default:
		return fail_type(w, "no expression has its column type");
	}
}

/* "base64:type<n>:<digits>" */
static bool put_opaque(struct walk *w, struct token token)
{
	static const char head[] = "\"base64:type";
	size_t head_length = sizeof(head) - 1;
	struct buf bytes = BUF_INIT;
	unsigned long type;
	char *at;
	bool ok;

	if (token.length < head_length + 3 || memcmp(token.bytes, head, head_length) != 0)
		return fail_type(w, "it is not known");
	/* Ends at the quote at the latest. */
	type = strtoul(token.bytes + head_length, &at, 10);
	ok = *at == ':' && read_base64(at + 1, token.bytes + token.length - 1, &bytes);
	ok = ok ? put_bytes(w, type, &bytes) : fail_text(w);
	buf_release(&bytes);
	return ok;
}

#define DATE_SIGNS "0123456789-:. "

static const struct json_type {
	const char *name;
	bool is_quoted;
	const char *signs; /* of which the value consists */
	const char *before;
	const char *after;
} json_types[] = {
	{ "DATE", true, DATE_SIGNS, "CAST('", "' AS DATE)" },
	{ "DATETIME", true, DATE_SIGNS, "CAST('", "' AS DATETIME(6))" },
	{ "DECIMAL", false, "-.0123456789", "", "" },
	{ "INTEGER", false, "-0123456789", "", "" },
	{ "TIME", true, DATE_SIGNS, "CAST('", "' AS TIME(6))" },
	{ "TIMESTAMP", true, DATE_SIGNS, COLUMN_BEGIN "\"", "\"" COLUMN_END("TIMESTAMP(6)") },
	{ "UNSIGNED INTEGER", false, "0123456789", "CAST(", " AS UNSIGNED)" },
};

static bool put_typed(struct walk *w, struct token token)
{
	const struct json_type *type = NULL;

	for (size_t i = 0; i < ARRAY_LEN(json_types); i++)
		if (strlen(json_types[i].name) == w->type_length &&
		    memcmp(json_types[i].name, w->type, w->type_length) == 0)
			type = &json_types[i];
	if (!type)
		return put_opaque(w, token);
	if (type->is_quoted) {
		if (token.length < 3 || token.length > 40)
			return fail_text(w);
		token = (struct token){ token.bytes + 1, token.length - 2 };
	}
	for (size_t i = 0; i < token.length; i++)
		if (!token.bytes[i] || !strchr(type->signs, token.bytes[i]))
			return fail_text(w);
	buf_puts(w->out, type->before);
	buf_add(w->out, token.bytes, token.length);
	if (strcmp(type->name, "DECIMAL") == 0 && !memchr(token.bytes, '.', token.length))
		buf_putc(w->out, '.');
	buf_puts(w->out, type->after);
	return true;
}

static void put_quoted(struct buf *sql, const char *bytes, size_t length)
{
	buf_puts(sql, "_utf8mb4");
	sql_bytes(sql, bytes, length);
}

static void put_path(struct walk *w)
{
	buf_putc(w->out, ',');
	put_quoted(w->out, buf_text(&w->path), w->path.length);
	buf_putc(w->out, ',');
}

/* Any parser finds digits * 10^exponent exactly when both are exact doubles. */
static bool is_found_exactly(struct token token)
{
	const char *at = token.bytes;
	const char *end = at + token.length;
	bool is_fraction = false;
	long power = 0;
	long digits = 0;

	for (; at < end && *at != 'e' && *at != 'E'; at++) {
		if (*at == '.') {
			is_fraction = true;
			continue;
		}
		if (*at >= '0' && *at <= '9') {
			digits += digits > 0 || *at != '0';
			power -= is_fraction;
		}
	}
	if (at < end) {
		bool is_negative = ++at < end && *at == '-';
		long exponent = 0; /* one too long is too large in any case */

		if (at < end && (*at == '-' || *at == '+'))
			at++;
		for (; at < end && *at >= '0' && *at <= '9' && exponent < 10000; at++)
			exponent = exponent * 10 + (*at - '0');
		power += is_negative ? -exponent : exponent;
	}
	return digits <= EXACT_DIGITS_MAX && labs(power) <= EXACT_POWER_MAX;
}

static bool is_double(struct token token)
{
	char first = token.bytes[0];

	if (first != '-' && (first < '0' || first > '9'))
		return false;
	for (size_t i = 0; i < token.length; i++)
		if (strchr(".eE", token.bytes[i]))
			return true;
	return false;
}

static bool accept_scalar(struct walk *w, struct token token)
{
	if (w->seen == w->wanted) {
		put_path(w);
		return put_typed(w, token) && next_type(w);
	}
	if (is_double(token) && !is_found_exactly(token)) {
		put_path(w);
		buf_add(w->out, token.bytes, token.length);
		if (!memchr(token.bytes, 'e', token.length))
			buf_puts(w->out, "e0");
	}
	return true;
}

static void skip_blanks(struct walk *w)
{
	while (w->at < w->end && (*w->at == ' ' || *w->at == '\n'))
		w->at++;
}

static bool accept_char(struct walk *w, char c)
{
	skip_blanks(w);
	if (w->at == w->end || *w->at != c)
		return false;
	w->at++;
	return true;
}

/* A string with its quotes; w->at is at the first. */
static bool accept_string(struct walk *w, struct token *token)
{
	const char *at = w->at;

	if (at == w->end || *at != '"')
		return fail_text(w);
	for (at++; at < w->end && *at != '"'; at++)
		if (*at == '\\' && ++at == w->end)
			break;
	if (at >= w->end)
		return fail_text(w);
	*token = (struct token){ w->at, (size_t)(at + 1 - w->at) };
	w->at = at + 1;
	return true;
}

static bool walk_value(struct walk *w, bool is_first);

static bool walk_container(struct walk *w)
{
	bool is_array = *w->at == '[';
	char last = is_array ? ']' : '}';
	size_t path_length = w->path.length;
	struct token key = { NULL, 0 };

	if (++w->depth > DEPTH_MAX)
		return fail_text(w);
	w->at++;
	bool is_over = accept_char(w, last);
	for (uint64_t i = 0; !is_over; i++) {
		if (is_array) {
			buf_putc(&w->path, '[');
			buf_put_u64(&w->path, i);
			buf_putc(&w->path, ']');
		} else {
			skip_blanks(w);
			if (!accept_string(w, &key))
				return false;
			buf_putc(&w->path, '.');
			buf_add(&w->path, key.bytes, key.length);
			if (!accept_char(w, ':'))
				return fail_text(w);
		}
		if (!walk_value(w, is_array && i == 0))
			return false;
		buf_truncate(&w->path, path_length);
		is_over = accept_char(w, last);
		if (!is_over && !accept_char(w, ','))
			return fail_text(w);
	}
	w->depth--;
	return true;
}

static bool walk_value(struct walk *w, bool is_first)
{
	struct token token;
	char c;

	skip_blanks(w);
	c = w->at < w->end ? *w->at : '\0';
	w->seen += c != '[' || is_first;
	if (c == '[' || c == '{')
		return walk_container(w);
	if (c == '"') {
		if (!accept_string(w, &token))
			return false;
		return accept_scalar(w, token);
	}
	/* A number or a word. */
	token = (struct token){ w->at, 0 };
	for (; w->at < w->end; w->at++, token.length++) {
		c = *w->at;
		if (c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') &&
		    (c < 'a' || c > 'z') && c != 'E')
			break;
	}
	return token.length > 0 ? accept_scalar(w, token) : fail_text(w);
}

static bool walk_document(struct walk *w)
{
	buf_putc(&w->path, '$');
	if (!next_type(w) || !walk_value(w, false))
		return false;
	skip_blanks(w);
	return (w->at == w->end && w->wanted == 0) || fail_text(w);
}

/* Most documents have neither a list nor such a number: a quick scan shows it. */
static bool has_hard_double(const char *at, const char *end)
{
	while (at < end) {
		const char *from = at;

		if (*at == '"') {
			for (at++; at < end && *at != '"'; at++)
				at += *at == '\\';
		} else if (*at == '-' || (*at >= '0' && *at <= '9')) {
			struct token token;

			while (at < end && *at != ',' && *at != ']' && *at != '}')
				at++;
			token = (struct token){ from, (size_t)(at - from) };
			if (is_double(token) && !is_found_exactly(token))
				return true;
		}
		at++;
	}
	return false;
}

bool sql_json(struct buf *sql, struct value value, struct error *err)
{
	size_t length = sql_json_text_length(value);
	struct buf replaced = BUF_INIT;
	struct walk w = { .at = value.bytes,
			  .end = value.bytes + length,
			  .out = &replaced,
			  .list = value.bytes + (length < value.length ? length + 1 : length),
			  .list_end = value.bytes + value.length,
			  .err = err };
	bool ok = (length == value.length && !has_hard_double(w.at, w.end)) || walk_document(&w);

	if (ok && replaced.length > 0)
		buf_puts(sql, "JSON_REPLACE(CAST(");
	if (ok)
		put_quoted(sql, value.bytes, length);
	if (ok && replaced.length > 0) {
		buf_puts(sql, " AS JSON)");
		buf_add(sql, replaced.data, replaced.length);
		buf_putc(sql, ')');
	}
	buf_release(&w.path);
	buf_release(&replaced);
	return ok;
}

void sql_json_select_types(struct buf *sql, const struct table *table, const struct column *column)
{
	buf_puts(sql, "(SELECT CONCAT(COUNT(*),':',COALESCE(GROUP_CONCAT(j.n,' ',JSON_TYPE(j.v) "
		      "ORDER BY j.n),'')) FROM JSON_TABLE(");
	sql_table_name(sql, table->schema, table->name);
	buf_putc(sql, '.');
	sql_name(sql, column->name);
	buf_puts(sql, ",'$**[0]' COLUMNS(n FOR ORDINALITY,v JSON PATH '$')) j WHERE "
		      "JSON_TYPE(j.v) NOT IN ('STRING','DOUBLE','BOOLEAN','NULL','OBJECT','ARRAY') "
		      "AND IF(JSON_TYPE(j.v)='INTEGER',j.v>4294967295,"
		      "IF(JSON_TYPE(j.v)='UNSIGNED INTEGER',j.v<=4294967295,1)))");
}

bool sql_json_types(struct value selected, struct value *list)
{
	const char *at = selected.bytes;
	const char *end = at + selected.length;
	uint64_t count = 0;
	uint64_t found;

	if (!at)
		return false;
	while (at < end && *at >= '0' && *at <= '9' && count < UINT64_MAX / 100)
		count = count * 10 + (uint64_t)(*at++ - '0');
	if (at == end || *at++ != ':')
		return false;
	*list = (struct value){ at, (size_t)(end - at) };
	found = at < end;
	for (; at < end; at++)
		found += *at == ',';
	return found == count;
}
