/* Reads rows of the source for the copy.
 *
 * The one query that matters is
 *
 *   SELECT ... FROM t FORCE INDEX (k) WHERE key > low AND key <= high
 *   ORDER BY key LIMIT n FOR SHARE
 *
 * autocommitted at READ COMMITTED (I1): the server sends a transaction's
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

#include "base/clock.h"
#include "base/probe.h"
#include "rows/row_key.h"

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

static struct retry read_begin(const struct row_reader *reader)
{
	const struct move_options *options = reader->run->options;
	const struct retry_policy policy = {
		.verb = "fetch rows",
		.tag = "cursor",
		.attempts = options->read_attempts,
		.sleep_ms = READ_RETRY_MS,
		.lost_ms = (int64_t)options->away_s * 1000,
	};

	return retry_begin(&policy, reader->run->stop);
}

static bool read_failed(const struct moved_table *table, struct error *err)
{
	return error_wrap(err, "read table %s", table->source->full_name);
}

/* --- the query ------------------------------------------------------------------------- */

static struct buf *begin_select(struct row_reader *reader)
{
	buf_clear(&reader->sql);
	sql_comment(&reader->sql, reader->run->options->source.marginalia);
	buf_puts(&reader->sql, "SELECT ");
	return &reader->sql;
}

static void put_from(struct buf *sql, const struct moved_table *table)
{
	buf_puts(sql, " FROM ");
	sql_table_name(sql, table->source->schema, table->source->name);
	if (table->key.index) {
		buf_puts(sql, " FORCE INDEX (");
		sql_name(sql, table->key.index);
		buf_putc(sql, ')');
	}
}

static void put_key_select(struct row_reader *reader, const struct moved_table *table)
{
	struct buf *sql = begin_select(reader);

	row_key_put_columns(sql, table);
	put_from(sql, table);
}

static bool send(struct row_reader *reader, struct error *err)
{
	enum work before = work_begin(WORK_READING);
	bool ok = db_ready(reader->source, err) &&
		  db_query(reader->source, reader->sql.data, reader->sql.length, err);

	work_begin(before);
	return ok;
}

/* --- keys ---------------------------------------------------------------------------------- */

/* The one that the reader's query gives, if any. */
static bool read_key(struct row_reader *reader, const struct moved_table *table, struct key *key,
		     struct error *err)
{
	struct value values[KEY_COLUMNS_MAX];
	struct db_row row;

	for (struct retry r = read_begin(reader); retry_next(&r, err);) {
		enum db_fetch fetched = DB_FAILED;

		key_release(key);
		if (send(reader, err))
			fetched = db_row_next(reader->source, &row, err);
		if (fetched == DB_END)
			return true;
		if (fetched == DB_FAILED)
			continue;
		bool ok = row_key_take(table, &row, values, err);

		if (ok)
			key_set(key, values, table->key.count);
		db_row_finish(reader->source);
		if (ok)
			return true;
	}
	return read_failed(table, err);
}

bool row_reader_split(struct row_reader *reader, const struct moved_table *table,
		      const struct key *low, uint64_t rows, struct key *high, struct error *err)
{
	put_key_select(reader, table);
	row_key_put_range(&reader->sql, table, low, NULL);
	buf_puts(&reader->sql, " ORDER BY ");
	sql_key_order(&reader->sql, &table->key);
	buf_printf(&reader->sql, " LIMIT 1 OFFSET %" PRIu64, rows - 1);
	return read_key(reader, table, high, err);
}

bool row_reader_largest(struct row_reader *reader, const struct moved_table *table, struct key *key,
			struct error *err)
{
	/* The order backwards: the same key with all directions turned round. */
	struct key_columns backwards = table->key;

	for (unsigned i = 0; i < backwards.count; i++)
		backwards.descending[i] = !backwards.descending[i];
	put_key_select(reader, table);
	buf_puts(&reader->sql, " ORDER BY ");
	sql_key_order(&reader->sql, &backwards);
	buf_puts(&reader->sql, " LIMIT 1");
	return read_key(reader, table, key, err);
}

static bool list_keys(struct row_reader *reader, const struct moved_table *table,
		      struct buf *conditions, size_t *count, struct error *err)
{
	struct value values[KEY_COLUMNS_MAX];
	enum db_fetch fetched;
	struct db_row row;

	buf_clear(conditions);
	*count = 0;
	if (!send(reader, err))
		return false;
	while ((fetched = db_row_next(reader->source, &row, err)) == DB_ROW) {
		if (!row_key_take(table, &row, values, err)) {
			db_row_finish(reader->source);
			return false;
		}
		sql_key_equals(conditions, &table->key, values);
		buf_putc(conditions, '\0');
		++*count;
	}
	return fetched == DB_END;
}

