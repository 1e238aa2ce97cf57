/* A range is compared by two figures of each side, computed by the server:
 *
 *   SELECT COUNT(*), COUNT(s), BIT_XOR(s)
 *   FROM (SELECT <64 bits of the fingerprint> s FROM t FORCE INDEX (k)
 *         WHERE key > low AND key <= high LIMIT <no limit>) d
 *
 * (The LIMIT keeps the servers from merging the derived table and hashing each row twice.) The
 * fingerprints are of whole rows, keys included, so no two rows of a table share one and rows that
 * were swapped are seen. COUNT(s) must be COUNT(*): a hash that became NULL for whatever reason
 * would otherwise be left out silently.
 *
 * Only where the figures differ are the rows read: key and fingerprint of each. They are
 * matched by the key's bytes here; order and ranges are always the server's.
 *
 * A table without a key may hold equal rows, which would cancel each other out: there the
 * hashes are added, not XORed, and where the sums differ nothing more can be said.
 *
 * Columns that an application compressed are hashed as they are stored. A row that differs
 * is read as a whole then, on both sides, and may be equal by what those columns hold
 * (snappy.h): two encodings of one text are no difference, and tables whose encodings agree
 * cost no more than others.
 *
 * Where the two sides order keys differently a row may fall into another range there: it is found
 * in both and equal when it is looked up by its key, which is why differences are always rechecked
 * (see recheck.h). Every key of the target lies in some range, as one range begins where another
 * ends and both ends are open. */
#include "compare/range_diff.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/retry.h"
#include "rows/row_key.h"
#include "rows/snappy.h"

#define RANGE_BYTES (8 << 20)
#define RANGE_ROWS_MAX 20000
#define RANGE_ROWS_MIN 100
#define LIST_ROWS_MAX 50000 /* held in memory per side */
#define KEYS_PER_QUERY 200
#define READ_RETRY_MS 1000

/* If the server is just restarting, it is tried again, as with every query. */
static struct retry begin_query(const struct range_diff *c, const char *verb)
{
	const struct retry_policy policy = {
		.verb = verb,
		.tag = "verifier",
		.attempts = c->options->read_attempts,
		.sleep_ms = READ_RETRY_MS,
	};

	return retry_begin(&policy, c->stop);
}

static bool connect_side(struct range_diff *c, enum side side, const struct db_params *params,
			 struct error *err)
{
	c->db[side] = db_new(params, DB_SESSION_READ, NULL);
	for (struct retry r = begin_query(c, "connect"); retry_next(&r, err);)
		if (db_ready(c->db[side], err))
			return true;
	return false;
}

bool range_diff_open(struct range_diff *c, const struct move_options *options, struct stop *stop,
		     difference_found *found, void *context, struct error *err)
{
	*c = (struct range_diff){
		.options = options, .stop = stop, .found = found, .context = context
	};
	if (connect_side(c, SIDE_SOURCE, &options->source, err) &&
	    connect_side(c, SIDE_TARGET, &options->target, err))
		return true;
	range_diff_close(c);
	return false;
}

void range_diff_close(struct range_diff *c)
{
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		db_close(c->db[side]);
		c->db[side] = NULL;
	}
	buf_release(&c->sql);
	buf_release(&c->condition);
}

/* --- one query -------------------------------------------------------------------- */

static void put_comment(struct range_diff *c, enum side side)
{
	buf_clear(&c->sql);
	sql_comment(&c->sql, side == SIDE_SOURCE ? c->options->source.marginalia :
						   c->options->target.marginalia);
}

static void put_select(struct range_diff *c, enum side side)
{
	put_comment(c, side);
	buf_puts(&c->sql, "SELECT ");
}

/* A reader that cannot take a row just returns. */
typedef bool read_answer(struct db *db, const struct row_hash *f, void *answer, struct error *err);

