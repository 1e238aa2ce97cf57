/* The expression that stands for a row.
 *
 *   SHA2(CONCAT_WS('#', CONCAT(ISNULL(`n`),...), `id`, LENGTH(`v`), CAST(`v` AS BINARY),
 *                  ..., SHA2(`blob`,256)), 256)
 *
 * Unambiguous: the flags come first, one digit for each column that may be NULL, and say which of
 * the columns follow (CONCAT_WS leaves NULLs out); a number or a date holds no '#'; short strings
 * are led by their length, long ones replaced by their hash, so that no result grows beyond
 * max_allowed_packet, where the servers would answer NULL. Users of the expression still check that
 * it is not NULL.
 *
 * Why SHA2-256. MD5() and SHA1() are gone from MySQL 9.7; CRC32 is linear: two CRC32s with
 * different seeds collide together, and under BIT_XOR the same change made to two rows cancels
 * itself out. A range is represented by the XOR of 64 bits of each row's hash: of accidental
 * differences one in 10^19 goes unseen. Processor time of the server in microseconds per row,
 * MariaDB 10.11 / MySQL 9.7, of rows of 3 columns and 20 bytes, and of 12 columns and 600 bytes
 * with a TEXT hashed by itself:
 *                                                     20 bytes         600 bytes
 *   CONCAT_WS alone                                  0.08 / 0.25      1.17 / 1.67
 *   CRC32 of it                                      0.17 / 0.33      1.17 / 1.83
 *   SHA2-256 of it                                   0.25 / 0.33      1.42 / 1.92
 *   64 bits by CONV, derived table (as it is done)   0.42 / 0.58      1.58 / 2.08
 *   128 bits by CONV, outside the derived table      0.83 / 0.83      1.92 / 2.42
 *   BIT_XOR of the binary hash (MySQL 8 alone)          - / 0.33         - / 1.83
 * Today's processors do SHA-256 in hardware, so the strong hash hardly costs more than CRC32, and
 * most of the time goes into making text of the values.
 *
 * FLOAT and DOUBLE: as part of an expression MySQL prints 22 characters of a double at
 * most, which cuts off the last digits of -2.2250738585072014e-308. A DOUBLE column
 * alone is printed whole; of a FLOAT, sign and absolute value fit.
 *
 * MariaDB prints 0.00001 where MySQL prints 1e-5, with other digits too: between the
 * flavours numbers that the two print in different ways are multiplied by 2^64, which is
 * exact, and brings them to where both print alike (tried with MariaDB 10.5, 10.11, 11.8
 * and MySQL 9.7, whole range).
 *
 * Generated columns are compared like all others. What is stored was computed once, by a
 * session that may have had other settings than the one that stored it on the other
 * side; what is virtual is computed here and now, under the same settings on both sides
 * (db/computing.h), so that a difference is one of definitions or of servers. */
#include "rows/row_hash.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "db/sql_json.h"
#include "db/type_text.h"
#include "rows/row_key.h"

enum form {
	FORM_PLAIN, /* digits, dates: no '#' inside */
	FORM_FLOAT,
	FORM_DOUBLE,
	FORM_NUMBER, /* CAST AS UNSIGNED */
	FORM_SHORT,  /* length and bytes */
	FORM_LONG,   /* SHA2 of the bytes */
	FORM_JSON,   /* SHA2 of the text */
	FORM_TEXT,   /* SHA2 of whatever the server prints, in utf8mb4 */
};

static enum form natural_form(const struct column *c)
{
	switch (c->type) {
	case COLUMN_FLOAT:
		return FORM_FLOAT;
	case COLUMN_DOUBLE:
		return FORM_DOUBLE;
	case COLUMN_BIT:
	case COLUMN_ENUM:
	case COLUMN_SET:
		return FORM_NUMBER;
	case COLUMN_CHAR:
	case COLUMN_VARCHAR:
	case COLUMN_BINARY:
	case COLUMN_VARBINARY:
		return FORM_SHORT;
	case COLUMN_TEXT:
	case COLUMN_BLOB:
		return c->length_bytes == 1 ? FORM_SHORT : FORM_LONG;
	case COLUMN_JSON:
		return FORM_JSON;
	case COLUMN_GEOMETRY:
	case COLUMN_VECTOR:
		return FORM_LONG;
	case COLUMN_UNKNOWN:
		return FORM_TEXT;
	default:
		return FORM_PLAIN;
	}
}

