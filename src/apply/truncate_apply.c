/* "This table has no rows": like any change, TRUNCATE states what must be, so it may be executed
 * twice, and once more after a crash. Later rows that are already there, written by the copy or
 * before the crash, are removed with the others and come again: the stream has them all, after the
 * TRUNCATE. One whose connection was lost is waited for before the next attempt (I8), as it would
 * empty the table later on.
 *
 * It waits for batches that are being written, and later ones wait for it, here and not in the
 * server, where it would block everyone who reads the table. */
#include "truncate_apply.h"

#include "base/log.h"
#include "db/sql.h"

static const char log_tag[] = "binlog_writer";

static bool empty_table(struct run *run, struct db *target, const struct moved_table *table,
			const struct buf *sql, struct error *err)
{
	struct write_claims *claims = &run_sync(run, table)->claims;

	if (!db_ready(target, err))
		return false;
	if (!write_claims_take_table(claims, run->stop))
		return error_set(err, ERROR_STOPPED, "stopped");

	bool ok = db_exec(target, sql->data, sql->length, err);

	write_claims_release_table(claims);
	return ok;
}

bool truncate_apply(struct run *run, struct db *target, const struct moved_table *table,
		    struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok = false;

	sql_comment(&sql, run->options->target.marginalia);
	buf_puts(&sql, "TRUNCATE TABLE ");
	sql_table_name(&sql, table->target_schema, table->target_name);
	for (struct retry r = run_write_begin(run, "write binlog events", log_tag);
	     !ok && retry_next(&r, err);)
		ok = empty_table(run, target, table, &sql, err);
	buf_release(&sql);
	if (!ok)
		return error_wrap(err, "TRUNCATE table %s", table->source->full_name);
	log_info("table %s: emptied by TRUNCATE, as on the source", table->source->full_name);
	return true;
}
