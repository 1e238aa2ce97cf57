/* The copy of a table without a key.
 *
 * Rows without a key cannot be told apart, so a row must be copied once and a change applied once.
 * Hence one read of one point in time, whose position in the binlog is known:
 *
 *   locker: LOCK TABLES t READ          waits for every transaction that has changed t
 *   source: START TRANSACTION WITH CONSISTENT SNAPSHOT
 *   locker: where does the binlog end?
 *   locker: disconnects
 *   source: SELECT ... FROM t           as long as it takes, without locks
 *
 * Under the lock no change of t is anywhere between the binlog and visibility: the lock waits until
 * a transaction that has changed t is over, not only logged. So the snapshot holds exactly the
 * changes logged before that position. The end is queried last, and by the session that holds the
 * lock: if its connection was lost meanwhile, the query fails and all of it is done again.
 *
 * With autocommit off, InnoDB locks the table too. MariaDB needs that: its metadata locks do not
 * cover prepared XA transactions that no session is attached to (tested on 10.11), whose rows would
 * be in neither the snapshot nor the stream. For the same reason its Binlog_snapshot_position,
 * which needs no lock, will not do.
 *
 * Writers of t wait meanwhile: for two round trips, and behind an open transaction that has changed
 * t for one second at most, after which the lock is given up and requested again later. A program
 * that is stopped, or cut off by its network, loses the lock after LOCK_IDLE_S, as the server ends
 * the session.
 *
 * An engine without transactions (MyISAM, Aria, MEMORY) has no snapshots. There the session that
 * holds the lock reads the rows itself, and writers wait for all of that. The order is just as
 * certain: the server writes a statement's rows to the binlog before the statement releases its own
 * lock on the table, and LOCK TABLES ... READ admits no concurrent INSERT. (Without the lock, a row
 * that is being inserted concurrently may be in the binlog but not yet readable: one whose event
 * lies before the start position would never arrive.) As the reading session holds the lock, the
 * loss of one ends the other, and all of it is done again; a session that nobody reads from is cut
 * off after LOCKED_WRITE_S.
 *
 * A lost source connection takes the snapshot with it, and a COMMIT without an answer leaves open
 * whether its rows are there: the target's table is emptied, and the copy starts from scratch. It
 * is never continued in the middle.
 *
 * The same applies where the target refuses a row in strict mode, or warns about one, that may be
 * exactly what the source has (lax_writer.c says how). Rows without a key cannot be read back one
 * by one. Hence the whole copy is made again in a lax mode, with a hash of each row beside it, and
 * at its end the number of rows and the sum of their hashes must be the same on the target, over
 * all columns, those that were sent and those that were computed; else the next mode is tried, and
 * where none fits the run ends. Rows are committed before they are compared, and yet nothing is
 * lost or left wrong: until the copy has ended the table counts as not begun. Its changes wait at
 * the fence, or with the thread that copies it, and a resumed run empties it. The sum is that of
 * the snapshot's rows, whatever the source does meanwhile, and nobody else writes to the target's
 * table. */
#include "copy/snapshot_copy.h"

#include <inttypes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/probe.h"
#include "base/retry.h"
#include "stream/feed.h"
#include "rows/lax_writer.h"
#include "rows/row_batch.h"
#include "plan/statement_tag.h"

static const char log_tag[] = "snapshot_copy";

#define LOCK_WAIT_S 1
#define LOCK_IDLE_S 10
#define LOCKED_WRITE_S 60
#define READ_RETRY_MS 1000
#define DELETE_ROWS 10000

