/* The values are on the source, and only the target knows its collation: it computes the weights
 * of each value, which are equal exactly when the values are. Their hashes are compared here. */
#include "unique_values.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plan/collation.h"
#include "db/sql.h"
#include "value_hashes.h"

#define VALUES_PER_QUERY 200
#define HASH_DIGITS (2 * VALUE_HASH_SIZE)
#define SHOWN_MAX 60

struct scan {
	const struct unique_values *u;
	struct db *target;
	struct buf sql;	  /* of the pending values */
	struct buf texts; /* the same, readable, each with a NUL */
	unsigned pending; /* values at hand */
	struct value_hashes hashes;
	bool is_unknown;		 /* some value has no weight */
	const struct value_hash *wanted; /* second time: texts of this hash are collected */
	struct buf *clashing;
	unsigned found;
};

/* NULL for an expression. */
static const struct column *part_column(const struct unique_values *u, unsigned part)
{
	return u->expressions[part] ? NULL : &u->table->columns[u->index->parts[part].column];
}

/* Is the part compared by weight? */
static bool is_text(const struct unique_values *u, unsigned part)
{
	const struct column *column = part_column(u, part);

	return u->collations[part] && (!column || column_is_text(column));
}

static void put_select(struct buf *sql, const struct unique_values *u)
{
	const struct table_index *index = u->index;

	for (unsigned i = 0; i < index->part_count; i++) {
		const struct column *column = part_column(u, i);

		buf_puts(sql, i ? "," : "SELECT ");
		if (!column) {
			buf_printf(sql, is_text(u, i) ? "CONVERT(%s USING utf8mb4)" : "%s",
				   u->expressions[i]);
		} else if (index->parts[i].prefix) {
			buf_puts(sql, "LEFT(");
			sql_name(sql, column->name);
			buf_printf(sql, ",%u)", index->parts[i].prefix);
		} else {
			sql_select_column(sql, column);
		}
	}
	buf_printf(sql, " FROM %s", u->from);
	for (unsigned i = 0; i < index->part_count; i++) {
		buf_puts(sql, i ? " AND " : " WHERE ");
		if (u->expressions[i])
			buf_puts(sql, u->expressions[i]);
		else
			sql_name(sql, part_column(u, i)->name);
		buf_puts(sql, " IS NOT NULL");
	}
}

/* WEIGHT_STRING() has weights for blanks at the end even where they do not count. */
static void put_weight(struct buf *sql, const struct column *column, const char *collation,
		       struct value value)
{
	size_t charset = strcspn(collation, "_");

	buf_puts(sql, "HEX(WEIGHT_STRING(");
	buf_puts(sql, collation_pads(collation) ? "TRIM(TRAILING ' ' FROM " : "(");
	buf_puts(sql, "CONVERT(");
	if (column) {
		sql_key_literal(sql, column, value);
	} else {
		buf_puts(sql, "_utf8mb4 x'");
		buf_put_hex(sql, value.bytes, value.length);
		buf_putc(sql, '\'');
	}
	buf_printf(sql, " USING %.*s)) COLLATE %s))", (int)charset, collation, collation);
}

static void put_text(struct buf *texts, bool is_text_part, struct value value)
{
	size_t length = value.length > SHOWN_MAX ? SHOWN_MAX : value.length;
	bool is_plain = true;

	for (size_t i = 0; is_text_part && i < length; i++)
		is_plain = is_plain && value.bytes[i] >= ' ' && value.bytes[i] <= '~';
	if (is_plain) {
		buf_add(texts, value.bytes, length);
	} else {
		buf_puts(texts, "0x");
		buf_put_hex(texts, value.bytes, length);
	}
	if (length < value.length)
		buf_puts(texts, "...");
}

