/* Writes to the target the rows that readers deliver: one batch is one transaction of "insert if
 * absent" (I3), which inline verification compares before its ticket ends.
 *
 * A failed batch is tried again as a whole, as rows that exist already stay as they are. One that
 * fails for good ends the run. If we die before it is recorded, its rows are copied again.
 *
 * Where the server inserts fewer rows than the batch has, some were skipped. Most exist already, as
 * a change or an earlier run brought them. Those that do not are owed (I9). */
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/probe.h"
#include "data_iterator_priv.h"
#include "plan/key_order.h"
#include "rows/lax_writer.h"
#include "rows/owed_rows.h"
#include "rows/row_lookup.h"
#include "rows/target_load.h"
#include "run/writer_lock.h"
#include "verify/verifier.h"

static const char log_tag[] = "batch_writer";

struct batch_writer {
	struct run *run; /* borrowed */
	struct db *target;
	struct lax_writer lax; /* for batches that are refused */
	bool is_verifying;
	struct range_diff comparer; /* open when is_verifying */

	/* Of the batch at hand. */
	struct row_batch *batch;
	struct range_claim range; /* owned */
	bool is_alone;		  /* for the next attempt, after a deadlock */
	uint64_t inserted;	  /* of its rows, by the last attempt */
};

static void set_range(struct batch_writer *writer)
{
	const struct row_batch *batch = writer->batch;
	const struct key_columns *columns = &batch->table->key;
	struct range_claim *range = &writer->range;

	buf_clear(&range->low);
	buf_clear(&range->high);
	range->has_low = batch->low.is_set;
	range->has_high = batch->high.is_set;
	if (range->has_low)
		key_order_put(&range->low, columns, batch->low.values);
	if (range->has_high)
		key_order_put(&range->high, columns, batch->high.values);
	writer->is_alone = false;
}

static bool make_statements(struct row_batch *batch, struct error *err)
{
	enum work before = work_begin(WORK_BUILDING);
	bool ok = row_batch_make_statements(batch, err);

	work_begin(before);
	return ok;
}

/* One transaction: by LOAD DATA where that is exact. */
static bool write_once(struct batch_writer *writer, struct error *err)
{
	struct row_batch *batch = writer->batch;

	if (batch->is_text) {
		enum load_outcome outcome =
			target_load(writer->target, batch, &writer->inserted, err);

		if (outcome == LOAD_DONE || outcome == LOAD_FAILED)
			return outcome == LOAD_DONE;
		if (outcome == LOAD_UNSUITED)
			run_count_unsuited_load(writer->run, batch->table);
		if (!make_statements(batch, err))
			return false;
		probe("load_is_unsuited", "%s", batch->table->source->full_name);
	}
	writer->inserted = 0;
	for (size_t i = 0; i < batch->statement_count; i++)
		batch->statements[i].affected = &writer->inserted;
	return write_statements(writer->target, batch->statements, batch->statement_count, err);
}

static bool claim(struct batch_writer *writer, struct write_claims *claims)
{
	enum work before = work_begin(WORK_WAITING_FOR_LOCK);
	struct stop *stop = writer->run->stop;
	bool ok = writer->is_alone ? write_claims_take_table(claims, stop) :
				     write_claims_take_range(claims, &writer->range, stop);

	work_begin(before);
	return ok;
}

/* Changes of the same rows, or of the whole table, wait meanwhile. */
static bool write_claimed(struct batch_writer *writer, struct error *err)
{
	const struct row_batch *batch = writer->batch;
	struct write_claims *claims = &run_sync(writer->run, batch->table)->claims;
	bool is_alone = writer->is_alone;

	if (!db_ready(writer->target, err))
		return false;
	if (!claim(writer, claims))
		return error_set(err, ERROR_STOPPED, "stopped");

	bool ok = write_once(writer, err);

	if (is_alone)
		write_claims_release_table(claims);
	else
		write_claims_release_range(claims, &writer->range);
	writer->is_alone |= !ok && db_error_is_deadlock(err);
	return ok;
}

static bool write_rows(struct batch_writer *writer, struct error *err)
{
	const struct row_batch *batch = writer->batch;
	bool is_strict_first = lax_writer_is_strict_first(&writer->lax, batch->table);
	struct error refused;

	if (is_strict_first) {
		for (struct retry r = run_write_begin(writer->run, "write row batch", log_tag);
		     retry_next(&r, err);)
			if (write_claimed(writer, err))
				return true;
		if (!lax_is_refusal(err))
			return false;
		refused = *err;
	}
	/* Rows that a lax write omits no longer exist on the source. */
	writer->inserted = batch->rows;
	return lax_writer_batch(&writer->lax, writer->target, batch,
				is_strict_first ? &refused : NULL, err);
}

static void list_keys(const struct row_batch *batch, struct map *rows)
{
	struct value values[KEY_COLUMNS_MAX];
	struct buf condition = BUF_INIT;
	size_t at = 0;

	while (row_batch_next_key(batch, &at, values)) {
		buf_clear(&condition);
		sql_key_equals(&condition, &batch->table->key, values);
		map_put(rows, condition.data, condition.length, rows);
	}
	buf_release(&condition);
}