struct copy {
	struct run *run;
	const struct moved_table *table;
	struct db *target; /* borrowed */
	struct db *source; /* owned; its session holds the snapshot */
	struct db *locker; /* owned; open while the table is locked */
	struct binlog_position place;
	int64_t locked_at_ms;
	struct row_batch *batch; /* owned; being filled or written */
	bool begins_anew;	 /* a new snapshot can fix what failed */
	bool is_refused;	 /* the target refuses the rows, or changes them */
	const char *mode;	 /* sql_mode of all writes, borrowed; NULL: strict */
	/* Only with a mode. */
	struct schema schema; /* the target's, of this table */
	struct row_hash hash;
	uint64_t rows; /* read from the snapshot */
	uint64_t sum;  /* of their hashes */
};

static const char *name_of(const struct copy *c)
{
	return c->table->source->full_name;
}

static bool may_go_on(const struct copy *c, struct error *err)
{
	return (throttler_wait(c->run->throttler, THROTTLED_SNAPSHOT, c->run->stop) &&
		!stop_is_set(c->run->stop)) ||
	       error_set(err, ERROR_STOPPED, "stopped");
}

/* --- an empty table on the target ------------------------------------------------ */

static void put_on_target(struct buf *sql, const struct copy *c, const char *before,
			  const char *after)
{
	statement_tag_put(sql, c->run->options->target.marginalia, c->run->run_id);
	buf_puts(sql, before);
	sql_table_name(sql, c->table->target_schema, c->table->target_name);
	buf_puts(sql, after);
}

static bool look_for_rows(struct copy *c, struct error *err)
{
	struct buf sql = BUF_INIT, value = BUF_INIT;
	bool has_rows = false;

	put_on_target(&sql, c, "SELECT 1 FROM ", " LIMIT 1");
	bool ok = db_ready(c->target, err) &&
		  db_value(c->target, &value, &has_rows, err, "%s", buf_text(&sql));
	buf_release(&sql);
	buf_release(&value);
	if (ok && has_rows)
		return error_set(err, ERROR_DATA,
				 "the table holds rows on the target that are not of this run; as it "
				 "has no key it must be empty: DELETE FROM `%s`.`%s`, then resume",
				 c->table->target_schema, c->table->target_name);
	return ok;
}

static bool delete_rows(struct copy *c, struct error *err)
{
	struct buf sql = BUF_INIT;
	char limit[32];
	bool ok = true;

	snprintf(limit, sizeof(limit), " LIMIT %d", DELETE_ROWS);
	put_on_target(&sql, c, "DELETE FROM ", limit);
	do {
		ok = may_go_on(c, err) && db_ready(c->target, err) &&
		     db_exec(c->target, sql.data, sql.length, err);
	} while (ok && db_affected_rows(c->target) > 0);
	buf_release(&sql);
	return ok;
}

/* Nobody writes there any more: the caller's connection has the writer's lock, and
 * writers of an earlier run are gone. */
static bool make_empty(struct copy *c, struct error *err)
{
	struct snapshot_mark *mark = &run_sync(c->run, c->table)->mark;

	if (mark->is_ours)
		log_info("table %s has no %s: it is emptied on the target and copied again",
			 name_of(c), c->table->is_nontransactional ? "transactions" : "key");
	for (struct retry r = run_write_begin(c->run, "empty the target's table", "batch_writer");
	     retry_next(&r, err);) {
		if (!(mark->is_ours ? delete_rows(c, err) : look_for_rows(c, err)))
			continue;
		mark->is_ours = true;
		return true;
	}
	return false;
}

/* --- the snapshot ------------------------------------------------------------------ */

static bool lock_table(struct copy *c, struct error *err)
{
	struct buf name = BUF_INIT;

	c->locker = db_open(&c->run->options->source, DB_SESSION_READ, NULL, err);
	if (!c->locker)
		return false;
	sql_table_name(&name, c->table->source->schema, c->table->source->name);
	bool ok = db_execf(c->locker, err,
			   "SET SESSION autocommit = 0, innodb_table_locks = 1, "
			   "lock_wait_timeout = %d, innodb_lock_wait_timeout = %d, "
			   "wait_timeout = %d, net_write_timeout = %d",
			   LOCK_WAIT_S, LOCK_WAIT_S, LOCK_IDLE_S, LOCKED_WRITE_S) &&
		  db_execf(c->locker, err, "LOCK TABLES %s READ", buf_text(&name));
	buf_release(&name);
	return ok;
}

