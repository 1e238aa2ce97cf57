/* One statement for each table, which copies it. A process that dies in between leaves some tables
 * with their own engine, and maybe a statement that still runs: a resumed run waits for its end
 * (I8), makes all of them InnoDB's again and copies them from scratch, as it does with every table
 * without transactions. A lost connection is handled in the same way: which engine a table has is
 * read before each statement. */
#include "create/target_engine.h"

#include <strings.h>

#include "base/log.h"
#include "base/probe.h"
#include "base/retry.h"
#include "create/target_alter.h"
#include "db/sql.h"

static const char log_tag[] = "target_engine";

static bool query_engine(struct db *target, const struct moved_table *t, struct buf *engine,
			 struct error *err)
{
	struct buf sql = BUF_INIT;

	buf_puts(&sql, "SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ");
	sql_text(&sql, t->target_schema);
	buf_puts(&sql, " AND TABLE_NAME = ");
	sql_text(&sql, t->target_name);
	bool ok = db_value(target, engine, NULL, err, "%s", sql.data);
	buf_release(&sql);
	return ok;
}

static bool change(struct run *run, struct db *target, const struct moved_table *t,
		   const char *engine, struct error *err)
{
	struct buf there = BUF_INIT, what = BUF_INIT;
	bool ok = db_ready(target, err) && query_engine(target, t, &there, err);

	if (ok && strcasecmp(buf_text(&there), engine) != 0) {
		log_info("table %s: its engine on the target becomes %s", t->source->full_name,
			 engine);
		buf_printf(&what, " ENGINE=%s", engine);
		ok = target_alter(run, target, t, what.data, err);
		if (ok)
			probe("engine_changed", "%s %s", t->source->full_name, engine);
	}
	buf_release(&there);
	buf_release(&what);
	return ok || error_wrap(err, "table %s: make its engine on the target %s",
				t->source->full_name, engine);
}

bool target_engines_give(struct run *run, struct error *err)
{
	struct db_params params;
	const struct moved_tables *tables = run->tables;
	struct db *target;
	bool ok = false, is_needed = false;

	for (size_t i = 0; i < tables->count; i++)
		is_needed |= tables->tables[i]->keeps_engine;
	if (!is_needed)
		return true;
	target = target_alter_session(run, 0, &params);
	for (struct retry r = run_write_begin(run, "change engines", "cutover");
	     !ok && retry_next(&r, err);) {
		ok = db_ready(target, err);
		for (size_t i = 0; ok && i < tables->count; i++)
			ok = !tables->tables[i]->keeps_engine ||
			     change(run, target, tables->tables[i],
				    tables->tables[i]->source->engine, err);
	}
	db_close(target);
	return ok;
}

bool target_engines_take(struct run *run, struct db *target, struct error *err)
{
	for (size_t i = 0; i < run->tables->count; i++)
		if (run->tables->tables[i]->keeps_engine &&
		    !change(run, target, run->tables->tables[i], "InnoDB", err))
			return false;
	return true;
}
