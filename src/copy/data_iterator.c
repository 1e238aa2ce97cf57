/* Copies every table, several at once and several workers within one.
 *
 * A reader takes a chunk of the table with the fewest readers, of several the first (they come
 * largest first). While there are enough tables for all readers, a chunk is simply "the next n
 * rows": the reader that takes it keeps the table to itself until the read is done and its last key
 * is known. When readers outnumber tables, a cheap lookup in the index, n rows ahead, first gives
 * the chunk an upper end, and others can continue after it at once.
 *
 * The end of a table is found only by a locking read with no upper end that returned fewer rows
 * than requested (I1): a plain MAX(key) would miss a row whose event was sent before the run and
 * which is not yet visible.
 *
 * Each read has a ticket, issued before it is sent; the batch writer ends it when the rows are
 * committed (I2). A reader that fails ends the run, so a ticket that is never ended holds back
 * nothing but a run that is over. */
#include "data_iterator_priv.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "verify/verifier.h"
#include "run/writer_lock.h"
#include "rows/load_text.h"
#include "rows/row_reader.h"
#include "copy/snapshot_copy.h"

static const char log_tag[] = "data_iterator";

#define ROWS_PER_READ_MAX 10000
#define DEFAULT_ROW_BYTES 512
#define FEW_WORKERS 4

struct data_iterator *data_iterator_new(struct run *run, struct verifier *verifier,
					uint64_t packet_limit)
{
	struct data_iterator *it = mem_calloc(1, sizeof(*it));

	it->run = run;
	it->verifier = verifier;
	it->packet_limit = packet_limit;
	it->worker_count = run->options->copy_workers;
	it->plan_count = run->tables->count;
	it->plans = mem_calloc(it->plan_count ? it->plan_count : 1, sizeof(*it->plans));
	it->target_keys = mem_calloc(it->plan_count ? it->plan_count : 1, sizeof(*it->target_keys));
	mutex_init(&it->lock);
	condition_init(&it->changed);
	channel_init(&it->batches, it->worker_count);
	for (size_t i = 0; i < it->plan_count; i++) {
		struct chunk_plan *plan = &it->plans[i];

		chunk_plan_init(plan, run->tables->tables[i]);
		state_tracker_key(run->tracker, plan->table, &plan->next_low, &plan->is_exhausted);
		plan->is_complete = plan->is_exhausted;
		if (!plan->is_exhausted)
			it->unread++;
	}
	return it;
}

enum slower_side data_iterator_limit(struct data_iterator *it)
{
	size_t waiting = channel_count(&it->batches);

	mutex_lock(&it->lock);
	bool is_reading = it->readers_running > 0;
	mutex_unlock(&it->lock);
	/* Memory that is waited for may also be held by reads that wait for a lock. */
	bool is_writing = waiting > 0 || atomic_load(&it->writing) > 0;
	if (waiting == it->worker_count || (is_writing && budget_is_waited_for(&it->run->rows)))
		return SLOWER_TARGET;
	return is_reading && waiting == 0 ? SLOWER_SOURCE : SLOWER_NONE;
}

void data_iterator_target_key(struct data_iterator *it, const struct moved_table *table,
			      struct key *key)
{
	mutex_lock(&it->lock);
	key_copy(key, &it->target_keys[table->index]);
	mutex_unlock(&it->lock);
}

/* The plan to work on next, or NULL when all remaining ones are busy. */
static struct chunk_plan *choose_plan(struct data_iterator *it) REQUIRES(it->lock)
{
	struct chunk_plan *best = NULL;

	while (it->first_unread < it->plan_count && it->plans[it->first_unread].is_exhausted)
		it->first_unread++;
	for (size_t i = it->first_unread; i < it->plan_count; i++) {
		struct chunk_plan *plan = &it->plans[i];

		if (plan->is_exhausted || plan->is_busy)
			continue;
		if (!best || plan->readers < best->readers)
			best = plan;
		if (best->readers == 0)
			break;
	}
	return best;
}

static void give_back(struct data_iterator *it, struct chunk_plan *plan) REQUIRES(it->lock)
{
	plan->is_busy = false;
	condition_broadcast(&it->changed);
}

