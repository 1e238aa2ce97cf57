/* What a statement in the binlog (QUERY event) means for the copied tables. A
 * small tokenizer, not a parser: comments (versioned ones are looked into),
 * quoted names, strings. Pure function. */
#ifndef STREAM_STATEMENT_H
#define STREAM_STATEMENT_H

#include "base/attr.h"

enum statement_kind {
	STATEMENT_BEGIN, /* BEGIN, START TRANSACTION */
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK, /* not TO SAVEPOINT */
	/* Inside a transaction; the first name is its own, "" when it could not be read. */
	STATEMENT_SAVEPOINT,
	STATEMENT_ROLLBACK_TO,
	STATEMENT_RELEASE_SAVEPOINT,
	STATEMENT_XA_START, /* also XA BEGIN */
	STATEMENT_XA_END,
	STATEMENT_XA_PREPARE,
	STATEMENT_XA_COMMIT,
	STATEMENT_XA_ROLLBACK,
	STATEMENT_HARMLESS, /* touches no table data or definition: GRANT, SET, ANALYZE, ... */
	STATEMENT_TABLE,    /* changes the tables or databases it names: DDL, TRUNCATE */
	STATEMENT_DML,	    /* INSERT, UPDATE, DELETE, REPLACE, LOAD DATA, CALL: statement format */
	STATEMENT_UNKNOWN,  /* cannot tell: treat as touching what its text names */
};

#define STATEMENT_NAMES_MAX 64
#define STATEMENT_NAME_SIZE 194

struct statement_name {
	char schema[STATEMENT_NAME_SIZE]; /* "" : the statement's default database */
	char name[STATEMENT_NAME_SIZE];	  /* "" : the whole database (DROP/ALTER/CREATE DATABASE) */
};

struct statement {
	enum statement_kind kind;
	const char *verb; /* for messages, static: "ALTER TABLE", "TRUNCATE", ... */
	struct statement_name names[STATEMENT_NAMES_MAX];
	unsigned name_count;
	bool is_complete; /* false: tables of the default database may be missing */
	bool is_open;	  /* may touch any table of any database */
	bool creates;	  /* CREATE TABLE/DATABASE: only harmful when chosen by the filters */
	bool if_absent;	  /* ... IF NOT EXISTS: leaves what exists already as it is */
	bool drops;	  /* DROP TABLE, DROP DATABASE: only harmful to tables that are there */
	bool empties;	  /* TRUNCATE: all rows of the table go, and nothing else changes */
	/* DROP INDEX IF EXISTS: does nothing where the table has no such index; CREATE INDEX
	 * IF NOT EXISTS (creates_index): where it has one. "" in other statements. */
	char index[194];
	bool creates_index;
};

/* Where does a text in quotes end that has a backslash? There may be names behind it:
 * ALTER TABLE a COMMENT 'C:\', RENAME TO b. */
enum statement_escapes {
	STATEMENT_ESCAPES, /* a quote behind it is escaped */
	STATEMENT_LITERAL, /* sql_mode has NO_BACKSLASH_ESCAPES */
	/* A character set may have letters whose second byte looks like one: the names of both ways
	 * to read the statement are found. */
	STATEMENT_EITHER,
};

/* Fills *statement; the verb of an empty statement is "". What triggers and functions that
 * it calls do is not seen. */
void statement_parse(const char *sql, size_t length, enum statement_escapes escapes,
		     struct statement *statement);

#endif
