/* Applies row changes in batches, one table per batch.
 *
 * Each table has a queue in stream order. A writer thread takes a table that no other thread works
 * on, and as many of its changes as fit a batch and whose barrier the fence has let pass (I2).
 * Across batches the table's changes stay in order, as one thread has the table at a time; what
 * happens within a batch is described in change_apply.c, which may leave parts of a large one to
 * idle writers.
 *
 * A failed batch may be tried again: it states what the rows must be, not what to do to them. If we
 * die in between, the position has not moved and the same changes come again. */
#include "apply/binlog_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "apply_parts.h"
#include "change_apply.h"
#include "verify/verifier.h"
#include "rows/target_write.h"
#include "run/writer_lock.h"
#include "plan/key_order.h"
#include "keyless_apply.h"
#include "truncate_apply.h"
#include "rows/lax_writer.h"
#include "rows/load_text.h"
#include "rows/row_sql.h"

static const char log_tag[] = "binlog_writer";

#define LARGE_IMAGE_BYTES (1 << 20)

struct apply_worker {
	struct binlog_writer *writer;
	struct thread thread;
	unsigned number;
	struct db *target;     /* owned by the thread */
	struct lax_writer lax; /* the thread's, for batches that are refused */
};

struct binlog_writer {
	/* Constant once started. */
	struct run *run;
	struct verifier *verifier; /* NULL: nothing is verified */
	unsigned worker_count;
	struct apply_worker *workers; /* owned */

	/* Owned by the streamer's thread. */
	struct buf text;  /* a change under construction */
	struct map files; /* names of binlog files, owned, for changes without a key */

	/* Shared. */
	struct apply_parts parts; /* has a lock of its own */
	struct mutex lock;
	struct condition work;	    /* a table or parts are ready, a fence moved, or finishing */
	struct condition room;	    /* the queue shrank, or a ticket ended */
	struct table_queue *queues; /* guarded by lock; by moved_table.index */
	size_t queue_count;
	struct table_queue *ready;	/* guarded by lock: not empty, not busy */
	struct table_queue **ready_end; /* guarded by lock */
	struct change_groups groups;	/* guarded by lock */
	uint64_t queued_bytes;		/* guarded by lock */
	uint64_t queued_changes;	/* guarded by lock: received, not yet applied */
	uint64_t received_changes;	/* guarded by lock */
	bool is_waited_for;		/* guarded by lock: by the streamer, for room */
	unsigned busy_count;		/* guarded by lock: batches that are being applied */
	bool is_finishing;		/* guarded by lock */
	bool has_failed;		/* guarded by lock */
};

/* A ticket of some fence has ended, or a batch has parts for others. */
static void wake_workers(void *context)
{
	struct binlog_writer *w = context;

	mutex_lock(&w->lock);
	condition_broadcast(&w->work);
	condition_signal(&w->room); /* binlog_writer_settle() may wait for it, too */
	mutex_unlock(&w->lock);
}

struct binlog_writer *binlog_writer_new(struct run *run, struct verifier *verifier)
{
	struct binlog_writer *w = mem_calloc(1, sizeof(*w));

	w->run = run;
	w->verifier = verifier;
	w->worker_count = run->options->apply_workers;
	w->queue_count = run->tables->count;
	w->queues = mem_calloc(w->queue_count ? w->queue_count : 1, sizeof(*w->queues));
	for (size_t i = 0; i < w->queue_count; i++) {
		w->queues[i].table = run->tables->tables[i];
		w->queues[i].suits_load = load_text_suits(run->tables->tables[i]);
		w->queues[i].end = &w->queues[i].first;
		w->queues[i].rows_max = TABLE_QUEUE_ROWS_MAX;
		fence_set_wake(&run->syncs[i].fence, wake_workers, w);
	}
	w->ready_end = &w->ready;
	map_init(&w->files);
	change_groups_init(&w->groups);
	apply_parts_init(&w->parts, wake_workers, w);
	mutex_init(&w->lock);
	condition_init(&w->work);
	condition_init(&w->room);
	return w;
}

