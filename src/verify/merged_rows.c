/* A missing row (a) may be on its way: its unique value has moved to another row, and its own
 * change stands later in the stream. Or it never comes, as the source tells apart what the
 * target takes for equal. Which of them it is, nobody but the source can say:
 *
 *   1. the source:  the values of a's unique key
 *   2. the target:  the row (b) that has them there, by the target's own comparison, and
 *                   the bytes that it has them as
 *   3. the source:  both rows, by one SELECT
 *
 * If the third finds both, with the very bytes of the first two, then the source held, at one
 * moment, two rows that the target cannot hold. One SELECT reads from one snapshot, of what was
 * committed, so no lock is needed for that; and a value that moves is in one of two rows in any
 * snapshot, as the source's key is unique: there is no false alarm, however fast it moves. (A
 * read that waited for locks would prove the same, and hold up the application.) If a row has
 * changed between the queries nothing is proved, and who asks looks again.
 *
 * A key over an expression or a prefix is left to the cutover's look (owed_check.h), as b could
 * be found by reading the whole table alone; a key of NULLs has no row in its way. */
#include "merged_rows.h"

#include <string.h>

#include "base/probe.h"
#include "plan/key_condition.h"

/* A row's key and its values of the unique key. */
struct holder {
	struct key key;
	struct key values;
};

struct search {
	struct range_diff *c;
	const struct moved_table *t;
	struct key_columns unique;
	struct holder rows[3]; /* of the query at hand; more than two: no matter */
	unsigned count;
};

static void put_select(struct search *s, struct buf *sql, enum side side)
{
	const struct moved_table *t = s->t;

	sql_comment(sql, side == SIDE_SOURCE ? s->c->options->source.marginalia :
					       s->c->options->target.marginalia);
	buf_puts(sql, "SELECT ");
	for (unsigned i = 0; i < t->key.count + s->unique.count; i++) {
		unsigned column =
			i < t->key.count ? t->key.columns[i] : s->unique.columns[i - t->key.count];

		buf_puts(sql, i ? "," : "");
		sql_select_column(sql, &t->source->columns[column]);
	}
	buf_puts(sql, " FROM ");
	if (side == SIDE_SOURCE)
		sql_table_name(sql, t->source->schema, t->source->name);
	else
		sql_table_name(sql, t->target_schema, t->target_name);
	buf_puts(sql, " WHERE ");
}

/* Rows with a NULL are passed over. */
static void take(struct search *s, const struct db_row *row)
{
	struct value values[2 * KEY_COLUMNS_MAX];
	unsigned keys = s->t->key.count;
	struct holder *h = &s->rows[s->count];

	if (row->count != keys + s->unique.count)
		return;
	for (unsigned i = 0; i < row->count; i++) {
		if (!row->values[i])
			return;
		values[i] = (struct value){ row->values[i], row->lengths[i] };
	}
	key_set(&h->key, values, keys);
	key_set(&h->values, values + keys, s->unique.count);
	s->count++;
}

static bool query(struct search *s, enum side side, const struct buf *condition, struct error *err)
{
	struct db *db = s->c->db[side];
	enum db_fetch fetched = DB_FAILED;
	struct buf sql = BUF_INIT;
	struct db_row row;

	s->count = 0;
	put_select(s, &sql, side);
	buf_add(&sql, condition->data, condition->length);
	buf_puts(&sql, " LIMIT 3");
	if (db_ready(db, err) && db_query(db, sql.data, sql.length, err))
		while ((fetched = db_row_next(db, &row, err)) == DB_ROW)
			if (s->count < 3)
				take(s, &row);
	buf_release(&sql);
	return fetched == DB_END;
}

static bool is_same(const struct key *a, const struct key *b)
{
	for (unsigned i = 0; i < a->count; i++)
		if (a->values[i].length != b->values[i].length ||
		    memcmp(a->values[i].bytes, b->values[i].bytes, a->values[i].length) != 0)
			return false;
	return a->count == b->count;
}

static bool has(const struct search *s, const struct holder *wanted)
{
	for (unsigned i = 0; i < s->count; i++)
		if (is_same(&s->rows[i].key, &wanted->key) &&
		    is_same(&s->rows[i].values, &wanted->values))
			return true;
	return false;
}

