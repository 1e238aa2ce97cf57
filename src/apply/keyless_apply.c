/* Changes of a table without a key.
 *
 * What such a table holds is a multiset of rows. An insert adds one copy of a row, a delete removes
 * one, an update does both. So a batch is added up per row: first
 *
 *   DELETE FROM t WHERE <the row, byte for byte> LIMIT n
 *
 * which must find exactly n, then plain INSERTs. Which of several equal rows is deleted makes no
 * difference. Nor does the order within a batch: only rows that were there before it are deleted,
 * and no unique key (over columns that may be NULL) is in the way, as what is there between the two
 * is a subset of what the source held at the end of the batch.
 *
 * Anything but n rows means that the target is not what this run wrote: the run ends.
 *
 * Counting is right only when each change is applied once. A batch is one transaction, so one that
 * failed before its COMMIT was sent is tried again; where the COMMIT got no answer, its outcome is
 * unknown, and the table is copied again from another snapshot, which holds all of the batch. A
 * resumed run does the same from the start, whatever the state says of the table.
 *
 * Rows that the target refuses in strict mode, or warns about (even when it deletes them), may be
 * exactly what the source has (lax_writer.c). They are inserted in a lax mode, and before the
 * commit there must be exactly n more of each than before, byte for byte, with the stored generated
 * columns as the source's binlog has them: so a value that came out differently, sent or computed,
 * is detected, whatever the server warned of. (A virtual column is not stored: it is what the other
 * columns make it.) Where no mode achieves that, as with MariaDB 11.8, whose binlog leaves
 * generated columns out, or where there are too many rows to look for, as each costs a table scan,
 * the table is copied again: as a whole it can be compared with the source (snapshot_copy.c). What
 * still differs then ends the run. */
#include "keyless_apply.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/probe.h"
#include "copy/snapshot_copy.h"
#include "rows/lax_writer.h"

static const char log_tag[] = "binlog_writer";

#define LAX_ROWS_MAX 100 /* distinct ones */

/* How many copies of one row are added or removed. */
struct sum {
	int64_t rows;
	const struct change *change; /* one of them */
	uint64_t there;		     /* how many existed before the inserts */
};

struct apply {
	struct run *run;
	struct db *target;
	const struct moved_table *table;
	uint64_t packet_limit;
	struct map sums;		    /* row -> struct sum *, owned */
	const struct change *last;	    /* of those applied */
	struct write_statement *statements; /* owned */
	size_t count;
	size_t deletes;	   /* these come first */
	size_t kinds;	   /* distinct rows to insert */
	bool is_refused;   /* rows were refused, or came out differently */
	bool is_uncertain; /* a COMMIT got no answer */
};

static void sum_changes(struct apply *a, const struct change *first)
{
	struct snapshot_mark *mark = &run_sync(a->run, a->table)->mark;

	for (const struct change *change = first; change; change = change->next) {
		if (snapshot_mark_holds(mark, change->file, change->offset))
			continue;

		struct sum *sum = map_get(&a->sums, change_key(change), change->key_length);

		if (!sum) {
			sum = mem_calloc(1, sizeof(*sum));
			map_put(&a->sums, change_key(change), change->key_length, sum);
		}
		/* An insert, if there is one: it has the computed values of the row. */
		if (!sum->change || sum->change->is_delete)
			sum->change = change;
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

static bool put_delete(struct apply *a, const struct sum *sum, struct error *err)
{
	struct write_statement *statement = new_statement(a);

	statement->affects = (uint64_t)-sum->rows;
	statement->zone = a->table->deletes_in_zone ? a->table->zone : NULL;
	buf_puts(&statement->sql, a->table->delete_head);
	buf_add(&statement->sql, change_key(sum->change), sum->change->key_length);
	buf_printf(&statement->sql, " LIMIT %" PRIu64, statement->affects);
	return !write_is_too_large(a->table, "a changed row", statement->sql.length,
				   a->packet_limit, err);
}

static bool put_insert(struct apply *a, struct write_statement **statement,
		       const struct change *change, struct error *err)
{
	struct write_statement *s = *statement;
	size_t length = s ? s->sql.length + change->image_length : 0;

	if (s && length < a->run->options->batch_bytes && write_fits(length, a->packet_limit)) {
		buf_putc(&s->sql, ',');
	} else {
		s = *statement = new_statement(a);
		s->zone = a->table->zone;
		buf_puts(&s->sql, a->table->insert_head);
	}
	buf_add(&s->sql, change_image(change), change->image_length);
	s->invalid_enums += change->invalid_enums;
	s->affects++;
	return !write_is_too_large(a->table, "a changed row", s->sql.length, a->packet_limit, err);
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
	a->deletes = a->count;
	cursor = 0;
	while ((entry = map_next(&a->sums, &cursor))) {
		const struct sum *sum = entry->value;

		a->kinds += sum->rows > 0;
		for (int64_t i = 0; i < sum->rows; i++)
			if (!put_insert(a, &insert, sum->change, err))
				return false;
	}
	return true;
}

/* How many such rows the target has, computed values included. */
static bool count_rows(struct apply *a, const struct sum *sum, uint64_t *rows, struct error *err)
{
	const struct change *change = sum->change;
	struct write_statement statement = { .sql = BUF_INIT,
					     .mode = lax_modes[0],
					     .zone = a->table->deletes_in_zone ? a->table->zone :
										 NULL };
	struct buf value = BUF_INIT;

	buf_puts(&statement.sql, "SELECT COUNT(*) INTO @ghostferry_rows FROM ");
	sql_table_name(&statement.sql, a->table->target_schema, a->table->target_name);
	buf_puts(&statement.sql, " WHERE ");
	buf_add(&statement.sql, change_key(change), change->key_length);
	buf_add(&statement.sql, change_order(change), change->order_length);
	bool ok = write_statement_execute(a->target, &statement, err) &&
		  db_value(a->target, &value, NULL, err, "SELECT @ghostferry_rows");

	*rows = strtoull(buf_text(&value), NULL, 10);
	write_statement_release(&statement);
	buf_release(&value);
	return ok;
}

static bool count_before(struct apply *a, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&a->sums, &cursor))) {
		struct sum *sum = entry->value;

		if (sum->rows > 0 && !count_rows(a, sum, &sum->there, err))
			return false;
	}
	return true;
}

