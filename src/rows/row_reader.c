/* Reads rows of the source for the copy.
 *
 * The one query that matters is
 *
 *   SELECT ... FROM t FORCE INDEX (k) WHERE key > low AND key <= high
 *   ORDER BY key LIMIT n FOR SHARE
 *
 * autocommitted at READ COMMITTED (README I1): the server sends a transaction's
 * events before its rows can be seen, but such rows are still locked, so this read
 * waits for them. Therefore every change received before it was sent is visible
 * to it. Its locks last for this one statement.
 *
 * It must not wait while it holds locks on thousands of rows: it would hold up the
 * application, and in a deadlock the server would rather end the application's small
 * transaction. So it is sent with NOWAIT where the server has that, and when a row
 * is locked again for fewer rows, down to a single one: that one is waited for, with
 * nothing held meanwhile.
 *
 * The whole result is taken before anything is written: rows are kept up to a few
 * times the batch size; should they be much larger than expected the rest is read
 * off and dropped, and the range goes on behind the last row kept. */
#include "rows/row_reader.h"

#include <inttypes.h>

#include "base/probe.h"
#include "base/retry.h"
#include "base/stop.h"

#define READ_RETRY_MS 1000
#define SHRINK_FACTOR 8

bool row_reader_open(struct row_reader *reader, struct run *run, uint64_t packet_limit,
		     struct error *err)
{
	*reader = (struct row_reader){ .run = run,
				       .packet_limit = packet_limit,
				       .row_bytes = run->options->row_bytes };
	reader->source = run_connect(run, NULL, run->options->read_attempts, "cursor", err);
	return reader->source != NULL;
}

void row_reader_close(struct row_reader *reader)
{
	db_close(reader->source);
	buf_release(&reader->sql);
	reader->source = NULL;
}

void row_reader_expect(struct row_reader *reader, uint64_t row_bytes)
{
	if (reader->row_bytes == row_bytes)
		return;
	reader->row_bytes = row_bytes;
	db_set_packet_max(reader->source, row_bytes);
}

/* One read as the retry loop sees it. */
struct read_attempt {
	struct row_reader *reader;
	const struct moved_table *table;
	bool (*take)(struct read_attempt *attempt, const struct db_row *row, struct error *err);
	void (*restart)(struct read_attempt *attempt);
	struct row_batch *batch; /* rows: of (low, high], up to limit */
	const struct key *low;
	const struct key *high;
	uint64_t limit;
	struct key *key;	 /* or one key */
	struct buf *listed;	 /* or conditions, rows_seen of them */
	const char *const *conditions; /* or the rows of these */
	size_t condition_count;
	uint64_t rows_seen;
	uint64_t bytes_seen;
	bool is_truncated;
};

static bool take_key(struct read_attempt *attempt, const struct db_row *row, struct error *err)
{
	struct value values[KEY_COLUMNS_MAX];
	unsigned count = attempt->table->key.count;

	if (row->count != count)
		return error_set(err, ERROR_SCHEMA, "%u key columns expected, %u received", count,
				 row->count);
	for (unsigned i = 0; i < count; i++) {
		values[i] = (struct value){ .bytes = row->values[i], .length = row->lengths[i] };
		if (!values[i].bytes)
			return error_set(err, ERROR_UNSUPPORTED, "NULL in a key column");
	}
	key_set(attempt->key, values, count);
	return true;
}

static void restart_key(struct read_attempt *attempt)
{
	key_release(attempt->key);
}

static bool take_condition(struct read_attempt *attempt, const struct db_row *row,
			   struct error *err)
{
	struct key key = { .is_set = false };
	bool ok;

	attempt->key = &key;
	ok = take_key(attempt, row, err);
	if (ok)
		sql_key_equals(attempt->listed, &attempt->table->key, key.values);
	buf_putc(attempt->listed, '\0');
	attempt->rows_seen++;
	key_release(&key);
	return ok;
}

static void restart_conditions(struct read_attempt *attempt)
{
	buf_clear(attempt->listed);
	attempt->rows_seen = 0;
}

static bool take_row(struct read_attempt *attempt, const struct db_row *row, struct error *err)
{
	uint64_t statement_bytes = attempt->reader->run->options->batch_bytes;

	attempt->rows_seen++;
	if (attempt->is_truncated)
		return true;
	for (unsigned i = 0; i < row->count; i++)
		attempt->bytes_seen += row->lengths[i];
	if (!row_batch_add(attempt->batch, row, statement_bytes, attempt->reader->packet_limit, err))
		return false;
	if (attempt->bytes_seen > statement_bytes * ROW_READER_KEEP_FACTOR)
		attempt->is_truncated = true;
	return true;
}

static void restart_rows(struct read_attempt *attempt)
{
	row_batch_clear(attempt->batch);
	attempt->rows_seen = 0;
	attempt->bytes_seen = 0;
	attempt->is_truncated = false;
}

/* Of a range, rows that came before it are as good as if no more had been asked for. Of
 * keys they are not: a row that does not come counts as one that is not there. */
