/* Tables that nothing but a lock lets us copy, because they have no usable key or an engine without
 * transactions: which of them are so small that they are moved without being asked for. */
#ifndef PLAN_SMALL_TABLES_H
#define PLAN_SMALL_TABLES_H

#include "db/schema.h"
#include "plan/move_options.h"

/* Sets is_small where it decides, by counting rows: an estimate could be of yesterday. A table that
 * cannot be read is not small; what is wrong with it other checks say. */
bool small_tables_find(struct schema *schema, const struct move_options *options, struct db *source,
		       struct error *err) MUST_CHECK;

#endif
