/* A row is repaired like a chunk is copied, behind the same fence:
 *
 *   ticket; SELECT ... WHERE key = a OR key = b ... FOR SHARE
 *   START TRANSACTION; DELETE the keys; REPLACE the rows that were found; COMMIT; end
 *
 * but it overwrites, and deletes what the source does not have. Why nothing newer is lost,
 * while the source changes. Let c be the last change of a repaired key in the stream:
 *
 *  - received after the ticket was issued: it waits for the ticket's end (I2) and is
 *    applied over the repair;
 *  - received before: the locking read began later, so it sees c (I1), and as c is the
 *    last one it reads just c's image, or no row when c deleted it. It does not matter
 *    which of the two is written first. Older changes of the key that are still queued are
 *    applied before c, and c after them: they may show for a moment what the row was, as
 *    they do after a resume;
 *  - there is none: the row is what it was when the run began, and stays so.
 *
 * A row of another key that holds one of the repaired row's unique values gives way, as for changes
 * of the stream. The source does not have it like that: at the time of the read the value is the
 * repaired row's. Either a later change of that row is on its way and brings it back whole, or it
 * was wrong unnoticed: such a row would now be missing. The number of rows the server touched shows
 * that there was one, and the table is compared as a whole again. The keys are deleted first, so
 * that values which were swapped among the repaired rows do not count.
 *
 * Of a table of which a part is moved (Tables.Where) rows are inserted, not replaced: what is in
 * the way once the keys are deleted belongs to others, and stays. The run ends. (Such a table has
 * no other unique key, see plan/cascade.c; VerifierRepair is refused.)
 *
 * If the process dies the target's transaction is undone or complete; the rows are still
 * in the verifier's part of the state and looked at again. The connection holds a named
 * lock like all that write (I8). A write that ends the run may still be under way in the
 * server: its ticket is not ended, so that nothing newer gets past it. */
#include "compare/row_repair.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "rows/owed_rows.h"
#include "run/writer_lock.h"

static const char log_tag[] = "verifier";

#define KEYS_PER_REPAIR 100
enum { DUPLICATE_ENTRY = 1062 };

void row_repair_init(struct row_repair *r, const struct repair_plan *plan, unsigned number)
{
	*r = (struct row_repair){ .plan = plan, .lock = plan->run->locks.repairs + number };
	r->reader.run = plan->run;
	lax_writer_init(&r->lax, plan->run, log_tag);
}

void row_repair_release(struct row_repair *r)
{
	db_close(r->target);
	r->target = NULL;
	buf_release(&r->reader.sql);
	lax_writer_release(&r->lax);
}

struct db *row_repair_target(struct row_repair *r, struct error *err)
{
	char name[WRITER_LOCK_NAME_SIZE];
	struct run *run = r->plan->run;

	if (r->target)
		return r->target;
	writer_lock_name(name, run->run_id, r->lock);
	r->target = run_connect(run, name, run->options->write_attempts, log_tag, err);
	if (r->target)
		r->reader.packet_limit = write_packet_limit(r->target);
	return r->target;
}

static bool write_rows(struct row_repair *r, const struct row_batch *batch,
		       const char *const *conditions, size_t count, uint64_t *replaced,
		       struct error *err)
{
	struct run *run = r->plan->run;
	size_t statement_count = batch->statement_count + 1;
	/* The texts of all but the first are the batch's. */
	struct write_statement *statements = mem_calloc(statement_count, sizeof(*statements));
	struct buf *deletes = &statements[0].sql;
	bool ok = false, displaces = false, does_not_matter;

	*replaced = 0;
	statements[0].zone = batch->table->deletes_in_zone ? batch->table->zone : NULL;
	buf_puts(deletes, batch->table->delete_head);
	for (size_t i = 0; i < count; i++)
		buf_printf(deletes, "%s(%s)", i ? " OR " : "", conditions[i]);
	moved_table_end_where(deletes, batch->table);
	for (size_t i = 0; i < batch->statement_count; i++) {
		statements[i + 1] = batch->statements[i];
		statements[i + 1].affected = replaced;
	}
	for (struct retry retry = run_write_begin(run, "repair rows", log_tag);
	     !ok && retry_next(&retry, err);) {
		*replaced = 0;
		if (!db_ready(r->target, err))
			continue;
		ok = write_begin(r->target, statements, statement_count, err);
		/* It is not known which rows gave way: all of the table's are owed (I9). */
		if (ok && *replaced > batch->rows) {
			owed_rows_begin(run->owed, &displaces);
			ok = owed_rows_displacing_some(run->owed, batch->table, err);
		}
		ok = write_end(r->target, ok, &does_not_matter, err);
	}
	if (displaces)
		owed_rows_displaced(run->owed, batch->table, NULL);
	buf_release(deletes);
	free(statements);
	return ok;
}

