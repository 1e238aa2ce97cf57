/* Puts the rows that readers send on the target: one batch is one transaction of "insert
 * if absent" (README I3), with Inline compared before its ticket ends.
 *
 * A failed batch is tried again whole, as rows that are there already stay as they are.
 * One that fails for good ends the run. If we die before it is recorded, its rows are
 * copied again. */
#include <inttypes.h>

#include "base/probe.h"
#include "data_iterator_priv.h"
#include "ferry/verifier.h"
#include "ferry/writer_lock.h"
#include "lax_writer.h"

struct batch_writer {
	struct data_iterator *iterator;
	struct db *target;
	const struct row_batch *batch; /* being written */
	struct lax_writer lax;	       /* for batches that are refused */
	bool is_verifying;
	struct table_comparer comparer; /* open when is_verifying */
};

static bool attempt_write(void *argument, struct error *err)
{
	struct batch_writer *writer = argument;

	if (!db_ready(writer->target, err))
		return false;
	return write_statements(writer->target, writer->batch->statements,
				writer->batch->statement_count, err);
}

static bool write_rows(struct batch_writer *writer, struct error *err)
{
	const struct row_batch *batch = writer->batch;
	struct error refused;

	if (!lax_writer_is_strict_first(&writer->lax, batch->table))
		return lax_writer_batch(&writer->lax, writer->target, batch, NULL, err);
	if (run_write(writer->iterator->run, "write row batch", "batch_writer", attempt_write, writer,
		      err))
		return true;
	refused = *err;
	return lax_writer_may(batch->table, &refused) &&
	       lax_writer_batch(&writer->lax, writer->target, batch, &refused, err);
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
	probe("before_batch_write", "%s %" PRIu64, table, batch->ticket);
	if (!write_rows(writer, err))
		return error_wrap(err, "write %" PRIu64 " rows of table %s", batch->rows, table);
	probe("after_batch_write", "%s %" PRIu64, table, batch->ticket);
	state_tracker_batch_written(run->tracker, batch->table, batch->rows, batch->bytes);
	return true;
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
		ok = write_batch(&writer, &err) && verify_batch(&writer, &err);
		if (ok)
			data_iterator_batch_done(it, batch);
		data_iterator_set_taken(it, batch, 0);
		row_batch_free(batch);
	}
	db_close(writer.target);
	lax_writer_release(&writer.lax);
	if (writer.is_verifying)
		table_comparer_close(&writer.comparer);
	if (!ok && err.kind != ERROR_STOPPED)
		it->run->fail(it->run->fail_context, "data_iterator", &err);
	if (!ok) /* readers must not wait for room for ever */
		channel_close(&it->batches);
}
