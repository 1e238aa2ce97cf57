/* The tables of a run beside those that have their names on the target. Loaded by one
 * thread, read-only afterwards. */
#ifndef PLAN_TABLE_PAIRS_H
#define PLAN_TABLE_PAIRS_H

#include "plan/moved_table.h"

struct table_pairs {
	const struct moved_tables *tables; /* borrowed */
	/* "`schema`.`table`" on the target, there or not -> struct moved_table * */
	struct map by_target;
	bool ignores_case;	    /* the target's lower_case_table_names: keys are lower case */
	struct schema on_target;    /* what is there of them, views too */
	const struct table **there; /* owned; by moved_table.index, into on_target; NULL: none */
};

/* To be released in any case. */
bool table_pairs_load(struct table_pairs *pairs, const struct moved_tables *tables,
		      struct db *target, struct error *err) MUST_CHECK;
/* Of zeroed ones too. */
void table_pairs_release(struct table_pairs *pairs);
/* The table of the run that has, or is to have, this name on the target; or NULL. */
struct moved_table *table_pairs_find(const struct table_pairs *pairs, const char *schema,
				     const char *table);

#endif