static bool is_bytes(enum form form)
{
	return form == FORM_SHORT || form == FORM_LONG || form == FORM_JSON;
}

static bool is_real(enum form form)
{
	return form == FORM_FLOAT || form == FORM_DOUBLE;
}

/* The same on both sides, whatever the two definitions are. */
static enum form choose_form(const struct column *a, const struct column *b)
{
	enum form x = natural_form(a), y = natural_form(b);
	bool has_members = a->type == COLUMN_ENUM || a->type == COLUMN_SET;
	unsigned members = a->member_count < b->member_count ? a->member_count : b->member_count;

	/* A number has to stand for the same member on both sides; one list may go on. */
	if (has_members && !column_same_members(a, b, members))
		return FORM_TEXT;
	if (x == y)
		return x;
	if (is_real(x) && is_real(y))
		return FORM_FLOAT;
	return is_bytes(x) && is_bytes(y) ? FORM_LONG : FORM_TEXT;
}

static bool is_binary(const char *charset)
{
	return *charset == '\0' || strcmp(charset, "binary") == 0;
}

static bool same_bytes(const struct column *a, const struct column *b)
{
	return is_binary(a->charset) || is_binary(b->charset) ||
	       charset_equal(a->charset, b->charset);
}

/* How numbers with a fraction are printed. */
struct real_rules {
	bool keep_zero_sign; /* the target can store -0.0 */
	bool scale_small;    /* the two servers print small numbers differently */
};

/* The bytes of a string; convert: to the character set both sides are compared in. */
static void put_bytes(struct buf *sql, const struct column *c, bool convert)
{
	if (convert)
		buf_puts(sql, "CONVERT(");
	sql_name(sql, c->name);
	if (convert)
		buf_puts(sql, " USING utf8mb4)");
}

/* "IF(<small>,CONCAT(x*2^64),": whoever calls goes on with what stands for other numbers
 * and the closing parenthesis. */
static void put_small(struct buf *sql, const char *x)
{
	buf_printf(sql, "IF(ABS(%s)>1e-18 AND ABS(%s)<1e-3,CONCAT(%s*18446744073709551616e0),", x,
		   x, x);
}

static void put_double(struct buf *sql, const struct column *c, const struct real_rules *rules)
{
	struct buf name = BUF_INIT;

	sql_name(&name, c->name);
	if (!rules->keep_zero_sign)
		buf_printf(sql, "IF(%s=0,'0',", buf_text(&name));
	if (rules->scale_small)
		put_small(sql, buf_text(&name));
	/* Inside IF() it must be made text first. */
	buf_printf(sql, rules->keep_zero_sign && !rules->scale_small ? "%s" : "CONCAT(%s)",
		   buf_text(&name));
	if (rules->scale_small)
		buf_putc(sql, ')');
	if (!rules->keep_zero_sign)
		buf_putc(sql, ')');
	buf_release(&name);
}

static void put_float(struct buf *sql, const struct column *c, const struct real_rules *rules)
{
	struct buf name = BUF_INIT, size = BUF_INIT;

	sql_name(&name, c->name);
	buf_printf(&size, "ABS(%s*1e0)", buf_text(&name));
	buf_printf(sql, rules->keep_zero_sign ? "LEFT(%s*1e0,1)='-'," : "SIGN(%s),",
		   buf_text(&name));
	if (rules->scale_small)
		put_small(sql, buf_text(&size));
	buf_puts(sql, buf_text(&size));
	if (rules->scale_small)
		buf_putc(sql, ')');
	buf_release(&name);
	buf_release(&size);
}

static void put_hash(struct buf *sql, const struct column *c, enum form form, bool convert)
{
	buf_puts(sql, "SHA2(");
	if (form == FORM_TEXT || c->type == COLUMN_JSON) {
		buf_puts(sql, "CAST(");
		sql_name(sql, c->name);
		/* Of a FLOAT alone 6 digits are printed. */
		buf_printf(sql, "%s AS CHAR CHARACTER SET utf8mb4)",
			   c->type == COLUMN_FLOAT ? "*1e0" : "");
	} else {
		put_bytes(sql, c, convert);
	}
	buf_puts(sql, ",256)");
}

static void put_number(struct buf *sql, const struct column *c)
{
	sql_name(sql, c->name);
	if (strstr(c->raw_type, "zerofill"))
		buf_puts(sql, "+0");
}

