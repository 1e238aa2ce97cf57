/* Measures of a server's load, one function each: text is "" while it is not too high. The caller's
 * connection; MariaDB and MySQL. */
#ifndef FERRY_SERVER_LOAD_H
#define FERRY_SERVER_LOAD_H

#include "db/db.h"
#include "plan/throttle_limits.h"

/* A measure: text is what the throttler reports, of THROTTLE_TEXT_SIZE. */
typedef bool server_load(struct db *db, const struct throttle_limits *limits,
			 enum throttle_side side, char *text, struct error *err);

server_load server_load_lag, server_load_threads, server_load_history, server_load_query;

/* For a failure: the GRANT that the account lacks to see the load, or "". */
void server_load_remedy(struct db *db, server_load *load, const struct error *err,
			struct buf *remedy);

#endif
