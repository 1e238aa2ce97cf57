/* The value is taken from SHOW CREATE TABLE: information_schema is one too low on a MySQL server
 * that was restarted and has not opened the table since (tested).
 *
 * It is raised by ALTER TABLE ... AUTO_INCREMENT = n, which InnoDB does in place. Where the account
 * lacks the privilege, or another session holds the table's metadata lock, a row with the preceding
 * value is inserted and deleted again, in one transaction: InnoDB keeps the counter, and so do
 * replicas of the target. The server fills in the other columns (INSERT IGNORE); for some
 * tables that does not work (a CHECK, a GEOMETRY NOT NULL). So what counts is the value that is
 * read afterwards: if it is still lower, the run ends, with the statement that helps.
 *
 * If the process dies in between, a resumed run checks again. Neither way loses a row: the first
 * touches none, the second deletes the one it has just inserted. */
#include "ferry/auto_increment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/probe.h"
#include "base/retry.h"
#include "db/sql.h"
#include "plan/statement_tag.h"

static const char log_tag[] = "cutover";

#define ATTRIBUTE " AUTO_INCREMENT"
#define LOCK_WAIT_S 5

/* --- reading ---------------------------------------------------------------------------- */

/* In a column's line, apart from its comment. */
static bool is_in_line(const char *line, size_t length)
{
	const char *comment = memmem(line, length, " COMMENT '", strlen(" COMMENT '"));

	if (comment)
		length = (size_t)(comment - line);
	return memmem(line, length, ATTRIBUTE, strlen(ATTRIBUTE)) != NULL;
}

/* One line for each column, in which line ends are written as \n, then ")" and the
 * table's options. */
static uint64_t next_in(const char *create)
{
	bool has_column = false;
	const char *line = strchr(create, '\n');

	for (; line && line[1] != ')'; line = strchr(line + 1, '\n'))
		has_column |= strncmp(line, "\n  `", 4) == 0 &&
			      is_in_line(line + 1, strcspn(line + 1, "\n"));
	if (!line || !has_column)
		return 0;

	const char *option = strstr(line, ATTRIBUTE "=");
	const char *comment = strstr(line, " COMMENT='");

	if (!option || (comment && comment < option))
		return 1;
	return strtoull(option + strlen(ATTRIBUTE "="), NULL, 10);
}

static bool show_create(struct db *db, const char *schema, const char *name, uint64_t *next,
			struct error *err)
{
	struct buf sql = BUF_INIT;
	struct db_row row;

	buf_puts(&sql, "SHOW CREATE TABLE ");
	sql_name(&sql, schema);
	buf_putc(&sql, '.');
	sql_name(&sql, name);
	bool ok = db_query(db, sql.data, sql.length, err);
	buf_release(&sql);
	if (!ok)
		return false;
	switch (db_row_next(db, &row, err)) {
	case DB_FAILED:
		return false;
	case DB_END:
		return error_set(err, ERROR_SQL, "SHOW CREATE TABLE answers with no row");
	case DB_ROW:
		break;
	}
	*next = row.count > 1 && row.values[1] ? next_in(row.values[1]) : 0;
	db_row_finish(db);
	return true;
}

static bool auto_increment_read(struct db *db, const char *schema, const char *name, uint64_t *next,
				struct error *err)
{
	return show_create(db, schema, name, next, err) ||
	       error_wrap(err, "read AUTO_INCREMENT of %s.%s", schema, name);
}

bool auto_increment_read_target(struct db *target, const struct moved_table *t, uint64_t *next,
				struct error *err)
{
	return auto_increment_read(target, t->target_schema, t->target_name, next, err);
}

/* --- raising ---------------------------------------------------------------------------- */

struct raise {
	struct run *run;
	struct db *source; /* borrowed */
	struct db *target;
	const struct moved_table *table;
	uint64_t wanted;
	uint64_t next;
};

/* The column's largest value: once all are handed out, MariaDB shows one more, and MySQL does
 * not. */
static uint64_t highest(const struct column *column)
{
	static const struct {
		enum column_type type;
		unsigned bits;
	} types[] = {
		{ COLUMN_TINYINT, 8 }, { COLUMN_SMALLINT, 16 }, { COLUMN_MEDIUMINT, 24 },
		{ COLUMN_INT, 32 },    { COLUMN_BIGINT, 64 },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == column->type)
			return UINT64_MAX >> (64 - types[i].bits + !column->is_unsigned);
	return UINT64_MAX;
}

static const struct column *auto_column(const struct moved_table *t)
{
	for (unsigned i = 0; i < t->source->column_count; i++)
		if (t->source->columns[i].is_auto_increment)
			return &t->source->columns[i];
	return NULL;
}

bool auto_increment_read_source(struct db *source, const struct moved_table *t, uint64_t *next,
				struct error *err)
{
	const struct column *column = auto_column(t);

	*next = 0;
	if (!column)
		return true;
	if (!auto_increment_read(source, t->source->schema, t->source->name, next, err))
		return false;
	if (*next > highest(column))
		*next = highest(column);
	return true;
}

static bool read_target(struct raise *r, struct error *err)
{
	return db_ready(r->target, err) &&
	       auto_increment_read_target(r->target, r->table, &r->next, err);
}

static void put_target(struct buf *sql, const struct moved_table *t)
{
	sql_name(sql, t->target_schema);
	buf_putc(sql, '.');
	sql_name(sql, t->target_name);
}

static void begin_statement(struct buf *sql, const struct raise *r, const char *verb)
{
	buf_clear(sql);
	statement_tag_put(sql, r->run->options->target.marginalia, r->run->run_id);
	buf_puts(sql, verb);
}

