/* Row changes waiting to be applied: one queue per table, and the list of groups (transactions) by
 * which the applied position advances. It has no lock of its own: the binlog writer's guards it. */
#ifndef APPLY_CHANGE_QUEUE_H
#define APPLY_CHANGE_QUEUE_H

#include "decode/gtid_set.h"
#include "decode/position.h"
#include "plan/change.h"

/* The changes between two boundaries. */
struct change_group {
	uint64_t pending;	    /* changes not yet applied */
	bool is_closed;		    /* end is known */
	struct binlog_position end; /* boundary after the group */
	struct gtid_set gtids;	    /* transactions that are done when the group is */
	uint32_t timestamp;	    /* of its last event; 0 unknown */
	struct change_group *next;
};

#define TABLE_QUEUE_ROWS_MAX 10000

struct table_queue {
	const struct moved_table *table;
	bool suits_load; /* load_text_suits() */
	struct change *first;
	struct change **end; /* where the next one is linked */
	bool is_busy;	     /* a writer is applying changes of this table */
	bool is_listed;	     /* in the ready list of the writer */
	struct table_queue *next_ready;
	size_t rows_max; /* in one transaction; fewer after a deadlock; owned by the busy writer */
};

struct change_groups {
	struct change_group *first;  /* owned list in stream order */
	struct change_group *last;   /* the open one; never NULL */
	struct change_group *closed; /* the one before it; NULL: none */
	size_t count;		     /* closed ones */
};

static inline size_t change_groups_size(const struct change_groups *groups)
{
	return groups->count * (sizeof(struct change_group) + CHANGE_ALLOCATION_BYTES);
}

void change_groups_init(struct change_groups *groups);
void change_groups_release(struct change_groups *groups);
/* Closes the open group at position, and moves the gtids into it. */
void change_groups_close(struct change_groups *groups, const struct binlog_position *position,
			 struct gtid_set *gtids, uint32_t timestamp);
/* Removes applied groups from the front. True if there were any: end is then the end of the last
 * one, and gtids has those of all. */
bool change_groups_collect(struct change_groups *groups, struct binlog_position *end,
			   struct gtid_set *gtids);

#endif