static uint64_t rows_per_read(struct data_iterator *it, const struct chunk_plan *plan)
	REQUIRES(it->lock)
{
	uint64_t fixed = plan->table->batch_rows;
	uint64_t bytes = it->run->options->batch_bytes;
	uint64_t average =
		plan->average_bytes ? plan->average_bytes : plan->table->source->avg_row_bytes;
	uint64_t rows_max = ROWS_PER_READ_MAX;

	if (!fixed)
		fixed = atomic_load(&it->run->batch_rows);
	if (fixed) { /* rows not kept would be read again and again */
		bytes *= ROW_READER_KEEP_FACTOR;
		rows_max = fixed;
	}
	uint64_t rows = bytes / (average ? average : DEFAULT_ROW_BYTES);

	if (rows > rows_max)
		rows = rows_max;
	return rows ? rows : 1;
}

/* The size of statements per row determines how many rows the next read requests. */
static void update_row_size(struct chunk_plan *plan, const struct row_batch *batch)
{
	if (batch->rows == 0)
		return;

	uint64_t average = batch->bytes / batch->rows + 1;

	plan->average_bytes = plan->average_bytes ? (plan->average_bytes + average) / 2 : average;
}

/* What a reader works on. */
struct assignment {
	struct chunk_plan *plan;
	struct chunk *chunk;
	struct key low;
	struct key high;
	uint64_t rows;
	uint64_t large_row_bytes; /* as in the plan, for the next row */
	bool is_first;		  /* of the table in this process */
	struct throttle_share share;
};

/* Waits for a table to read from. False: nothing is left, or the run ends. */
static bool acquire_plan(struct data_iterator *it, struct assignment *work, bool *split)
{
	struct chunk_plan *plan = NULL;

	mutex_lock(&it->lock);
	while (!stop_is_set(it->run->stop) && it->unread > 0 && !(plan = choose_plan(it))) {
		enum work before = work_begin(WORK_IDLE);

		condition_wait_ms(&it->changed, &it->lock, 200);
		work_begin(before);
	}
	if (plan) {
		plan->is_busy = true;
		plan->readers++;
		work->plan = plan;
		work->is_first = !plan->first && plan->average_bytes == 0;
		work->rows = rows_per_read(it, plan);
		work->large_row_bytes = plan->large_row_bytes;
		key_copy(&work->low, &plan->next_low);
		*split = it->unread < it->worker_count;
	}
	mutex_unlock(&it->lock);
	return plan != NULL;
}

static bool note_target_key(struct data_iterator *it, struct row_reader *reader,
			    const struct moved_table *table, struct error *err)
{
	struct key key = KEY_INIT;
	bool ok = row_reader_largest(reader, table, &key, err);

	if (ok) {
		mutex_lock(&it->lock);
		key_copy(&it->target_keys[table->index], &key);
		mutex_unlock(&it->lock);
	}
	key_release(&key);
	return ok;
}

static bool acquire_chunk(struct data_iterator *it, struct row_reader *reader,
			  struct assignment *work, struct error *err)
{
	bool split;

	if (!acquire_plan(it, work, &split))
		return error_set(err, ERROR_STOPPED, "nothing left to read");
	if (work->is_first)
		state_tracker_started(it->run->tracker, work->plan->table);
	if (work->plan->table->key.count == 0)
		return true;
	if (work->is_first && !note_target_key(it, reader, work->plan->table, err))
		return false;
	if (split &&
	    !row_reader_split(reader, work->plan->table, &work->low, work->rows, &work->high, err))
		return false;
	mutex_lock(&it->lock);
	work->chunk = chunk_plan_append(work->plan, &work->high);
	if (work->high.is_set)
		give_back(it, work->plan);
	mutex_unlock(&it->lock);
	return true;
}

/* A chunk without an upper end was read: its last row becomes its end, or the table's end was
 * reached. */
static void resolve_open_chunk(struct data_iterator *it, struct assignment *work,
			       const struct row_batch *batch, bool more) REQUIRES(it->lock)
{
	if (batch->last.is_set)
		key_copy(&work->chunk->high, &batch->last);
	if (more) {
		key_copy(&work->plan->next_low, &batch->last);
	} else {
		work->plan->is_exhausted = true;
		it->unread--;
	}
	give_back(it, work->plan);
}

/* Records what has become certain. Lock order: the iterator's, then the tracker's;
 * the tracker never calls back. */