/* What is in c->sql, until its whole answer was read; read starts from scratch each time. */
static bool run_query(struct range_diff *c, enum side side, const struct row_hash *f,
		      read_answer *read, void *answer, struct error *err)
{
	struct db *db = c->db[side];

	for (struct retry r = begin_query(c, "compare rows"); retry_next(&r, err);) {
		if (db_ready(db, err) && db_query(db, c->sql.data, c->sql.length, err) &&
		    read(db, f, answer, err))
			return true;
		db_row_finish(db);
	}
	return error_wrap(err, "compare table %s", f->table->source->full_name);
}

static bool has_columns(const struct db_row *row, unsigned count, struct error *err)
{
	return row->count == count ||
	       error_set(err, ERROR_CORRUPT, "%u columns expected, %u received", count, row->count);
}

/* --- sums of a range ------------------------------------------------------------- */

struct range_sums {
	uint64_t rows;
	uint64_t hashed;
	uint64_t sum;
};

static bool read_sums(struct db *db, const struct row_hash *f UNUSED, void *answer,
		      struct error *err)
{
	struct range_sums *sums = answer;
	uint64_t *figures[] = { &sums->rows, &sums->hashed, &sums->sum };
	struct db_row row;
	enum db_fetch fetched;

	*sums = (struct range_sums){ .rows = 0 };
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		for (unsigned i = 0; i < ARRAY_LEN(figures); i++) {
			if (i >= row.count || !row.values[i])
				return error_set(err, ERROR_CORRUPT, "a sum of rows is NULL");
			*figures[i] = strtoull(row.values[i], NULL, 10);
		}
		if (sums->rows != sums->hashed)
			return error_set(err, ERROR_CORRUPT,
					 "the server could not compute the hash of %" PRIu64 " rows",
					 sums->rows - sums->hashed);
	}
	return fetched == DB_END;
}

static bool sum_range(struct range_diff *c, const struct row_hash *f, enum side side,
		      const struct key *low, const struct key *high, struct range_sums *sums,
		      struct error *err)
{
	put_comment(c, side);
	row_hash_put_sums(&c->sql, f, side, low, high);
	return run_query(c, side, f, read_sums, sums, err);
}

static bool read_values(struct db *db, const struct row_hash *f, void *answer, struct error *err)
{
	struct range_sums *sums = answer;
	struct db_row row;
	enum db_fetch fetched;

	*sums = (struct range_sums){ .rows = 0 };
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		if (!has_columns(&row, f->table->selected_count, err))
			return false;
		sums->rows++;
		sums->sum ^= row_hash_of_values(&row, row.count);
	}
	return fetched == DB_END;
}

/* --- lists of rows ---------------------------------------------------------------- */

/* Of a map from key bytes to fingerprints (char *, owned). The key's values are led by their
 * lengths. */
static void clear_rows(struct map *rows)
{
	size_t cursor = 0;
	struct map_entry *entry;

	while ((entry = map_next(rows, &cursor)))
		free(entry->value);
	map_clear(rows);
}

static void unpack_key(struct key *key, const char *packed, unsigned count)
{
	struct value values[KEY_COLUMNS_MAX];

	for (unsigned i = 0; i < count; i++) {
		memcpy(&values[i].length, packed, sizeof(values[i].length));
		values[i].bytes = packed + sizeof(values[i].length);
		packed = values[i].bytes + values[i].length;
	}
	key_set(key, values, count);
}

/* Where no unique key forbids it several rows have one key: they count together, and
 * never equal a single one. */
static char *several_rows(const char *print, const char *other)
{
	const char *prints[] = { print, other };
	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(prints); i++) {
		char digits[17];

		snprintf(digits, sizeof(digits), "%s", prints[i]);
		sum += strtoull(digits, NULL, 16);
	}
	return mem_printf("%016" PRIx64 " of several rows", sum);
}

static bool add_row(struct map *rows, const struct db_row *row, unsigned key_count,
		    struct error *err)
{
	struct buf packed = BUF_INIT;

