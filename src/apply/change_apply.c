/* What a batch of changes becomes. Of each key only the last change is kept: first every key whose
 * last change is "gone" is deleted, then the other rows are replaced.
 *
 * Why deletes go first: two keys that differ in bytes may be the same row for the target's
 * collation ('a', 'A'). At most one of them exists at the end of the batch, and it is among those
 * replaced.
 *
 * Why the order of replaced rows does not matter: they are images of one moment of the source, so
 * no two of them share a value of any unique key; and a row that they displace from the target is
 * stale: its own change comes later in the stream, or is in this very batch (src/README.md). Across
 * batches the table's changes stay in order, as one thread has the table at a time.
 *
 * So the batch need not be one transaction: if we die between two, the position has not moved, and
 * the whole batch comes again. It is divided so that it seldom conflicts with the copy, which
 * writes to the same table: rows are locked in index order, as by the copy; changes of rows in the
 * range of a copied batch that is just being written wait (write_claims.h); and while a table is
 * being copied, transactions are small, so that the copy does not wait long either. Where rows may
 * be displaced, the batch is one transaction, which has the table to itself while the table is
 * being copied: it also writes rows of other keys, and locks other indexes (displacement.c).
 * Deadlocks that remain (another unique key's order is not this one's) make transactions smaller,
 * and the next attempt has the table to itself.
 *
 * For the same reason several writers may apply the batch: its sorted keys are cut into parts,
 * first the deletes and, once all of these are done, the images. Only where no row can displace
 * another: what is one transaction stays with one writer. */
#include "change_apply.h"

#include <stdlib.h>

#include "apply_parts.h"
#include "apply_sql.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/probe.h"
#include "displacement.h"
#include "plan/key_order.h"

static const char log_tag[] = "binlog_writer";

/* In one transaction, while the table is being copied. */
#define ROWS_BESIDE_COPY_MAX 1000

/* A part has at least batch_bytes / PART_FRACTION, as each costs a commit. */
#define PART_FRACTION 4

struct apply {
	struct apply_part part; /* must be the first member */
	struct run *run;
	struct db *target; /* of the thread that applies */
	const struct moved_table *table;
	size_t rows_max;	 /* in one transaction; fewer after a deadlock */
	struct change **changes; /* sorted; the first `done` are written */
	size_t count;
	size_t done;
	struct row_claim claim;
	bool is_alone; /* for the next attempt, after a deadlock */
};

static int compare_changes(const void *a, const void *b)
{
	const struct change *x = *(struct change *const *)a, *y = *(struct change *const *)b;

	return key_order_compare(change_order(x), x->order_length, change_order(y), y->order_length);
}

/* The last change per key, deletes first; *deletes is their number. Returns an owned array. */
static struct change **coalesce(const struct moved_table *table, struct change *first,
				size_t *deletes, size_t *count)
{
	struct map last;
	struct map_entry *entry;
	size_t cursor = 0, front = 0;

	map_init(&last);
	for (struct change *change = first; change; change = change->next)
		map_put(&last, change_key(change), change->key_length, change);

	struct change **changes = mem_calloc(last.count, sizeof(*changes));
	size_t back = last.count;

	while ((entry = map_next(&last, &cursor))) {
		struct change *change = entry->value;

		changes[change->is_delete ? front++ : --back] = change;
	}
	*deletes = front;
	*count = last.count;
	map_release(&last);
	if (table->may_displace) /* all of them are deleted */
		*deletes = 0;
	qsort(changes, *deletes, sizeof(*changes), compare_changes);
	qsort(changes + *deletes, *count - *deletes, sizeof(*changes), compare_changes);
	return changes;
}

static struct write_claims *claims_of(const struct apply *a)
{
	return &run_sync(a->run, a->table)->claims;
}

static bool is_being_copied(const struct apply *a)
{
	return fence_has_tickets(&run_sync(a->run, a->table)->fence);
}

