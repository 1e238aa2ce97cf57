/* Which indexes of a table are made only when its rows have been copied
 * (DeferSecondaryIndexes). */
#ifndef CREATE_INDEX_DEFERRAL_H
#define CREATE_INDEX_DEFERRAL_H

#include "plan/moved_table.h"

struct index_deferral {
	const struct move_options *options;
	/* "<side>schema.table.column", in lower case, of both ends of foreign keys. */
	struct map foreign_columns;
};

/* To be released in any case. Where nothing is to be deferred no server is queried. */
bool index_deferral_load(struct index_deferral *d, const struct move_options *options,
			 struct db *source, struct db *target, struct error *err) MUST_CHECK;
void index_deferral_release(struct index_deferral *d);

/* A set, by the place in t->source->indexes: see struct table_state. */
uint64_t index_deferral_of(const struct index_deferral *d, const struct moved_table *t);
/* Is the table's index of this name in the set? */
bool index_set_has(const struct table *table, uint64_t indexes, const char *name) MUST_CHECK;

#endif
