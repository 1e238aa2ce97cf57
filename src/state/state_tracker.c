/* Plain setters and getters around the one lock. What makes the struct safe to resume
 * from at every instant is when they are called: after the commit, never before. */
#include "state/state_tracker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"

/* text: an odd number of bytes, filled with digits and a NUL. */
static void make_id(char *text, size_t size)
{
	unsigned char bytes[(RUN_ID_SIZE - 1) / 2];
	size_t count = (size - 1) / 2;

	assert(count <= sizeof(bytes));
	if (getrandom(bytes, count, 0) != (ssize_t)count)
		abort(); /* cannot be: so few bytes come whole, or the call waits */
	for (size_t i = 0; i < count; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void state_tracker_init(struct state_tracker *s)
{
	*s = (struct state_tracker){ .state = { .phase = PHASE_STARTING,
						.start_time = clock_wall(),
						.phase_began_ms = clock_ms() } };
	make_id(s->process, sizeof(s->process));
	mutex_init(&s->lock);
}

void state_tracker_destroy(struct state_tracker *s)
{
	run_state_release(&s->state);
	mutex_destroy(&s->lock);
}

void state_tracker_begin(struct state_tracker *s, const char *run_id)
{
	mutex_lock(&s->lock);
	if (run_id && *run_id)
		snprintf(s->state.run_id, sizeof(s->state.run_id), "%s", run_id);
	else if (!*s->state.run_id)
		make_id(s->state.run_id, sizeof(s->state.run_id));
	mutex_unlock(&s->lock);
}

void state_tracker_set_source(struct state_tracker *s, const char *source_uuid)
{
	mutex_lock(&s->lock);
	snprintf(s->state.source_uuid, sizeof(s->state.source_uuid), "%s", source_uuid);
	mutex_unlock(&s->lock);
}

void state_tracker_set_lock_count(struct state_tracker *s, unsigned count)
{
	mutex_lock(&s->lock);
	s->state.lock_count = count;
	mutex_unlock(&s->lock);
}

void state_tracker_resume(struct state_tracker *s, const struct run_state *saved)
{
	mutex_lock(&s->lock);
	if (!*s->state.run_id)
		memcpy(s->state.run_id, saved->run_id, sizeof(s->state.run_id));
	if (!*s->state.source_uuid)
		memcpy(s->state.source_uuid, saved->source_uuid, sizeof(s->state.source_uuid));
	s->state.lock_count = saved->lock_count;
	state_line_copy(&s->state.line, &saved->line);
	s->state.position = saved->position;
	s->state.streamed = saved->streamed;
	s->state.cutover_unlocked |= saved->cutover_unlocked;
	mutex_unlock(&s->lock);
}

void state_tracker_copy(struct state_tracker *s, struct run_state *copy)
{
	mutex_lock(&s->lock);
	run_state_copy(copy, &s->state);
	mutex_unlock(&s->lock);
}

void state_tracker_snapshot(struct state_tracker *s, struct run_state *copy)
{
	mutex_lock(&s->lock);
	run_state_copy(copy, &s->state);
	copy->snapshot = ++s->snapshots;
	mutex_unlock(&s->lock);
}

/* Two threads may print at the same time, and the one with the older snapshot be the later
 * one to ask. */
void state_tracker_line(struct state_tracker *s, uint64_t snapshot, uint64_t sum,
			struct state_line *line)
{
	mutex_lock(&s->lock);
	if (!snapshot)
		snapshot = ++s->snapshots;
	if (s->numbered > 0 && s->numbered_sum == sum) {
		snapshot = s->numbered;
	} else if (snapshot > s->numbered) {
		s->numbered = snapshot;
		s->numbered_sum = sum;
	}
	state_line_copy(line, &s->state.line);
	mutex_unlock(&s->lock);
	state_line_add(line, s->process, snapshot);
}

void state_tracker_set_tables(struct state_tracker *s, const struct moved_tables *tables)
{
	mutex_lock(&s->lock);
	assert(!s->state.tables);
	s->state.tables = mem_calloc(tables->count + 1, sizeof(*s->state.tables));
	s->state.table_count = tables->count;
	for (size_t i = 0; i < tables->count; i++)
		s->state.tables[i].table = tables->tables[i];
	mutex_unlock(&s->lock);
}

void state_tracker_forget_copied(struct state_tracker *s)
{
	mutex_lock(&s->lock);
	for (size_t i = 0; i < s->state.table_count; i++) {
		struct table_state *t = &s->state.tables[i];

		key_release(&t->copied_up_to);
		t->is_complete = t->is_uncounted = false;
		t->before = t->copied = (struct copied){ .rows = 0 };
	}
	mutex_unlock(&s->lock);
}

void state_tracker_set_phase(struct state_tracker *s, enum phase phase)
{
	mutex_lock(&s->lock);
	assert(phase_may_follow(s->state.phase, phase));
	int64_t now_ms = clock_ms();
	s->state.phase_ms[s->state.phase] += now_ms - s->state.phase_began_ms;
	s->state.phase_began_ms = now_ms;
	s->state.phase = phase;
	mutex_unlock(&s->lock);
}

enum phase state_tracker_phase(struct state_tracker *s)
{
	mutex_lock(&s->lock);
	enum phase phase = s->state.phase;
	mutex_unlock(&s->lock);
	return phase;
}

void state_tracker_start_at(struct state_tracker *s, const struct binlog_position *position,
			    bool is_other_server, const struct gtid_set *applied,
			    const struct gtid_set *received)
{
	assert(binlog_position_is_set(position));
	mutex_lock(&s->lock);
	s->state.position = *position;
	if (is_other_server)
		s->state.streamed = (struct binlog_position){ .offset = 0 };
	s->state.has_gtids = applied != NULL;
	if (applied) {
		gtid_set_copy(&s->state.applied, applied);
		gtid_set_copy(&s->state.received, received);
	}
	mutex_unlock(&s->lock);
}

void state_tracker_received(struct state_tracker *s, const struct gtid *gtid)
{
	mutex_lock(&s->lock);
	if (s->state.has_gtids && gtid)
		gtid_set_add(&s->state.received, gtid);
	if (!gtid) {
		s->state.has_gtids = false;
		gtid_set_release(&s->state.applied);
		gtid_set_release(&s->state.received);
	}
	mutex_unlock(&s->lock);
}

void state_tracker_advance(struct state_tracker *s, const struct binlog_position *position,
			   const struct gtid_set *gtids)
{
	assert(binlog_position_is_set(position));
	mutex_lock(&s->lock);
	s->state.position = *position;
	if (s->state.has_gtids)
		gtid_set_merge(&s->state.applied, gtids);
	mutex_unlock(&s->lock);
}

void state_tracker_streamed(struct state_tracker *s, const struct binlog_position *position)
{
	mutex_lock(&s->lock);
	if (!binlog_position_is_set(&s->state.streamed) ||
	    binlog_position_compare(position, &s->state.streamed) > 0)
		s->state.streamed = *position;
	mutex_unlock(&s->lock);
}

void state_tracker_set_source_started(struct state_tracker *s, uint64_t started)
{
	mutex_lock(&s->lock);
	s->state.source_started = started;
	mutex_unlock(&s->lock);
}

uint64_t state_tracker_source_started(struct state_tracker *s)
{
	mutex_lock(&s->lock);
	uint64_t started = s->state.source_started;
	mutex_unlock(&s->lock);
	return started;
}

bool state_tracker_position(struct state_tracker *s, struct binlog_position *position)
{
	mutex_lock(&s->lock);
	bool is_set = binlog_position_is_set(&s->state.position);
	if (is_set)
		*position = s->state.position;
	mutex_unlock(&s->lock);
	return is_set;
}

static struct table_state *state_of(struct state_tracker *s, const struct moved_table *table)
	REQUIRES(s->lock)
{
	assert(table->index < s->state.table_count && s->state.tables[table->index].table == table);
	return &s->state.tables[table->index];
}

void state_tracker_set_watched(struct state_tracker *s, const struct binlog_position *position)
{
	mutex_lock(&s->lock);
	s->state.watched = *position;
	mutex_unlock(&s->lock);
}

void state_tracker_clear_cutover_unlocked(struct state_tracker *s)
{
	mutex_lock(&s->lock);
	s->state.cutover_unlocked = false;
	mutex_unlock(&s->lock);
}

void state_tracker_set_cutover_unlocked(struct state_tracker *s)
{
	mutex_lock(&s->lock);
	s->state.cutover_unlocked = true;
	mutex_unlock(&s->lock);
}

void state_tracker_started(struct state_tracker *s, const struct moved_table *table)
{
	mutex_lock(&s->lock);
	state_of(s, table)->is_active = true;
	mutex_unlock(&s->lock);
}

void state_tracker_batch_written(struct state_tracker *s, const struct moved_table *table,
				 uint64_t rows, uint64_t bytes)
{
	mutex_lock(&s->lock);
	struct table_state *t = state_of(s, table);
	t->written.rows += rows;
	t->written.bytes += bytes;
	s->state.rows_written += rows;
	s->state.batches_written++;
	s->state.bytes_written += bytes;
	mutex_unlock(&s->lock);
}

void state_tracker_copied_up_to(struct state_tracker *s, const struct moved_table *table,
				const struct key *key)
{
	assert(key->is_set && key->count == table->key.count);
	mutex_lock(&s->lock);
	key_copy(&state_of(s, table)->copied_up_to, key);
	mutex_unlock(&s->lock);
}

void state_tracker_copied(struct state_tracker *s, const struct moved_table *table, uint64_t rows,
			  uint64_t bytes)
{
	mutex_lock(&s->lock);
	struct table_state *t = state_of(s, table);
	t->copied.rows += rows;
	t->copied.bytes += bytes;
	mutex_unlock(&s->lock);
}

void state_tracker_set_before(struct state_tracker *s, const struct moved_table *table,
			      const struct copied *before)
{
	mutex_lock(&s->lock);
	struct table_state *t = state_of(s, table);
	t->is_uncounted = !before && (t->copied_up_to.is_set || t->is_complete);
	if (before)
		t->before = t->copied = *before;
	mutex_unlock(&s->lock);
}

void state_tracker_set_complete(struct state_tracker *s, const struct moved_table *table,
				bool is_complete)
{
	mutex_lock(&s->lock);
	struct table_state *t = state_of(s, table);
	t->is_complete = is_complete;
	if (!is_complete)
		t->written = (struct copied){ .rows = 0 };
	mutex_unlock(&s->lock);
}

void state_tracker_set_recopies(struct state_tracker *s, const struct recopies *recopies)
{
	mutex_lock(&s->lock);
	recopies_release(&s->state.recopies);
	recopies_copy(&s->state.recopies, recopies);
	mutex_unlock(&s->lock);
}

void state_tracker_set_deferred(struct state_tracker *s, const struct moved_table *table,
				uint64_t indexes)
{
	mutex_lock(&s->lock);
	state_of(s, table)->deferred = indexes;
	mutex_unlock(&s->lock);
}

uint64_t state_tracker_deferred(struct state_tracker *s, const struct moved_table *table)
{
	mutex_lock(&s->lock);
	uint64_t indexes = state_of(s, table)->deferred;
	mutex_unlock(&s->lock);
	return indexes;
}

void state_tracker_set_indexing(struct state_tracker *s, const struct moved_table *table,
				bool is_indexing)
{
	mutex_lock(&s->lock);
	state_of(s, table)->indexing_since = is_indexing ? clock_ms() : 0;
	mutex_unlock(&s->lock);
}

void state_tracker_changes_applied(struct state_tracker *s, uint64_t changes)
{
	mutex_lock(&s->lock);
	s->state.changes_applied += changes;
	mutex_unlock(&s->lock);
}

void state_tracker_key(struct state_tracker *s, const struct moved_table *table, struct key *key,
		       bool *is_complete)
{
	mutex_lock(&s->lock);
	const struct table_state *t = state_of(s, table);
	key_copy(key, &t->copied_up_to);
	*is_complete = t->is_complete;
	mutex_unlock(&s->lock);
}