static bool snapshot_under_lock(struct copy *c, struct error *err)
{
	if (!lock_table(c, err))
		return false;
	c->locked_at_ms = clock_ms();
	probe("table_locked", "%s", name_of(c));
	return (c->table->is_nontransactional ||
		db_execf(c->source, err, "START TRANSACTION WITH CONSISTENT SNAPSHOT")) &&
	       binlog_current_position(c->locker, &c->place, err);
}

static bool snapshot_once(struct copy *c, struct error *err)
{
	/* Writing the result to us may take as long as the target and any pause take. */
	bool ok = db_ready(c->source, err) &&
		  db_execf(c->source, err,
			   "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ") &&
		  db_execf(c->source, err, "SET SESSION net_write_timeout = 31536000");

	probe("before_snapshot", "%s", name_of(c));
	ok = ok && snapshot_under_lock(c, err);
	if (ok && c->table->is_nontransactional) {
		db_close(c->source);
		c->source = c->locker;
	} else {
		db_close(c->locker); /* releases the lock */
	}
	c->locker = NULL;
	return ok;
}

static bool take_snapshot(struct copy *c, struct error *err)
{
	struct snapshot_mark *mark = &run_sync(c->run, c->table)->mark;
	const struct retry_policy policy = { .verb = "lock the table for its snapshot",
					     .tag = log_tag,
					     .attempts = c->run->options->read_attempts,
					     .sleep_ms = READ_RETRY_MS };

	snapshot_mark_begin(mark);
	for (struct retry r = retry_begin(&policy, c->run->stop); retry_next(&r, err);) {
		if (!snapshot_once(c, err))
			continue;
		snapshot_mark_place(mark, &c->place);
		probe("snapshot_taken", "%s " POSITION_FORMAT, name_of(c), POSITION_ARGS(&c->place));
		log_info("table %s is copied from a snapshot at " POSITION_FORMAT, name_of(c),
			 POSITION_ARGS(&c->place));
		return true;
	}
	return error_wrap(err, "take a snapshot (LOCK TABLES waits for transactions that "
			       "have changed the table, prepared ones too: XA RECOVER)");
}

/* --- rows --------------------------------------------------------------------------- */

/* A lax mode accepts NULL in a computed NOT NULL column only where a statement has several rows,
 * which INSERT ... SELECT always counts as. */
static void put_as_select(struct write_statement *statement, const char *insert_head)
{
	static const char values[] = "VALUES ";
	size_t head = strlen(insert_head);
	struct buf sql = BUF_INIT;

	buf_add(&sql, insert_head, head - strlen(values));
	buf_puts(&sql, "SELECT ");
	buf_add(&sql, statement->sql.data + head + 1, statement->sql.length - head - 2);
	buf_release(&statement->sql);
	statement->sql = sql;
}

static bool write_once(struct copy *c, bool *is_uncertain, struct error *err)
{
	*is_uncertain = false;
	if (!db_ready(c->target, err))
		return false;
	bool ok = write_begin(c->target, c->batch->statements, c->batch->statement_count, err);
	return write_end(c->target, ok, is_uncertain, err);
}

static bool write_rows(struct copy *c, struct error *err)
{
	bool is_uncertain = false;

	for (struct retry r = run_write_begin(c->run, "write row batch", "batch_writer");
	     retry_next(&r, err);) {
		if (write_once(c, &is_uncertain, err))
			return true;
		if (!is_uncertain)
			continue;
		c->begins_anew = true; /* not to be tried again */
		return error_set(err, ERROR_DATA, "the outcome of a COMMIT is not known");
	}
	c->is_refused = lax_is_refusal(err);
	return false;
}

