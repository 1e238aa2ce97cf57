/* The text becomes tokens, these a tree by recursive descent. BETWEEN becomes two comparisons, so
 * that no rule about mixed types of three operands is needed. */
#include "row_condition.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define DEPTH_MAX 64
#define SHOWN_MAX 40
#define SYNTAX                                                                                     \
	"a condition is made of comparisons of columns with literals (=, <>, <, <=, "              \
	">, >=, BETWEEN, IN, IS NULL, MOD), AND, OR, NOT and parentheses"

const char *const comparison_signs[COMPARISONS] = { "=", "<>", "<", "<=", ">", ">=" };

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

void condition_free(struct node *node)
{
	if (!node)
		return;
	condition_free(node->left);
	condition_free(node->right);
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
	if (is_word(p, "CAST")) { /* what BINARY becomes in SQL */
		node->is_binary = true;
		return next(p) && expect_sign(p, "(", "( is missing") && read_column(p, node) &&
		       expect_word(p, "AS") && expect_word(p, "BINARY") &&
		       expect_sign(p, ")", ") is missing");
	}
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
	for (size_t i = 0; i < ARRAY_LEN(comparison_signs); i++) {
		if (!is_sign(p, comparison_signs[i]) && !(i == UNEQUAL && is_sign(p, "!=")))
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
		if (!next(p))
			return false;
		node->kind = NODE_NULL;
		is_not = is_word(p, "NOT");
		ok = node->modulus > 0 ? fail(p, "IS NULL of something else than a column") :
					 (!is_not || next(p)) && expect_word(p, "NULL");
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

struct node *condition_parse(const char *text, struct error *err)
{
	struct parser p = {
		.begin = text, .at = text, .token_at = text, .word = BUF_INIT, .err = err
	};
	struct node *root = NULL;
	bool ok = next(&p) && read_condition(&p, &root) &&
		  (p.token == TOKEN_END || fail(&p, "the condition goes on"));

	buf_release(&p.word);
	if (ok)
		return root;
	condition_free(root);
	return NULL;
}
