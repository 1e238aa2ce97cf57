/* The default collation of a table that is to be created. */
#ifndef CREATE_CREATE_DEFAULT_H
#define CREATE_CREATE_DEFAULT_H

#include "db/schema.h"

/* Takes the table's default collation out of its CREATE statement where no column has it and
 * the target does not know it: columns that have another one name it, so that it says nothing
 * of any row. */
bool create_leave_out_default(struct buf *sql, const struct table *table, struct db *target,
			      struct error *err) MUST_CHECK;

#endif