static void holder_release(struct holder *h)
{
	key_release(&h->key);
	key_release(&h->values);
}

/* What a condition says of a key, for just its bytes. */
static void put_row(struct buf *sql, const struct moved_table *t, const char *condition,
		    size_t length)
{
	buf_putc(sql, '(');
	key_condition_put_exact(sql, &t->key, condition, length);
	buf_putc(sql, ')');
}

static void put_report(const struct search *s, const char *index, const struct holder *missing,
		       const struct holder *there, struct buf *report)
{
	struct buf key[2] = { BUF_INIT, BUF_INIT }, values[2] = { BUF_INIT, BUF_INIT };

	for (unsigned i = 0; i < 2; i++) {
		const struct holder *h = i ? there : missing;

		range_diff_key_text(&key[i], &s->t->key, &h->key);
		range_diff_key_text(&values[i], &s->unique, &h->values);
	}
	buf_printf(report,
		   "table %s, key %s: the row is missing on the target, and has no place there beside "
		   "the row with key %s: the source's unique key %s tells %s and %s apart, which the "
		   "target's collation takes for equal; give the row that is missing another value on "
		   "the source, or delete it there, and resume; or drop the tables on the target, and "
		   "start without the state and with a finer collation (CollationRewrites, or "
		   "AllowExistingTargetTable and a table with a binary NO PAD collation of these "
		   "columns)",
		   s->t->source->full_name, buf_text(&key[0]), buf_text(&key[1]), index,
		   buf_text(&values[0]), buf_text(&values[1]));
	for (unsigned i = 0; i < 2; i++) {
		buf_release(&key[i]);
		buf_release(&values[i]);
	}
}

/* The three queries, for one unique key. */
static bool search(struct search *s, const char *index, const char *row, size_t length,
		   struct buf *report, struct error *err)
{
	struct holder missing = { .key = KEY_INIT }, there = { .key = KEY_INIT };
	struct buf sql = BUF_INIT, condition = BUF_INIT;

	put_row(&sql, s->t, row, length);
	bool ok = query(s, SIDE_SOURCE, &sql, err);
	bool goes_on = ok && s->count == 1;

	if (goes_on) {
		key_copy(&missing.key, &s->rows[0].key);
		key_copy(&missing.values, &s->rows[0].values);
		sql_key_equals(&condition, &s->unique, missing.values.values);
		ok = query(s, SIDE_TARGET, &condition, err);
		goes_on = ok && s->count == 1 && !is_same(&s->rows[0].key, &missing.key);
	}
	if (goes_on) {
		key_copy(&there.key, &s->rows[0].key);
		key_copy(&there.values, &s->rows[0].values);
		buf_clear(&condition);
		sql_key_equals(&condition, &s->t->key, there.key.values);
		buf_puts(&sql, " OR ");
		put_row(&sql, s->t, condition.data, condition.length);
		ok = query(s, SIDE_SOURCE, &sql, err);
		if (ok && has(s, &missing) && has(s, &there))
			put_report(s, index, &missing, &there, report);
	}
	holder_release(&missing);
	holder_release(&there);
	buf_release(&sql);
	buf_release(&condition);
	return ok;
}

bool merged_rows_find(struct range_diff *c, const struct moved_table *t, const char *condition,
		      size_t length, struct buf *report, struct error *err)
{
	struct search s = { .c = c, .t = t };
	bool ok = true;

	for (unsigned i = 0; ok && report->length == 0 && i < t->source->index_count; i++) {
		const struct table_index *index = &t->source->indexes[i];

		if (!index->is_unique || index->has_expression ||
		    index->part_count > KEY_COLUMNS_MAX)
			continue;
		s.unique = (struct key_columns){ .table = t->source, .count = index->part_count };
		for (unsigned n = 0; n < index->part_count; n++)
			s.unique.columns[n] = index->parts[n].column;
		ok = search(&s, index->name, condition, length, report, err);
	}
	probe("owed_row_searched", "%s", t->source->full_name);
	for (unsigned i = 0; i < sizeof(s.rows) / sizeof(s.rows[0]); i++)
		holder_release(&s.rows[i]);
	return ok;
}
