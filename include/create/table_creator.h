/* Creates the databases and tables on the target as the source shows them. */
#ifndef CREATE_TABLE_CREATOR_H
#define CREATE_TABLE_CREATOR_H

#include "base/stop.h"
#include "plan/moved_table.h"
#include "state/recopies.h"
#include "state/state_tracker.h"

/* only: of the tables those that are pending there; NULL: all. create_first in its order, then the
 * rest, over further connections where there are many. Existing tables are an error unless
 * allow_existing_target_table. The tracker records which indexes were left out
 * (deferred_indexes.h). */
bool tables_create(const struct move_options *options, struct db *source, struct db *target,
		   const struct schema *schema, const struct moved_tables *tables,
		   const struct recopies *only, struct state_tracker *tracker, struct stop *stop,
		   struct error *err) MUST_CHECK;

#endif
