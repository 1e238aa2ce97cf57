/* What SHOW CREATE TABLE leaves out, or cannot print. */
#ifndef CREATE_CREATE_EXACT_H
#define CREATE_CREATE_EXACT_H

#include "base/buf.h"
#include "db/schema.h"

/* Appends what was shown of the table on its server, with that put in which the text alone
 * would not make again:
 *  - NULL behind AUTO_INCREMENT, or the column would be NOT NULL;
 *  - members of ENUM and SET, and their defaults, as the bytes they are;
 *  - the row format, where the new table's server would choose another one for what names
 *    none; default_row_format is its choice, or NULL.
 * False where a default or a member is not known (ERROR_UNSUPPORTED). Pure. */
bool create_exact(struct buf *out, const char *shown, const struct table *table,
		  const char *default_row_format, struct error *err) MUST_CHECK;

#endif