static bool find_skipped(struct batch_writer *writer, struct map *rows, struct error *err)
{
	const struct moved_table *table = writer->batch->table;

	for (struct retry r = run_write_begin(writer->run, "look for skipped rows", log_tag);
	     retry_next(&r, err);)
		if (db_ready(writer->target, err) &&
		    row_lookup_missing(writer->target, table, rows, err))
			return true;
	return error_wrap(err, "look for skipped rows of table %s", table->source->full_name);
}

/* After the commit, before the chunk is recorded. */
static bool record_skipped(struct batch_writer *writer, struct error *err)
{
	const struct moved_table *table = writer->batch->table;
	const struct map_entry *entry;
	struct map skipped;
	size_t cursor = 0;

	if (writer->inserted == writer->batch->rows || table->key.count == 0)
		return true;
	enum work before = work_begin(WORK_CHECKING);

	map_init(&skipped);
	list_keys(writer->batch, &skipped);
	bool ok = find_skipped(writer, &skipped, err);

	while (ok && (entry = map_next(&skipped, &cursor)))
		owed_rows_skipped(writer->run->owed, table, entry->key, entry->key_length);
	if (ok && skipped.count > 0)
		probe("rows_skipped", "%s %zu", table->source->full_name, skipped.count);
	map_release(&skipped);
	work_begin(before);
	return ok;
}

static void log_batch(const struct row_batch *batch, int64_t ms)
{
	struct log_facts facts = { .count = 0 };

	if (log_get_level() > LOG_DEBUG)
		return;
	log_fact(&facts, "table", batch->table->source->full_name);
	log_fact_number(&facts, "#rows", (double)batch->rows);
	log_fact_number(&facts, "#bytes", (double)batch->bytes);
	log_fact_number(&facts, "#ms", (double)ms);
	log_debug_facts(&facts, "wrote a batch of table %s: %" PRIu64 " rows",
			batch->table->source->full_name, batch->rows);
}

static bool write_batch(struct batch_writer *writer, struct error *err)
{
	struct run *run = writer->run;
	const struct row_batch *batch = writer->batch;
	const char *table = batch->table->source->full_name;

	if (batch->rows == 0)
		return true;
	if (!throttler_wait(run->throttler, THROTTLED_WRITE, run->stop))
		return error_set(err, ERROR_STOPPED, "stopped");
	set_range(writer);
	int64_t began_ms = clock_ms();

	probe("before_batch_write", "%s %" PRIu64, table, batch->ticket);
	if (!write_rows(writer, err))
		return error_wrap(err, "write %" PRIu64 " rows of table %s", batch->rows, table);
	probe("after_batch_write", "%s %" PRIu64, table, batch->ticket);
	state_tracker_batch_written(run->tracker, batch->table, batch->rows, batch->bytes);
	log_batch(batch, clock_ms() - began_ms);
	return record_skipped(writer, err);
}

static bool open_writer(struct batch_writer *writer, struct verifier *verifier, unsigned number,
			struct error *err)
{
	struct run *run = writer->run;
	char lock_name[WRITER_LOCK_NAME_SIZE];

	lax_writer_init(&writer->lax, run, log_tag);
	writer_lock_name(lock_name, run->run_id, run->locks.batch_writers + number);
	writer->target = run_connect(run, lock_name, run->options->write_attempts, log_tag, err);
	if (!writer->target)
		return false;
	if (!verifier_wants_batches(verifier))
		return true;
	writer->is_verifying = verifier_open_comparer(verifier, &writer->comparer, err);
	return writer->is_verifying;
}

static void close_writer(struct batch_writer *writer)
{
	db_close(writer->target);
	buf_release(&writer->range.low);
	buf_release(&writer->range.high);
	lax_writer_release(&writer->lax);
	if (writer->is_verifying)
		range_diff_close(&writer->comparer);
}

static bool next_batch(struct data_iterator *it, void **item)
{
	enum work before = work_begin(WORK_IDLE);
	bool found = channel_pop(&it->batches, item);

	work_begin(before);
	return found;
}

/* Inside the fence: no change that was received since the read is applied yet. */
static bool compare_batch(struct data_iterator *it, struct batch_writer *writer, struct error *err)
{
	enum work before = work_begin(WORK_CHECKING);
	bool ok = verifier_batch(it->verifier, &writer->comparer, writer->batch, err);

	work_begin(before);
	return ok;
}

void batch_writer_main(void *argument)
{
	struct worker *worker = argument;
	struct data_iterator *it = worker->iterator;
	struct batch_writer writer = { .run = it->run };
	struct work_clock clock;
	struct error err;
	void *item;

	work_join(&it->run->work, &clock, WORK_ON_TARGET, WORK_OTHER);
	bool ok = open_writer(&writer, it->verifier, worker->number, &err);

	while (ok && next_batch(it, &item)) {
		struct chunk_batch *batch = item;

		writer.batch = batch->rows;
		atomic_fetch_add(&it->writing, 1);
		ok = write_batch(&writer, &err);
		atomic_fetch_sub(&it->writing, 1);
		if (ok && writer.is_verifying)
			ok = compare_batch(it, &writer, &err);
		if (ok)
			data_iterator_batch_done(it, batch);
		data_iterator_batch_free(it, batch);
	}
	close_writer(&writer);
	work_leave(&clock);
	if (!ok && err.kind != ERROR_STOPPED)
		run_fail(it->run, PART_DATA_ITERATOR, &err);
	if (!ok) /* readers must not wait for room forever */
		channel_close(&it->batches);
}
