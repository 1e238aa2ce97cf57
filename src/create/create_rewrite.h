/* What the configuration changes in CREATE statements: collations, and the engine. Pure functions. */
#ifndef CREATE_CREATE_REWRITE_H
#define CREATE_CREATE_REWRITE_H

#include "base/buf.h"
#include "db/schema.h"

/* Appends what was shown of the table on its server, with the collations of its columns, of
 * the table and in expressions as CollationRewrites has them. Every column that gets another
 * one names it, whether it was shown or is the default of its character set. */
void create_rewrite_table(struct buf *out, const char *shown, const struct table *table,
			  const struct map *rewrites);
/* Appends the same as a table of InnoDB. What its engine has for itself is left out: none of it
 * has to do with the data. */
void create_rewrite_engine(struct buf *out, const char *shown);
/* Appends the statement that makes a database with this collation. */
void create_rewrite_database(struct buf *out, const char *shown, const char *collation);

#endif
