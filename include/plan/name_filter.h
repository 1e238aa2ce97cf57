/* Which databases and tables are copied, and what they are called on the target.
 * Pure functions over the options. */
#ifndef PLAN_NAME_FILTER_H
#define PLAN_NAME_FILTER_H

#include "plan/move_options.h"

/* Our own database, on targets. */
#define OWN_SCHEMA "_ghostferry"

/* mysql, information_schema, performance_schema, sys, and our own: never copied. */
bool name_is_system_schema(const char *schema);
/* table NULL: could any table of the database be chosen? */
bool name_is_chosen(const struct move_options *options, const char *schema, const char *table);
/* Borrowed from the options, or the name itself. */
const char *name_on_target(const struct name_rules *rules, const char *name);

#endif