static void record_progress(struct data_iterator *it, struct chunk_plan *plan) REQUIRES(it->lock)
{
	uint64_t rows = plan->rows, bytes = plan->bytes;
	struct key end = KEY_INIT;

	if (chunk_plan_collect(plan, &end) && end.is_set) {
		state_tracker_copied_up_to(it->run->tracker, plan->table, &end);
		state_tracker_copied(it->run->tracker, plan->table, plan->rows - rows,
				     plan->bytes - bytes);
	}
	if (plan->is_complete)
		state_tracker_set_complete(it->run->tracker, plan->table, true);
	key_release(&end);
}

/* The largest row to expect next, and the memory that the read takes at most: the row in the client
 * library's buffer, and in a statement after all rows that are kept. Many workers reserve less
 * each, as not all of them meet their largest rows at the same time; what was really used counts as
 * soon as it is known. */
static uint64_t plan_memory(struct data_iterator *it, struct assignment *work, uint64_t *row_bytes)
{
	const struct move_options *options = it->run->options;
	uint64_t most;

	if (work->large_row_bytes) { /* alone */
		work->rows = 1;
		*row_bytes = work->large_row_bytes;
		return 2 * *row_bytes;
	}
	*row_bytes = options->row_bytes;
	most = 2 * *row_bytes + ROW_READER_KEEP_FACTOR * options->batch_bytes;
	return it->worker_count > FEW_WORKERS ? most * FEW_WORKERS / it->worker_count : most;
}

static bool reserve_memory(struct data_iterator *it, uint64_t bytes, struct error *err)
{
	enum work before = work_begin(WORK_WAITING_FOR_ROOM);
	bool ok = budget_acquire(&it->run->rows, bytes, it->run->stop);

	work_begin(before);
	return ok || error_set(err, ERROR_STOPPED, "stopped");
}

/* Memory is reserved before the ticket is issued: no wait for changes that wait for it. */
static struct chunk_batch *begin_batch(struct data_iterator *it, struct row_reader *reader,
				       struct assignment *work, struct error *err)
{
	const struct moved_table *table = work->plan->table;
	uint64_t row_bytes;
	uint64_t bytes = plan_memory(it, work, &row_bytes);

	if (!reserve_memory(it, bytes, err))
		return NULL;
	row_reader_expect(reader, row_bytes);

	struct chunk_batch *batch = mem_calloc(1, sizeof(*batch));

	batch->chunk = work->chunk;
	batch->reserved = bytes;
	batch->rows = row_batch_new(table, fence_issue(&run_sync(it->run, table)->fence));
	batch->rows->is_text = run_takes_loads_of(it->run, table) && load_text_suits(table);
	verifier_begin_batch(it->verifier, batch->rows);
	key_copy(&batch->rows->low, &work->low);
	return batch;
}

static void set_reserved(struct data_iterator *it, struct chunk_batch *batch, uint64_t bytes)
{
	budget_change(&it->run->rows, batch->reserved, bytes);
	batch->reserved = bytes;
}

static void end_ticket(struct data_iterator *it, const struct row_batch *rows)
{
	fence_end(&run_sync(it->run, rows->table)->fence, rows->ticket);
}

/* The next row may be as large as this one was. A connection that received a row so large that
 * others had to wait for it is closed, to free its buffer. */
static void update_large_rows(struct data_iterator *it, struct row_reader *reader,
			      struct assignment *work, const struct row_batch *batch)
{
	uint64_t usual = it->run->options->row_bytes;
	uint64_t large = 0;

	if (reader->too_large)
		large = ROW_READER_LARGEST_ROW;
	else if (reader->row_bytes > usual && batch->bytes > usual / 2)
		large = batch->bytes + batch->bytes / 2;
	if (large > ROW_READER_LARGEST_ROW)
		large = ROW_READER_LARGEST_ROW;
	if (reader->row_bytes > it->run->options->rows_bytes / 4)
		row_reader_expect(reader, usual);
	work->large_row_bytes = large > usual ? large : 0;
	mutex_lock(&it->lock);
	work->plan->large_row_bytes = work->large_row_bytes;
	mutex_unlock(&it->lock);
}

/* Reads one part of the chunk into the batch. Where the first row is too large nothing is
 * read: the next read, of this row alone, has another ticket. */
