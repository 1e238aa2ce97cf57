/* The newest line of a run (state/state_line.h), as a row on its target: there every process that
 * continues from any of the run's states finds it, wherever the state was kept.
 *
 * It has a table and a database of its own, which the program's filters never choose, and is used
 * only where the account may create and drop them (SHOW GRANTS). Called by the ferry's thread,
 * which holds the run's lock. */
#ifndef FERRY_LINE_RECORD_H
#define FERRY_LINE_RECORD_H

#include "db/db.h"
#include "state/state_line.h"

/* By SHOW GRANTS: does the account have all the privileges needed? */
bool line_record_is_possible(struct db *target, bool *possible, struct error *err) MUST_CHECK;
/* Held while tables in the database are created or dropped. */
bool own_schema_lock(struct db *target, struct error *err) MUST_CHECK;
bool own_schema_unlock(struct db *target, struct error *err) MUST_CHECK;
/* Empty where there is none. */
bool line_record_read(struct db *target, const char *run_id, struct state_line *known,
		      struct error *err) MUST_CHECK;
bool line_record_write(struct db *target, const char *run_id, const struct state_line *line,
		       struct error *err) MUST_CHECK;
/* Drops also what the run moves (part_record.h), and the database, when it was the last one. */
bool line_record_drop(struct db *target, const char *run_id, struct error *err) MUST_CHECK;

#endif