static bool write_batch(struct copy *c, struct error *err)
{
	struct row_batch *batch = c->batch;
	struct throttle_share taken = { .rows = 0 };

	row_batch_finish(batch);
	for (size_t i = 0; i < batch->statement_count; i++) {
		struct write_statement *statement = &batch->statements[i];

		statement->affects = statement->rows;
		statement->mode = c->mode;
		if (c->mode && statement->rows == 1 && !statement->is_alone)
			put_as_select(statement, batch->head);
	}
	if (!may_go_on(c, err))
		return false;
	probe("before_batch_write", "%s 0", name_of(c));
	if (!write_rows(c, err))
		return false;
	probe("after_batch_write", "%s 0", name_of(c));
	state_tracker_batch_written(c->run->tracker, c->table, batch->rows, batch->bytes);
	throttler_copied(c->run->throttler, &taken, batch->rows, batch->bytes);
	row_batch_clear(batch);
	return true;
}

static bool is_full(const struct copy *c)
{
	const struct row_batch *batch = c->batch;
	uint64_t rows =
		c->table->batch_rows ? c->table->batch_rows : atomic_load(&c->run->batch_rows);

	if (rows)
		return batch->rows >= rows;
	return batch->statement_count > 1 ||
	       batch->statements[0].sql.length >= c->run->options->batch_bytes;
}

static bool on_row(struct copy *c, const struct db_row *row, struct error *err)
{
	if (!row_batch_add(c->batch, row, c->run->options->batch_bytes,
			   write_packet_limit(c->target), err))
		return false;
	if (c->mode) {
		const char *sum = row->values[row->count - 1];

		if (!sum)
			return error_set(err, ERROR_DATA,
					 "the source makes no fingerprint of a row");
		c->sum += strtoull(sum, NULL, 10);
		c->rows++;
	}
	return !is_full(c) || write_batch(c, err);
}