static bool read_rows(struct data_iterator *it, struct row_reader *reader, struct assignment *work,
		      struct row_batch *rows, bool *more, struct error *err)
{
	if (!row_reader_read(reader, rows, &work->low, &work->high, work->rows, more, err))
		return false;
	update_large_rows(it, reader, work, rows);
	if (reader->too_large)
		log_debug("table %s: the next row has more than %" PRIu64 " bytes, or the connection "
			  "was lost: it is read alone",
			  rows->table->source->full_name, reader->row_bytes);
	return true;
}

/* The chunk has one more batch, and perhaps an end. */
static void add_to_chunk(struct data_iterator *it, struct assignment *work, struct row_batch *rows,
			 bool *more)
{
	key_copy(&rows->high, *more ? &rows->last : &work->high);
	if (rows->last.is_set)
		key_copy(&work->low, &rows->last);
	mutex_lock(&it->lock);
	update_row_size(work->plan, rows);
	work->rows = rows_per_read(it, work->plan);
	work->chunk->batches++;
	if (!work->high.is_set) {
		resolve_open_chunk(it, work, rows, *more);
		*more = false;
	}
	if (!*more)
		work->chunk->is_read = true;
	mutex_unlock(&it->lock);
}

/* On success the batch belongs to the writers. */
static bool hand_over(struct data_iterator *it, struct chunk_batch *batch)
{
	enum work before = work_begin(WORK_WAITING_FOR_ROOM);
	bool ok = channel_push(&it->batches, batch);

	work_begin(before);
	return ok;
}

/* Reads one part of the chunk and sends it to the writers. */
static bool read_part(struct data_iterator *it, struct row_reader *reader, struct assignment *work,
		      bool *more, struct error *err)
{
	struct chunk_batch *batch = begin_batch(it, reader, work, err);

	if (!batch)
		return false;

	struct row_batch *rows = batch->rows;
	bool ok = read_rows(it, reader, work, rows, more, err);

	throttler_copied(it->run->throttler, &work->share, rows->rows, rows->bytes);
	if (ok && reader->too_large && rows->rows == 0) {
		end_ticket(it, rows);
		data_iterator_batch_free(it, batch);
		return true;
	}
	if (ok) {
		add_to_chunk(it, work, rows, more);
		set_reserved(it, batch, rows->bytes + rows->keys.length);
		if (hand_over(it, batch))
			return true;
		error_set(err, ERROR_STOPPED, "stopped");
	}
	data_iterator_batch_free(it, batch);
	return false;
}

/* A table without a key is copied by one reader from beginning to end. Its only ticket is issued
 * before the snapshot, and ends when all of it is on the target. */
static bool copy_whole(struct worker *worker, struct chunk_plan *plan, struct error *err)
{
	struct data_iterator *it = worker->iterator;
	const struct moved_table *table = plan->table;
	struct fence *fence = &run_sync(it->run, table)->fence;
	char lock_name[WRITER_LOCK_NAME_SIZE];
	uint64_t ticket = fence_issue(fence);

	writer_lock_name(lock_name, it->run->run_id, it->run->locks.readers + worker->number);
	struct db *target = run_connect(it->run, lock_name, it->run->options->write_attempts,
					"batch_writer", err);
	enum work before = work_begin(WORK_READING);
	bool ok = target && snapshot_copy(it->run, target, table, err);

	work_begin(before);
	db_close(target);
	if (!ok)
		return false;
	mutex_lock(&it->lock);
	plan->is_exhausted = plan->is_complete = true;
	it->unread--;
	state_tracker_set_complete(it->run->tracker, table, true);
	give_back(it, plan);
	mutex_unlock(&it->lock);
	log_info("table %s is copied", table->source->full_name);
	fence_end(fence, ticket);
	return true;
}

static bool read_chunk(struct worker *worker, struct row_reader *reader, struct error *err)
{
	struct data_iterator *it = worker->iterator;
	struct assignment work = { .plan = NULL };
	bool more = true;
	bool ok = acquire_chunk(it, reader, &work, err);

	if (ok && work.plan->table->key.count == 0) {
		/* What may hold up the snapshot is waited for before it: see throttler.h. */
		ok = (throttler_wait(it->run->throttler, THROTTLED_COPY, it->run->stop) ||
		      error_set(err, ERROR_STOPPED, "stopped")) &&
		     copy_whole(worker, work.plan, err);
		more = false;
	}
	while (ok && more) {
		ok = throttler_wait_to_copy(it->run->throttler, &work.share, it->run->stop) ||
		     error_set(err, ERROR_STOPPED, "stopped");
		if (ok)
			ok = read_part(it, reader, &work, &more, err);
	}
	if (work.plan) {
		mutex_lock(&it->lock);
		work.plan->readers--;
		mutex_unlock(&it->lock);
	}
	key_release(&work.low);
	key_release(&work.high);
	return ok;
}

