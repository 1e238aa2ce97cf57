/* The text becomes tokens, these a tree by recursive descent, which row_filter_bind() ties to a
 * table. Three-valued logic as in SQL. BETWEEN becomes two comparisons, so that no rule about
 * mixed types of three operands is needed.
 *
 * Why literals must lie in the range of their column: what servers do about a comparison of
 * BIGINT UNSIGNED with a negative number differs between contexts, and such a condition is a
 * slip more often than not. */
#include "plan/row_filter.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define DEPTH_MAX 64
#define SHOWN_MAX 40
#define SYNTAX                                                                                     \
	"a condition is made of comparisons of columns with literals (=, <>, <, <=, "              \
	">, >=, BETWEEN, IN, IS NULL, MOD), AND, OR, NOT and parentheses"

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_NULL, NODE_COMPARE, NODE_IN };
enum comparison { EQUAL, UNEQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL };
enum truth { NO, UNKNOWN, YES };

static const char *const signs[] = { "=", "<>", "<", "<=", ">", ">=" };

struct literal {
	bool is_text;
	bool is_negative; /* of a number that is not 0 */
	uint64_t magnitude;
	struct buf bytes; /* of a text */
};

struct node {
	enum node_kind kind;
	struct node *left, *right; /* owned: of AND, OR, NOT */
	/* Of tests. */
	enum comparison comparison;
	char *name;	  /* owned */
	bool is_binary;	  /* BINARY column */
	uint64_t modulus; /* 0: the column itself */
	struct literal *literals;
	size_t literal_count;
	const struct column *column; /* once bound */
};

struct row_filter {
	struct node *root;
};

/* --- tokens -------------------------------------------------------------------------- */

enum token {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_QUOTED_NAME,
	TOKEN_NUMBER,
	TOKEN_TEXT,
	TOKEN_HEX,
	TOKEN_SIGN
};

struct parser {
	const char *begin;
	const char *at; /* behind the token */
	enum token token;
	const char *token_at;
	size_t token_length;
	struct buf word; /* of names without their quotes, of texts their bytes */
	unsigned depth;
	struct error *err;
};

static bool fail(struct parser *p, const char *what)
{
	int length = (int)strnlen(p->token_at, SHOWN_MAX);

	return error_set(p->err, ERROR_CONFIG, "%s at byte %zu (%s%.*s): " SYNTAX, what,
			 (size_t)(p->token_at - p->begin) + 1, length ? "" : "its end", length,
			 p->token_at);
}

/* A quote within is there twice. */
static bool read_quoted(struct parser *p, char quote)
{
	for (p->at++; *p->at; p->at++) {
		if (*p->at == quote && *++p->at != quote)
			return true;
		if (quote == '\'' && (*p->at == '\\' || (unsigned char)*p->at >= 0x80))
			return fail(p,
				    "a text is of ASCII, without backslashes (else x'...'), but not");
		buf_putc(&p->word, *p->at);
	}
	return fail(p, "a quote is not closed");
}

