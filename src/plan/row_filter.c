/* Three-valued logic as in SQL.
 *
 * Why literals must lie in the range of their column: what servers do about a comparison of BIGINT
 * UNSIGNED with a negative number differs between contexts, and such a condition is usually a
 * mistake. */
#include "plan/row_filter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "row_condition.h"

enum truth { NO, UNKNOWN, YES };

struct row_filter *row_filter_parse(const char *text, struct error *err)
{
	struct node *root = condition_parse(text, err);
	struct row_filter *filter = NULL;

	if (root) {
		filter = mem_calloc(1, sizeof(*filter));
		filter->root = root;
	}
	return filter;
}

void row_filter_free(struct row_filter *filter)
{
	if (filter)
		condition_free(filter->root);
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
		buf_printf(sql, " %s ", comparison_signs[node->comparison]);
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
	case COMPARISONS:
		break;
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