/* --- the streamer's side ---------------------------------------------------- */

/* Wakes one writer, and only when a table enters the list: a change behind others of its table is
 * taken along with them, and for one that waits at a fence the fence wakes the writers. */
static void list_ready(struct binlog_writer *w, struct table_queue *queue) REQUIRES(w->lock)
{
	if (queue->is_listed || queue->is_busy || !queue->first)
		return;
	queue->is_listed = true;
	queue->next_ready = NULL;
	*w->ready_end = queue;
	w->ready_end = &queue->next_ready;
	condition_signal(&w->work);
}

/* Waits only for changes: groups are kept only because of pending ones. */
static bool has_room(const struct binlog_writer *w, size_t size) REQUIRES(w->lock)
{
	return w->queued_bytes == 0 || w->queued_bytes + change_groups_size(&w->groups) + size <=
					       w->run->options->queue_bytes;
}

/* Before a change is built, so that a large one is not held in addition to a full queue. No other
 * thread adds changes. */
static bool wait_for_room(struct binlog_writer *w, size_t size, struct error *err)
{
	mutex_lock(&w->lock);
	while (!has_room(w, size) && !stop_is_set(w->run->stop)) {
		struct work_clock clock; /* the streamer's other waits are for events */

		work_join(&w->run->work, &clock, WORK_ON_SOURCE, WORK_WAITING_FOR_ROOM);
		w->is_waited_for = true;
		condition_wait_ms(&w->room, &w->lock, 200);
		work_leave(&clock);
	}
	w->is_waited_for = false;
	mutex_unlock(&w->lock);
	return !stop_is_set(w->run->stop) || error_set(err, ERROR_STOPPED, "stopped");
}

static void append(struct binlog_writer *w, struct table_queue *queue, struct change *change)
{
	mutex_lock(&w->lock);
	change->group = w->groups.last;
	change->group->pending++;
	*queue->end = change;
	queue->end = &change->next;
	w->queued_bytes += change_size(change);
	w->queued_changes++;
	w->received_changes++;
	list_ready(w, queue);
	mutex_unlock(&w->lock);
}

static void key_values(struct value key[KEY_COLUMNS_MAX], const struct moved_table *table,
		       const struct value *values)
{
	for (unsigned i = 0; i < table->key.count; i++)
		key[i] = values[table->key.columns[i]];
}

static bool has_null_key(const struct moved_table *table, const struct value *values)
{
	for (unsigned i = 0; i < table->key.count; i++)
		if (!values[table->key.columns[i]].bytes)
			return true;
	return false;
}

static bool same_key(const struct moved_table *table, const struct value *a, const struct value *b)
{
	for (unsigned i = 0; i < table->key.count; i++) {
		const struct value *x = &a[table->key.columns[i]];
		const struct value *y = &b[table->key.columns[i]];

		if (x->length != y->length || memcmp(x->bytes, y->bytes, x->length) != 0)
			return false;
	}
	return true;
}

static size_t image_bytes(const struct moved_table *table, const struct value *image)
{
	size_t bytes = 0;

	for (unsigned i = 0; image && i < table->written_count; i++)
		bytes += image[table->written[i]].length;
	return bytes;
}

/* Displaced rows are sought with the images as tuples. */
static bool suits_text(const struct binlog_writer *w, const struct moved_table *table)
{
	return w->queues[table->index].suits_load && !table->may_displace &&
	       run_takes_loads_of(w->run, table);
}

/* A large image becomes a whole statement, which is sent without being copied. */
static bool build(struct binlog_writer *w, const struct moved_table *table,
		  const struct value *values, const struct value *image, size_t bytes,
		  struct change **change, struct error *err)
{
	struct value key[KEY_COLUMNS_MAX];
	struct buf *text = &w->text;
	uint64_t invalid_enums = 0;

