/* Settings of a session that decide what a server computes for generated columns, CHECKs,
 * functional indexes and DEFAULT expressions, and that change nothing about values which
 * are written. (time_zone does: it is set for single statements, see plan/computed.h.)
 *
 * The source's global values are used on the target, in all our sessions: an expression
 * takes some of them from the session that happens to open the table. On the source
 * itself they are never touched, for the same reason. */
#ifndef DB_COMPUTING_H
#define DB_COMPUTING_H

#include "base/buf.h"
#include "base/error.h"
#include "db/server.h"

enum { COMPUTING_COUNT = 5, COMPUTING_VALUE_SIZE = 96 };

struct db_computing {
	/* As text; "": the source has no such setting, or was not queried yet. */
	char values[COMPUTING_COUNT][COMPUTING_VALUE_SIZE];
};

struct db;

/* Asks the server for its global values. */
bool computing_ask(struct db *db, struct db_computing *computing, struct error *err) MUST_CHECK;

/* Appends ", name=value" for each of them that this server has too. computing NULL: each
 * gets the server's own global value. */
void computing_put(struct buf *sql, const struct db_computing *computing,
		   const struct server_version *version);

/* The nth setting's name. */
const char *computing_name(unsigned n);

#endif
