/* The members of ENUM and SET columns by their bytes. */
#ifndef DB_MEMBERS_H
#define DB_MEMBERS_H

#include "db/schema.h"

/* Fills column->member_bytes where the text of a member does not determine them. Where
 * the query fails (no privilege, no recursive queries) they stay NULL. */
bool members_load(struct db *db, const struct schema *schema, struct error *err) MUST_CHECK;

#endif