	key_values(key, table, values);
	change_begin(text);
	size_t start = text->length;
	sql_key_equals(text, &table->key, key);
	size_t key_length = text->length - start;
	if (bytes >= LARGE_IMAGE_BYTES)
		buf_puts(text, change_head(table));
	size_t head_length = text->length - start - key_length;
	bool is_text = image && head_length == 0 && suits_text(w, table) &&
		       load_text_put_row(text, table, image);
	if (image && !is_text && !row_sql_tuple(text, table, image, &invalid_enums, err))
		return false;
	if (head_length > 0 && table->may_displace)
		buf_puts(text, table->insert_tail);
	start = text->length;
	key_order_put(text, &table->key, key);
	*change = change_end(text, key_length, head_length, text->length - start, invalid_enums);
	(*change)->is_text = is_text;
	return true;
}

/* values NULL for the image of a delete. */
static bool add_one(struct binlog_writer *w, const struct moved_table *table,
		    const struct value *values, const struct value *image, struct error *err)
{
	size_t bytes = image_bytes(table, image);
	struct change *change;

	if (has_null_key(table, values))
		return error_set(err, ERROR_UNSUPPORTED,
				 "table %s: a row with NULL in its key columns in the binlog, or a "
				 "generated one that the server leaves out of it; the key must be NOT "
				 "NULL, and of plain columns there",
				 table->source->full_name);
	if (!wait_for_room(w, sizeof(*change) + bytes, err) ||
	    !build(w, table, values, image, bytes, &change, err))
		return false;
	/* The event has arrived, so any read that gets a later ticket sees the change. */
	change->barrier = fence_barrier(&run_sync(w->run, table)->fence);
	probe("change_received", "%s %s", table->source->full_name, image ? "image" : "delete");
	append(w, &w->queues[table->index], change);
	return true;
}

static const char *keep_name(struct binlog_writer *w, const char *file)
{
	char *kept = map_get_text(&w->files, file);

	if (!kept) {
		kept = mem_strdup(file);
		map_put_text(&w->files, file, kept);
	}
	return kept;
}

/* One more such row, or one fewer. */
static bool add_whole_row(struct binlog_writer *w, const struct row_change *from,
			  const struct value *values, bool is_delete, struct error *err)
{
	const struct moved_table *table = moved_tables_of(w->run->tables, from->table);
	size_t bytes = image_bytes(table, values);
	struct buf *text = &w->text;
	uint64_t invalid_enums = 0;

	/* The whole row is its key as well. */
	if (!wait_for_room(w, sizeof(struct change) + 2 * bytes, err))
		return false;
	change_begin(text);
	size_t start = text->length;
	if (!row_sql_match(text, table, values, err))
		return false;
	size_t key_length = text->length - start;
	if (!row_sql_tuple(text, table, values, &invalid_enums, err))
		return false;
	start = text->length;
	if (!is_delete && !row_sql_match_stored(text, table, values, err))
		return false;

	struct change *change = change_end(text, key_length, 0, text->length - start, invalid_enums);

	change->is_delete = is_delete;
	change->file = keep_name(w, from->end->file);
	change->offset = from->end->offset;
	change->barrier = fence_barrier(&run_sync(w->run, table)->fence);
	append(w, &w->queues[table->index], change);
	return true;
}

/* See snapshot_mark.c for what is dropped here, and why that loses nothing. */
static bool add_without_key(struct binlog_writer *w, const struct row_change *change,
			    struct error *err)
{
	const struct moved_table *table = moved_tables_of(w->run->tables, change->table);
	struct snapshot_mark *mark = &run_sync(w->run, table)->mark;
	bool is_held = snapshot_mark_is_repeated(mark, change->end, change->number) ||
		       snapshot_mark_holds_received(mark, change->end);

	probe("change_received", "%s %s", table->source->full_name, is_held ? "held" : "whole row");
	if (is_held)
		return true;
	return (!change->before || add_whole_row(w, change, change->before, true, err)) &&
	       (!change->after || add_whole_row(w, change, change->after, false, err));
}

