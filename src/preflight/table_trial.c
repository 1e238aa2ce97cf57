/* The database is this run's own: its name contains the run's id. A process that dies here
 * leaves it behind, with at most one table per connection and no rows; the next start that makes
 * a trial drops it, as it finds the lock of that run free. The sessions that create tables hold
 * no lock, for the reason given in table_creator.c.
 *
 * These statements are in the target's binlog as well. They name no table of any run, and are
 * before the position from which this run watches it (ferry_start.c). */
#include "table_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "base/worker_pool.h"
#include "create/table_maker.h"
#include "run/writer_lock.h"

static const char log_tag[] = "table_trial";

#define PREFIX "ghostferry_trial_"
#define RUN_ID_LENGTH 32
#define TABLES_PER_WORKER 20 /* fewer are not worth a connection */
#define WORKERS_MAX 8

/* What several workers share. */
struct trial {
	struct worker_pool pool; /* its items: the run's tables */
	struct preflight *preflight;
	const char *scratch;
	struct mutex lock; /* of findings */
};

void table_trial_name(char name[TABLE_TRIAL_NAME_SIZE], const char *run_id)
{
	snprintf(name, TABLE_TRIAL_NAME_SIZE, PREFIX "%.*s", RUN_ID_LENGTH, run_id);
}

