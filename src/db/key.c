/* Keys and the conditions made of them.
 *
 * A composite key pages with
 *   `a` >= 1 AND (`a` > 1 OR (`a` = 1 AND `b` > 2))
 * and not with (`a`,`b`) > (1,2): on MySQL 9.7 and MariaDB 10.11 alike, EXPLAIN
 * shows a range over all parts of the key for the first (three parts and mixed
 * directions too; LIMIT 100 reads 100 rows) and a scan of the whole index for the
 * second. ENUM and SET are the exception: the servers use no range for "> number"
 * on them and scan the index up to the place, in the right order.
 *
 * A SET with its 64th member is negative to both servers when it is compared with a
 * number, so neither "= 9223372036854775808" nor ">" ever finds it. (`c`|0) is right
 * (and unlike a CAST without a warning), though no index serves it: a SET of 64
 * members is a slow key, but a key. */
#include "db/key.h"

#include <assert.h>

#define SET_MEMBERS_MAX 64

bool key_has_column(const struct key_columns *key, unsigned column)
{
	for (unsigned i = 0; i < key->count; i++)
		if (key->columns[i] == column)
			return true;
	return false;
}

void key_release(struct key *key)
{
	buf_release(&key->bytes);
	key->is_set = false;
	key->count = 0;
}

void key_set(struct key *key, const struct value *values, unsigned count)
{
	struct buf bytes = BUF_INIT;
	size_t total = 0;

	assert(count > 0 && count <= KEY_COLUMNS_MAX);
	for (unsigned i = 0; i < count; i++)
		total += values[i].length;
	/* A new buffer: values may point into the key itself. */
	buf_reserve(&bytes, total);
	for (unsigned i = 0; i < count; i++) {
		struct value copy = { bytes.data + bytes.length, values[i].length };

		assert(values[i].bytes);
		buf_add(&bytes, values[i].bytes, values[i].length);
		key->values[i] = copy;
	}
	buf_release(&key->bytes);
	key->bytes = bytes;
	key->count = count;
	key->is_set = true;
}

void key_copy(struct key *to, const struct key *from)
{
	if (from->is_set) {
		key_set(to, from->values, from->count);
	} else {
		to->is_set = false;
		to->count = 0;
	}
}

static const struct column *key_column(const struct key_columns *columns, unsigned i)
{
	return &columns->table->columns[columns->columns[i]];
}

static void compare(struct buf *sql, const struct key_columns *columns, unsigned i,
		    const char *operator, struct value value)
{
	const struct column *column = key_column(columns, i);
	bool is_wide = column->type == COLUMN_SET && column->member_count >= SET_MEMBERS_MAX;

	buf_puts(sql, is_wide ? "(" : "");
	sql_name(sql, column->name);
	buf_puts(sql, is_wide ? "|0)" : "");
	buf_puts(sql, operator);
	sql_key_literal(sql, column, value);
}

/* How one side of a key looks: the operators for ascending columns, and the same
 * for descending ones. */
struct side {
	const char *beyond[2];
	const char *beyond_or_at[2];
	bool with_key; /* the key itself belongs to this side */
};

static const struct side after_key = { { " > ", " < " }, { " >= ", " <= " }, false };
static const struct side up_to_key = { { " < ", " > " }, { " <= ", " >= " }, true };

static void put_side(struct buf *sql, const struct key_columns *columns, const struct key *key,
		     const struct side *side)
{
	unsigned last = columns->count - 1;

	assert(key->is_set && key->count == columns->count);
	if (last > 0) {
		compare(sql, columns, 0, side->beyond_or_at[columns->descending[0]], key->values[0]);
		buf_puts(sql, " AND ");
	}
	for (unsigned i = 0; i < last; i++) {
		buf_putc(sql, '(');
		compare(sql, columns, i, side->beyond[columns->descending[i]], key->values[i]);
		buf_puts(sql, " OR (");
		compare(sql, columns, i, " = ", key->values[i]);
		buf_puts(sql, " AND ");
	}
	compare(sql, columns, last,
		side->with_key ? side->beyond_or_at[columns->descending[last]] :
				 side->beyond[columns->descending[last]],
		key->values[last]);
	for (unsigned i = 0; i < last; i++)
		buf_puts(sql, "))");
}

void sql_key_after(struct buf *sql, const struct key_columns *columns, const struct key *key)
{
	put_side(sql, columns, key, &after_key);
}

void sql_key_up_to(struct buf *sql, const struct key_columns *columns, const struct key *key)
{
	put_side(sql, columns, key, &up_to_key);
}

void sql_key_equals(struct buf *sql, const struct key_columns *columns, const struct value *values)
{
	for (unsigned i = 0; i < columns->count; i++) {
		if (i > 0)
			buf_puts(sql, " AND ");
		compare(sql, columns, i, " = ", values[i]);
	}
}

void sql_key_order(struct buf *sql, const struct key_columns *columns)
{
	for (unsigned i = 0; i < columns->count; i++) {
		if (i > 0)
			buf_puts(sql, ", ");
		sql_name(sql, key_column(columns, i)->name);
		if (columns->descending[i])
			buf_puts(sql, " DESC");
	}
}