static bool refuse_crossing(const struct moved_table *table, const struct row_change *change,
			    struct error *err)
{
	struct value key[KEY_COLUMNS_MAX];
	struct buf condition = BUF_INIT;

	key_values(key, table, change->before);
	sql_key_equals(&condition, &table->key, key);
	error_set(err, ERROR_UNSUPPORTED,
		  "table %s: the UPDATE that ends at " POSITION_FORMAT
		  " takes the row with %s across "
		  "the border of Tables.Where %s: columns of a condition must not change; remove "
		  "what was copied from the target, and start from scratch with a condition on "
		  "others",
		  table->source->full_name, POSITION_ARGS(change->end), buf_text(&condition),
		  table->where);
	buf_release(&condition);
	return false;
}

bool binlog_writer_add(struct binlog_writer *w, const struct row_change *change, struct error *err)
{
	const struct moved_table *table = moved_tables_of(w->run->tables, change->table);
	enum row_part part =
		table->filter ? row_filter_judge(table->filter, change->before, change->after) :
				ROW_INSIDE;

	if (part == ROW_OUTSIDE)
		return true;
	if (part == ROW_CROSSES)
		return refuse_crossing(table, change, err);
	if (table->key.count == 0)
		return add_without_key(w, change, err);
	switch (change->kind) {
	case ROW_INSERT:
		return add_one(w, table, change->after, change->after, err);
	case ROW_DELETE:
		return add_one(w, table, change->before, NULL, err);
	case ROW_UPDATE:
		/* A changed key is two changes: the old row is gone, the new one is there. */
		if (!same_key(table, change->before, change->after) &&
		    !add_one(w, table, change->before, NULL, err))
			return false;
		return add_one(w, table, change->after, change->after, err);
	}
	return error_set(err, ERROR_CORRUPT, "unknown kind of row change");
}

/* D6. Reads that get a later ticket see the table without what was there before (I1). */
bool binlog_writer_truncate(struct binlog_writer *w, const struct table *source, struct error *err)
{
	const struct moved_table *table = moved_tables_of(w->run->tables, source);
	struct change *change;

	if (!wait_for_room(w, sizeof(*change), err))
		return false;
	change_begin(&w->text);
	change = change_end(&w->text, 0, 0, 0, 0);
	change->empties_table = true;
	change->barrier = fence_barrier(&run_sync(w->run, table)->fence);
	probe("change_received", "%s truncate", table->source->full_name);
	append(w, &w->queues[table->index], change);
	return true;
}

static void advance_position(struct binlog_writer *w) REQUIRES(w->lock)
{
	struct gtid_set gtids = GTID_SET_INIT;
	struct binlog_position end;

	if (change_groups_collect(&w->groups, &end, &gtids))
		state_tracker_advance(w->run->tracker, &end, &gtids);
	gtid_set_release(&gtids);
}

void binlog_writer_boundary(struct binlog_writer *w, const struct binlog_position *position,
			    struct gtid_set *gtids, uint32_t timestamp)
{
	mutex_lock(&w->lock);
	change_groups_close(&w->groups, position, gtids, timestamp);
	advance_position(w);
	mutex_unlock(&w->lock);
}

static bool is_settled(const struct binlog_writer *w, const bool *tables, const uint64_t *barriers)
	REQUIRES(w->lock)
{
	for (size_t i = 0; i < w->queue_count; i++)
		if (tables[i] && (w->queues[i].first || w->queues[i].is_busy ||
				  !fence_is_passed(&w->run->syncs[i].fence, barriers[i])))
			return false;
	return true;
}

bool binlog_writer_settle(struct binlog_writer *w, const bool *tables, struct error *err)
{
	uint64_t *barriers = mem_calloc(w->queue_count + 1, sizeof(*barriers));

	for (size_t i = 0; i < w->queue_count; i++)
		barriers[i] = fence_barrier(&w->run->syncs[i].fence);
	mutex_lock(&w->lock);
	while (!is_settled(w, tables, barriers) && !stop_is_set(w->run->stop))
		condition_wait_ms(&w->room, &w->lock, 200);
	mutex_unlock(&w->lock);
	free(barriers);
	return !stop_is_set(w->run->stop) || error_set(err, ERROR_STOPPED, "stopped");
}

