/* The inside of struct cascades: cascades.c (the stream), cascade_check.c (tables in doubt). */
#ifndef APPLY_CASCADES_PRIV_H
#define APPLY_CASCADES_PRIV_H

#include "apply/cascades.h"
#include "cascade_rows.h"
#include "compare/table_diff.h"

/* Rows of a parent that are gone, not yet resolved. */
struct gone_parent {
	struct value *values; /* owned, with their bytes; by column of the table */
	struct gone_parent *next;
};

struct cascades {
	/* Constant once made. */
	struct run *run;
	struct binlog_writer *writer;
	struct cascades_hooks hooks;
	struct move_options options; /* the run's, but that all columns are compared */
	struct table_diff diff;
	struct repair_plan cascade_plan; /* of resolutions */
	struct repair_plan check_plan;	 /* of what is in doubt */
	bool *is_parent;		 /* owned; by moved_table.index, as the next */
	bool *is_child;

	/* The streamer's thread. */
	struct cascade_rows rows;
	bool *below;			  /* tables that the change at hand may reach */
	const struct moved_table *parent; /* of those that are gone; NULL: there are none */
	struct gone_parent *gone;	  /* owned */
	size_t gone_count;
	struct binlog_position gone_from; /* where the first of them ended */
	struct binlog_position last;	  /* where the last change ended, and its number */
	uint64_t last_number;
	bool was_repeated; /* changes came again since certain_from was set */

	/* Shared. */
	struct mutex lock;
	/* When all is copied: beyond this place the rows of the target that changes are passed on
	 * by are just what they were there. */
	bool is_copied;			     /* guarded by lock */
	struct binlog_position certain_from; /* guarded by lock */
	uint64_t *doubts; /* guarded by lock; owned; by moved_table.index: 0: there is none, else
			   * another number each time */
	uint64_t doubt_count; /* guarded by lock */
};

/* Any thread: the table is to be compared as a whole. */
void cascades_doubt(struct cascades *c, size_t table, const char *why);

#endif
