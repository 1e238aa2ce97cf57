/* CREATE statements as a server shows them, and under another name. */
#ifndef CREATE_CREATE_STATEMENT_H
#define CREATE_CREATE_STATEMENT_H

#include "db/sql.h"

/* The servers print these statements in the dialect of our sessions (session.c), and execute
 * them in it. On the target, what statements leave out shall also mean what it means on a
 * source of that version; put back afterwards. */
bool create_dialect_begin_target(struct db *target, const struct server_version *source,
				 struct error *err) MUST_CHECK;
bool create_dialect_end_target(struct db *target, struct error *err) MUST_CHECK;

/* SHOW CREATE TABLE; the text replaces what is in shown. */
bool create_show_table(struct db *db, const char *schema, const char *name, struct buf *shown,
		       struct error *err) MUST_CHECK;
/* SHOW CREATE DATABASE */
bool create_show_database(struct db *db, const char *schema, struct buf *shown,
			  struct error *err) MUST_CHECK;

/* Appends the statement with the name it creates replaced by new_name, which is SQL:
 * "`b`.`t`". object: "TABLE" or "DATABASE". */
bool create_rename(struct buf *sql, const char *shown, const char *object, bool if_not_exists,
		   const char *new_name, struct error *err) MUST_CHECK;

#endif