static bool read_hex(struct parser *p)
{
	p->at += 2;
	for (; isxdigit((unsigned char)p->at[0]) && isxdigit((unsigned char)p->at[1]); p->at += 2) {
		char pair[] = { p->at[0], p->at[1], '\0' };

		buf_putc(&p->word, (char)strtoul(pair, NULL, 16));
	}
	return *p->at++ == '\'' || fail(p, "no whole bytes in hex");
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static void read_plain(struct parser *p)
{
	while (is_name(*p->at))
		p->at++;
	buf_add(&p->word, p->token_at, (size_t)(p->at - p->token_at));
	p->token = p->word.length == strspn(buf_text(&p->word), "0123456789") ? TOKEN_NUMBER :
										TOKEN_NAME;
}

static bool next(struct parser *p)
{
	bool ok = true;

	while (isspace((unsigned char)*p->at))
		p->at++;
	buf_clear(&p->word);
	p->token_at = p->at;
	if (!*p->at) {
		p->token = TOKEN_END;
	} else if (*p->at == '\'') {
		p->token = TOKEN_TEXT;
		ok = read_quoted(p, '\'');
	} else if (*p->at == '`') {
		p->token = TOKEN_QUOTED_NAME;
		ok = read_quoted(p, '`');
	} else if ((*p->at == 'x' || *p->at == 'X') && p->at[1] == '\'') {
		p->token = TOKEN_HEX;
		ok = read_hex(p);
	} else if (is_name(*p->at)) {
		read_plain(p);
	} else {
		p->token = TOKEN_SIGN;
		p->at += strchr("<>!", *p->at) && strchr("=>", p->at[1]) && p->at[1] ? 2 : 1;
	}
	p->token_length = (size_t)(p->at - p->token_at);
	return ok;
}

static bool is_sign(const struct parser *p, const char *sign)
{
	return p->token == TOKEN_SIGN && p->token_length == strlen(sign) &&
	       memcmp(p->token_at, sign, p->token_length) == 0;
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->token == TOKEN_NAME && strcasecmp(buf_text(&p->word), word) == 0;
}

static bool expect_sign(struct parser *p, const char *sign, const char *what)
{
	return is_sign(p, sign) ? next(p) : fail(p, what);
}

static bool expect_word(struct parser *p, const char *word)
{
	return is_word(p, word) ? next(p) : fail(p, "a word is missing");
}

/* --- the tree ------------------------------------------------------------------------ */

static struct node *node_new(enum node_kind kind, struct node *left, struct node *right)
{
	struct node *node = mem_calloc(1, sizeof(*node));

	*node = (struct node){ .kind = kind, .left = left, .right = right };
	return node;
}

static void node_free(struct node *node)
{
	if (!node)
		return;
	node_free(node->left);
	node_free(node->right);
	for (size_t i = 0; i < node->literal_count; i++)
		buf_release(&node->literals[i].bytes);
	free(node->literals);
	free(node->name);
	free(node);
}

static bool read_magnitude(struct parser *p, uint64_t *magnitude)
{
	*magnitude = 0;
	if (p->token != TOKEN_NUMBER)
		return fail(p, "an integer is missing");
	for (const char *c = buf_text(&p->word); *c; c++) {
		unsigned digit = (unsigned)(*c - '0');

		if (*magnitude > (UINT64_MAX - digit) / 10)
			return fail(p, "an integer is too large");
		*magnitude = *magnitude * 10 + digit;
	}
	return next(p);
}

static bool read_literal(struct parser *p, struct node *node)
{
	node->literals =
		mem_resize(node->literals, node->literal_count + 1, sizeof(*node->literals));

	struct literal *literal = &node->literals[node->literal_count++];

	*literal = (struct literal){ .bytes = BUF_INIT };
	if (p->token == TOKEN_TEXT || p->token == TOKEN_HEX) {
		literal->is_text = true;
		buf_add(&literal->bytes, p->word.data, p->word.length);
		return next(p);
	}
	bool is_negative = is_sign(p, "-");

	if ((is_negative && !next(p)) || !read_magnitude(p, &literal->magnitude))
		return false;
	literal->is_negative = is_negative && literal->magnitude > 0;
	return true;
}

static bool read_column(struct parser *p, struct node *node)
{
	static const char *const words[] = { "AND", "OR",   "NOT", "BETWEEN", "IN",
					     "IS",  "NULL", "MOD", "DIV",     "XOR" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (is_word(p, words[i]))
			return fail(p, "a column is missing");
	if (p->token != TOKEN_NAME && p->token != TOKEN_QUOTED_NAME)
		return fail(p, "a column is missing");
	node->name = mem_strdup(buf_text(&p->word));
	return next(p);
}

static bool read_modulus(struct parser *p, struct node *node)
{
	if (!read_magnitude(p, &node->modulus))
		return false;
	return node->modulus > 0 || fail(p, "MOD by 0");
}

/* What is compared. */
static bool read_what(struct parser *p, struct node *node)
{
	if (is_word(p, "MOD"))
		return next(p) && expect_sign(p, "(", "( is missing") && read_column(p, node) &&
		       expect_sign(p, ",", ", is missing") && read_modulus(p, node) &&
		       expect_sign(p, ")", ") is missing");
	node->is_binary = is_word(p, "BINARY");
	if ((node->is_binary && !next(p)) || !read_column(p, node))
		return false;
	if (!node->is_binary && (is_sign(p, "%") || is_word(p, "MOD")))
		return next(p) && read_modulus(p, node);
	return true;
}

static bool read_null(struct parser *p, struct node *node, bool *is_not)
{
	node->kind = NODE_NULL;
	if (node->modulus > 0)
		return fail(p, "IS NULL of something else than a column");
	*is_not = is_word(p, "NOT");
	return (!*is_not || next(p)) && expect_word(p, "NULL");
}

static bool read_list(struct parser *p, struct node *node)
{
	node->kind = NODE_IN;
	if (!expect_sign(p, "(", "( is missing") || !read_literal(p, node))
		return false;
	while (is_sign(p, ","))
		if (!next(p) || !read_literal(p, node))
			return false;
	return expect_sign(p, ")", ") is missing");
}

/* Two comparisons: *made is taken apart. */
static bool read_between(struct parser *p, struct node **made)
{
	struct node *low = *made, *high = node_new(NODE_COMPARE, NULL, NULL);

	high->name = mem_strdup(low->name);
	high->is_binary = low->is_binary;
	high->modulus = low->modulus;
	low->comparison = GREATER_EQUAL;
	high->comparison = LESS_EQUAL;
	*made = node_new(NODE_AND, low, high);
	return read_literal(p, low) && expect_word(p, "AND") && read_literal(p, high);
}

static bool read_comparison(struct parser *p, struct node *node)
{
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		if (!is_sign(p, signs[i]) && !(i == UNEQUAL && is_sign(p, "!=")))
			continue;
		node->comparison = (enum comparison)i;
		return next(p) && read_literal(p, node);
	}
	return fail(p, "a comparison is missing");
}

static bool read_test(struct parser *p, struct node **made)
{
	struct node *node = *made = node_new(NODE_COMPARE, NULL, NULL);
	bool is_not = false, ok;

	if (!read_what(p, node))
		return false;
	if (is_word(p, "IS")) {
		ok = next(p) && read_null(p, node, &is_not);
	} else {
		is_not = is_word(p, "NOT");
		if (is_not && !next(p))
			return false;
		if (is_word(p, "IN"))
			ok = next(p) && read_list(p, node);
		else if (is_word(p, "BETWEEN"))
			ok = next(p) && read_between(p, made);
		else
			ok = is_not ? fail(p, "IN or BETWEEN is missing") : read_comparison(p, node);
	}
	if (is_not)
		*made = node_new(NODE_NOT, *made, NULL);
	return ok;
}

static bool read_condition(struct parser *p, struct node **made);

static bool read_factor(struct parser *p, struct node **made)
{
	bool ok;

	if (++p->depth > DEPTH_MAX)
		return fail(p, "too many levels");
	if (is_word(p, "NOT")) {
		struct node *inner = NULL;

		ok = next(p) && read_factor(p, &inner);
		*made = node_new(NODE_NOT, inner, NULL);
	} else if (is_sign(p, "(")) {
		ok = next(p) && read_condition(p, made) && expect_sign(p, ")", ") is missing");
	} else {
		ok = read_test(p, made);
	}
	p->depth--;
	return ok;
}

/* One kind of operator, from left to right. */
static bool read_chain(struct parser *p, struct node **made, const char *word, enum node_kind kind,
		       bool (*read)(struct parser *p, struct node **made))
{
	if (!read(p, made))
		return false;
	for (unsigned count = 1; is_word(p, word); count++) {
		struct node *right = NULL;
		bool ok = count < DEPTH_MAX || fail(p, "too many of AND or OR in a row (IN may do)");

		ok = ok && next(p) && read(p, &right);
		*made = node_new(kind, *made, right);
		if (!ok)
			return false;
	}
	return true;
}

static bool read_conjunction(struct parser *p, struct node **made)
{
	return read_chain(p, made, "AND", NODE_AND, read_factor);
}

static bool read_condition(struct parser *p, struct node **made)
{
	return read_chain(p, made, "OR", NODE_OR, read_conjunction);
}

struct row_filter *row_filter_parse(const char *text, struct error *err)
{
	struct parser p = {
		.begin = text, .at = text, .token_at = text, .word = BUF_INIT, .err = err
	};
	struct row_filter *filter = mem_calloc(1, sizeof(*filter));
	bool ok = next(&p) && read_condition(&p, &filter->root) &&
		  (p.token == TOKEN_END || fail(&p, "the condition goes on"));

	buf_release(&p.word);
	if (ok)
		return filter;
	row_filter_free(filter);
	return NULL;
}

void row_filter_free(struct row_filter *filter)
{
	if (filter)
		node_free(filter->root);
	free(filter);
}

/* --- a table's columns ----------------------------------------------------------------- */

/* 0: no integer. */
static unsigned integer_bits(const struct column *column)
{
	switch (column->type) {
	case COLUMN_TINYINT:
		return 8;
	case COLUMN_SMALLINT:
		return 16;
	case COLUMN_MEDIUMINT:
		return 24;
	case COLUMN_INT:
		return 32;
	case COLUMN_BIGINT:
		return 64;
	default:
		return 0;
	}
}

static bool check_number(const struct node *node, const struct literal *literal, struct error *err)
{
	const struct column *column = node->column;
	unsigned bits = integer_bits(column);
	uint64_t most = UINT64_MAX >> (64 - bits + !column->is_unsigned);

	if (literal->is_text)
		return error_set(err, ERROR_CONFIG, "column %s is compared with a text",
				 column->name);
	if (literal->is_negative ? column->is_unsigned || literal->magnitude > most + 1 :
				   literal->magnitude > most)
		return error_set(err, ERROR_CONFIG, "%s%" PRIu64 " is beyond the range of column %s",
				 literal->is_negative ? "-" : "", literal->magnitude, column->name);
	return true;
}

static bool is_bytes(const struct column *column)
{
	return column->type == COLUMN_BINARY || column->type == COLUMN_VARBINARY;
}

static bool check_text(const struct node *node, const struct literal *literal, struct error *err)
{
	const struct column *column = node->column;

	if (!literal->is_text)
		return error_set(err, ERROR_CONFIG, "column %s is compared with a number",
				 column->name);
	if (column->type == COLUMN_BINARY && literal->bytes.length != column->max_octets)
		return error_set(err, ERROR_CONFIG,
				 "column %s holds %" PRIu64 " bytes, and is compared with %zu",
				 column->name, column->max_octets, literal->bytes.length);
	return true;
}

static bool check_text_column(const struct node *node, struct error *err)
{
	static const char *const wide[] = { "ucs2", "utf16", "utf16le", "utf32" };
	const struct column *column = node->column;

	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (strcmp(column->charset, wide[i]) == 0)
			return error_set(err, ERROR_CONFIG, "column %s has the character set %s",
					 column->name, column->charset);
	if (!is_bytes(column) && !node->is_binary)
		return error_set(err, ERROR_CONFIG,
				 "column %s is compared by its collation, which only the server can "
				 "do: write BINARY %s, by which texts are equal byte by byte",
				 column->name, column->name);
	if (node->modulus > 0 || (node->kind == NODE_COMPARE && node->comparison > UNEQUAL))
		return error_set(err, ERROR_CONFIG,
				 "column %s is a text: only =, <>, IN and IS NULL are known for it",
				 column->name);
	return true;
}

static bool check_test(const struct node *node, struct error *err)
{
	const struct column *column = node->column;
	bool is_integer = integer_bits(column) > 0;
	bool ok = true;

	if (node->kind == NODE_NULL)
		return !node->is_binary ||
		       error_set(err, ERROR_CONFIG, "BINARY is not needed for IS NULL");
	if (is_integer && node->is_binary)
		return error_set(err, ERROR_CONFIG, "column %s is a number, not BINARY",
				 column->name);
	if (!is_integer && !is_bytes(column) && column->type != COLUMN_CHAR &&
	    column->type != COLUMN_VARCHAR)
		return error_set(err, ERROR_CONFIG,
				 "column %s is of type %s; integers, CHAR, VARCHAR, BINARY and "
				 "VARBINARY are known, all others for IS NULL alone",
				 column->name, column->raw_type);
	if (!is_integer && !check_text_column(node, err))
		return false;
	for (size_t i = 0; ok && i < node->literal_count; i++)
		ok = is_integer ? check_number(node, &node->literals[i], err) :
				  check_text(node, &node->literals[i], err);
	return ok;
}

static bool bind(struct node *node, const struct table *table, struct error *err)
{
	if (!node->name)
		return bind(node->left, table, err) &&
		       (!node->right || bind(node->right, table, err));
	for (unsigned i = 0; i < table->column_count; i++)
		if (strcasecmp(table->columns[i].name, node->name) == 0)
			node->column = &table->columns[i];
	if (!node->column)
		return error_set(err, ERROR_CONFIG, "there is no column %s", node->name);
	if (node->column->generation != COLUMN_PLAIN)
		return error_set(err, ERROR_CONFIG,
				 "column %s is generated: what it is made from is known, so write that",
				 node->name);
	return check_test(node, err);
}

bool row_filter_bind(struct row_filter *filter, const struct table *table, struct error *err)
{
	return bind(filter->root, table, err);
}

/* Texts may be equal for the index that differ in bytes. */
static bool is_decided(const struct node *node, const struct table_index *index)
{
	if (!node->name)
		return is_decided(node->left, index) &&
		       (!node->right || is_decided(node->right, index));
	for (unsigned i = 0; i < index->part_count; i++)
		if (index->parts[i].column == node->column->position && !index->parts[i].prefix)
			return !column_is_text(node->column);
	return false;
}

bool row_filter_is_decided_by(const struct row_filter *filter, const struct table_index *index)
{
	return is_decided(filter->root, index);
}

/* --- SQL ------------------------------------------------------------------------------- */

static void put_literal(struct buf *sql, const struct literal *literal)
{
	if (literal->is_text)
		sql_hex(sql, literal->bytes.data, literal->bytes.length);
	else
		buf_printf(sql, "%s%" PRIu64, literal->is_negative ? "-" : "", literal->magnitude);
}

static void put_what(struct buf *sql, const struct node *node)
{
	if (node->is_binary)
		buf_puts(sql, "CAST(");
	sql_name(sql, node->column->name);
	if (node->is_binary)
		buf_puts(sql, " AS BINARY)");
	if (node->modulus > 0)
		buf_printf(sql, " %% %" PRIu64, node->modulus);
}

static void put(struct buf *sql, const struct node *node)
{
	buf_putc(sql, '(');
	switch (node->kind) {
	case NODE_AND:
	case NODE_OR:
		put(sql, node->left);
		buf_puts(sql, node->kind == NODE_AND ? " AND " : " OR ");
		put(sql, node->right);
		break;
	case NODE_NOT:
		buf_puts(sql, "NOT ");
		put(sql, node->left);
		break;
	case NODE_NULL:
		put_what(sql, node);
		buf_puts(sql, " IS NULL");
		break;
	case NODE_COMPARE:
		put_what(sql, node);
		buf_printf(sql, " %s ", signs[node->comparison]);
		put_literal(sql, &node->literals[0]);
		break;
	case NODE_IN:
		put_what(sql, node);
		for (size_t i = 0; i < node->literal_count; i++) {
			buf_puts(sql, i ? "," : " IN (");
			put_literal(sql, &node->literals[i]);
		}
		buf_putc(sql, ')');
		break;
	}
	buf_putc(sql, ')');
}

void row_filter_put(struct buf *sql, const struct row_filter *filter)
{
	put(sql, filter->root);
}

/* --- rows of the binlog ------------------------------------------------------------------ */

static int compare_numbers(const struct node *node, struct value value,
			   const struct literal *literal)
{
	bool is_negative = value.length > 0 && value.bytes[0] == '-';
	uint64_t magnitude = 0;

	for (size_t i = is_negative; i < value.length; i++)
		magnitude = magnitude * 10 + (uint64_t)(value.bytes[i] - '0');
	if (node->modulus > 0) /* with the sign of the column's value, as in SQL */
		magnitude %= node->modulus;
	is_negative = is_negative && magnitude > 0;
	if (is_negative != literal->is_negative)
		return is_negative ? -1 : 1;
	if (magnitude == literal->magnitude)
		return 0;
	return (magnitude < literal->magnitude) == is_negative ? 1 : -1;
}

/* Of texts only whether it is 0. */
static int compare(const struct node *node, struct value value, const struct literal *literal)
{
	if (!literal->is_text)
		return compare_numbers(node, value, literal);
	if (value.length != literal->bytes.length)
		return 1;
	return value.length > 0 ? memcmp(value.bytes, literal->bytes.data, value.length) : 0;
}

static enum truth test(const struct node *node, struct value value)
{
	int order = 0;
	bool is_true = false;

	if (node->kind == NODE_NULL)
		return value.bytes ? NO : YES;
	if (!value.bytes)
		return UNKNOWN;
	for (size_t i = 0; node->kind == NODE_IN && !is_true && i < node->literal_count; i++)
		is_true = compare(node, value, &node->literals[i]) == 0;
	if (node->kind == NODE_IN)
		return is_true ? YES : NO;
	order = compare(node, value, &node->literals[0]);
	switch (node->comparison) {
	case EQUAL:
		return order == 0 ? YES : NO;
	case UNEQUAL:
		return order != 0 ? YES : NO;
	case LESS:
		return order < 0 ? YES : NO;
	case LESS_EQUAL:
		return order <= 0 ? YES : NO;
	case GREATER:
		return order > 0 ? YES : NO;
	case GREATER_EQUAL:
		return order >= 0 ? YES : NO;
	}
	return UNKNOWN;
}

/* NO, UNKNOWN, YES are in the order of SQL: AND is the smaller one, OR the larger. */
static enum truth evaluate(const struct node *node, const struct value *values)
{
	if (node->name)
		return test(node, values[node->column->position]);

	enum truth left = evaluate(node->left, values);

	if (node->kind == NODE_NOT)
		return left == UNKNOWN ? UNKNOWN : left == YES ? NO : YES;

	enum truth right = evaluate(node->right, values);

	if (node->kind == NODE_AND)
		return left < right ? left : right;
	return left > right ? left : right;
}

static bool chooses(const struct row_filter *filter, const struct value *values)
{
	return evaluate(filter->root, values) == YES;
}

enum row_part row_filter_judge(const struct row_filter *filter, const struct value *before,
			       const struct value *after)
{
	bool was = chooses(filter, before ? before : after);
	bool is = chooses(filter, after ? after : before);

	if (was != is)
		return ROW_CROSSES;
	return is ? ROW_INSIDE : ROW_OUTSIDE;
}
