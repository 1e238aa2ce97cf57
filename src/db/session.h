/* The SET statement each session begins with. Private to db.c. */
#ifndef DB_SESSION_H
#define DB_SESSION_H

#include "db/db.h"

/* Appends one SET statement: the whole set-up costs one round trip. */
void session_setup(struct buf *sql, const struct db_params *params, enum db_session session,
		   const struct server_version *version);

#endif
