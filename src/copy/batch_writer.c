/* Puts the rows that readers send on the target: one batch is one transaction of "insert
 * if absent" (README I3), with Inline compared before its ticket ends.
 *
 * A failed batch is tried again whole, as rows that are there already stay as they are.
 * One that fails for good ends the run. If we die before it is recorded, its rows are
 * copied again.
 *
 * Where the server inserts fewer rows than there are, some were skipped. Most are there, as
 * a change brought them or an earlier run did. Those that are not are owed (README I9). */
#include <inttypes.h>
#include <stdlib.h>

#include "base/probe.h"
#include "base/mem.h"
#include "data_iterator_priv.h"
#include "rows/owed_rows.h"
#include "verify/verifier.h"
#include "run/writer_lock.h"
#include "plan/key_order.h"
#include "rows/lax_writer.h"
#include "rows/row_lookup.h"

struct batch_writer {
	struct data_iterator *iterator;
	struct db *target;
	const struct row_batch *batch; /* being written */
	struct range_claim range;      /* of batch; owned */
	bool is_alone; /* the next attempt: it has met with a deadlock */
	struct lax_writer lax;	       /* for batches that are refused */
	uint64_t inserted;	       /* of its rows, by the last attempt */
	struct map skipped;	       /* conditions of rows not found; value: whatever */
	bool is_verifying;
	struct range_diff comparer; /* open when is_verifying */
};

static struct write_claims *claims_of(const struct batch_writer *writer)
{
	return &run_sync(writer->iterator->run, writer->batch->table)->claims;
}

static bool take_claim(struct batch_writer *writer)
{
	struct stop *stop = writer->iterator->run->stop;

	return writer->is_alone ? write_claims_take_table(claims_of(writer), stop) :
				  write_claims_take_range(claims_of(writer), &writer->range, stop);
}

static void release_claim(struct batch_writer *writer)
{
	if (writer->is_alone)
		write_claims_release_table(claims_of(writer));
	else
		write_claims_release_range(claims_of(writer), &writer->range);
}

static bool attempt_write(void *argument, struct error *err)
{
	struct batch_writer *writer = argument;

	writer->inserted = 0;
	if (!db_ready(writer->target, err))
		return false;
	if (!take_claim(writer))
		return error_set(err, ERROR_STOPPED, "stopped");

	bool ok = write_statements(writer->target, writer->batch->statements,
				   writer->batch->statement_count, err);

	release_claim(writer);
	writer->is_alone |= !ok && db_error_is_deadlock(err);
	return ok;
}

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

static bool write_rows(struct batch_writer *writer, struct error *err)
{
	const struct row_batch *batch = writer->batch;
	struct error refused;

	/* What a lax write leaves out, the source does not have any more. */
	writer->inserted = batch->rows;
	if (!lax_writer_is_strict_first(&writer->lax, batch->table))
		return lax_writer_batch(&writer->lax, writer->target, batch, NULL, err);
	if (run_write(writer->iterator->run, "write row batch", "batch_writer", attempt_write, writer,
		      err))
		return true;
	refused = *err;
	writer->inserted = batch->rows;
	return lax_writer_may(batch->table, &refused) &&
	       lax_writer_batch(&writer->lax, writer->target, batch, &refused, err);
}

static void list_keys(struct batch_writer *writer)
{
	const struct key_columns *columns = &writer->batch->table->key;
	struct value values[KEY_COLUMNS_MAX];
	struct buf condition = BUF_INIT;
	size_t at = 0;

	while (row_batch_next_key(writer->batch, &at, values)) {
		buf_clear(&condition);
		sql_key_equals(&condition, columns, values);
		map_put(&writer->skipped, condition.data, condition.length, writer);
	}
	buf_release(&condition);
}

static bool attempt_lookup(void *argument, struct error *err)
{
	struct batch_writer *writer = argument;
	const char **conditions = mem_calloc(writer->skipped.count + 1, sizeof(*conditions));
	const struct map_entry *entry;
	struct map found;
	size_t cursor = 0, count = 0;

	map_init(&found);
	while ((entry = map_next(&writer->skipped, &cursor)))
		conditions[count++] = entry->key;
	bool ok = db_ready(writer->target, err) &&
		  row_lookup(writer->target, writer->batch->table, conditions, count, &found, err);

	free(conditions);
	for (cursor = 0; ok && (entry = map_next(&found, &cursor));)
		map_remove(&writer->skipped, entry->key, entry->key_length);
	map_release(&found);
	return ok;
}