static bool alter(struct raise *r, struct error *err)
{
	struct buf sql = BUF_INIT;

	begin_statement(&sql, r, "ALTER TABLE ");
	put_target(&sql, r->table);
	buf_printf(&sql, " AUTO_INCREMENT = %" PRIu64 ", ALGORITHM = INPLACE", r->wanted);
	bool ok = db_execf(r->target, err, "SET lock_wait_timeout = %d", LOCK_WAIT_S) &&
		  db_exec(r->target, sql.data, sql.length, err);
	buf_release(&sql);
	return ok;
}

/* The row's value is one that the target has not handed out and no row holds: otherwise the counter
 * would be higher. Should a row hold it all the same, the INSERT is ignored and nothing is
 * deleted. */
static bool insert_and_delete(struct raise *r, struct error *err)
{
	const char *column = auto_column(r->table)->name;
	struct buf sql = BUF_INIT;
	uint64_t inserted;
	bool ok;

	begin_statement(&sql, r, "INSERT IGNORE INTO ");
	put_target(&sql, r->table);
	buf_puts(&sql, " (");
	sql_name(&sql, column);
	buf_printf(&sql, ") VALUES (%" PRIu64 ")", r->wanted - 1);
	ok = db_execf(r->target, err,
		      "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES',"
		      " auto_increment_increment = 1, auto_increment_offset = 1") &&
	     db_execf(r->target, err, "START TRANSACTION") &&
	     db_exec(r->target, sql.data, sql.length, err);
	inserted = ok ? db_affected_rows(r->target) : 0;
	if (ok && inserted == 1) {
		begin_statement(&sql, r, "DELETE FROM ");
		put_target(&sql, r->table);
		buf_puts(&sql, " WHERE ");
		sql_name(&sql, column);
		buf_printf(&sql, " = %" PRIu64, r->wanted - 1);
		ok = db_exec(r->target, sql.data, sql.length, err);
		if (ok && db_affected_rows(r->target) != 1)
			ok = error_set(err, ERROR_CORRUPT,
				       "DELETE removed %" PRIu64 " rows in place of one",
				       db_affected_rows(r->target));
	}
	buf_release(&sql);
	if (ok)
		return db_execf(r->target, err, "COMMIT");

	struct error ignored = ERROR_INIT;
	/* If this fails, the connection is lost, and its transaction has ended. */
	bool undone = db_execf(r->target, &ignored, "ROLLBACK");

	(void)undone;
	return false;
}

/* If one way is refused, the other is tried, and the value read again. */
static bool raise_it(struct raise *r, struct error *err)
{
	if (!read_target(r, err))
		return false;
	if (r->next == 0 || r->next >= r->wanted)
		return true;
	if (alter(r, err) && read_target(r, err) && r->next >= r->wanted)
		return true;
	if (db_is_broken(r->target))
		return false;
	if (!insert_and_delete(r, err)) {
		if (db_is_broken(r->target) || error_is_retryable(err))
			return false;
		log_debug("AUTO_INCREMENT of %s by a row: %s", r->table->source->full_name,
			  err->text);
	}
	return read_target(r, err);
}

static bool refuse_lower(const struct raise *r, struct error *err)
{
	struct buf name = BUF_INIT;

	put_target(&name, r->table);
	error_set(err, ERROR_UNSUPPORTED,
		  "table %s: AUTO_INCREMENT is %" PRIu64 " on the target and %" PRIu64
		  " on the source, so that values would be handed out twice, and it cannot be "
		  "raised by this account (which may lack ALTER): run /*%s*/ ALTER TABLE %s "
		  "AUTO_INCREMENT = %" PRIu64 " on the target, then resume",
		  r->table->source->full_name, r->next, r->wanted,
		  r->run->options->target.marginalia, buf_text(&name), r->wanted);
	buf_release(&name);
	return false;
}

static bool read_wanted(struct raise *r, struct error *err)
{
	const struct retry_policy policy = {
		.verb = "read AUTO_INCREMENT of the source",
		.tag = log_tag,
		.attempts = r->run->options->read_attempts,
		.sleep_ms = 500,
	};

	for (struct retry t = retry_begin(&policy, r->run->stop); retry_next(&t, err);)
		if (db_ready(r->source, err) &&
		    auto_increment_read_source(r->source, r->table, &r->wanted, err))
			return true;
	return false;
}

static bool raise_one(struct raise *r, struct error *err)
{
	bool is_tried = false;

	if (!read_wanted(r, err))
		return false;
	if (r->wanted <= 1)
		return true;
	for (struct retry t = run_write_begin(r->run, "raise AUTO_INCREMENT", log_tag);
	     !is_tried && retry_next(&t, err);)
		is_tried = raise_it(r, err);
	if (!is_tried)
		return error_wrap(err, "table %s", r->table->source->full_name);
	if (r->next != 0 && r->next < r->wanted)
		return refuse_lower(r, err);
	probe("auto_increment_raised", "%s", r->table->source->full_name);
	return true;
}

bool auto_increments_raise(struct run *run, struct db *source, struct error *err)
{
	struct raise r = { .run = run, .source = source };
	bool ok = true;

	r.target = db_new(&run->options->target, DB_SESSION_WRITE, NULL);
	db_set_guard(r.target, &run->guard);
	for (size_t i = 0; ok && i < run->tables->count; i++) {
		r.table = run->tables->tables[i];
		if (auto_column(r.table))
			ok = raise_one(&r, err);
	}
	db_close(r.target);
	return ok;
}
