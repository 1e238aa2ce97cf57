/* An object stores the session's sql_mode, character set and collation, and the database's default
 * collation, as its own: so they are set to the source object's for its statement, as mysqldump
 * does.
 *
 * sql_mode is the one setting that no other session of ours may change (db/db.h), as MySQL caches
 * tables for all sessions as it opened them in one session's mode. Views store no mode, and are
 * created in ours: CREATE VIEW opens tables, which stay open. Routines and events open none. CREATE
 * TRIGGER opens its table in the trigger's mode, and closes all open instances of it whatever the
 * outcome of the statement (tested, also with a NO_BACKSLASH_ESCAPES that would show).
 *
 * A process that dies between the two ALTER DATABASE statements leaves the database with the
 * collation of one object: objects_move.c restores it before it continues. */
#include "objects/object_maker.h"

#include <string.h>

#include "base/probe.h"
#include "db/sql.h"
#include "plan/statement_tag.h"

static bool execute(const struct object_maker *m, const struct buf *statement, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	statement_tag_put(&sql, m->marginalia, m->run_id);
	buf_add(&sql, statement->data, statement->length);
	ok = db_exec(m->target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

static void put_setting(struct buf *sql, const char *name, const char *value)
{
	buf_printf(sql, "%s%s = ", sql->length > 0 ? ", " : "SET SESSION ", name);
	sql_text(sql, value);
}

static bool enter(struct db *target, const struct object *o, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	if (o->kind != OBJECT_VIEW && o->kind != OBJECT_SEQUENCE)
		put_setting(&sql, "sql_mode", o->sql_mode);
	if (*o->time_zone)
		put_setting(&sql, "time_zone", o->time_zone);
	if (*o->client)
		put_setting(&sql, "character_set_client", o->client);
	if (*o->collation)
		put_setting(&sql, "collation_connection", o->collation);
	/* It keeps the types of its columns. */
	if (o->kind == OBJECT_VIEW && db_version(target)->flavour == FLAVOUR_MYSQL)
		buf_puts(&sql, ", group_concat_max_len = DEFAULT");
	ok = sql.length == 0 || db_exec(target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

/* ok false: the first error is kept. */
static bool leave(struct db *target, bool ok, struct error *err)
{
	bool is_mysql = db_version(target)->flavour == FLAVOUR_MYSQL;
	struct error failure = ERROR_INIT;

	if (db_is_broken(target)) /* the next session starts with our settings */
		return ok;
	if (db_execf(target, &failure,
		     "SET SESSION sql_mode = '" DB_SQL_MODE "', time_zone = '+00:00',"
		     " NAMES utf8mb4 COLLATE utf8mb4_general_ci, character_set_results = NULL%s",
		     is_mysql ? ", group_concat_max_len = 4294967295" : ""))
		return ok;
	if (ok)
		*err = failure;
	return false;
}

bool object_try_settings(struct db *target, const struct object *o, struct error *err)
{
	return leave(target, enter(target, o, err), err);
}

bool object_set_database_collation(const struct object_maker *m, const char *schema,
				   const char *collation, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, "ALTER DATABASE ");
	sql_name(&sql, schema);
	buf_puts(&sql, " COLLATE ");
	sql_text(&sql, collation);
	ok = execute(m, &sql, err);
	buf_release(&sql);
	return ok;
}

static bool use(const struct object_maker *m, const char *schema, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, "USE ");
	sql_name(&sql, schema);
	ok = db_exec(m->target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

static bool make_in(const struct object_maker *m, const struct object *o, struct error *err)
{
	bool ok = enter(m->target, o, err) && execute(m, &o->created, err);

	return leave(m->target, ok, err);
}

bool object_make(const struct object_maker *m, const struct object *o, struct error *err)
{
	struct error failure = ERROR_INIT;
	struct buf collation = BUF_INIT;
	bool ok, is_other;

	ok = use(m, o->schema, err) &&
	     db_value(m->target, &collation, NULL, err, "SELECT @@collation_database");
	is_other = ok && *o->database_collation &&
		   strcmp(buf_text(&collation), o->database_collation) != 0;
	if (is_other)
		ok = object_set_database_collation(m, o->schema, o->database_collation, err);
	if (ok && is_other)
		probe("database_collation_set", "%s", o->full_name);
	ok = ok && make_in(m, o, err);
	if (is_other &&
	    !object_set_database_collation(m, o->schema, buf_text(&collation), &failure) && ok) {
		*err = failure;
		ok = false;
	}
	buf_release(&collation);
	return ok;
}

bool object_drop(const struct object_maker *m, const struct object *o, struct error *err)
{
	/* MariaDB before 11 knows packages only in sql_mode ORACLE. */
	bool is_package = strncmp(o->type, "PACKAGE", 7) == 0;
	struct buf sql = BUF_INIT;
	bool ok;

	buf_printf(&sql, "DROP %s IF EXISTS ", o->type);
	sql_table_name(&sql, o->schema, o->name);
	ok = (!is_package || enter(m->target, o, err)) && execute(m, &sql, err);
	buf_release(&sql);
	return is_package ? leave(m->target, ok, err) : ok;
}

/* ALTER EVENT replaces the definer and the stored settings by the session's: both are set. */
bool object_enable(const struct object_maker *m, const struct object *o, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, "ALTER DEFINER = ");
	sql_account(&sql, o->definer);
	buf_puts(&sql, " EVENT ");
	sql_table_name(&sql, o->schema, o->name);
	buf_puts(&sql, " ENABLE");
	ok = enter(m->target, o, err) && execute(m, &sql, err);
	buf_release(&sql);
	return leave(m->target, ok, err);
}

bool object_set_value(const struct object_maker *m, const struct object *o, const char *value,
		      struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, "SELECT SETVAL(");
	sql_table_name(&sql, o->schema, o->name);
	buf_printf(&sql, ", %s)", value);
	ok = execute(m, &sql, err);
	buf_release(&sql);
	return ok;
}