/* By all of its digits, whatever the other side has room for: a value that was rounded there
 * is another one. Zeros at the end are none of its digits. */
static void put_decimal(struct buf *sql, const struct column *c)
{
	if (c->scale == 0) {
		put_number(sql, c);
		return;
	}
	buf_puts(sql, "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CONCAT(");
	put_number(sql, c);
	buf_puts(sql, ")))");
}

static void put_column(struct buf *sql, const struct column *own, const struct column *other,
		       const struct real_rules *rules)
{
	enum form form = choose_form(own, other);
	bool convert = !same_bytes(own, other);

	switch (form) {
	case FORM_PLAIN:
		if (own->type == COLUMN_DECIMAL && other->type == COLUMN_DECIMAL &&
		    own->scale != other->scale)
			put_decimal(sql, own);
		else
			put_number(sql, own);
		break;
	case FORM_FLOAT:
		put_float(sql, own, rules);
		break;
	case FORM_DOUBLE:
		put_double(sql, own, rules);
		break;
	case FORM_NUMBER:
		buf_puts(sql, "CAST(");
		sql_name(sql, own->name);
		buf_puts(sql, " AS UNSIGNED)");
		break;
	case FORM_SHORT:
		buf_puts(sql, "LENGTH(");
		put_bytes(sql, own, convert);
		buf_puts(sql, "),CAST(");
		put_bytes(sql, own, convert);
		buf_puts(sql, " AS BINARY)");
		break;
	case FORM_LONG:
	case FORM_JSON:
	case FORM_TEXT:
		put_hash(sql, own, form, convert);
		break;
	}
}

/* Columns whose values are compared, as pairs. */
struct pair {
	const struct column *column[SIDE_COUNT];
};

static bool is_nullable(const struct pair *pair)
{
	return pair->column[SIDE_SOURCE]->is_nullable || pair->column[SIDE_TARGET]->is_nullable;
}

/* typed: the table whose JSON documents are compared with the types inside, or NULL. */
/* Numbers with a fraction are printed in different ways by the flavours. Of long values the
 * server sends a hash rather than the bytes, for which each connection would need room. */
static bool is_equal_by_value(const struct pair *pair, bool is_between_flavours)
{
	const struct column *a = pair->column[SIDE_SOURCE], *b = pair->column[SIDE_TARGET];
	enum form form = choose_form(a, b);

	if (a->type != b->type || a->scale != b->scale || !same_bytes(a, b))
		return false;
	return form == FORM_PLAIN || form == FORM_NUMBER || form == FORM_SHORT ||
	       (is_real(form) && !is_between_flavours);
}

/* Every column that is compared is copied, and every one that is copied is compared. */
static bool are_equal_by_value(const struct row_hash *f, const struct pair *pairs, unsigned count)
{
	const struct moved_table *t = f->table;

	if (t->key.count == 0 || t->types_count > 0 || f->unpacked[SIDE_SOURCE] || f->finding ||
	    count != t->selected_count)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (pairs[i].column[SIDE_SOURCE]->position != t->selected[i] ||
		    !is_equal_by_value(&pairs[i], t->is_between_flavours))
			return false;
	return true;
}

uint64_t row_hash_of_values(const struct db_row *row, unsigned count)
{
	uint64_t hash = count;

	for (unsigned i = 0; i < count; i++)
		hash = hash_mix(hash) +
		       (row->values[i] ? hash_bytes(row->values[i], row->lengths[i]) : i);
	return hash_mix(hash);
}

static char *row_expression(const struct pair *pairs, unsigned count, enum side side,
			    const struct real_rules *rules, const struct table *typed)
{
	struct buf sql = BUF_INIT;
	const char *separator = ",CONCAT(";

	buf_puts(&sql, "SHA2(CONCAT_WS('#'");
	for (unsigned i = 0; i < count; i++) {
		if (!is_nullable(&pairs[i]))
			continue;
		buf_printf(&sql, "%sISNULL(", separator);
		sql_name(&sql, pairs[i].column[side]->name);
		buf_putc(&sql, ')');
		separator = ",";
	}
	if (separator[1] == '\0')
		buf_putc(&sql, ')');
	for (unsigned i = 0; i < count; i++) {
		buf_putc(&sql, ',');
		put_column(&sql, pairs[i].column[side], pairs[i].column[!side], rules);
		if (!typed || pairs[i].column[SIDE_SOURCE]->type != COLUMN_JSON)
			continue;
		buf_puts(&sql, ",SHA2(");
		sql_json_select_types(&sql, typed, pairs[i].column[side]);
		buf_puts(&sql, ",256)");
	}
	if (count == 0)
		buf_puts(&sql, ",''");
	buf_puts(&sql, "),256)");
	return buf_take(&sql);
}

