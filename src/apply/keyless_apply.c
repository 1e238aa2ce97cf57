/* Changes of a table without a key.
 *
 * What such a table holds is a multiset of rows. An insert is one more of a row, a delete
 * one less, an update both. So a batch is summed up per row: first
 *
 *   DELETE FROM t WHERE <the row, byte for byte> LIMIT n
 *
 * which must find exactly n, then plain INSERTs. Which of several equal rows goes makes no
 * difference. The order within a batch makes none either: rows are only deleted that were
 * there before it, and no unique key (over columns that may be NULL) stands in the way, as
 * what is there between the two is a part of what the source held at the end of the batch.
 *
 * Anything but n rows means that the target is not what this run wrote: the run ends.
 *
 * Counting is right only when each change is applied once. A batch is one transaction, so
 * one that failed before its COMMIT was sent is tried again; where the answer to the
 * COMMIT is missing, nobody can tell, and the table is copied anew from another snapshot,
 * which holds all of the batch. A resumed run does the same from the start, whatever the
 * state says of the table. */
#include "keyless_apply.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/probe.h"
#include "rows/target_write.h"
#include "copy/snapshot_copy.h"

static const char log_tag[] = "binlog_writer";

#define STATEMENT_SLACK 4096

/* How many rows of one kind come or go. */
struct sum {
	int64_t rows;
	const struct change *change; /* one of them */
};

struct apply {
	struct run *run;
	struct db *target;
	const struct moved_table *table;
	uint64_t packet_limit;
	struct map sums; /* row -> struct sum *, owned */
	const struct change *last; /* of those that are applied */
	struct write_statement *statements; /* owned */
	size_t count;
	bool is_uncertain; /* a COMMIT without an answer */
};

static void sum_up(struct apply *a, const struct change *first)
{
	for (const struct change *change = first; change; change = change->next) {
		if (snapshot_mark_holds(&run_sync(a->run, a->table)->mark, change->file, change->offset))
			continue;

		struct sum *sum = map_get(&a->sums, change_key(change), change->key_length);

		if (!sum) {
			sum = mem_calloc(1, sizeof(*sum));
			sum->change = change;
			map_put(&a->sums, change_key(change), change->key_length, sum);
		}
		sum->rows += change->is_delete ? -1 : 1;
		a->last = change;
	}
}

static struct write_statement *new_statement(struct apply *a)
{
	a->statements = mem_resize(a->statements, a->count + 1, sizeof(*a->statements));
	a->statements[a->count] = (struct write_statement){ .sql = BUF_INIT };
	return &a->statements[a->count++];
}

static bool check_size(const struct apply *a, size_t length, struct error *err)
{
	return length + STATEMENT_SLACK <= a->packet_limit ||
	       error_set(err, ERROR_DATA,
			 "a changed row takes %zu bytes as a statement, more than the target's "
			 "max_allowed_packet lets through; raise it: SET GLOBAL "
			 "max_allowed_packet = 1073741824",
			 length);
}

static bool put_delete(struct apply *a, const struct sum *sum, struct error *err)
{
	struct write_statement *statement = new_statement(a);

	statement->affects = (uint64_t)-sum->rows;
	statement->zone = a->table->deletes_in_zone ? a->table->zone : NULL;
	buf_puts(&statement->sql, a->table->delete_head);
	buf_add(&statement->sql, change_key(sum->change), sum->change->key_length);
	buf_printf(&statement->sql, " LIMIT %" PRIu64, statement->affects);
	return check_size(a, statement->sql.length, err);
}

static bool put_insert(struct apply *a, struct write_statement **statement,
		       const struct change *change, struct error *err)
{
	struct write_statement *s = *statement;
	size_t length = s ? s->sql.length + change->image_length : 0;

	if (s && length < a->run->options->batch_bytes &&
	    length + STATEMENT_SLACK <= a->packet_limit) {
		buf_putc(&s->sql, ',');
	} else {
		s = *statement = new_statement(a);
		s->zone = a->table->zone;
		buf_puts(&s->sql, a->table->insert_head);
	}
	buf_add(&s->sql, change_image(change), change->image_length);
	s->invalid_enums += change->invalid_enums;
	s->affects++;
	return check_size(a, s->sql.length, err);
}

static bool put_statements(struct apply *a, struct error *err)
{
	struct write_statement *insert = NULL;
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&a->sums, &cursor))) {
		const struct sum *sum = entry->value;

		if (sum->rows < 0 && !put_delete(a, sum, err))
			return false;
	}
	cursor = 0;
	while ((entry = map_next(&a->sums, &cursor))) {
		const struct sum *sum = entry->value;

		for (int64_t i = 0; i < sum->rows; i++)
			if (!put_insert(a, &insert, sum->change, err))
				return false;
	}
	return true;
}

static bool attempt_apply(void *argument, struct error *err)
{
	struct apply *a = argument;

	if (!db_ready(a->target, err) ||
	    !write_statements_once(a->target, a->statements, a->count, &a->is_uncertain, err)) {
		if (a->is_uncertain) { /* not to be tried again */
			log_warn_err(err, "table %s has no key, and the outcome of a COMMIT is not "
					  "known",
				     a->table->source->full_name);
			error_set(err, ERROR_DATA, "the outcome of a COMMIT is not known");
		}
		return false;
	}
	return true;
}

static bool apply_once(struct apply *a, struct error *err)
{

	if (a->sums.count == 0)
		return true;
	bool is_made = put_statements(a, err);
	if (is_made && run_write(a->run, "write binlog events", log_tag, attempt_apply, a, err))
		return true;
	if (is_made && err->kind == ERROR_DATA && !a->is_uncertain)
		error_wrap(err, "the table has no key and is not as this run left it (has somebody "
				"else written to it?); resume, and it is copied anew");
	return error_wrap(err, "apply row changes of table %s up to %s:%" PRIu64,
			  a->table->source->full_name, a->last->file, a->last->offset);
}

static void release(struct apply *a)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&a->sums, &cursor)))
		free(entry->value);
	map_release(&a->sums);
	for (size_t i = 0; i < a->count; i++)
		write_statement_release(&a->statements[i]);
	free(a->statements);
}

/* The changes at hand were received before the snapshot that is taken now, so it holds
 * all of them; the rest of the queue is compared with its place. */
static bool copy_anew(struct apply *a, struct error *err)
{
	state_tracker_set_complete(a->run->tracker, a->table, false);
	if (!snapshot_copy(a->run, a->target, a->table, err))
		return false;
	state_tracker_set_complete(a->run->tracker, a->table, true);
	return true;
}

bool keyless_apply(struct run *run, struct db *target, const struct moved_table *table,
		   const struct change *first, struct error *err)
{
	struct apply a = { .run = run,
			   .target = target,
			   .table = table,
			   .packet_limit = write_packet_limit(target) };

	map_init(&a.sums);
	sum_up(&a, first);
	bool ok = apply_once(&a, err) || (a.is_uncertain && copy_anew(&a, err));
	release(&a);
	return ok;
}