static void add_value(struct scan *s, const struct db_row *row)
{
	buf_puts(&s->sql, s->pending++ ? ",LEFT(SHA2(CONCAT(''" : "SELECT LEFT(SHA2(CONCAT(''");
	for (unsigned i = 0; i < s->u->index->part_count; i++) {
		struct value value = { row->values[i], row->lengths[i] };

		buf_puts(&s->sql, ",'#',");
		if (is_text(s->u, i)) {
			put_weight(&s->sql, part_column(s->u, i), s->u->collations[i], value);
		} else {
			buf_putc(&s->sql, '\'');
			buf_put_hex(&s->sql, value.bytes, value.length);
			buf_putc(&s->sql, '\'');
		}
		buf_puts(&s->texts, i ? "," : "");
		put_text(&s->texts, is_text(s->u, i), value);
	}
	buf_puts(&s->sql, "),256),32)");
	buf_putc(&s->texts, '\0');
}

static bool on_hash(struct scan *s, const char *digits, const char *text, struct error *err)
{
	struct value_hash hash;

	for (unsigned i = 0; i < VALUE_HASH_SIZE; i++) {
		char byte[3] = { digits[2 * i], digits[2 * i + 1], '\0' };

		hash.bytes[i] = (unsigned char)strtoul(byte, NULL, 16);
	}
	if (!s->wanted)
		return value_hashes_add(&s->hashes, &hash, err);
	if (s->found < 2 && memcmp(s->wanted, &hash, sizeof(hash)) == 0)
		buf_printf(s->clashing, "%s'%s'", s->found++ ? " and " : "", text);
	return true;
}

static bool flush(struct scan *s, struct error *err)
{
	const char *text = s->texts.data;
	bool ok = true;
	struct db_row row;

	if (s->pending == 0)
		return true;
	if (!db_query(s->target, s->sql.data, s->sql.length, err))
		return false;
	switch (db_row_next(s->target, &row, err)) {
	case DB_FAILED:
		return false;
	case DB_END:
		return error_set(err, ERROR_CORRUPT, "%s: weights were asked for, and none came",
				 db_label(s->target));
	case DB_ROW:
		break;
	}
	for (unsigned i = 0; ok && i < s->pending; i++) {
		if (i >= row.count || !row.values[i] || row.lengths[i] != HASH_DIGITS)
			s->is_unknown = true;
		else
			ok = on_hash(s, row.values[i], text, err);
		text += strlen(text) + 1;
	}
	db_row_finish(s->target);
	buf_clear(&s->sql);
	buf_clear(&s->texts);
	s->pending = 0;
	return ok;
}

static bool scan_all(struct scan *s, struct db *source, struct error *err)
{
	struct buf sql = BUF_INIT;
	struct db_row row;
	enum db_fetch fetched = DB_END;

	put_select(&sql, s->u);
	bool ok = db_query(source, sql.data, sql.length, err);

	buf_release(&sql);
	while (ok && (fetched = db_row_next(source, &row, err)) == DB_ROW) {
		add_value(s, &row);
		ok = s->pending < VALUES_PER_QUERY || flush(s, err);
		if (!ok || s->is_unknown || s->found == 2) {
			db_row_finish(source);
			return ok;
		}
	}
	return ok && fetched == DB_END && flush(s, err);
}

bool unique_values_ask(const struct unique_values *u, struct db *source, struct db *target,
		       enum unique_answer *answer, struct buf *clashing, uint64_t *merged,
		       struct error *err)
{
	struct scan s = { .u = u, .target = target, .clashing = clashing };
	struct value_hash twice;

	value_hashes_init(&s.hashes, u->values_max, u->spill_beside);
	*merged = 0;
	bool ok = scan_all(&s, source, err) &&
		  (s.is_unknown || value_hashes_find_twice(&s.hashes, &twice, merged, err));

	*answer = s.is_unknown ? UNIQUE_UNKNOWN : UNIQUE_APART;
	if (ok && *merged > 0) {
		*answer = UNIQUE_CLASHING;
		s.wanted = &twice;
		ok = scan_all(&s, source, err);
	}
	buf_release(&s.sql);
	buf_release(&s.texts);
	value_hashes_release(&s.hashes);
	return ok || error_wrap(err, "compare the values of unique key %s of %s", u->index->name,
				u->table->full_name);
}
