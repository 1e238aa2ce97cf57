/* Both conditions are evaluated for values that stand for all others. For a column of integers a
 * condition can only change its result at a literal, at 0 (where MOD changes its sign), and from
 * one residue to the next. So between two such places the values next to them stand for all: as
 * many as the least common multiple of the moduli. Of a text it is each literal, and one that is
 * none. The values of several columns are tried with each other. Where that makes too many, nothing
 * is known. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "row_condition.h"

#define COLUMNS_MAX 4
#define PERIOD_MAX 1000
#define VALUES_MAX 20000
#define TRIES_MAX 1000000

struct candidates {
	const struct column *column;
	uint64_t period;      /* of all moduli */
	struct value *values; /* owned, as are their bytes */
	size_t count;
	size_t at; /* the one that is tried */
};

struct search {
	struct candidates columns[COLUMNS_MAX];
	size_t count;
	bool is_too_large;
};

static struct candidates *of_column(struct search *s, const struct column *column)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->columns[i].column == column)
			return &s->columns[i];
	if (s->count == COLUMNS_MAX) {
		s->is_too_large = true;
		return NULL;
	}
	s->columns[s->count] = (struct candidates){ .column = column, .period = 1 };
	return &s->columns[s->count++];
}

static uint64_t common_multiple(uint64_t a, uint64_t b)
{
	uint64_t x = a, y = b;

	while (y > 0) {
		uint64_t rest = x % y;

		x = y;
		y = rest;
	}
	return a / x > PERIOD_MAX / b ? PERIOD_MAX + 1 : a / x * b;
}

static void add(struct search *s, struct candidates *c, const char *bytes, size_t length)
{
	if (c->count == VALUES_MAX)
		s->is_too_large = true;
	if (s->is_too_large)
		return;
	c->values = mem_resize(c->values, c->count + 1, sizeof(*c->values));
	c->values[c->count++] =
		(struct value){ bytes ? mem_memdup(bytes, length) : NULL, bytes ? length : 0 };
}

static bool is_integer(const struct column *column)
{
	return column->type >= COLUMN_TINYINT && column->type <= COLUMN_BIGINT;
}

/* Beyond the range of 64 bits there is nothing. */
static void add_number(struct search *s, struct candidates *c, bool is_negative, uint64_t magnitude)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%s%" PRIu64, is_negative && magnitude ? "-" : "",
			      magnitude);
	const struct column *column = c->column;
	uint64_t most = column->is_unsigned ? UINT64_MAX : INT64_MAX;

	if (is_negative ? !column->is_unsigned && magnitude <= most + 1 : magnitude <= most)
		add(s, c, text, (size_t)length);
}

/* From the literal to both sides. */
static void add_around(struct search *s, struct candidates *c, const struct literal *literal)
{
	add_number(s, c, literal->is_negative, literal->magnitude);
	for (uint64_t i = 1; i <= c->period; i++) {
		/* Away from 0, and towards it and beyond. */
		if (literal->magnitude <= UINT64_MAX - i)
			add_number(s, c, literal->is_negative, literal->magnitude + i);
		if (literal->magnitude >= i)
			add_number(s, c, literal->is_negative, literal->magnitude - i);
		else
			add_number(s, c, !literal->is_negative, i - literal->magnitude);
	}
}

static void collect_columns(struct search *s, const struct node *node)
{
	struct candidates *c;

	if (!node->name) {
		collect_columns(s, node->left);
		if (node->right)
			collect_columns(s, node->right);
		return;
	}
	c = of_column(s, node->column);
	if (c && node->modulus > 0) {
		c->period = node->modulus > PERIOD_MAX ? PERIOD_MAX + 1 :
							 common_multiple(c->period, node->modulus);
		s->is_too_large |= c->period > PERIOD_MAX;
	}
}

