/* The values are on the source, and only the target knows its collation: it is asked for
 * the weights of each value, which are equal just when the values are. Their hashes are
 * sorted here. */
#include "unique_values.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/collation.h"
#include "db/sql.h"

#define VALUES_PER_QUERY 200
#define HASH_SIZE 32 /* hex digits */
#define SHOWN_MAX 60

struct hash {
	char digits[HASH_SIZE];
};

struct scan {
	const struct unique_values *u;
	struct db *target;
	struct buf sql;	     /* of the values at hand */
	struct buf texts;    /* the same for people, each with a NUL */
	unsigned pending;    /* values at hand */
	struct hash *hashes; /* owned */
	size_t count;
	size_t room;
	bool is_unknown; /* some value has no weight */
	bool is_full;
	const struct hash *wanted; /* second time: texts of this hash are collected */
	struct buf *clashing;
	unsigned found;
};

/* Of an expression NULL. */
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

static void on_hash(struct scan *s, const char *digits, const char *text)
{
	if (s->wanted) {
		if (s->found < 2 && memcmp(s->wanted->digits, digits, HASH_SIZE) == 0)
			buf_printf(s->clashing, "%s'%s'", s->found++ ? " and " : "", text);
		return;
	}
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 1024;
		s->hashes = mem_resize(s->hashes, s->room, sizeof(*s->hashes));
	}
	memcpy(s->hashes[s->count++].digits, digits, HASH_SIZE);
}

static bool flush(struct scan *s, struct error *err)
{
	const char *text = s->texts.data;
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
	for (unsigned i = 0; i < s->pending; i++) {
		if (i >= row.count || !row.values[i] || row.lengths[i] != HASH_SIZE)
			s->is_unknown = true;
		else
			on_hash(s, row.values[i], text);
		text += strlen(text) + 1;
	}
	db_row_finish(s->target);
	buf_clear(&s->sql);
	buf_clear(&s->texts);
	s->pending = 0;
	return true;
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
		s->is_full = s->count > s->u->values_max;
		if (!ok || s->is_unknown || s->is_full || s->found == 2) {
			db_row_finish(source);
			return ok;
		}
	}
	return ok && fetched == DB_END && flush(s, err);
}

static int by_digits(const void *a, const void *b)
{
	return memcmp(a, b, HASH_SIZE);
}

/* The first that is there twice, or NULL; *merged: how many are equal to one before them. */
static const struct hash *find_twice(struct scan *s, uint64_t *merged)
{
	const struct hash *first = NULL;

	*merged = 0;
	if (s->count > 1)
		qsort(s->hashes, s->count, sizeof(*s->hashes), by_digits);
	for (size_t i = 1; i < s->count; i++) {
		if (by_digits(&s->hashes[i - 1], &s->hashes[i]) != 0)
			continue;
		first = first ? first : &s->hashes[i];
		++*merged;
	}
	return first;
}

bool unique_values_ask(const struct unique_values *u, struct db *source, struct db *target,
		       enum unique_answer *answer, struct buf *clashing, uint64_t *merged,
		       struct error *err)
{
	struct scan s = { .u = u, .target = target, .clashing = clashing };
	bool ok = scan_all(&s, source, err);

	*answer = s.is_unknown ? UNIQUE_UNKNOWN : s.is_full ? UNIQUE_TOO_MANY : UNIQUE_APART;
	if (ok && *answer == UNIQUE_APART && (s.wanted = find_twice(&s, merged))) {
		*answer = UNIQUE_CLASHING;
		ok = scan_all(&s, source, err);
	}
	buf_release(&s.sql);
	buf_release(&s.texts);
	free(s.hashes);
	return ok || error_wrap(err, "compare the values of unique key %s of %s", u->index->name,
				u->table->full_name);
}