uint64_t binlog_writer_queued(struct binlog_writer *w)
{
	mutex_lock(&w->lock);
	uint64_t queued = w->queued_changes;
	mutex_unlock(&w->lock);
	return queued;
}

uint64_t binlog_writer_received(struct binlog_writer *w, uint64_t *queued_bytes)
{
	mutex_lock(&w->lock);
	uint64_t received = w->received_changes;
	*queued_bytes = w->queued_bytes;
	mutex_unlock(&w->lock);
	return received;
}

bool binlog_writer_is_full(struct binlog_writer *w)
{
	mutex_lock(&w->lock);
	bool is_full = w->is_waited_for && w->busy_count > 0;
	mutex_unlock(&w->lock);
	return is_full;
}

double binlog_writer_lag_s(struct binlog_writer *w, double source_now)
{
	mutex_lock(&w->lock);
	uint32_t oldest = w->groups.first->pending ? w->groups.first->timestamp : 0;
	mutex_unlock(&w->lock);

	double lag = oldest ? source_now - (double)oldest : 0;
	return lag > 0 ? lag : 0;
}

/* --- the writers' side ------------------------------------------------------ */

/* Changes of one table taken from its queue, in stream order. */
struct change_batch {
	struct table_queue *queue;
	struct change *first;
	size_t count;
	size_t bytes;
};

/* A TRUNCATE is a batch by itself: nothing is coalesced across it. */
static bool goes_with(const struct change_batch *batch, const struct change *change)
{
	return batch->count == 0 || !(batch->first->empties_table || change->empties_table);
}

/* Dequeues what may be applied now. */
static void dequeue_changes(struct binlog_writer *w, struct table_queue *queue,
			    struct change_batch *batch) REQUIRES(w->lock)
{
	const struct move_options *options = w->run->options;
	unsigned hands = change_hands(options, queue->table);
	uint64_t rows_max = change_rows_max(options) * hands;

	/* Such a batch is one transaction. */
	if (queue->table->may_displace && rows_max > queue->rows_max)
		rows_max = queue->rows_max;
	struct change **at = &queue->first;

	*batch = (struct change_batch){ .queue = queue, .first = queue->first };
	while (*at && batch->count < rows_max && goes_with(batch, *at) &&
	       (batch->count == 0 || batch->bytes < options->batch_bytes * hands) &&
	       fence_is_passed(&run_sync(w->run, queue->table)->fence, (*at)->barrier)) {
		batch->count++;
		batch->bytes += change_size(*at);
		at = &(*at)->next;
	}
	queue->first = *at;
	*at = NULL;
	if (!queue->first)
		queue->end = &queue->first;
}

/* The first ready table with a change that may be applied. Others stay listed. */
static bool choose_batch(struct binlog_writer *w, struct change_batch *batch) REQUIRES(w->lock)
{
	for (struct table_queue **at = &w->ready; *at; at = &(*at)->next_ready) {
		struct table_queue *queue = *at;

		if (!fence_is_passed(&run_sync(w->run, queue->table)->fence, queue->first->barrier))
			continue;
		*at = queue->next_ready;
		if (!*at)
			w->ready_end = at;
		queue->is_listed = false;
		queue->is_busy = true;
		w->busy_count++;
		dequeue_changes(w, queue, batch);
		return true;
	}
	return false;
}

/* Waits for work, and helps others meanwhile. False: everything is applied and no more will come,
 * or the run ends. */
