/* What a statement in the binlog (QUERY event) means for the copied tables. A
 * small tokenizer, not a parser: comments (versioned ones are looked into),
 * quoted names, strings. Pure function. */
#ifndef STREAM_STATEMENT_H
#define STREAM_STATEMENT_H

#include "base/attr.h"

enum statement_kind {
	STATEMENT_BEGIN,    /* BEGIN, START TRANSACTION, XA START */
	STATEMENT_COMMIT,   /* COMMIT */
	STATEMENT_ROLLBACK, /* ROLLBACK, not TO SAVEPOINT */
	STATEMENT_SAVEPOINT, /* SAVEPOINT, ROLLBACK TO, RELEASE SAVEPOINT: inside a transaction; the
			      * first name is its own, "" when it could not be read */
	STATEMENT_XA,	    /* XA END, PREPARE, COMMIT, ROLLBACK: see text */
	STATEMENT_HARMLESS, /* touches no table data or definition: GRANT, SET, ANALYZE, ... */
	STATEMENT_TABLE,    /* changes the tables or databases it names: DDL, TRUNCATE */
	STATEMENT_DML,	    /* INSERT, UPDATE, DELETE, REPLACE, LOAD DATA, CALL: statement format */
	STATEMENT_UNKNOWN,  /* cannot tell: treat as touching what its text names */
};

#define STATEMENT_NAMES_MAX 64

struct statement_name {
	char schema[194]; /* "" : the statement's default database */
	char name[194];	  /* "" : the whole database (DROP/ALTER/CREATE DATABASE) */
};

struct statement {
	enum statement_kind kind;
	const char *verb; /* static: "ALTER TABLE", "TRUNCATE", "DROP DATABASE", ... */
	struct statement_name names[STATEMENT_NAMES_MAX];
	unsigned name_count;
	bool is_complete; /* false: tables of the default database may be missing */
	bool is_open;	  /* may touch any table of any database */
	bool creates;	  /* CREATE TABLE/DATABASE: only harmful when chosen by the filters */
	bool if_absent;	  /* ... IF NOT EXISTS: leaves what exists already as it is */
	bool drops;	  /* DROP TABLE: only harmful when there is such a table */
	/* DROP INDEX IF EXISTS: does nothing where the table has no such index; CREATE INDEX
	 * IF NOT EXISTS (creates_index): where it has one. "" in other statements. */
	char index[194];
	bool creates_index;
};

/* Each call fills *statement anew; the verb of an empty statement is "". Not seen:
 * what triggers and functions that a statement calls do. */

void statement_parse(const char *sql, size_t length, struct statement *statement);

#endif