	if (row->count != key_count + 1 || !row->values[key_count])
		return error_set(err, ERROR_CORRUPT, "the server could not compute a row's hash");
	for (unsigned i = 0; i < key_count; i++) {
		size_t length = row->lengths[i];

		if (!row->values[i]) {
			buf_release(&packed);
			return error_set(err, ERROR_UNSUPPORTED, "NULL in a key column");
		}
		buf_add(&packed, &length, sizeof(length));
		buf_add(&packed, row->values[i], length);
	}
	char *print = mem_memdup(row->values[key_count], row->lengths[key_count]);
	char *before = map_put(rows, packed.data, packed.length, print);
	if (before) {
		map_put(rows, packed.data, packed.length, several_rows(before, print));
		free(before);
		free(print);
	}
	buf_release(&packed);
	return true;
}

static bool read_rows(struct db *db, const struct row_hash *f, void *answer, struct error *err)
{
	struct db_row row;
	enum db_fetch fetched;

	clear_rows(answer);
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW)
		if (!add_row(answer, &row, f->table->key.count, err))
			return false;
	return fetched == DB_END;
}

static void report_row(struct range_diff *c, const struct row_hash *f, const char *packed,
		       const char *source, const char *target)
{
	struct key key = KEY_INIT;
	struct row_difference difference = { .kind = !target ? ROW_MISSING_ON_TARGET :
						     !source ? ROW_MISSING_ON_SOURCE :
							       ROW_DIFFERS,
					     .key = &key };

	unpack_key(&key, packed, f->table->key.count);
	buf_clear(&c->condition);
	sql_key_equals(&c->condition, &f->table->key, key.values);
	difference.condition = buf_text(&c->condition);
	difference.condition_length = c->condition.length;
	snprintf(difference.print[SIDE_SOURCE], FINGERPRINT_SIZE, "%s", source ? source : "");
	snprintf(difference.print[SIDE_TARGET], FINGERPRINT_SIZE, "%s", target ? target : "");
	c->found(c->context, f, &difference);
	key_release(&key);
}

/* --- rows with compressed columns ------------------------------------------------- */

/* The values of one row, one after the other. */
struct content {
	uint64_t rows;
	struct buf bytes;
	struct buf ends; /* size_t per value; SIZE_MAX: NULL */
};

/* Rows without a key, of which no pairs can be made: all are read, and what they hold is
 * summed up here. */
static bool read_content_sum(struct db *db, const struct row_hash *f, void *answer,
			     struct error *err)
{
	struct range_sums *sums = answer;
	struct db_row row;
	enum db_fetch fetched;

	*sums = (struct range_sums){ .rows = 0 };
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		uint64_t hash = 0;

		if (!has_columns(&row, f->unpacked_count, err))
			return false;
		for (unsigned i = 0; i < row.count; i++)
			hash = hash_mix(hash) +
			       snappy_content_hash((struct value){ row.values[i], row.lengths[i] });
		sums->rows++;
		sums->sum += hash_mix(hash);
	}
	return fetched == DB_END;
}

bool range_diff_whole(struct range_diff *c, const struct row_hash *f, struct table_sums *sums,
		      struct error *err)
{
	struct range_sums found[SIDE_COUNT];
	bool ok = true;

	for (enum side side = 0; ok && side < SIDE_COUNT; side++)
		ok = sum_range(c, f, side, NULL, NULL, &found[side], err);
	if (ok && f->unpacked[SIDE_SOURCE] && found[SIDE_SOURCE].rows == found[SIDE_TARGET].rows &&
	    found[SIDE_SOURCE].sum != found[SIDE_TARGET].sum) {
		for (enum side side = 0; ok && side < SIDE_COUNT; side++) {
			put_select(c, side);
			buf_printf(&c->sql, "%s FROM %s", f->unpacked[side], f->from[side]);
			row_key_put_range(&c->sql, f->table, NULL, NULL);
			ok = run_query(c, side, f, read_content_sum, &found[side], err);
		}
	}
	for (enum side side = 0; ok && side < SIDE_COUNT; side++) {
		sums->figures[side][0] = found[side].rows;
		sums->figures[side][1] = found[side].sum;
	}
	return ok;
}

