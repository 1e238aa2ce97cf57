/* The database is this run's own: its name holds the run's id. A process that dies here
 * leaves it behind, with at most a table per connection and no row; the next start that makes
 * a trial drops it, as it finds the lock of its run free. No lock is held by the sessions
 * that make tables, for the reason told in table_creator.c.
 *
 * The target's binlog gets these statements as well. They name no table of any run, and lie
 * before the position from which this run watches it (ferry_start.c). */
#include "table_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "base/thread.h"
#include "run/writer_lock.h"
#include "create/table_maker.h"

static const char log_tag[] = "table_trial";

#define PREFIX "ghostferry_trial_"
#define RUN_ID_LENGTH 32
#define TABLES_PER_WORKER 20 /* fewer are not worth a connection */
#define WORKERS_MAX 8

/* What several workers share. */
struct trial {
	/* Constant once they run. */
	struct preflight *preflight;
	const char *scratch;

	/* Shared. */
	struct mutex lock;
	size_t next;	  /* guarded by lock: table to be taken */
	bool has_failed;  /* guarded by lock */
	struct error err; /* guarded by lock; the first one */
};

struct worker {
	struct trial *trial;
	struct thread thread;
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

	sql_comment(&sql, p->options->target_marginalia);
	buf_puts(&sql, verb);
	sql_name(&sql, scratch);
	ok = db_exec(target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

/* --- one after the other --------------------------------------------------------- */

static const struct moved_table *take_table(struct trial *trial)
{
	const struct preflight *p = trial->preflight;
	const struct moved_table *t = NULL;

	mutex_lock(&trial->lock);
	while (!trial->has_failed && !t && trial->next < p->tables->count) {
		const struct moved_table *next = p->tables->tables[trial->next++];

		if (!p->existing[next->index] && !p->is_refused[next->index])
			t = next;
	}
	mutex_unlock(&trial->lock);
	return t;
}

static void fail(struct trial *trial, const struct error *err)
{
	mutex_lock(&trial->lock);
	if (!trial->has_failed)
		trial->err = *err;
	trial->has_failed = true;
	mutex_unlock(&trial->lock);
}

static void refuse(struct trial *trial, const struct moved_table *t, const struct error *why)
{
	mutex_lock(&trial->lock);
	preflight_refuse_create(trial->preflight, t, why->text);
	mutex_unlock(&trial->lock);
}

/* Each under a name of its own, as several are there at a time; none of the source's, as
 * names of constraints and files belong to a database. */
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
	sql_comment(&drop, p->options->target_marginalia);
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
		if (why.kind != ERROR_ACCESS)
			refuse(trial, t, &why);
		ok = true;
	}
	buf_release(&name);
	buf_release(&drop);
	return ok;
}

static void try_taken(struct trial *trial, struct db *source, struct db *target)
{
	struct preflight *p = trial->preflight;
	const struct moved_table *t;
	struct table_maker maker;
	struct error err = ERROR_INIT;
	bool ok = table_maker_begin(&maker, source, target, p->options->target_marginalia, &err);

	maker.keeps_late_keys = true; /* would the server take them? */
	if (ok) {
		while (ok && (t = take_table(trial)))
			ok = !stop_is_set(p->attempt->stop) ?
				     try_table(trial, &maker, t, &err) :
				     error_set(&err, ERROR_STOPPED, "stopped");
		ok = table_maker_end(&maker, ok, &err);
	}
	if (!ok)
		fail(trial, &err);
}

/* --- at the same time -------------------------------------------------------------- */

static void worker_main(void *argument)
{
	struct worker *worker = argument;
	struct preflight *p = worker->trial->preflight;
	struct error err = ERROR_INIT;
	struct db *source = db_open(&p->options->source, DB_SESSION_READ, NULL, &err);
	struct db *target = source ? db_open(&p->options->target, DB_SESSION_WRITE, NULL, &err) : NULL;

	/* With it in use MySQL says which function it does not know. */
	if (target && exec_on_scratch(p, target, "USE ", worker->trial->scratch, &err))
		try_taken(worker->trial, source, target);
	else
		fail(worker->trial, &err);
	db_close(source);
	db_close(target);
}