static void collect_values(struct search *s, const struct node *node)
{
	struct candidates *c;

	if (!node->name) {
		collect_values(s, node->left);
		if (node->right)
			collect_values(s, node->right);
		return;
	}
	c = of_column(s, node->column);
	for (size_t i = 0; c && i < node->literal_count && !s->is_too_large; i++)
		if (node->literals[i].is_text)
			add(s, c, buf_text(&node->literals[i].bytes),
			    node->literals[i].bytes.length);
		else if (node->modulus == 0)
			add_around(s, c, &node->literals[i]);
}

/* What is no literal: 0 and all near it, a text that is longer than any, NULL. */
static void add_others(struct search *s, struct candidates *c)
{
	const struct literal zero = { .magnitude = 0 };
	struct buf longest = BUF_INIT;

	if (is_integer(c->column)) {
		add_around(s, c, &zero);
	} else {
		for (size_t i = 0; i < c->count; i++)
			if (c->values[i].length >= longest.length) {
				buf_clear(&longest);
				buf_add(&longest, c->values[i].bytes, c->values[i].length);
			}
		buf_putc(&longest, '1');
		add(s, c, longest.data, longest.length);
	}
	if (c->column->is_nullable)
		add(s, c, NULL, 0);
	buf_release(&longest);
}

static void collect(struct search *s, const struct row_filter *a, const struct row_filter *b)
{
	size_t tries = 1;

	collect_columns(s, a->root);
	collect_columns(s, b->root);
	if (s->is_too_large)
		return;
	collect_values(s, a->root);
	collect_values(s, b->root);
	for (size_t i = 0; i < s->count && !s->is_too_large; i++) {
		add_others(s, &s->columns[i]);
		s->is_too_large |= s->columns[i].count > TRIES_MAX / tries;
		tries *= s->columns[i].count;
	}
}

/* The next combination, as a counter counts. */
static bool step(struct search *s, struct value *row)
{
	for (size_t i = 0; i < s->count; i++) {
		struct candidates *c = &s->columns[i];
		bool is_over = ++c->at == c->count;

		if (is_over)
			c->at = 0;
		row[c->column->position] = c->values[c->at];
		if (!is_over)
			return true;
	}
	return false;
}

static void put_example(const struct search *s, struct buf *example)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct candidates *c = &s->columns[i];

		buf_puts(example, i ? ", " : "");
		sql_name(example, c->column->name);
		if (!c->values[c->at].bytes) {
			buf_puts(example, " IS NULL");
			continue;
		}
		buf_putc(example, '=');
		if (is_integer(c->column))
			buf_add(example, c->values[c->at].bytes, c->values[c->at].length);
		else
			sql_bytes(example, c->values[c->at].bytes, c->values[c->at].length);
	}
}

enum filter_overlap row_filter_overlap(const struct row_filter *a, const struct row_filter *b,
				       const struct table *table, struct buf *example)
{
	struct value *row = mem_calloc(table->column_count, sizeof(*row));
	enum filter_overlap answer = FILTERS_DISJOINT;
	struct search s = { .count = 0 };

	collect(&s, a, b);
	for (size_t i = 0; i < s.count && !s.is_too_large; i++)
		row[s.columns[i].column->position] = s.columns[i].values[0];
	if (s.is_too_large) {
		answer = FILTERS_UNKNOWN;
	} else {
		bool found, more = true;

		while (!(found = row_filter_judge(a, NULL, row) == ROW_INSIDE &&
				 row_filter_judge(b, NULL, row) == ROW_INSIDE) &&
		       more)
			more = step(&s, row);
		if (found) {
			answer = FILTERS_OVERLAP;
			put_example(&s, example);
		}
	}
	for (size_t i = 0; i < s.count; i++) {
		for (size_t n = 0; n < s.columns[i].count; n++)
			free((void *)(uintptr_t)s.columns[i].values[n].bytes);
		free(s.columns[i].values);
	}
	free(row);
	return answer;
}
