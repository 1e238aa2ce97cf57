/* Changes the definition of a table on the target. */
#ifndef CREATE_TARGET_ALTER_H
#define CREATE_TARGET_ALTER_H

#include "plan/moved_table.h"
#include "run/run.h"

/* ALTER TABLE ... <what>, once: in place where the server can, and while rows are written where
 * it can; else writers wait for its end. */
bool target_alter(const struct run *run, struct db *target, const struct moved_table *t,
		  const char *what, struct error *err) MUST_CHECK;

#endif