static bool next_batch(struct apply_worker *worker, struct change_batch *batch)
{
	struct binlog_writer *w = worker->writer;
	bool found = false;

	mutex_lock(&w->lock);
	while (!stop_is_set(w->run->stop) && !(found = choose_batch(w, batch)) &&
	       !(w->is_finishing && w->queued_changes == 0)) {
		if (apply_parts_are_left(&w->parts)) {
			mutex_unlock(&w->lock);
			apply_parts_help(&w->parts, worker->target);
			mutex_lock(&w->lock);
			continue;
		}

		enum work before = work_begin(WORK_IDLE);

		condition_wait_ms(&w->work, &w->lock, 200);
		work_begin(before);
	}
	mutex_unlock(&w->lock);
	return found;
}

/* Before the position moves beyond these changes, so that a state that has the position also has
 * the rows to be verified. */
static void note_rows(struct binlog_writer *w, const struct change_batch *batch)
{
	if (!w->verifier || batch->first->empties_table)
		return;
	for (const struct change *change = batch->first; change; change = change->next)
		verifier_record(w->verifier, batch->queue->table, change_key(change),
				change->key_length);
}

static void batch_is_applied(struct binlog_writer *w, struct change_batch *batch)
{
	size_t count = batch->count;

	mutex_lock(&w->lock);
	while (batch->first) {
		struct change *change = batch->first;

		batch->first = change->next;
		change->group->pending--;
		free(change);
	}
	w->queued_bytes -= batch->bytes;
	w->queued_changes -= count;
	batch->queue->is_busy = false;
	w->busy_count--;
	list_ready(w, batch->queue);
	advance_position(w);
	if (w->is_finishing && w->queued_changes == 0)
		condition_broadcast(&w->work);
	condition_signal(&w->room);
	mutex_unlock(&w->lock);
	state_tracker_changes_applied(w->run->tracker, count);
}

static bool apply_lax(struct apply_worker *worker, const struct change_batch *batch,
		      const struct error *refused, struct error *err)
{
	struct buf conditions = BUF_INIT;
	size_t count = 0;
	bool ok;

	for (const struct change *change = batch->first; change; change = change->next) {
		buf_add(&conditions, change_key(change), change->key_length);
		buf_putc(&conditions, '\0');
		count++;
	}
	ok = lax_writer_keys(&worker->lax, worker->target, batch->queue->table, &conditions, count,
			     refused, err);
	buf_release(&conditions);
	return ok;
}

static bool apply_changes(struct apply_worker *worker, const struct change_batch *batch,
			  struct error *err)
{
	const struct moved_table *table = batch->queue->table;
	struct error refused;

	if (!lax_writer_is_strict_first(&worker->lax, table))
		return apply_lax(worker, batch, NULL, err) ||
		       error_wrap(err, "apply row changes of table %s", table->source->full_name);
	if (change_apply(worker->writer->run, worker->target, &worker->writer->parts, batch->queue,
			 batch->first, err))
		return true;
	refused = *err;
	return lax_is_refusal(&refused) && apply_lax(worker, batch, &refused, err);
}

static bool apply_without_key(struct apply_worker *worker, const struct change_batch *batch,
			      struct error *err)
{
	const struct moved_table *table = batch->queue->table;

	probe("before_binlog_apply", "%s %zu", table->source->full_name, batch->count);
	bool ok = keyless_apply(worker->writer->run, worker->target, table, batch->first, err);
	probe("after_binlog_apply", "%s %zu", table->source->full_name, batch->count);
	return ok;
}

static bool apply_truncate(struct apply_worker *worker, const struct change_batch *batch,
			   struct error *err)
{
	const struct moved_table *table = batch->queue->table;

	probe("before_binlog_apply", "%s truncate", table->source->full_name);
	bool ok = truncate_apply(worker->writer->run, worker->target, table, err);
	probe("after_binlog_apply", "%s truncate", table->source->full_name);
	return ok;
}

static bool apply_batch(struct apply_worker *worker, const struct change_batch *batch,
			struct error *err)
{
	struct binlog_writer *w = worker->writer;
	const struct moved_table *table = batch->queue->table;