static bool read_content(struct db *db, const struct row_hash *f, void *answer, struct error *err)
{
	struct content *content = answer;
	struct db_row row;
	enum db_fetch fetched;

	content->rows = 0;
	buf_clear(&content->bytes);
	buf_clear(&content->ends);
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		if (!has_columns(&row, f->unpacked_count, err))
			return false;
		if (content->rows++ > 0)
			continue;
		for (unsigned i = 0; i < row.count; i++) {
			size_t end = SIZE_MAX;

			if (row.values[i]) {
				buf_add(&content->bytes, row.values[i], row.lengths[i]);
				end = content->bytes.length;
			}
			buf_add(&content->ends, &end, sizeof(end));
		}
	}
	return fetched == DB_END;
}

static struct value next_value(const struct content *content, size_t n, size_t *at)
{
	size_t end;

	memcpy(&end, content->ends.data + n * sizeof(end), sizeof(end));
	if (end == SIZE_MAX)
		return (struct value){ .bytes = NULL };

	struct value value = { content->bytes.data + *at, end - *at };

	*at = end;
	return value;
}

/* The first value is the hash of all that is not compressed. */
static bool same_contents(const struct content contents[SIDE_COUNT])
{
	const struct content *source = &contents[SIDE_SOURCE], *target = &contents[SIDE_TARGET];
	size_t at[SIDE_COUNT] = { 0, 0 };

	/* Several rows of one key cannot be told apart. */
	if (source->rows != 1 || target->rows != 1 || source->ends.length != target->ends.length)
		return false;
	for (size_t n = 0; n < source->ends.length / sizeof(size_t); n++) {
		struct value a = next_value(source, n, &at[SIDE_SOURCE]);
		struct value b = next_value(target, n, &at[SIDE_TARGET]);
		bool is_same = n > 0 ? snappy_same_content(a, b) :
				       a.bytes && b.bytes && a.length == b.length &&
					       memcmp(a.bytes, b.bytes, a.length) == 0;

		if (!is_same)
			return false;
	}
	return true;
}

/* *is_same: the row is equal by what its compressed columns hold. */
static bool compare_content(struct range_diff *c, const struct row_hash *f, const char *packed,
			    bool *is_same, struct error *err)
{
	struct content contents[SIDE_COUNT] = { { .bytes = BUF_INIT, .ends = BUF_INIT },
						{ .bytes = BUF_INIT, .ends = BUF_INIT } };
	struct key key = KEY_INIT;
	bool ok = true;

	unpack_key(&key, packed, f->table->key.count);
	for (enum side side = 0; ok && side < SIDE_COUNT; side++) {
		put_select(c, side);
		buf_printf(&c->sql, "%s FROM %s WHERE ", f->unpacked[side], f->from[side]);
		moved_table_begin_where(&c->sql, f->table);
		sql_key_equals(&c->sql, &f->table->key, key.values);
		moved_table_end_where(&c->sql, f->table);
		ok = run_query(c, side, f, read_content, &contents[side], err);
	}
	*is_same = ok && same_contents(contents);
	key_release(&key);
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		buf_release(&contents[side].bytes);
		buf_release(&contents[side].ends);
	}
	return ok;
}

/* --- what differs ------------------------------------------------------------------ */