bool row_reader_list(struct row_reader *reader, const struct moved_table *table,
		     const struct key *low, const struct key *high, struct buf *conditions,
		     size_t *count, struct error *err)
{
	put_key_select(reader, table);
	row_key_put_range(&reader->sql, table, low, high);
	for (struct retry r = read_begin(reader); retry_next(&r, err);)
		if (list_keys(reader, table, conditions, count, err))
			return true;
	return read_failed(table, err);
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Into the batch: either those of (low, high], or those of the conditions. */
struct rows_read {
	struct row_reader *reader;
	struct row_batch *batch;
	const struct key *low;
	const struct key *high;
	const char *const *conditions; /* NULL: of the range */
	size_t condition_count;
	uint64_t limit; /* of rows, or conditions, in one statement */
	uint64_t rows_seen;
	uint64_t bytes_seen;
	bool is_truncated;
};

/* The conditions from first on, or the range. */
static void put_rows_query(const struct rows_read *read, size_t first, uint64_t limit,
			   const char *lock)
{
	const struct moved_table *table = read->batch->table;
	struct buf *sql = begin_select(read->reader);

	buf_puts(sql, table->select_list);
	buf_puts(sql, table->types_list);
	if (read->batch->sum_expression)
		buf_printf(sql, ",%s", read->batch->sum_expression);
	put_from(sql, table);
	if (read->conditions) {
		buf_puts(sql, " WHERE ");
		moved_table_begin_where(sql, table);
		for (size_t i = 0; i < limit; i++)
			buf_printf(sql, "%s(%s)", i ? " OR " : "", read->conditions[first + i]);
		moved_table_end_where(sql, table);
	} else {
		row_key_put_range(sql, table, read->low, read->high);
		buf_puts(sql, " ORDER BY ");
		sql_key_order(sql, &table->key);
		buf_printf(sql, " LIMIT %" PRIu64, limit);
	}
	buf_printf(sql, " %s", lock);
}

/* Of the reader's query. What is beyond a few batches is read off and dropped. */
static bool fetch_rows(struct rows_read *read, struct error *err)
{
	struct row_reader *reader = read->reader;
	uint64_t statement_bytes = reader->run->options->batch_bytes;
	enum db_fetch fetched;
	struct db_row row;

	if (!db_query(reader->source, reader->sql.data, reader->sql.length, err))
		return false;
	while ((fetched = db_row_next(reader->source, &row, err)) == DB_ROW) {
		read->rows_seen++;
		if (read->is_truncated)
			continue;
		for (unsigned i = 0; i < row.count; i++)
			read->bytes_seen += row.lengths[i];
		if (!row_batch_add(read->batch, &row, statement_bytes, reader->packet_limit, err)) {
			db_row_finish(reader->source);
			return false;
		}
		read->is_truncated = read->bytes_seen > statement_bytes * ROW_READER_KEEP_FACTOR;
	}
	if (fetched == DB_END)
		return true;
	/* A row that is too large ends a range: what came before it counts as if no more had been
	 * requested. Not a list of keys: a row that does not come counts as missing. */
	if (read->conditions || !db_row_may_be_too_large(err) ||
	    reader->row_bytes >= ROW_READER_LARGEST_ROW)
		return false;
	reader->too_large = read->is_truncated = true;
	return true;
}

/* All of them, from the beginning. */
static bool fetch_all(struct rows_read *read, const char *lock, struct error *err)
{
	row_batch_clear(read->batch);
	read->rows_seen = read->bytes_seen = 0;
	read->is_truncated = false;
	if (!read->conditions) {
		put_rows_query(read, 0, read->limit, lock);
		return fetch_rows(read, err);
	}
	for (size_t at = 0; at < read->condition_count; at += read->limit) {
		size_t left = read->condition_count - at;

		put_rows_query(read, at, left < read->limit ? left : read->limit, lock);
		if (!fetch_rows(read, err))
			return false;
	}
	return true;
}

/* This thread's processor time goes into receiving rows and making text of them: to look at
 * the clock for each row would cost as much. */
static bool fetch_all_as(struct rows_read *read, const char *lock, enum work work, struct error *err)
{
	enum work before = work_begin(work);
	int64_t began_us = clock_thread_us();
	bool ok = fetch_all(read, lock, err);

	work_was_partly(WORK_BUILDING, clock_thread_us() - began_us);
	work_begin(before);
	return ok;
}

/* Nothing is locked while a row is waited for: see above. */
static bool fetch_without_waiting(struct rows_read *read, struct error *err)
{
	struct row_reader *reader = read->reader;

	if (!db_ready(reader->source, err))
		return false;

	const struct server_version *version = db_version(reader->source);
	const char *nowait = server_share_lock_nowait(version);
	enum work work = WORK_READING;

	while (nowait && read->limit > 1) {
		if (fetch_all_as(read, nowait, work, err))
			return true;
		work = WORK_WAITING_FOR_LOCK;
		if (err->kind != ERROR_BUSY || stop_is_set(reader->run->stop))
			return false;
		read->limit = read->limit > SHRINK_FACTOR ? read->limit / SHRINK_FACTOR : 1;
	}
	return fetch_all_as(read, server_share_lock(version), work, err);
}

static bool read_rows(struct rows_read *read, struct error *err)
{
	for (struct retry r = read_begin(read->reader); retry_next(&r, err);) {
		if (!fetch_without_waiting(read, err))
			continue;
		row_batch_finish(read->batch);
		return true;
	}
	return read_failed(read->batch->table, err);
}

bool row_reader_read(struct row_reader *reader, struct row_batch *batch, const struct key *low,
		     const struct key *high, uint64_t limit, bool *more, struct error *err)
{
	struct rows_read read = {
		.reader = reader, .batch = batch, .low = low, .high = high, .limit = limit
	};

	probe("before_chunk_read", "%s %" PRIu64, batch->table->source->full_name, batch->ticket);
	reader->too_large = false;
	if (!read_rows(&read, err))
		return false;
	*more = read.is_truncated || read.rows_seen >= read.limit;
	probe("after_chunk_read", "%s %" PRIu64 " %" PRIu64, batch->table->source->full_name,
	      batch->ticket, batch->rows);
	return true;
}

bool row_reader_keys(struct row_reader *reader, struct row_batch *batch,
		     const char *const *conditions, size_t count, bool *all, struct error *err)
{
	struct rows_read read = { .reader = reader,
				  .batch = batch,
				  .conditions = conditions,
				  .condition_count = count,
				  .limit = count };

	if (!read_rows(&read, err))
		return false;
	*all = !read.is_truncated || count == 1;
	return true;
}