	if (!throttler_wait(w->run->throttler, THROTTLED_WRITE, w->run->stop))
		return error_set(err, ERROR_STOPPED, "stopped");
	if (batch->first->empties_table)
		return apply_truncate(worker, batch, err);
	if (table->key.count == 0)
		return apply_without_key(worker, batch, err);

	probe("before_binlog_apply", "%s %zu", table->source->full_name, batch->count);
	bool ok = apply_changes(worker, batch, err);
	probe("after_binlog_apply", "%s %zu", table->source->full_name, batch->count);
	return ok;
}

static void free_changes(struct change *change)
{
	while (change) {
		struct change *next = change->next;

		free(change);
		change = next;
	}
}

static void log_batch(const struct change_batch *batch, int64_t ms)
{
	const char *table = batch->queue->table->source->full_name;
	struct log_facts facts = { .count = 0 };

	if (log_get_level() > LOG_DEBUG)
		return;
	log_fact(&facts, "table", table);
	log_fact_number(&facts, "#changes", (double)batch->count);
	log_fact_number(&facts, "#bytes", (double)batch->bytes);
	log_fact_number(&facts, "#ms", (double)ms);
	log_debug_facts(&facts, "applied a batch of table %s: %zu changes", table, batch->count);
}

static void apply_main(void *argument)
{
	struct apply_worker *worker = argument;
	struct binlog_writer *w = worker->writer;
	char lock_name[WRITER_LOCK_NAME_SIZE];
	struct change_batch batch;
	struct work_clock clock;
	struct error err;

	work_join(&w->run->work, &clock, WORK_ON_TARGET, WORK_OTHER);
	writer_lock_name(lock_name, w->run->run_id, w->run->locks.binlog_writers + worker->number);
	worker->target =
		run_connect(w->run, lock_name, w->run->options->write_attempts, log_tag, &err);
	bool ok = worker->target != NULL;

	lax_writer_init(&worker->lax, w->run, log_tag);
	while (ok && next_batch(worker, &batch)) {
		int64_t began_ms = clock_ms();

		ok = apply_batch(worker, &batch, &err);
		if (ok) {
			note_rows(w, &batch);
			log_batch(&batch, clock_ms() - began_ms);
			batch_is_applied(w, &batch);
		} else {
			free_changes(batch.first);
		}
	}
	db_close(worker->target);
	lax_writer_release(&worker->lax);
	work_leave(&clock);
	if (!ok) {
		mutex_lock(&w->lock);
		w->has_failed = true;
		mutex_unlock(&w->lock);
		if (err.kind != ERROR_STOPPED)
			run_fail(w->run, PART_BINLOG_WRITER, &err);
	}
}

void binlog_writer_start(struct binlog_writer *w)
{
	w->workers = mem_calloc(w->worker_count, sizeof(*w->workers));
	for (unsigned i = 0; i < w->worker_count; i++) {
		w->workers[i] = (struct apply_worker){ .writer = w, .number = i };
		thread_start(&w->workers[i].thread, "binlog_writer", apply_main, &w->workers[i]);
	}
}

bool binlog_writer_finish(struct binlog_writer *w)
{
	mutex_lock(&w->lock);
	w->is_finishing = true;
	condition_broadcast(&w->work);
	mutex_unlock(&w->lock);
	for (unsigned i = 0; w->workers && i < w->worker_count; i++)
		thread_join(&w->workers[i].thread);
	mutex_lock(&w->lock);
	bool all = !w->has_failed && w->queued_changes == 0;
	mutex_unlock(&w->lock);
	return all;
}

static void free_names(struct binlog_writer *w)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&w->files, &cursor)))
		free(entry->value);
	map_release(&w->files);
}

void binlog_writer_free(struct binlog_writer *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->queue_count; i++)
		free_changes(w->queues[i].first);
	free(w->queues);
	free(w->workers);
	free_names(w);
	change_groups_release(&w->groups);
	buf_release(&w->text);
	apply_parts_destroy(&w->parts);
	condition_destroy(&w->work);
	condition_destroy(&w->room);
	mutex_destroy(&w->lock);
	free(w);
}