static void try_all(struct trial *trial)
{
	const struct preflight *p = trial->preflight;
	size_t count = p->tables->count / TABLES_PER_WORKER + 1;
	size_t limit = p->options->copy_workers < WORKERS_MAX ? p->options->copy_workers :
								WORKERS_MAX;
	struct worker workers[WORKERS_MAX];

	if (count > limit)
		count = limit > 0 ? limit : 1;
	for (size_t i = 0; i < count; i++) {
		workers[i].trial = trial;
		thread_start(&workers[i].thread, "table_trial", worker_main, &workers[i]);
	}
	for (size_t i = 0; i < count; i++)
		thread_join(&workers[i].thread);
}

/* --- what is left behind ------------------------------------------------------------- */

struct leftovers {
	char names[32][TABLE_TRIAL_NAME_SIZE];
	size_t count;
};

static bool take_leftover(void *context, const struct db_row *row)
{
	struct leftovers *found = context;
	const char *name = preflight_text(row, 0);
	const char *id = name + strlen(PREFIX);

	if (strncmp(name, PREFIX, strlen(PREFIX)) == 0 && strlen(id) == RUN_ID_LENGTH &&
	    strspn(id, "0123456789abcdef") == RUN_ID_LENGTH)
		snprintf(found->names[found->count++], TABLE_TRIAL_NAME_SIZE, "%s", name);
	return found->count < ARRAY_LEN(found->names);
}

/* A run whose lock is free is at an end, and so are its sessions. */
static bool drop_leftover(struct preflight *p, const char *name, struct error *err)
{
	char lock[WRITER_LOCK_NAME_SIZE];
	struct buf is_free = BUF_INIT;
	bool ok;

	writer_lock_name(lock, name + strlen(PREFIX), 0);
	ok = db_value(p->target, &is_free, NULL, err, "SELECT IS_FREE_LOCK('%s')", lock);
	if (ok && strcmp(buf_text(&is_free), "1") == 0) {
		log_info("dropping the database %s, which a run that ended in its start-up checks left "
			 "on the target",
			 name);
		ok = exec_on_scratch(p, p->target, "DROP DATABASE IF EXISTS ", name, err);
	}
	buf_release(&is_free);
	return ok;
}

static bool drop_leftovers(struct preflight *p, struct error *err)
{
	static const char sql[] = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
				  " WHERE SCHEMA_NAME LIKE 'ghostferry|_trial|_%' ESCAPE '|'";
	struct leftovers found = { .count = 0 };
	bool ok = preflight_rows(p->target, sql, take_leftover, &found, err);

	for (size_t i = 0; ok && i < found.count; i++)
		ok = drop_leftover(p, found.names[i], err);
	return ok;
}

bool table_trial_run(struct preflight *p, const char *scratch, struct error *err)
{
	struct trial trial = { .preflight = p, .scratch = scratch };
	struct error failure = ERROR_INIT;

	if (!drop_leftovers(p, &failure) ||
	    !exec_on_scratch(p, p->target, "CREATE DATABASE ", scratch, &failure))
		return preflight_forgive(p, "target: definitions cannot be tried", &failure, err);
	mutex_init(&trial.lock);
	try_all(&trial);
	mutex_destroy(&trial.lock);

	bool dropped = db_ready(p->target, &failure) &&
		       exec_on_scratch(p, p->target, "DROP DATABASE ", scratch, &failure);
	if (trial.has_failed)
		failure = trial.err;
	if (dropped && !trial.has_failed)
		return true;
	return preflight_forgive(p, "target: definitions cannot be tried", &failure, err);
}
