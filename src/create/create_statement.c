/* The statement is taken as the server prints it: options, partitions, constraints and
 * version comments travel along unread. Only the name at the start is understood: a
 * name in backticks, which may hold any character and backticks doubled. */
#include "create/create_statement.h"

#include <string.h>

/* Not every version has the variable, and lets the account set it: then the server's own
 * setting holds. False only when the connection is lost. */
static bool try_to_set(struct db *db, const char *assignment, struct error *err)
{
	return db_execf(db, err, "SET SESSION %s", assignment) || !db_is_broken(db);
}

/* Servers before MySQL 8.0, and MariaDB's older ones, do not name the collation of what is
 * utf8mb4_general_ci, as it is their default. */
static bool keep_collations(struct db *target, const struct server_version *source,
			    struct error *err)
{
	const struct server_version *version = db_version(target);

	if (version->flavour == FLAVOUR_MARIADB)
		return version->number < 110200 ||
		       try_to_set(target, "character_set_collations = ''", err);
	if (version->number < 80011)
		return true;
	return try_to_set(target,
			  source->flavour == FLAVOUR_MYSQL && source->number >= 80000 ?
				  "default_collation_for_utf8mb4 = utf8mb4_0900_ai_ci" :
				  "default_collation_for_utf8mb4 = utf8mb4_general_ci",
			  err);
}

bool create_dialect_begin_target(struct db *target, const struct server_version *source,
				 struct error *err)
{
	const struct server_version *version = db_version(target);

	/* Or a TIMESTAMP NOT NULL without a default gets one. */
	if (!try_to_set(target, "explicit_defaults_for_timestamp = 1", err) ||
	    !keep_collations(target, source, err))
		return false;
	/* A foreign key that the source has, over a part of a key or a key that is not unique. */
	return version->flavour != FLAVOUR_MYSQL || version->number < 80400 ||
	       try_to_set(target, "restrict_fk_on_non_standard_key = 0", err);
}

bool create_dialect_end_target(struct db *target, struct error *err)
{
	const struct server_version *version = db_version(target);

	/* It is built into what expressions of a table compare by when this session opens it. */
	return version->flavour != FLAVOUR_MYSQL || version->number < 80011 ||
	       try_to_set(target, "default_collation_for_utf8mb4 = DEFAULT", err);
}

/* The statement stands in the second column. */
static bool load_text(struct db *db, struct buf *shown, struct error *err)
{
	struct db_row row;
	enum db_fetch fetched = db_row_next(db, &row, err);

	buf_clear(shown);
	if (fetched == DB_FAILED)
		return false;
	if (fetched == DB_END)
		return error_set(err, ERROR_SQL, "%s: nothing was shown", db_label(db));
	if (row.count >= 2 && row.values[1])
		buf_add(shown, row.values[1], row.lengths[1]);
	db_row_finish(db);
	return shown->length > 0 ||
	       error_set(err, ERROR_SQL, "%s: no statement was shown", db_label(db));
}

bool create_show_table(struct db *db, const char *schema, const char *name, struct buf *shown,
		       struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, "SHOW CREATE TABLE ");
	sql_table_name(&sql, schema, name);
	ok = db_query(db, sql.data, sql.length, err) && load_text(db, shown, err);
	buf_release(&sql);
	return ok;
}

bool create_show_database(struct db *db, const char *schema, struct buf *shown, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, "SHOW CREATE DATABASE ");
	sql_name(&sql, schema);
	ok = db_query(db, sql.data, sql.length, err) && load_text(db, shown, err);
	buf_release(&sql);
	return ok;
}

static const char *skip_word(const char *at, const char *word)
{
	size_t length = strlen(word);

	return at && strncmp(at, word, length) == 0 ? at + length : NULL;
}

/* Behind a name in backticks; NULL when there is none. */
static const char *skip_name(const char *at)
{
	if (!at || *at++ != '`')
		return NULL;
	for (; *at; at++) {
		if (*at != '`')
			continue;
		if (at[1] != '`')
			return at + 1;
		at++;
	}
	return NULL;
}

bool create_rename(struct buf *sql, const char *shown, const char *object, bool if_not_exists,
		   const char *new_name, struct error *err)
{
	const char *rest = skip_word(shown, "CREATE ");

	rest = skip_word(rest, object);
	rest = skip_name(skip_word(rest, " "));
	if (!rest)
		return error_set(err, ERROR_UNSUPPORTED,
				 "the server's CREATE %s statement is not understood: \"%.80s\"",
				 object, shown);
	buf_printf(sql, "CREATE %s %s", object, if_not_exists ? "IF NOT EXISTS " : "");
	buf_puts(sql, new_name);
	buf_puts(sql, rest);
	return true;
}
