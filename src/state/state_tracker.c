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
	memset(s, 0, sizeof(*s));
	make_id(s->process, sizeof(s->process));
	mutex_init(&s->lock);
	s->phase = PHASE_STARTING;
	s->start_time = clock_wall();
}

void state_tracker_destroy(struct state_tracker *s)
{
	for (size_t i = 0; i < s->table_count; i++)
		key_release(&s->tables[i].copied_up_to);
	free(s->tables);
	gtid_set_release(&s->applied);
	gtid_set_release(&s->received);
	state_line_release(&s->ancestors);
	mutex_destroy(&s->lock);
}

void state_tracker_begin(struct state_tracker *s, const char *run_id, const char *source_uuid,
			 unsigned lock_count)
{
	mutex_lock(&s->lock);
	if (run_id && *run_id)
		snprintf(s->run_id, sizeof(s->run_id), "%s", run_id);
	else if (!*s->run_id)
		make_id(s->run_id, sizeof(s->run_id));
	snprintf(s->source_uuid, sizeof(s->source_uuid), "%s", source_uuid);
	s->lock_count = lock_count;
	mutex_unlock(&s->lock);
}

void state_tracker_follow(struct state_tracker *s, const struct state_line *ancestors)
{
	mutex_lock(&s->lock);
	state_line_copy(&s->ancestors, ancestors);
	mutex_unlock(&s->lock);
}

/* Two threads may print at the same time, and the one with the older snapshot be the later
 * one to ask. */
uint64_t state_tracker_number(struct state_tracker *s, uint64_t snapshot, uint64_t sum)
{
	mutex_lock(&s->lock);
	if (s->numbered > 0 && s->numbered_sum == sum) {
		snapshot = s->numbered;
	} else if (snapshot > s->numbered) {
		s->numbered = snapshot;
		s->numbered_sum = sum;
	}
	mutex_unlock(&s->lock);
	return snapshot;
}

void state_tracker_set_tables(struct state_tracker *s, const struct moved_tables *tables)
{
	mutex_lock(&s->lock);
	assert(!s->tables);
	s->tables = mem_calloc(tables->count + 1, sizeof(*s->tables));
	s->table_count = tables->count;
	for (size_t i = 0; i < tables->count; i++)
		s->tables[i].table = tables->tables[i];
	mutex_unlock(&s->lock);
}

void state_tracker_forget_copied(struct state_tracker *s)
{
	mutex_lock(&s->lock);
	for (size_t i = 0; i < s->table_count; i++) {
		key_release(&s->tables[i].copied_up_to);
		s->tables[i].is_complete = false;
	}
	mutex_unlock(&s->lock);
}

void state_tracker_set_phase(struct state_tracker *s, enum phase phase)
{
	mutex_lock(&s->lock);
	assert(phase_may_follow(s->phase, phase));
	s->phase = phase;
	if (phase == PHASE_DONE)
		s->done_time = clock_wall();
	mutex_unlock(&s->lock);
}

enum phase state_tracker_phase(struct state_tracker *s)
{
	enum phase phase;

	mutex_lock(&s->lock);
	phase = s->phase;
	mutex_unlock(&s->lock);
	return phase;
}

void state_tracker_set_position(struct state_tracker *s, const struct binlog_position *position)
{
	assert(binlog_position_is_set(position));
	mutex_lock(&s->lock);
	s->position = *position;
	s->has_position = true;
	mutex_unlock(&s->lock);
}

void state_tracker_set_gtids(struct state_tracker *s, const struct gtid_set *applied,
			     const struct gtid_set *received)
{
	mutex_lock(&s->lock);
	s->has_gtids = true;
	gtid_set_copy(&s->applied, applied);
	gtid_set_copy(&s->received, received);
	mutex_unlock(&s->lock);
}

void state_tracker_received(struct state_tracker *s, const struct gtid *gtid)
{
	mutex_lock(&s->lock);
	if (s->has_gtids && gtid)
		gtid_set_add(&s->received, gtid);
	if (!gtid) {
		s->has_gtids = false;
		gtid_set_release(&s->applied);
		gtid_set_release(&s->received);
	}
	mutex_unlock(&s->lock);
}

void state_tracker_advance(struct state_tracker *s, const struct binlog_position *position,
			   const struct gtid_set *gtids)
{
	assert(binlog_position_is_set(position));
	mutex_lock(&s->lock);
	s->position = *position;
	s->has_position = true;
	if (s->has_gtids)
		gtid_set_merge(&s->applied, gtids);
	mutex_unlock(&s->lock);
}

void state_tracker_streamed(struct state_tracker *s, const struct binlog_position *position)
{
	mutex_lock(&s->lock);
	if (!binlog_position_is_set(&s->streamed) ||
	    binlog_position_compare(position, &s->streamed) > 0)
		s->streamed = *position;
	mutex_unlock(&s->lock);
}

void state_tracker_forget_streamed(struct state_tracker *s)
{
	mutex_lock(&s->lock);
	s->streamed = (struct binlog_position){ .offset = 0 };
	mutex_unlock(&s->lock);
}

void state_tracker_set_source_started(struct state_tracker *s, uint64_t started)
{
	mutex_lock(&s->lock);
	s->source_started = started;
	mutex_unlock(&s->lock);
}

bool state_tracker_position(struct state_tracker *s, struct binlog_position *position)
{
	bool has_position;

	mutex_lock(&s->lock);
	has_position = s->has_position;
	if (has_position)
		*position = s->position;
	mutex_unlock(&s->lock);
	return has_position;
}

static struct table_state *state_of(struct state_tracker *s, const struct moved_table *table)
	REQUIRES(s->lock)
{
	assert(table->index < s->table_count && s->tables[table->index].table == table);
	return &s->tables[table->index];
}

void state_tracker_set_watched(struct state_tracker *s, const struct binlog_position *position)
{
	mutex_lock(&s->lock);
	s->watched = *position;
	mutex_unlock(&s->lock);
}

void state_tracker_cutover_unlocked(struct state_tracker *s)
{
	mutex_lock(&s->lock);
	s->cutover_unlocked = true;
	mutex_unlock(&s->lock);
}

bool state_tracker_is_handed_over(struct state_tracker *s)
{
	mutex_lock(&s->lock);
	bool cutover_unlocked = s->cutover_unlocked;
	mutex_unlock(&s->lock);
	return cutover_unlocked;
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
	struct table_state *t;

	mutex_lock(&s->lock);
	t = state_of(s, table);
	t->rows_written += rows;
	t->bytes_written += bytes;
	s->rows_written += rows;
	s->bytes_written += bytes;
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

void state_tracker_complete(struct state_tracker *s, const struct moved_table *table)
{
	mutex_lock(&s->lock);
	state_of(s, table)->is_complete = true;
	mutex_unlock(&s->lock);
}

void state_tracker_begun_anew(struct state_tracker *s, const struct moved_table *table)
{
	mutex_lock(&s->lock);
	state_of(s, table)->is_complete = false;
	mutex_unlock(&s->lock);
}

void state_tracker_changes_applied(struct state_tracker *s, uint64_t changes)
{
	mutex_lock(&s->lock);
	s->changes_applied += changes;
	mutex_unlock(&s->lock);
}

void state_tracker_key(struct state_tracker *s, const struct moved_table *table, struct key *key,
		       bool *is_complete)
{
	const struct table_state *t;

	mutex_lock(&s->lock);
	t = state_of(s, table);
	key_copy(key, &t->copied_up_to);
	*is_complete = t->is_complete;
	mutex_unlock(&s->lock);
}
