/* Comparing whole tables of both servers, several at once. */
#ifndef COMPARE_TABLE_DIFF_H
#define COMPARE_TABLE_DIFF_H

#include "compare/diff_report.h"
#include "plan/table_pairs.h"
#include "run/throttler.h"

struct recheck_rules;
struct repair_plan;

/* The tables as both sides define them. Read-only once loaded. */
struct table_diff {
	const struct move_options *options; /* borrowed */
	struct stop *stop;		    /* borrowed */
	struct row_hash *hashes;	    /* owned; by moved_table.index */
	size_t count;
	struct table_pairs pairs;
};

/* Reads the target's definitions. What makes a table impossible to compare stands in
 * its hash's finding. */
bool table_diff_load(struct table_diff *v, const struct move_options *options,
		     const struct moved_tables *tables, struct db *target, struct stop *stop,
		     struct error *err) MUST_CHECK;
void table_diff_release(struct table_diff *v);

/* How tables are compared. */
struct comparison {
	const struct recheck_rules *rules; /* differences are looked at again */
	difference_found *found;	   /* or else passed to this, from several threads */
	void *context;			   /* of these three */
	/* Where to begin: false when the table is not to be compared. NULL: all, from
	 * their start. low is unset before. */
	bool (*begin)(void *context, size_t table, struct key *low);
	/* A range was compared; end unset: the table was, to its end. May be NULL. */
	void (*compared)(void *context, size_t table, const struct key *end);
	struct throttler *throttler; /* NULL: is not to be paused */
	/* What differs is repaired, by each worker with a connection of its own; NULL: not. */
	const struct repair_plan *repair;
	unsigned workers;
};

/* Waits until all is done; the first failure ends it. verdict is by table index, and
 * with found holds only the numbers of rows. */
bool table_diff_compare(const struct table_diff *v, const struct comparison *how,
			struct diff_report *verdict, struct error *err) MUST_CHECK;

#endif