static bool compare_counts(struct apply *a, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0;
	uint64_t rows;

	probe("after_lax_write", "%s %zu", a->table->source->full_name, a->kinds);
	while ((entry = map_next(&a->sums, &cursor))) {
		const struct sum *sum = entry->value;

		if (sum->rows <= 0)
			continue;
		if (!count_rows(a, sum, &rows, err))
			return false;
		if (rows == sum->there + (uint64_t)sum->rows)
			continue;
		a->is_refused = true;
		return error_set(err, ERROR_DATA,
				 "without strict mode the target makes other rows "
				 "of them than the source has");
	}
	return true;
}

/* mode NULL: strict. */
static bool write_some(struct apply *a, size_t first, size_t end, const char *mode,
		       struct error *err)
{
	for (size_t i = first; i < end; i++) {
		a->statements[i].mode = mode;
		if (write_statement_execute(a->target, &a->statements[i], err))
			continue;
		a->is_refused = lax_is_refusal(err);
		return false;
	}
	return true;
}

static bool write_once(struct apply *a, const char *mode, struct error *err)
{
	a->is_refused = false;
	if (!db_ready(a->target, err))
		return false;
	enum work before = work_begin(WORK_WRITING);
	bool ok = write_begin(a->target, NULL, 0, err) && write_some(a, 0, a->deletes, mode, err) &&
		  (!mode || count_before(a, err)) &&
		  write_some(a, a->deletes, a->count, mode, err) &&
		  (!mode || compare_counts(a, err));
	ok = write_end(a->target, ok, &a->is_uncertain, err);
	work_begin(before);
	return ok;
}

static bool write_changes(struct apply *a, const char *mode, struct error *err)
{
	for (struct retry r = run_write_begin(a->run, "write binlog events", log_tag);
	     retry_next(&r, err);) {
		if (write_once(a, mode, err))
			return true;
		if (!a->is_uncertain)
			continue;
		log_warn_err(err, "table %s has no key, and the outcome of a COMMIT is not known",
			     a->table->source->full_name);
		/* Not to be tried again. */
		return error_set(err, ERROR_DATA, "the outcome of a COMMIT is not known");
	}
	return false;
}

static bool apply_once(struct apply *a, struct error *err)
{
	if (a->sums.count == 0)
		return true;
	if (put_statements(a, err) && write_changes(a, NULL, err))
		return true;
	if (a->is_refused)
		log_info("table %s, which has no key: rows are written without strict mode and "
			 "compared: %s",
			 a->table->source->full_name, err->text);
	for (size_t i = 0; a->is_refused && a->kinds <= LAX_ROWS_MAX && i < LAX_MODES; i++)
		if (write_changes(a, lax_modes[i], err))
			return true;
	if (err->kind == ERROR_DIFFERENT) {
		err->kind = ERROR_DATA;
		error_wrap(err, "the table has no key and is not as this run left it (has somebody "
				"else written to it?); resume, and it is copied again");
	}
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

/* The changes at hand were received before the snapshot that is taken now, so it holds all of them;
 * the rest of the queue is checked against the snapshot's position. */
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
	sum_changes(&a, first);
	bool ok = apply_once(&a, err) || ((a.is_uncertain || a.is_refused) && copy_anew(&a, err));
	release(&a);
	return ok;
}