static bool exec_on_scratch(struct preflight *p, struct db *target, const char *verb,
			    const char *scratch, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	sql_comment(&sql, p->options->target.marginalia);
	buf_puts(&sql, verb);
	sql_name(&sql, scratch);
	ok = db_exec(target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

/* --- one after the other --------------------------------------------------------- */

/* Each under its own name, as several exist at a time; none of the source's names, as names of
 * constraints and files belong to a database. */
static bool try_table(struct trial *trial, struct table_maker *m, const struct moved_table *t,
		      struct error *err)
{
	struct preflight *p = trial->preflight;
	struct buf name = BUF_INIT, drop = BUF_INIT;
	struct error why = ERROR_INIT;
	char table[32];
	bool ok;

	snprintf(table, sizeof(table), "t%u", t->index);
	sql_table_name(&name, trial->scratch, table);
	sql_comment(&drop, p->options->target.marginalia);
	buf_printf(&drop, "DROP TABLE %s", name.data);
	probe("before_trial_table", "%s", t->source->full_name);
	ok = table_maker_put_table(m, t, name.data, false, &why) &&
	     table_maker_execute(m, t, p->attempt->stop, &why);
	if (ok) {
		ok = db_exec(m->target, drop.data, drop.length, err);
	} else if (error_is_retryable(&why) || why.kind == ERROR_STOPPED) {
		*err = why;
	} else {
		/* A privilege that it lacks here need not be lacking there. */
		if (why.kind != ERROR_ACCESS) {
			mutex_lock(&trial->lock);
			create_refusals_add(p, t, why.text);
			mutex_unlock(&trial->lock);
		}
		ok = true;
	}
	buf_release(&name);
	buf_release(&drop);
	return ok;
}

static bool try_taken(struct trial *trial, struct db *source, struct db *target, struct error *err)
{
	struct preflight *p = trial->preflight;
	struct table_maker maker;
	bool ok = true;
	size_t i;

	if (!table_maker_begin(&maker, source, target, p->options, &p->collations, err))
		return false;
	maker.keeps_late_keys = true; /* would the server take them? */
	while (ok && worker_pool_next(&trial->pool, &i)) {
		if (p->pairs.there[i] || p->is_refused[i])
			continue;
		ok = stop_is_set(p->attempt->stop) ?
			     error_set(err, ERROR_STOPPED, "stopped") :
			     try_table(trial, &maker, p->tables->tables[i], err);
	}
	return table_maker_end(&maker, ok, err);
}

/* --- at the same time -------------------------------------------------------------- */

static void worker_main(void *argument)
{
	struct trial *trial = argument;
	const struct move_options *options = trial->preflight->options;
	struct error err = ERROR_INIT;
	struct db *source = db_open(&options->source, DB_SESSION_READ, NULL, &err);
	struct db *target = source ? db_open(&options->target, DB_SESSION_WRITE, NULL, &err) : NULL;

	/* With a current database MySQL says which function it does not know. */
	if (!target || !exec_on_scratch(trial->preflight, target, "USE ", trial->scratch, &err) ||
	    !try_taken(trial, source, target, &err))
		worker_pool_fail(&trial->pool, &err);
	db_close(source);
	db_close(target);
}

static bool try_all(struct preflight *p, const char *scratch, struct error *err)
{
	size_t wanted = p->tables->count / TABLES_PER_WORKER + 1;
	size_t limit =
		p->options->copy_workers < WORKERS_MAX ? p->options->copy_workers : WORKERS_MAX;
	struct trial trial = { .preflight = p, .scratch = scratch };
	bool ok;

	mutex_init(&trial.lock);
	worker_pool_init(&trial.pool, 0, p->tables->count);
	worker_pool_start(&trial.pool, "table_trial", worker_main, &trial, 0,
			  (unsigned)(wanted < limit ? wanted :
				     limit > 0	    ? limit :
						      1));
	ok = worker_pool_join(&trial.pool, err);
	mutex_destroy(&trial.lock);
	return ok;
}

/* --- what is left behind ------------------------------------------------------------- */

/* A run whose lock is free has ended, and so have its sessions. */
static bool drop_leftover(struct preflight *p, const char *name, struct error *err)
{
	char lock[WRITER_LOCK_NAME_SIZE];
	struct buf is_free = BUF_INIT;
	bool ok;

	writer_lock_name(lock, name + strlen(PREFIX), 0);
	ok = db_value(p->target.db, &is_free, NULL, err, "SELECT IS_FREE_LOCK('%s')", lock);
	if (ok && strcmp(buf_text(&is_free), "1") == 0) {
		log_info("dropping the database %s, which a run that ended in its start-up checks left "
			 "on the target",
			 name);
		ok = exec_on_scratch(p, p->target.db, "DROP DATABASE IF EXISTS ", name, err);
	}
	buf_release(&is_free);
	return ok;
}

static bool drop_leftovers(struct preflight *p, struct error *err)
{
	static const char sql[] = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
				  " WHERE SCHEMA_NAME LIKE 'ghostferry|_trial|_%' ESCAPE '|'";
	struct db_rows rows = db_rows_of(p->target.db, sql, err);
	char names[32][TABLE_TRIAL_NAME_SIZE];
	size_t count = 0;

	while (db_rows_next(&rows)) {
		const char *name = db_rows_text(&rows, 0);
		const char *id = name + strlen(PREFIX);

		if (count < ARRAY_LEN(names) && strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
		    strlen(id) == RUN_ID_LENGTH && strspn(id, "0123456789abcdef") == RUN_ID_LENGTH)
			snprintf(names[count++], TABLE_TRIAL_NAME_SIZE, "%s", name);
	}
	for (size_t i = 0; rows.ok && i < count; i++)
		rows.ok = drop_leftover(p, names[i], err);
	return rows.ok;
}

bool table_trial_run(struct preflight *p, const char *scratch, struct error *err)
{
	static const char check[] = "target: definitions cannot be tried";
	struct error failure = ERROR_INIT, drop_failure = ERROR_INIT;

	if (!drop_leftovers(p, &failure) ||
	    !exec_on_scratch(p, p->target.db, "CREATE DATABASE ", scratch, &failure))
		return preflight_forgive(p, check, &failure, err);

	bool is_tried = try_all(p, scratch, &failure);
	bool is_dropped = db_ready(p->target.db, &drop_failure) &&
			  exec_on_scratch(p, p->target.db, "DROP DATABASE ", scratch, &drop_failure);

	if (is_tried && is_dropped)
		return true;
	return preflight_forgive(p, check, is_tried ? &drop_failure : &failure, err);
}
