/* What the target computes while rows are written to it must be what the source holds:
 * stored generated columns, indexes over virtual ones or over expressions, CHECKs. Made
 * at start, before the tables' statements are built. */
#ifndef PLAN_COMPUTED_H
#define PLAN_COMPUTED_H

#include "db/computing.h"
#include "plan/moved_table.h"
#include "plan/findings.h"

/* Tables with computed values that depend on time_zone are written under the source's global one
 * (moved_table.zone and the fields beside it are set). What cannot be computed as on the source
 * becomes a finding that names the column. */
bool computed_set(struct moved_tables *tables, const struct db_computing *on_source,
		  struct db *source, struct db *target, struct findings *findings,
		  struct error *err) MUST_CHECK;

/* A TIMESTAMP as a literal that is exact in the session of moved_table.zone. */
void computed_put_timestamp(struct buf *sql, const struct moved_table *table,
			    const struct column *column, struct value value);

#endif