static size_t claim_rows(struct apply *a)
{
	size_t left = a->count - a->done;
	size_t max = a->rows_max;

	if (max > ROWS_BESIDE_COPY_MAX && is_being_copied(a))
		max = ROWS_BESIDE_COPY_MAX;
	if (!a->is_alone)
		return write_claims_take_rows(claims_of(a), &a->claim, a->changes + a->done, left,
					      max, a->run->stop);
	if (!write_claims_take_table(claims_of(a), a->run->stop))
		return 0;
	return left < max ? left : max;
}

static size_t take_rows(struct apply *a)
{
	enum work before = work_begin(WORK_WAITING_FOR_LOCK);
	size_t count = claim_rows(a);

	work_begin(before);
	return count;
}

static bool take_table(struct apply *a)
{
	enum work before = work_begin(WORK_WAITING_FOR_LOCK);
	bool ok = write_claims_take_table(claims_of(a), a->run->stop);

	work_begin(before);
	return ok;
}

static void release_rows(struct apply *a)
{
	if (a->is_alone)
		write_claims_release_table(claims_of(a));
	else
		write_claims_release_rows(claims_of(a), &a->claim);
}

static void update_rows_max(struct apply *a, size_t count, bool ok, const struct error *err)
{
	size_t *max = &a->rows_max;

	if (!ok && db_error_is_deadlock(err)) {
		*max = count > 1 ? count / 2 : 1;
		a->is_alone = true;
	} else if (ok) {
		if (count >= *max)
			*max = *max < TABLE_QUEUE_ROWS_MAX / 2 ? *max * 2 : TABLE_QUEUE_ROWS_MAX;
		a->is_alone = false;
	}
}

static struct apply_sql empty_script(const struct apply *a)
{
	return (struct apply_sql){ .packet_limit = write_packet_limit(a->target),
				   .batch_bytes = a->run->options->batch_bytes };
}

static bool make_script(const struct apply *a, struct apply_sql *script, struct change **changes,
			size_t count, struct error *err)
{
	enum work before = work_begin(WORK_BUILDING);
	bool ok = apply_sql_make(script, a->table, changes, count, err);

	work_begin(before);
	return ok;
}

static bool write_rows_once(struct apply *a, size_t count, bool *is_unsuited, struct error *err)
{
	struct apply_sql script = empty_script(a);

	script.avoids_load = *is_unsuited || !run_takes_loads_of(a->run, a->table);
	bool ok = make_script(a, &script, a->changes + a->done, count, err) &&
		  write_statements(a->target, script.statements, script.count, err);

	*is_unsuited = script.is_unsuited;
	apply_sql_release(&script);
	return ok;
}

/* What LOAD DATA has not taken is rolled back, and the same rows written by REPLACE, which says why
 * if it cannot either. A connection that the roll back has lost is for the next attempt. */
static bool write_rows(struct apply *a, size_t count, struct error *err)
{
	bool is_unsuited = false;
	bool ok = write_rows_once(a, count, &is_unsuited, err);

	if (ok || !is_unsuited)
		return ok;
	run_count_unsuited_load(a->run, a->table);
	probe("load_is_unsuited", "%s", a->table->source->full_name);
	if (db_is_broken(a->target))
		return error_set(err, ERROR_LOST, "%s: the connection was lost",
				 db_label(a->target));
	return write_rows_once(a, count, &is_unsuited, err);
}

/* What is committed stays: the next attempt continues after it. */
static bool write_rest(struct apply *a, struct error *err)
{
	while (a->done < a->count) {
		if (!db_ready(a->target, err))
			return false;

		size_t count = take_rows(a);

		if (count == 0)
			return error_set(err, ERROR_STOPPED, "stopped");

		bool ok = write_rows(a, count, err);

		release_rows(a);
		update_rows_max(a, count, ok, err);
		if (!ok)
			return false;
		a->done += count;
	}
	return true;
}

static bool apply_part(struct apply_part *part, struct db *target, struct error *err)
{
	struct apply *a = (struct apply *)part;

	a->target = target;
	for (struct retry r = run_write_begin(a->run, "write binlog events", log_tag);
	     retry_next(&r, err);)
		if (write_rest(a, err))
			return true;
	return false;
}