static bool report_differences(struct range_diff *c, const struct row_hash *f,
			       const struct map rows[SIDE_COUNT], uint64_t *count, struct error *err)
{
	size_t cursor = 0;
	const struct map_entry *entry;

	while ((entry = map_next(&rows[SIDE_SOURCE], &cursor))) {
		const char *target = map_get(&rows[SIDE_TARGET], entry->key, entry->key_length);

		if (target && strcmp(target, entry->value) == 0)
			continue;

		bool is_same = false;

		if (target && f->unpacked[SIDE_SOURCE] &&
		    !compare_content(c, f, entry->key, &is_same, err))
			return false;
		if (is_same)
			continue;
		report_row(c, f, entry->key, entry->value, target);
		++*count;
	}
	cursor = 0;
	while ((entry = map_next(&rows[SIDE_TARGET], &cursor))) {
		if (map_get(&rows[SIDE_SOURCE], entry->key, entry->key_length))
			continue;
		report_row(c, f, entry->key, NULL, entry->value);
		++*count;
	}
	return true;
}

/* where: behind FROM. */
static bool compare_lists(struct range_diff *c, const struct row_hash *f, const struct buf *where,
			  uint64_t *differences, struct error *err)
{
	struct map rows[SIDE_COUNT];
	bool ok = true;

	map_init(&rows[SIDE_SOURCE]);
	map_init(&rows[SIDE_TARGET]);
	for (enum side side = 0; ok && side < SIDE_COUNT; side++) {
		put_select(c, side);
		buf_printf(&c->sql, "%s,%s FROM %s", f->keys[side], f->row[side], f->from[side]);
		buf_add(&c->sql, where->data, where->length);
		ok = run_query(c, side, f, read_rows, &rows[side], err);
	}
	ok = ok && report_differences(c, f, rows, differences, err);
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		clear_rows(&rows[side]);
		map_release(&rows[side]);
	}
	return ok;
}

/* --- ranges -------------------------------------------------------------------------- */

static bool read_key(struct db *db, const struct row_hash *f, void *answer, struct error *err)
{
	struct value values[KEY_COLUMNS_MAX];
	unsigned count = f->table->key.count;
	struct db_row row;
	enum db_fetch fetched;

	key_release(answer);
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		if (row.count != count)
			return error_set(err, ERROR_CORRUPT, "%u key columns expected, %u received",
					 count, row.count);
		for (unsigned i = 0; i < count; i++) {
			values[i] = (struct value){ row.values[i], row.lengths[i] };
			if (!values[i].bytes)
				return error_set(err, ERROR_UNSUPPORTED, "NULL in a key column");
		}
		key_set(answer, values, count);
	}
	return fetched == DB_END;
}

/* The key `rows` rows behind low on that side, high at most. */
static bool split(struct range_diff *c, const struct row_hash *f, enum side side,
		  const struct key *low, const struct key *high, uint64_t rows, struct key *middle,
		  struct error *err)
{
	put_select(c, side);
	buf_printf(&c->sql, "%s FROM %s", f->keys[side], f->from[side]);
	row_key_put_range(&c->sql, f->table, low, high);
	buf_puts(&c->sql, " ORDER BY ");
	sql_key_order(&c->sql, &f->table->key);
	buf_printf(&c->sql, " LIMIT 1 OFFSET %" PRIu64, rows - 1);
	return run_query(c, side, f, read_key, middle, err);
}

bool range_diff_next(struct range_diff *c, const struct row_hash *f, const struct key *low,
		     struct key *high, struct error *err)
{
	uint64_t average = f->table->source->avg_row_bytes;
	uint64_t rows = RANGE_BYTES / (average ? average : 100);

	if (rows > RANGE_ROWS_MAX)
		rows = RANGE_ROWS_MAX;
	if (rows < RANGE_ROWS_MIN)
		rows = RANGE_ROWS_MIN;
	return split(c, f, SIDE_SOURCE, low, NULL, rows, high, err);
}

/* Lists (low, high] in parts that memory holds, cut at keys of the fuller side. */
static bool compare_parts(struct range_diff *c, const struct row_hash *f, enum side fuller,
			  const struct key *low, const struct key *high, uint64_t *differences,
			  struct error *err)
{
	struct key from = KEY_INIT, to = KEY_INIT;
	struct buf where = BUF_INIT;
	bool ok = true;
	bool more = true;

