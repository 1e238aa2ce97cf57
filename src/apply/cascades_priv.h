/* Internals of struct cascades: cascades.c (the stream), cascade_check.c (tables in doubt). */
#ifndef APPLY_CASCADES_PRIV_H
#define APPLY_CASCADES_PRIV_H

#include "apply/cascades.h"
#include "cascade_rows.h"
#include "compare/table_diff.h"

/* Changes of one parent that are not yet resolved. */
struct held_changes {
	const struct moved_table *parent; /* NULL: there are none */
	struct parent_change *changes;	  /* owned, with their values */
	size_t count;
	struct binlog_position from; /* where the first of them ended */
	bool is_vague;		     /* the last one gave a value that may be equal to others */
	struct map given; /* what they made of referenced columns, as bytes; the values mean nothing */
};

struct cascades {
	/* Constant once made. */
	struct run *run;
	struct binlog_writer *writer;
	struct cascades_hooks hooks;
	struct move_options options; /* the run's, except that all columns are compared */
	struct table_diff diff;
	struct repair_plan cascade_plan; /* for resolutions */
	struct repair_plan check_plan;	 /* for tables in doubt */
	bool *is_parent;		 /* owned; by moved_table.index, like the next */
	bool *is_child;
	bool *is_circular; /* it leads to itself */

	/* The streamer's thread. */
	struct cascade_rows rows;
	bool *below; /* tables that the held changes may reach */
	struct held_changes held;
	struct binlog_position last; /* where the last change ended, and its number */
	uint64_t last_number;
	bool was_repeated; /* changes were repeated since certain_from was set */

	/* Shared. */
	struct mutex lock;
	/* Once all is copied: for a change beyond this position, the target's rows that pass
	 * changes on are exactly what the source's were at that change. */
	bool is_copied;			     /* guarded by lock */
	struct binlog_position certain_from; /* guarded by lock */
	uint64_t *doubts;     /* guarded by lock; owned; by moved_table.index: 0: none, else a new
			       * number for each doubt */
	uint64_t doubt_count; /* guarded by lock */
};

/* Any thread: marks the table to be compared as a whole. */
void cascades_doubt(struct cascades *c, size_t table, const char *why);

#endif