/* Values of the key as the source's, so that keys of both sides can be compared byte by
 * byte and made literals of. */
static char *key_list(const struct moved_table *t, const struct table *target, enum side side)
{
	struct buf sql = BUF_INIT;

	for (unsigned i = 0; i < t->key.count; i++) {
		const struct column *source = &t->source->columns[t->key.columns[i]];
		const struct column *there = target ? table_column_of_other(target, source) : NULL;

		if (i > 0)
			buf_putc(&sql, ',');
		if (side == SIDE_TARGET && there && !same_bytes(source, there)) {
			buf_puts(&sql, "CONVERT(");
			sql_name(&sql, there->name);
			buf_printf(&sql, " USING %s)", source->charset);
		} else {
			sql_select_column(&sql, source);
		}
	}
	return buf_take(&sql);
}

/* The target's index over just the key's columns: its name may be another there. */
static const char *target_index(const struct moved_table *t, const struct table *target)
{
	for (unsigned i = 0; target && t->key.count > 0 && i < target->index_count; i++) {
		const struct table_index *index = &target->indexes[i];
		bool same = index->part_count == t->key.count && !index->has_expression &&
			    index->is_visible && index->is_ordered;

		for (unsigned part = 0; same && part < index->part_count; part++) {
			unsigned column = index->parts[part].column;

			same = column < target->column_count && !index->parts[part].prefix &&
			       strcasecmp(target->columns[column].name,
					  t->source->columns[t->key.columns[part]].name) == 0;
		}
		if (same)
			return index->name;
	}
	return NULL;
}

static char *from_text(const struct move_options *options, const struct moved_table *t,
		       const struct table *target, enum side side)
{
	struct buf sql = BUF_INIT;
	const char *forced = map_get_text(&options->verify.force_index, t->source->full_name);
	const struct table *own = side == SIDE_SOURCE ? t->source : target;

	/* A start refuses an index that is not there, except where it was dropped in mid-run, and
	 * with ChecksumTable, as Ghostferry does. */
	if (forced && !(own && table_index_named(own, forced)))
		forced = NULL;
	const char *index = forced		? forced :
			    side == SIDE_SOURCE ? t->key.index :
						  target_index(t, target);

	if (side == SIDE_SOURCE)
		sql_table_name(&sql, t->source->schema, t->source->name);
	else
		sql_table_name(&sql, t->target_schema, t->target_name);
	if (index) {
		buf_puts(&sql, " FORCE INDEX (");
		sql_name(&sql, index);
		buf_putc(&sql, ')');
	}
	return buf_take(&sql);
}

/* full: by "schema.table.column", bare: by "table.column". */
static bool is_listed(const struct map *full, const struct map *bare, const struct table *table,
		      const struct column *column)
{
	struct buf name = BUF_INIT;

	buf_printf(&name, "%s.%s", table->full_name, column->name);
	bool listed = map_get_text(full, buf_text(&name)) != NULL;
	buf_clear(&name);
	buf_printf(&name, "%s.%s", table->name, column->name);
	listed |= map_get_text(bare, buf_text(&name)) != NULL;
	buf_release(&name);
	return listed;
}

static void add_note(struct row_hash *f, const char *column, const char *why)
{
	char *note =
		mem_printf("%s%s%s (%s)", f->note ? f->note : "", f->note ? ", " : "", column, why);

	free(f->note);
	f->note = note;
}

/* The key's are always compared: rows of different keys that are alike otherwise would
 * cancel each other out. */
static unsigned make_pairs(struct row_hash *f, const struct move_options *options,
			   const struct table *target, struct pair *pairs)
{
	const struct table *source = f->table->source;
	unsigned count = 0;

	for (unsigned i = 0; i < source->column_count; i++) {
		const struct column *column = &source->columns[i];
		const struct column *there = table_column_of_other(target, column);
		bool is_key = key_has_column(&f->table->key, i);

		if (!is_key && is_listed(&options->verify.ignored_columns,
					 &options->verify.ignored_bare, source, column)) {
			add_note(f, column->name, "ignored");
		} else if (!there) {
			free(f->finding);
			f->finding =
				mem_printf("the column %s is missing on the target", column->name);
		} else if (column->type != COLUMN_JSON && there->type == COLUMN_JSON) {
			/* MariaDB keeps a document's text as it was written, MySQL its own. */
			add_note(f, column->name, "text here, JSON there");
		} else {
			pairs[count++] = (struct pair){ { column, there } };
		}
	}
	return count;
}