	key_copy(&from, low);
	while (ok && more) {
		ok = split(c, f, fuller, &from, high, LIST_ROWS_MAX, &to, err);
		more = to.is_set;
		buf_clear(&where);
		row_key_put_range(&where, f->table, &from, more ? &to : high);
		ok = ok && compare_lists(c, f, &where, differences, err);
		key_copy(&from, &to);
	}
	buf_release(&where);
	key_release(&from);
	key_release(&to);
	return ok;
}

bool range_diff_target(struct range_diff *c, const struct row_hash *f, const struct key *low,
		       const struct key *high, const struct range_source *source,
		       struct range_rows *rows, struct error *err)
{
	struct range_sums target;
	bool ok;

	*rows = (struct range_rows){ .rows = { source->rows, 0 } };
	if (source->is_of_values) {
		put_select(c, SIDE_TARGET);
		buf_printf(&c->sql, "%s FROM %s", f->table->select_list, f->from[SIDE_TARGET]);
		row_key_put_range(&c->sql, f->table, low, high);
		ok = run_query(c, SIDE_TARGET, f, read_values, &target, err);
	} else {
		ok = sum_range(c, f, SIDE_TARGET, low, high, &target, err);
	}
	if (!ok)
		return false;
	rows->rows[SIDE_TARGET] = target.rows;
	if (source->sum && target.rows == source->rows && target.sum == *source->sum)
		return true;
	return compare_parts(c, f, source->rows > target.rows ? SIDE_SOURCE : SIDE_TARGET, low,
			     high, &rows->differences, err);
}

bool range_diff_range(struct range_diff *c, const struct row_hash *f, const struct key *low,
		      const struct key *high, struct range_rows *rows, struct error *err)
{
	struct range_sums sums;

	if (!sum_range(c, f, SIDE_SOURCE, low, high, &sums, err))
		return false;

	const struct range_source source = { .rows = sums.rows, .sum = &sums.sum };

	return range_diff_target(c, f, low, high, &source, rows, err);
}

bool range_diff_keys(struct range_diff *c, const struct row_hash *f, const char *const *conditions,
		     size_t count, struct error *err)
{
	struct buf where = BUF_INIT;
	uint64_t differences = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++) {
		if (where.length == 0) {
			buf_puts(&where, " WHERE ");
			moved_table_begin_where(&where, f->table);
			buf_putc(&where, '(');
		} else {
			buf_puts(&where, " OR (");
		}
		buf_puts(&where, conditions[i]);
		buf_putc(&where, ')');
		if ((i + 1) % KEYS_PER_QUERY && i + 1 < count)
			continue;
		moved_table_end_where(&where, f->table);
		ok = compare_lists(c, f, &where, &differences, err);
		buf_clear(&where);
	}
	buf_release(&where);
	return ok;
}

/* --- for display -------------------------------------------------------------------------- */

void range_diff_key_text(struct buf *out, const struct key_columns *columns, const struct key *key)
{
	for (unsigned i = 0; i < key->count; i++) {
		const struct column *column = &columns->table->columns[columns->columns[i]];
		struct value value = key->values[i];
		bool is_text = column->type != COLUMN_BINARY && column->type != COLUMN_VARBINARY &&
			       column->type != COLUMN_BLOB;

		for (size_t n = 0; n < value.length; n++)
			is_text &= isprint((unsigned char)value.bytes[n]) != 0;
		if (i > 0)
			buf_putc(out, ',');
		if (is_text) {
			buf_add(out, value.bytes, value.length);
		} else {
			buf_puts(out, "0x");
			buf_put_hex(out, value.bytes, value.length);
		}
	}
}

const char *difference_kind_name(enum difference_kind kind)
{
	static const char *const names[] = {
		[ROW_MISSING_ON_TARGET] = "row missing on target",
		[ROW_MISSING_ON_SOURCE] = "row missing on source",
		[ROW_DIFFERS] = "rows checksum difference",
	};

	return names[kind];
}
