/* Values that an application compressed by snappy, compared by what they hold. */
#ifndef ROWS_SNAPPY_H
#define ROWS_SNAPPY_H

#include "db/sql.h"

/* Do both hold the same? One that is no snappy block stands for its own bytes; NULL equals
 * NULL alone. */
bool snappy_same_content(struct value a, struct value b);

/* The same for two that hold the same, for others another one but by chance. */
uint64_t snappy_content_hash(struct value value);

#endif
