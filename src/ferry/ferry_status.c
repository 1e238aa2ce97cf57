/* Snapshots for people and callbacks. Only short locks are taken, one at a time, so
 * the parts may be moments apart; the state JSON (state_write.c) is the one that is
 * consistent. */
#include "ferry_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"

#define LAGGING_S 10.0

static void address(char text[300], const struct db_params *params)
{
	if (params->is_unix)
		snprintf(text, 300, "%s", params->host);
	else
		snprintf(text, 300, "%s:%u", params->host, params->port);
}

static enum table_action action(const struct table_state *state)
{
	if (state->indexing_since > 0)
		return TABLE_INDEXING;
	if (state->is_complete)
		return TABLE_COMPLETED;
	return state->is_active || state->copied_up_to.is_set ? TABLE_COPYING : TABLE_WAITING;
}

/* Moves the table's key to status. */
static void table_status(struct ferry_table_status *status, struct table_state *state)
{
	const struct moved_table *table = state->table;

	status->name = table->source->full_name;
	status->action = action(state);
	status->last_key = state->copied_up_to;
	state->copied_up_to = (struct key)KEY_INIT;
	status->key_columns = &table->key;
	status->rows_written = state->before.rows + state->written.rows;
	status->bytes_written = state->before.bytes + state->written.bytes;
	status->is_uncounted = state->is_uncounted;
	status->estimated_rows = table->source->estimated_rows;
	status->estimated_bytes = table->source->data_bytes;
	status->batch_rows = table->batch_rows;
	status->deferred_indexes = (unsigned)__builtin_popcountll(state->deferred);
	status->indexing_since = state->indexing_since;
}

static void tracker_status(struct ferry *f, struct ferry_status *status)
{
	struct run_state state;

	state_tracker_copy(&f->tracker, &state);
	status->phase = state.phase;
	status->start_time = state.start_time;
	for (int i = 0; i < PHASE_COUNT; i++)
		status->phase_s[i] = (double)state.phase_ms[i] / 1000;
	if (state.phase != PHASE_DONE)
		status->phase_s[state.phase] += (double)(clock_ms() - state.phase_began_ms) / 1000;
	status->applied = state.position;
	status->cutover_unlocked = state.cutover_unlocked;
	status->rows_written = state.rows_written;
	status->bytes_written = state.bytes_written;
	status->batches_written = state.batches_written;
	status->changes_applied = state.changes_applied;
	status->table_count = state.table_count;
	status->tables = mem_calloc(state.table_count + 1, sizeof(*status->tables));
	for (size_t i = 0; i < state.table_count; i++) {
		status->completed_count += state.tables[i].is_complete;
		table_status(&status->tables[i], &state.tables[i]);
		status->tables[i].is_recopied =
			recopies_find(&state.recopies, status->tables[i].name) != NULL;
		status->recopied_count += status->tables[i].is_recopied;
		if (status->tables[i].is_recopied && status->tables[i].action == TABLE_COPYING)
			status->tables[i].action = TABLE_RECOPYING;
	}
	run_state_release(&state);
}

/* While it lasts, the copy is the larger part; after that, changes are. */
static enum slower_side slower_side(const struct ferry_status *status,
				    struct data_iterator *iterator, struct binlog_writer *writer)
{
	if (writer && binlog_writer_is_full(writer))
		return SLOWER_TARGET;
	if (status->throttle_reason != THROTTLE_NONE)
		return SLOWER_NONE;
	if (iterator && status->phase == PHASE_COPYING)
		return data_iterator_limit(iterator);
	return status->streamer_lag_s >= LAGGING_S && status->queued_changes == 0 ? SLOWER_SOURCE :
										    SLOWER_NONE;
}

void ferry_status(struct ferry *f, struct ferry_status *status)
{
	*status = (struct ferry_status){ .phase = PHASE_STARTING };
	mutex_lock(&f->lock);
	status->has_started = f->is_started;
	status->automatic_cutover = f->automatic_cutover;
	status->final = f->final;
	status->is_way_back = f->options.way_back.names != NULL;
	status->way_back = f->way_back_place;
	status->stop_requested = binlog_position_is_set(&f->final);
	snprintf(status->waiting_for, sizeof(status->waiting_for), "%s", f->waiting_for);
	if (f->has_failed)
		snprintf(status->failure, sizeof(status->failure), "%s", f->error.text);
	bool has_tables = f->has_tables;
	struct data_iterator *iterator = f->iterator;
	struct binlog_writer *writer = f->writer;
	struct binlog_streamer *streamer = f->streamer;
	struct verifier *verifier = f->verifier;
	mutex_unlock(&f->lock);

	utf8_replace_invalid(status->failure);
	status->has_verifier = verifier != NULL;
	if (verifier)
		verifier_status(verifier, &status->verifier);

	status->deadlocks = atomic_load(&f->run.deadlocks);
	status->lock_waits = atomic_load(&f->run.lock_waits);
	work_sheet_read(&f->run.work, &status->work);
	address(status->source_address, &f->options.source);
	address(status->target_address, &f->options.target);
	status->is_paused = throttler_is_paused(&f->throttler);
	status->throttle_reason = throttler_reason(&f->throttler, status->throttle_text);
	utf8_replace_invalid(status->throttle_text);
	throttler_seconds(&f->throttler, status->throttled_s);
	tracker_status(f, status);
	for (size_t i = 0; has_tables && i < status->table_count; i++) {
		struct ferry_table_status *table = &status->tables[i];

		table->key_column = f->key_names[i];
		table->late_rows = atomic_load(&f->late[i].count);
		if (!table->batch_rows)
			table->batch_rows = ferry_batch_rows(f);
		if (iterator)
			data_iterator_target_key(iterator, f->tables.tables[i], &table->target_key);
	}
	if (streamer) {
		binlog_streamer_position(streamer, &status->streamed);
		status->streamer_lag_s = binlog_streamer_lag_s(streamer, ferry_source_now(f));
	}
	if (writer) {
		status->queued_changes = binlog_writer_queued(writer);
		status->changes_received = binlog_writer_received(writer, &status->queued_bytes);
		status->writer_lag_s = binlog_writer_lag_s(writer, ferry_source_now(f));
	}
	status->limit = slower_side(status, iterator, writer);
}

void ferry_status_release(struct ferry_status *status)
{
	for (size_t i = 0; i < status->table_count; i++) {
		key_release(&status->tables[i].last_key);
		key_release(&status->tables[i].target_key);
	}
	if (status->has_verifier)
		verifier_status_release(&status->verifier);
	free(status->tables);
	status->tables = NULL;
	status->table_count = 0;
}