static void reader_main(void *argument)
{
	struct worker *worker = argument;
	struct data_iterator *it = worker->iterator;
	struct work_clock clock;
	struct row_reader reader;
	struct error err;

	work_join(&it->run->work, &clock, WORK_ON_SOURCE, WORK_OTHER);
	bool ok = row_reader_open(&reader, it->run, it->packet_limit, &err);

	while (ok && !stop_is_set(it->run->stop))
		ok = read_chunk(worker, &reader, &err);
	row_reader_close(&reader);
	work_leave(&clock);
	if (!ok && err.kind != ERROR_STOPPED)
		run_fail(it->run, PART_DATA_ITERATOR, &err);

	mutex_lock(&it->lock);
	bool is_last = --it->readers_running == 0;
	condition_broadcast(&it->changed);
	mutex_unlock(&it->lock);
	if (is_last)
		channel_close(&it->batches);
}

/* --- for the writers ---------------------------------------------------------- */

void data_iterator_batch_done(struct data_iterator *it, const struct chunk_batch *batch)
{
	struct chunk_plan *plan = batch->chunk->plan;
	const char *name = plan->table->source->full_name;

	mutex_lock(&it->lock);
	bool was_complete = plan->is_complete;
	batch->chunk->batches--;
	batch->chunk->rows += batch->rows->rows;
	batch->chunk->bytes += batch->rows->bytes;
	record_progress(it, plan);
	bool is_complete = plan->is_complete;
	mutex_unlock(&it->lock);
	if (is_complete && !was_complete) {
		struct log_facts facts = { .count = 0 };

		log_fact(&facts, "table", name);
		log_info_facts(&facts, "table %s is copied", name);
	}
	end_ticket(it, batch->rows);
	probe("batch_recorded", "%s %" PRIu64, name, batch->rows->ticket);
}

void data_iterator_batch_free(struct data_iterator *it, struct chunk_batch *batch)
{
	set_reserved(it, batch, 0);
	row_batch_free(batch->rows);
	free(batch);
}

void data_iterator_start(struct data_iterator *it)
{
	it->readers = mem_calloc(it->worker_count, sizeof(*it->readers));
	it->writers = mem_calloc(it->worker_count, sizeof(*it->writers));
	mutex_lock(&it->lock); /* the status may be queried already */
	it->readers_running = it->worker_count;
	mutex_unlock(&it->lock);
	for (unsigned i = 0; i < it->worker_count; i++) {
		it->readers[i] = (struct worker){ .iterator = it, .number = i };
		it->writers[i] = (struct worker){ .iterator = it, .number = i };
		thread_start(&it->writers[i].thread, "batch_writer", batch_writer_main,
			     &it->writers[i]);
		thread_start(&it->readers[i].thread, "data_iterator", reader_main, &it->readers[i]);
	}
}

bool data_iterator_join(struct data_iterator *it)
{
	bool all = true;

	for (unsigned i = 0; it->readers && i < it->worker_count; i++)
		thread_join(&it->readers[i].thread);
	for (unsigned i = 0; it->writers && i < it->worker_count; i++)
		thread_join(&it->writers[i].thread);
	mutex_lock(&it->lock);
	for (size_t i = 0; i < it->plan_count; i++)
		all = all && it->plans[i].is_complete;
	mutex_unlock(&it->lock);
	return all;
}

void data_iterator_free(struct data_iterator *it)
{
	void *item;

	if (!it)
		return;
	while (channel_try_pop(&it->batches, &item))
		data_iterator_batch_free(it, item);
	channel_destroy(&it->batches);
	for (size_t i = 0; i < it->plan_count; i++) {
		chunk_plan_release(&it->plans[i]);
		key_release(&it->target_keys[i]);
	}
	free(it->plans);
	free(it->target_keys);
	free(it->readers);
	free(it->writers);
	condition_destroy(&it->changed);
	mutex_destroy(&it->lock);
	free(it);
}