/* As many as there are writers, but none too small, nor too large to be one transaction. */
static size_t count_parts(const struct move_options *options, struct change *const *changes,
			  size_t count)
{
	uint64_t rows_max = change_rows_max(options), bytes = 0, parts;

	for (size_t i = 0; i < count; i++)
		bytes += change_size(changes[i]);
	parts = bytes / (options->batch_bytes / PART_FRACTION + 1);
	if (parts < (count + rows_max - 1) / rows_max)
		parts = (count + rows_max - 1) / rows_max;
	if (parts > options->apply_workers)
		parts = options->apply_workers;
	if (parts < 1)
		parts = 1;
	return parts < count ? parts : count;
}

/* a: what all parts have in common. Its rows_max becomes the smallest of theirs. */
static bool apply_in_parts(struct apply *a, struct apply_parts *parts, struct change **changes,
			   size_t count, struct error *err)
{
	size_t part_count = count_parts(a->run->options, changes, count);
	struct apply *each = mem_calloc(part_count + 1, sizeof(*each));

	for (size_t i = 0; i < part_count; i++) {
		size_t from = count * i / part_count;

		each[i] = *a;
		each[i].part.apply = apply_part;
		each[i].part.next = i + 1 < part_count ? &each[i + 1].part : NULL;
		each[i].changes = changes + from;
		each[i].count = count * (i + 1) / part_count - from;
	}

	bool ok = part_count == 0 || apply_parts_run(parts, &each->part, a->target, err);

	for (size_t i = 0; i < part_count; i++)
		if (i == 0 || each[i].rows_max < a->rows_max)
			a->rows_max = each[i].rows_max;
	free(each);
	return ok;
}

static bool write_displacing(struct apply *a, struct displacement *d, struct error *err)
{
	struct apply_sql script = empty_script(a);
	bool does_not_matter;
	bool ok = make_script(a, &script, a->changes, a->count, err);

	d->inserted = 0;
	d->rows = apply_sql_count_inserted(&script, &d->inserted);
	if (ok) {
		enum work before = work_begin(WORK_WRITING);

		ok = write_begin(a->target, script.statements, script.count, err) &&
		     displacement_resolve(d, a->target, err);
		ok = write_end(a->target, ok, &does_not_matter, err);
		work_begin(before);
	}
	apply_sql_release(&script);
	return ok;
}

/* In one transaction, which has the table to itself while it is being copied. */
static bool write_alone(struct apply *a, struct displacement *d, struct error *err)
{
	bool is_alone = a->is_alone || is_being_copied(a);

	if (!db_ready(a->target, err))
		return false;
	if (is_alone && !take_table(a))
		return error_set(err, ERROR_STOPPED, "stopped");

	bool ok = write_displacing(a, d, err);

	if (is_alone)
		write_claims_release_table(claims_of(a));
	update_rows_max(a, a->count, ok, err);
	return ok;
}

static bool apply_displacing(struct apply *a, struct change **changes, size_t count,
			     struct change *first, struct error *err)
{
	struct displacement displacement;
	bool ok = false;

	a->changes = changes;
	a->count = count;
	displacement_init(&displacement, a->run, a->table, first);
	for (struct retry r = run_write_begin(a->run, "write binlog events", log_tag);
	     !ok && retry_next(&r, err);)
		ok = write_alone(a, &displacement, err);
	displacement_end(&displacement);
	return ok;
}

bool change_apply(struct run *run, struct db *target, struct apply_parts *parts,
		  struct table_queue *queue, struct change *first, struct error *err)
{
	enum work before = work_begin(WORK_BUILDING);
	size_t deletes, count;
	struct change **changes = coalesce(queue->table, first, &deletes, &count);

	work_begin(before);
	struct apply a = {
		.run = run, .target = target, .table = queue->table, .rows_max = queue->rows_max
	};
	bool ok = a.table->may_displace ?
			  apply_displacing(&a, changes, count, first, err) :
			  apply_in_parts(&a, parts, changes, deletes, err) &&
				  apply_in_parts(&a, parts, changes + deletes, count - deletes, err);

	queue->rows_max = a.rows_max;
	free(changes);
	return ok || error_wrap(err, "apply row changes of table %s", a.table->source->full_name);
}
