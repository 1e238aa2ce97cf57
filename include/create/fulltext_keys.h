/* FULLTEXT keys over a table's own FTS_DOC_ID. InnoDB takes a row into such a key only when
 * its id is higher than all before, and not by much (error 182). The source's writers gave
 * the ids in that order; the copy has several workers, changes are applied in batches, and
 * after a resume they come again. Hence the target's table has no such key while rows are
 * written to it: they are added when all have arrived. */
#ifndef CREATE_FULLTEXT_KEYS_H
#define CREATE_FULLTEXT_KEYS_H

#include "plan/moved_table.h"
#include "run/run.h"

/* Has the table any? */
bool fulltext_keys_are_late(const struct table *table) MUST_CHECK;
/* Is it a FULLTEXT key of the table? */
bool fulltext_keys_have(const struct table *table, const char *name) MUST_CHECK;
/* By the ferry's thread. Adds the source's keys that the target lacks; these tables are not written
 * to any more. */
bool fulltext_keys_add(struct run *run, struct db *source, struct error *err) MUST_CHECK;
/* What an earlier process of the run has added, before rows are written again. */
bool fulltext_keys_drop(struct run *run, struct db *target, struct error *err) MUST_CHECK;

#endif