/* Takes the pairs apart: compressed columns come behind the others. */
static unsigned sort_compressed(struct pair *pairs, unsigned count, const struct moved_table *t,
				const struct move_options *options)
{
	const struct verify_options *verify = &options->verify;
	struct pair *sorted = mem_calloc(count + 1, sizeof(*sorted));
	unsigned plain = 0, compressed = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct column *column = pairs[i].column[SIDE_SOURCE];

		if (!key_has_column(&t->key, column->position) &&
		    is_listed(&verify->compressed_columns, &verify->compressed_bare, t->source,
			      column))
			sorted[count - ++compressed] = pairs[i];
		else
			sorted[plain++] = pairs[i];
	}
	memcpy(pairs, sorted, count * sizeof(*pairs));
	free(sorted);
	return plain;
}

static char *unpacked_list(const struct pair *pairs, unsigned plain, unsigned count, enum side side,
			   const struct real_rules *rules, const struct table *typed)
{
	struct buf sql = BUF_INIT;
	char *row = row_expression(pairs, plain, side, rules, typed);

	buf_puts(&sql, row);
	for (unsigned i = plain; i < count; i++) {
		buf_putc(&sql, ',');
		sql_name(&sql, pairs[i].column[side]->name);
	}
	free(row);
	return buf_take(&sql);
}

void row_hash_make(struct row_hash *f, const struct move_options *options,
		   const struct moved_table *table, const struct table *target, bool keep_zero_sign)
{
	struct pair *pairs = mem_calloc(table->source->column_count + 1, sizeof(*pairs));
	const struct real_rules rules = { keep_zero_sign, table->is_between_flavours };

	*f = (struct row_hash){ .table = table };
	if (!target)
		f->finding = mem_strdup("the table is missing on the target");
	else {
		unsigned count = make_pairs(f, options, target, pairs);
		unsigned plain = sort_compressed(pairs, count, table, options);

		for (unsigned i = 0; i < target->column_count; i++)
			if (target->columns[i].generation != COLUMN_VIRTUAL &&
			    !table_column_of_other(table->source, &target->columns[i]))
				add_note(f, target->columns[i].name, "only on the target");
		for (enum side side = 0; side < SIDE_COUNT; side++) {
			const struct table *own = side == SIDE_SOURCE ? table->source : target;

			f->row[side] = row_expression(pairs, count, side, &rules,
						      table->json_is_typed ? own : NULL);
			f->unpacked_count = 1 + count - plain;
			if (plain < count)
				f->unpacked[side] = unpacked_list(pairs, plain, count, side, &rules,
								  table->json_is_typed ? own : NULL);
			f->sum[side] = mem_printf("CAST(CONV(LEFT(%s,16),16,10) AS UNSIGNED)",
						  f->row[side]);
			f->keys[side] = key_list(table, target, side);
			f->from[side] = from_text(options, table, target, side);
		}
		f->is_by_values = are_equal_by_value(f, pairs, count);
	}
	free(pairs);
}

void row_hash_release(struct row_hash *f)
{
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		free(f->row[side]);
		free(f->sum[side]);
		free(f->unpacked[side]);
		free(f->keys[side]);
		free(f->from[side]);
	}
	free(f->finding);
	free(f->note);
	*f = (struct row_hash){ .table = NULL };
}

void row_hash_put_sums(struct buf *sql, const struct row_hash *f, enum side side,
		       const struct key *low, const struct key *high)
{
	/* SUM of integers is an exact DECIMAL, 64 bits of it are as good as BIT_XOR's, under
	 * which equal rows would cancel each other out. */
	buf_printf(sql, "SELECT COUNT(*),COUNT(s),%s FROM (SELECT %s s FROM %s",
		   f->table->key.count > 0 ?
			   "BIT_XOR(s)" :
			   "CAST(COALESCE(SUM(s),0)%18446744073709551616 AS UNSIGNED)",
		   f->sum[side], f->from[side]);
	row_key_put_range(sql, f->table, low, high);
	buf_puts(sql, " LIMIT 18446744073709551615) d");
}