static bool select_rows(struct copy *c, struct error *err)
{
	struct buf sql = BUF_INIT;

	sql_comment(&sql, c->run->options->source.marginalia);
	buf_printf(&sql, "SELECT %s%s", c->table->select_list, c->table->types_list);
	if (c->mode)
		buf_printf(&sql, ",%s", c->batch->sum_expression);
	buf_puts(&sql, " FROM ");
	sql_table_name(&sql, c->table->source->schema, c->table->source->name);
	bool ok = db_query(c->source, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

static bool copy_rows(struct copy *c, struct error *err)
{
	enum db_fetch fetched = DB_FAILED;
	struct db_row row;

	if (select_rows(c, err))
		while ((fetched = db_row_next(c->source, &row, err)) == DB_ROW)
			if (!on_row(c, &row, err))
				return false;
	if (fetched == DB_FAILED) {
		c->begins_anew = error_is_retryable(err);
		return false;
	}
	return c->batch->rows == 0 || write_batch(c, err);
}

/* --- in a lax mode ------------------------------------------------------------------------ */

/* Count and sum of the target's rows, from its own data. */
static bool sum_target(struct copy *c, uint64_t *rows, uint64_t *sum, struct error *err)
{
	struct buf sql = BUF_INIT;
	struct db_row row;

	sql_comment(&sql, c->run->options->target.marginalia);
	row_hash_put_sums(&sql, &c->hash, SIDE_TARGET, NULL, NULL);
	bool ok = db_ready(c->target, err) && db_query(c->target, sql.data, sql.length, err) &&
		  db_check_columns(c->target, 3, err) && db_row_next(c->target, &row, err) == DB_ROW;
	buf_release(&sql);
	if (!ok)
		return false;
	bool is_whole = row.values[0] && row.values[1] && row.values[2] &&
			strcmp(row.values[0], row.values[1]) == 0;
	if (is_whole) {
		*rows = strtoull(row.values[0], NULL, 10);
		*sum = strtoull(row.values[2], NULL, 10);
	}
	db_row_finish(c->target);
	return is_whole || error_set(err, ERROR_DATA, "the target makes no fingerprint of a row");
}

static bool compare_rows(struct copy *c, struct error *err)
{
	uint64_t rows = 0, sum = 0;

	probe("before_lax_compare", "%s", name_of(c));
	for (struct retry r = run_write_begin(c->run, "compare the copied rows", "batch_writer");
	     retry_next(&r, err);) {
		if (!sum_target(c, &rows, &sum, err))
			continue;
		if (rows == c->rows && sum == c->sum)
			return true;
		c->is_refused = true;
		return error_set(err, ERROR_DATA,
				 "without strict mode the target makes other rows "
				 "of it than the source has");
	}
	return false;
}

/* --- all of it ----------------------------------------------------------------------------- */

static bool copy_once(struct copy *c, struct error *err)
{
	c->begins_anew = c->is_refused = false;
	c->rows = c->sum = 0;
	if (!make_empty(c, err))
		return false;
	c->source = run_connect(c->run, NULL, c->run->options->read_attempts, log_tag, err);
	c->batch = row_batch_new(c->table, 0);
	c->batch->omits_empty = c->mode != NULL;
	c->batch->sum_expression = c->mode ? c->hash.sum[SIDE_SOURCE] : NULL;
	bool ok = c->source && take_snapshot(c, err) && copy_rows(c, err);

	if (ok && c->table->is_nontransactional)
		log_info("table %s was locked on the source for %.1f s", name_of(c),
			 (double)(clock_ms() - c->locked_at_ms) / 1000);
	/* In mid-result this drops the connection rather than reading the rest. */
	db_close(c->source);
	c->source = NULL;
	row_batch_free(c->batch);
	return ok && (!c->mode || compare_rows(c, err));
}

/* Repeated as often as the snapshot or a COMMIT is lost. */
static bool copy_in_mode(struct copy *c, struct error *err)
{
	unsigned attempts = c->run->options->read_attempts;

	for (unsigned number = 1; !copy_once(c, err); number++) {
		if (!c->begins_anew || stop_is_set(c->run->stop) ||
		    (attempts > 0 && number >= attempts))
			return false;
		log_warn_err(err, "the copy of table %s, which has no key, is begun again",
			     name_of(c));
		if (!stop_sleep_ms(c->run->stop, READ_RETRY_MS))
			return error_set(err, ERROR_STOPPED, "stopped");
	}
	return true;
}

/* refused: why the strict copy failed; it comes first in the error, as it says more. */
static bool copy_without_strict(struct copy *c, const struct error *refused, struct error *err)
{
	bool ok = false;

	log_info("table %s, which has no key, is copied without strict mode and compared: %s",
		 name_of(c), refused->text);
	if (db_ready(c->target, err) &&
	    lax_hash_load(&c->hash, &c->schema, c->run, c->target, c->table, err)) {
		for (size_t i = 0; !ok && i < LAX_MODES && (i == 0 || c->is_refused); i++) {
			c->mode = lax_modes[i];
			ok = copy_in_mode(c, err);
		}
		row_hash_release(&c->hash);
		schema_release(&c->schema);
	}
	if (ok || err->kind == ERROR_STOPPED)
		return ok;

	struct error own = *err;

	return error_set(err, refused->kind, "%s; %s", refused->text, own.text);
}

bool snapshot_copy(struct run *run, struct db *target, const struct moved_table *table,
		   struct error *err)
{
	struct copy c = { .run = run, .table = table, .target = target };
	bool ok = copy_in_mode(&c, err);

	if (!ok && c.is_refused) {
		struct error refused = *err;

		ok = copy_without_strict(&c, &refused, err);
	}
	if (ok)
		probe("snapshot_copied", "%s", name_of(&c));
	return ok || error_wrap(err, "copy table %s, which has no key", name_of(&c));
}