/* After the commit, before the chunk is recorded. */
static bool note_skipped(struct batch_writer *writer, struct error *err)
{
	struct run *run = writer->iterator->run;
	const struct moved_table *table = writer->batch->table;
	const struct map_entry *entry;
	size_t cursor = 0;

	if (writer->inserted == writer->batch->rows || table->key.count == 0)
		return true;
	map_init(&writer->skipped);
	list_keys(writer);
	bool ok = run_write(run, "look for skipped rows", "batch_writer", attempt_lookup, writer, err);

	while (ok && (entry = map_next(&writer->skipped, &cursor)))
		owed_rows_skipped(run->owed, table, entry->key, entry->key_length);
	if (ok && writer->skipped.count > 0)
		probe("rows_skipped", "%s %zu", table->source->full_name, writer->skipped.count);
	map_release(&writer->skipped);
	return ok || error_wrap(err, "look for skipped rows of table %s", table->source->full_name);
}

static bool write_batch(struct batch_writer *writer, struct error *err)
{
	struct run *run = writer->iterator->run;
	const struct row_batch *batch = writer->batch;
	const char *table = batch->table->source->full_name;

	if (batch->rows == 0)
		return true;
	if (!throttler_wait(run->throttler, run->stop))
		return error_set(err, ERROR_STOPPED, "stopped");
	set_range(writer);
	for (size_t i = 0; i < batch->statement_count; i++)
		batch->statements[i].affected = &writer->inserted;
	probe("before_batch_write", "%s %" PRIu64, table, batch->ticket);
	if (!write_rows(writer, err))
		return error_wrap(err, "write %" PRIu64 " rows of table %s", batch->rows, table);
	probe("after_batch_write", "%s %" PRIu64, table, batch->ticket);
	state_tracker_batch_written(run->tracker, batch->table, batch->rows, batch->bytes);
	return note_skipped(writer, err);
}

/* Inside the fence: no change that was received since the read is applied yet. */
static bool verify_batch(struct batch_writer *writer, struct error *err)
{
	struct run *run = writer->iterator->run;
	const struct row_batch *batch = writer->batch;

	return !writer->is_verifying ||
	       verifier_batch(run->verifier, &writer->comparer, batch, err);
}

static bool connect_writer(struct worker *worker, struct db **target, struct error *err)
{
	struct data_iterator *it = worker->iterator;
	char lock_name[WRITER_LOCK_NAME_SIZE];

	writer_lock_name(lock_name, it->run->tracker->run_id, it->first_lock + worker->number);
	*target = run_connect(it->run, lock_name, it->run->options->write_attempts, "batch_writer",
			      err);
	if (!*target)
		return false;
	mutex_lock(&it->lock);
	it->packet_limit = write_packet_limit(*target);
	condition_broadcast(&it->changed);
	mutex_unlock(&it->lock);
	return true;
}

void batch_writer_main(void *argument)
{
	struct worker *worker = argument;
	struct data_iterator *it = worker->iterator;
	struct batch_writer writer = { .iterator = it };
	struct error err;
	void *item;
	bool ok = connect_writer(worker, &writer.target, &err);

	lax_writer_init(&writer.lax, it->run, "batch_writer");
	if (ok && verifier_wants_batches(it->run->verifier))
		ok = writer.is_verifying =
			verifier_open_comparer(it->run->verifier, &writer.comparer, &err);

	while (ok && channel_pop(&it->batches, &item)) {
		struct row_batch *batch = item;

		writer.batch = batch;
		atomic_fetch_add(&it->writing, 1);
		ok = write_batch(&writer, &err);
		atomic_fetch_sub(&it->writing, 1);
		ok = ok && verify_batch(&writer, &err);
		if (ok)
			data_iterator_batch_done(it, batch);
		data_iterator_set_reserved(it, batch, 0);
		row_batch_free(batch);
	}
	db_close(writer.target);
	buf_release(&writer.range.low);
	buf_release(&writer.range.high);
	lax_writer_release(&writer.lax);
	if (writer.is_verifying)
		range_diff_close(&writer.comparer);
	if (!ok && err.kind != ERROR_STOPPED)
		it->run->fail(it->run->fail_context, "data_iterator", &err);
	if (!ok) /* readers must not wait for room for ever */
		channel_close(&it->batches);
}