static bool end_at_large_row(struct read_attempt *attempt, const struct error *err)
{
	struct row_reader *reader = attempt->reader;

	if (!attempt->batch || attempt->conditions || !db_row_may_be_too_large(err) ||
	    reader->row_bytes >= ROW_READER_LARGEST_ROW)
		return false;
	reader->too_large = true;
	attempt->is_truncated = true;
	return true;
}

/* Sends the reader's query and takes its rows. */
static bool take_all(struct read_attempt *attempt, struct error *err)
{
	struct row_reader *reader = attempt->reader;
	struct db_row row;
	enum db_fetch fetched;

	if (!db_query(reader->source, reader->sql.data, reader->sql.length, err))
		return false;
	while ((fetched = db_row_next(reader->source, &row, err)) == DB_ROW) {
		if (!attempt->take(attempt, &row, err)) {
			db_row_finish(reader->source);
			return false;
		}
	}
	return fetched == DB_END || end_at_large_row(attempt, err);
}

static bool attempt_read(void *argument, struct error *err)
{
	struct read_attempt *attempt = argument;

	attempt->restart(attempt);
	return db_ready(attempt->reader->source, err) && take_all(attempt, err);
}

static void put_from(struct row_reader *reader, const struct moved_table *table)
{
	struct buf *sql = &reader->sql;

	buf_puts(sql, " FROM ");
	sql_table_name(sql, table->source->schema, table->source->name);
	if (table->key.index) {
		buf_puts(sql, " FORCE INDEX (");
		sql_name(sql, table->key.index);
		buf_putc(sql, ')');
	}
}

static void put_range(struct row_reader *reader, const struct moved_table *table,
		      const struct key *low, const struct key *high)
{
	const char *word = " WHERE (";

	if (low->is_set) {
		buf_puts(&reader->sql, word);
		sql_key_after(&reader->sql, &table->key, low);
		buf_putc(&reader->sql, ')');
		word = " AND (";
	}
	if (high && high->is_set) {
		buf_puts(&reader->sql, word);
		sql_key_up_to(&reader->sql, &table->key, high);
		buf_putc(&reader->sql, ')');
	}
}

static void put_key_columns(struct row_reader *reader, const struct moved_table *table)
{
	for (unsigned i = 0; i < table->key.count; i++) {
		if (i)
			buf_putc(&reader->sql, ',');
		sql_select_column(&reader->sql, &table->source->columns[table->key.columns[i]]);
	}
}

static void put_select(struct row_reader *reader)
{
	buf_clear(&reader->sql);
	sql_comment(&reader->sql, reader->run->options->source_marginalia);
	buf_puts(&reader->sql, "SELECT ");
}

static bool run_read(struct read_attempt *attempt,
		     bool (*once)(void *argument, struct error *err), struct error *err)
{
	struct run *run = attempt->reader->run;
	const struct retry_policy policy = {
		.verb = "fetch rows",
		.tag = "cursor",
		.attempts = run->options->read_attempts,
		.sleep_ms = READ_RETRY_MS,
		.lost_ms = (int64_t)run->options->away_s * 1000,
	};

	return retry_run(&policy, run->stop, once, attempt, err) ||
	       error_wrap(err, "read table %s", attempt->table->source->full_name);
}

bool row_reader_split(struct row_reader *reader, const struct moved_table *table,
		      const struct key *low, uint64_t rows, struct key *high, struct error *err)
{
	struct read_attempt attempt = { .reader = reader,
					.table = table,
					.take = take_key,
					.restart = restart_key,
					.key = high };

	put_select(reader);
	put_key_columns(reader, table);
	put_from(reader, table);
	put_range(reader, table, low, NULL);
	buf_puts(&reader->sql, " ORDER BY ");
	sql_key_order(&reader->sql, &table->key);
	buf_printf(&reader->sql, " LIMIT 1 OFFSET %" PRIu64, rows - 1);
	return run_read(&attempt, attempt_read, err);
}

bool row_reader_list(struct row_reader *reader, const struct moved_table *table,
		     const struct key *low, const struct key *high, struct buf *conditions,
		     size_t *count, struct error *err)
{
	struct read_attempt attempt = { .reader = reader,
					.table = table,
					.take = take_condition,
					.restart = restart_conditions,
					.listed = conditions };
	bool ok;

	put_select(reader);
	put_key_columns(reader, table);
	put_from(reader, table);
	put_range(reader, table, low, high);
	ok = run_read(&attempt, attempt_read, err);
	*count = attempt.rows_seen;
	return ok;
}

bool row_reader_largest(struct row_reader *reader, const struct moved_table *table,
			struct key *key, struct error *err)
{
	struct read_attempt attempt = { .reader = reader,
					.table = table,
					.take = take_key,
					.restart = restart_key,
					.key = key };
	/* The order backwards: the same key with all directions turned round. */
	struct key_columns backwards = table->key;

