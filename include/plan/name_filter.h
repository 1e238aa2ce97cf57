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
/* Entries of lists: "table", "db.table", with * (anything) and ? (one character) in either
 * part; a part in backquotes is exact, "`a``b`" as in SQL. Without any of these, the name of a
 * table that has a dot in it is meant as well. table NULL: any. */
bool name_matches_database(const char *entry, const char *schema);
bool name_matches_table(const char *entry, const char *schema, const char *table);
/* Neither a pattern nor in backquotes. */
bool name_entry_is_plain(const char *entry);
/* By Databases.Rewrites; on the way back, where tables have names of their own, as it is. */
const char *database_on_target(const struct move_options *options, const char *schema);
/* Borrowed from the options, or the names themselves. Of a chosen table. */
struct table_name name_on_target(const struct move_options *options, const char *schema,
				 const char *table);

#endif
