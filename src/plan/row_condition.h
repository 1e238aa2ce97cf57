/* A condition of Tables.Where as a tree; its grammar stands in plan/row_filter.h. */
#ifndef PLAN_ROW_CONDITION_H
#define PLAN_ROW_CONDITION_H

#include "plan/row_filter.h"

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_NULL, NODE_COMPARE, NODE_IN };
enum comparison { EQUAL, UNEQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, COMPARISONS };
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

extern const char *const comparison_signs[COMPARISONS];

/* NULL: *err says what is wrong, and where. */
struct node *condition_parse(const char *text, struct error *err) MUST_CHECK;
void condition_free(struct node *node);

#endif