/* Under the same ticket, with a read of its own: what is said above holds for it too. */
static bool write_lax(struct row_repair *r, const struct moved_table *table,
		      const char *const *conditions, size_t count, struct error *err)
{
	struct error refused = *err;
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		buf_add(&list, conditions[i], strlen(conditions[i]) + 1);
	bool ok = lax_writer_keys(&r->lax, r->target, table, &list, count, &refused, err);

	buf_release(&list);
	return ok;
}

static bool write_slice(struct row_repair *r, const struct row_batch *batch,
			const char *const *conditions, size_t count, uint64_t *replaced,
			struct error *err)
{
	const struct moved_table *table = batch->table;
	struct error refused;

	if (write_rows(r, batch, conditions, count, replaced, err))
		return true;
	if (!table->filter || err->server_code != DUPLICATE_ENTRY)
		return lax_is_refusal(err) && write_lax(r, table, conditions, count, err);
	refused = *err;
	return error_set(err, ERROR_UNSUPPORTED,
			 "a row is in the way of one that is copied again, and does not belong to the "
			 "rows that are moved (Tables.Where %s), so it is left as it is: if another "
			 "run moves it, its change may be under way, so wait, then resume; else the "
			 "two cannot be in one table: %s",
			 table->where, refused.text);
}

/* With a ticket of its own. *all false: nothing was done, the rows are too large to be
 * held at once. */
static bool repair_slice(struct row_repair *r, const struct moved_table *table,
			 const char *const *conditions, size_t count, bool *all, struct error *err)
{
	const char *name = table->source->full_name;
	uint64_t ticket = fence_issue(&run_sync(r->plan->run, table)->fence);
	struct row_batch *batch = row_batch_new(table, ticket);
	uint64_t replaced = 0;

	batch->head = table->filter ? table->insert_head : table->replace_head;
	batch->tail = "";
	probe("before_repair_read", "%s %" PRIu64, name, ticket);
	bool ok = row_reader_keys(&r->reader, batch, conditions, count, all, err);

	probe("after_repair_read", "%s %" PRIu64 " %" PRIu64, name, ticket, batch->rows);
	if (!r->plan->is_cascade)
		run_rows_are_ahead(r->plan->run, table);
	ok = ok && (!*all || write_slice(r, batch, conditions, count, &replaced, err));
	if (!ok && err->kind == ERROR_DATA && !r->plan->is_cascade) {
		log_error("table %s: rows cannot be repaired: %s", name, err->text);
		ok = true;
	} else if (ok && replaced > batch->rows) {
		log_warn("table %s: %" PRIu64 " other rows gave way to repaired ones: it is "
			 "compared as a whole again",
			 name, replaced - batch->rows);
		r->plan->displaced(r->plan->context, table->index);
	}
	probe("after_repair_write", "%s %" PRIu64, name, ticket);
	if (ok)
		fence_end(&run_sync(r->plan->run, table)->fence, ticket);
	row_batch_free(batch);
	return ok || error_wrap(err, "repair rows of table %s", name);
}

/* Halves what is too large; a single row never is. */
static bool repair_some(struct row_repair *r, const struct moved_table *table,
			const char *const *conditions, size_t count, struct error *err)
{
	bool all = true;

	if (!repair_slice(r, table, conditions, count, &all, err))
		return false;
	return all || (repair_some(r, table, conditions, count / 2, err) &&
		       repair_some(r, table, conditions + count / 2, count - count / 2, err));
}

bool row_repair_rows(struct row_repair *r, struct db *source, const struct moved_table *table,
		     const char *const *conditions, size_t count, struct error *err)
{
	if (!row_repair_target(r, err))
		return false;
	r->reader.source = source;
	for (size_t at = 0; at < count; at += KEYS_PER_REPAIR) {
		size_t left = count - at;

		if (!repair_some(r, table, conditions + at,
				 left < KEYS_PER_REPAIR ? left : KEYS_PER_REPAIR, err))
			return false;
	}
	return true;
}
