/* Changes the definition of a table on the target. */
#ifndef CREATE_TARGET_ALTER_H
#define CREATE_TARGET_ALTER_H

#include "plan/moved_table.h"
#include "run/run.h"

/* A session for it, not connected yet. Such a statement has no time limit: the configured ones are
 * for ordinary statements, and a dead network is noticed without them. The lock is that of the
 * copy's writer of this number, which has ended. Caller closes it; params is filled and must stay
 * as long. */
struct db *target_alter_session(struct run *run, unsigned writer, struct db_params *params);

/* ALTER TABLE ... <what>, once: in place where the server can, and while rows are written where
 * it can; else writers wait for its end. */
bool target_alter(const struct run *run, struct db *target, const struct moved_table *t,
		  const char *what, struct error *err) MUST_CHECK;

#endif
