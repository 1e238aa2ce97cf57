/* A server does not say in advance which way it can alter a table, so the best one is tried first.
 * A refusal costs nothing, but for the one of a build that had run for a while when the rows
 * written meanwhile became too many for its log: then they have to wait.
 *
 * A table that was made with innodb_strict_mode off (table_maker.c) is changed so, too. */
#include "create/target_alter.h"

#include "base/log.h"
#include "plan/statement_tag.h"
#include "run/writer_lock.h"

static const char log_tag[] = "target_alter";

#define ONE_FULLTEXT_AT_A_TIME 1795
#define ONLINE_LOG_FULL 1799
#define NOT_IN_PLACE 1845
#define NOT_IN_PLACE_REASON 1846

struct db *target_alter_session(struct run *run, unsigned writer, struct db_params *params)
{
	char lock_name[WRITER_LOCK_NAME_SIZE];
	struct db *db;

	*params = run->options->target;
	params->read_timeout_s = 0;
	writer_lock_name(lock_name, run->run_id, run->locks.batch_writers + writer);
	db = db_new(params, DB_SESSION_WRITE, lock_name);
	db_set_guard(db, &run->guard);
	return db;
}

static bool alter(const struct run *run, struct db *target, const struct moved_table *t,
		  const char *what, const char *how, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	statement_tag_put(&sql, run->options->target.marginalia, run->run_id);
	buf_puts(&sql, "ALTER TABLE ");
	sql_table_name(&sql, t->target_schema, t->target_name);
	buf_puts(&sql, what);
	buf_puts(&sql, how);
	ok = db_exec(target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

static bool alter_some_way(const struct run *run, struct db *target, const struct moved_table *t,
			   const char *what, struct error *err)
{
	if (alter(run, target, t, what, ", ALGORITHM = INPLACE", err))
		return true;
	switch (err->server_code) {
	case ONLINE_LOG_FULL:
		log_warn_err(err,
			     "table %s: more was changed meanwhile than innodb_online_alter_log_max_"
			     "size of the target allows: its changes wait until the indexes are there",
			     t->source->full_name);
		return alter(run, target, t, what, ", ALGORITHM = INPLACE, LOCK = SHARED", err);
	case ONE_FULLTEXT_AT_A_TIME:
	case NOT_IN_PLACE:
	case NOT_IN_PLACE_REASON:
		return alter(run, target, t, what, "", err);
	default:
		return false;
	}
}

static bool is_strictness(const struct error *err)
{
	static const unsigned codes[] = {
		1005, /* cannot create the table */
		1031, /* not of this engine */
		1118, /* rows may become too large */
		1478, /* an option that does not suit */
	};

	return error_has_code_of(err, codes, ARRAY_LEN(codes));
}

bool target_alter(const struct run *run, struct db *target, const struct moved_table *t,
		  const char *what, struct error *err)
{
	struct error failure = ERROR_INIT;

	if (alter_some_way(run, target, t, what, err))
		return true;
	/* The first error stands when this fails too. */
	if (!is_strictness(err) ||
	    !db_execf(target, &failure, "SET SESSION innodb_strict_mode = OFF"))
		return false;

	bool ok = alter_some_way(run, target, t, what, &failure);

	if (ok)
		log_warn("table %s was changed with innodb_strict_mode off, as it was made",
			 t->source->full_name);
	/* The next check sees what was done. */
	if (db_execf(target, &failure, "SET SESSION innodb_strict_mode = ON"))
		return ok;
	*err = failure;
	return false;
}