	for (unsigned i = 0; i < backwards.count; i++)
		backwards.descending[i] = !backwards.descending[i];
	put_select(reader);
	put_key_columns(reader, table);
	put_from(reader, table);
	buf_puts(&reader->sql, " ORDER BY ");
	sql_key_order(&reader->sql, &backwards);
	buf_puts(&reader->sql, " LIMIT 1");
	return run_read(&attempt, attempt_read, err);
}

static void put_rows_query(struct read_attempt *attempt, const char *lock)
{
	struct row_reader *reader = attempt->reader;
	const struct moved_table *table = attempt->table;

	put_select(reader);
	buf_puts(&reader->sql, table->select_list);
	buf_puts(&reader->sql, table->types_list);
	if (attempt->batch->sum_expression)
		buf_printf(&reader->sql, ",%s", attempt->batch->sum_expression);
	put_from(reader, table);
	put_range(reader, table, attempt->low, attempt->high);
	buf_puts(&reader->sql, " ORDER BY ");
	sql_key_order(&reader->sql, &table->key);
	buf_printf(&reader->sql, " LIMIT %" PRIu64 " %s", attempt->limit, lock);
}

static bool attempt_rows(void *argument, struct error *err)
{
	struct read_attempt *attempt = argument;
	struct row_reader *reader = attempt->reader;

	if (!db_ready(reader->source, err))
		return false;
	for (;;) {
		const struct server_version *version = db_version(reader->source);
		const char *nowait = server_share_lock_nowait(version);
		bool may_shrink = nowait && attempt->limit > 1;

		put_rows_query(attempt, may_shrink ? nowait : server_share_lock(version));
		if (attempt_read(attempt, err))
			return true;
		if (err->kind != ERROR_BUSY || !may_shrink || stop_is_set(reader->run->stop))
			return false;
		attempt->limit = attempt->limit > SHRINK_FACTOR ? attempt->limit / SHRINK_FACTOR : 1;
	}
}

bool row_reader_read(struct row_reader *reader, struct row_batch *batch, const struct key *low,
		     const struct key *high, uint64_t limit, bool *more, struct error *err)
{
	const struct moved_table *table = batch->table;
	struct read_attempt attempt = { .reader = reader,
					.table = table,
					.take = take_row,
					.restart = restart_rows,
					.batch = batch,
					.low = low,
					.high = high,
					.limit = limit };

	probe("before_chunk_read", "%s %" PRIu64, table->source->full_name, batch->ticket);
	reader->too_large = false;
	if (!run_read(&attempt, attempt_rows, err))
		return false;
	row_batch_finish(batch);
	*more = attempt.is_truncated || attempt.rows_seen >= attempt.limit;
	probe("after_chunk_read", "%s %" PRIu64 " %" PRIu64, table->source->full_name, batch->ticket,
	      batch->rows);
	return true;
}

static void put_keys_query(struct read_attempt *attempt, size_t first, size_t count,
			   const char *lock)
{
	struct row_reader *reader = attempt->reader;

	put_select(reader);
	buf_puts(&reader->sql, attempt->table->select_list);
	buf_puts(&reader->sql, attempt->table->types_list);
	if (attempt->batch->sum_expression)
		buf_printf(&reader->sql, ",%s", attempt->batch->sum_expression);
	put_from(reader, attempt->table);
	for (size_t i = 0; i < count; i++)
		buf_printf(&reader->sql, "%s(%s)", i ? " OR " : " WHERE ",
			   attempt->conditions[first + i]);
	buf_printf(&reader->sql, " %s", lock);
}

static bool take_groups(struct read_attempt *attempt, size_t group, const char *lock,
			struct error *err)
{
	attempt->restart(attempt);
	for (size_t at = 0; at < attempt->condition_count; at += group) {
		size_t left = attempt->condition_count - at;

		put_keys_query(attempt, at, left < group ? left : group, lock);
		if (!take_all(attempt, err))
			return false;
	}
	return true;
}

/* As for ranges: nothing is locked while a row is waited for. */
static bool attempt_keys(void *argument, struct error *err)
{
	struct read_attempt *attempt = argument;
	struct db *source = attempt->reader->source;
	size_t group = attempt->condition_count;

	if (!db_ready(source, err))
		return false;
	for (;;) {
		const char *nowait = server_share_lock_nowait(db_version(source));
		bool may_shrink = nowait && group > 1;

		if (take_groups(attempt, group,
				may_shrink ? nowait : server_share_lock(db_version(source)), err))
			return true;
		if (err->kind != ERROR_BUSY || !may_shrink ||
		    stop_is_set(attempt->reader->run->stop))
			return false;
		group = group > SHRINK_FACTOR ? group / SHRINK_FACTOR : 1;
	}
}

bool row_reader_keys(struct row_reader *reader, struct row_batch *batch,
		     const char *const *conditions, size_t count, bool *all, struct error *err)
{
	struct read_attempt attempt = { .reader = reader,
					.table = batch->table,
					.take = take_row,
					.restart = restart_rows,
					.batch = batch,
					.conditions = conditions,
					.condition_count = count };

	if (!run_read(&attempt, attempt_keys, err))
		return false;
	row_batch_finish(batch);
	*all = !attempt.is_truncated || count == 1;
	return true;
}
