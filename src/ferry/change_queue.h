/* Row changes waiting to be applied: one queue per table, and the list of groups
 * (transactions) by which the applied position advances. No lock of its own, the
 * binlog writer's guards it. */
#ifndef FERRY_CHANGE_QUEUE_H
#define FERRY_CHANGE_QUEUE_H

#include "binlog/gtid_set.h"
#include "binlog/position.h"
#include "ferry/ferry_table.h"

/* The changes between two boundaries. */
struct change_group {
	uint64_t pending;	    /* changes not yet applied */
	bool is_closed;		    /* end is known */
	struct binlog_position end; /* boundary behind the group */
	struct gtid_set gtids;	    /* transactions that are done when the group is */
	uint32_t timestamp;	    /* of its last event; 0 unknown */
	struct change_group *next;
};

/* "The row with this key is this image", or is not there. One allocation; the
 * texts follow each other in bytes. */
struct change {
	struct change *next;
	struct change_group *group;
	uint64_t barrier;	/* README I2 */
	uint64_t invalid_enums; /* in the image */
	bool is_delete;
	size_t key_length;   /* "`a`=1 AND `b`=2": which row */
	size_t image_length; /* "(1,2,'x')"; 0 for a delete */
	char bytes[];
};

struct table_queue {
	const struct ferry_table *table;
	struct change *first;
	struct change **end;	/* where the next one is linked */
	bool is_busy;		/* a writer is applying changes of this table */
	bool is_listed;		/* in the ready list of the writer */
	struct table_queue *next_ready;
};

struct change_groups {
	struct change_group *first; /* owned list in stream order */
	struct change_group *last;  /* the open one; never NULL */
};

static inline const char *change_key(const struct change *change)
{
	return change->bytes;
}

static inline const char *change_image(const struct change *change)
{
	return change->bytes + change->key_length;
}

static inline size_t change_size(const struct change *change)
{
	return sizeof(*change) + change->key_length + change->image_length;
}

/* Copies key and image. */
struct change *change_new(const char *key, size_t key_length, const char *image,
			  size_t image_length, uint64_t invalid_enums);

void change_groups_init(struct change_groups *groups);
void change_groups_release(struct change_groups *groups);
/* Closes the open group at position; takes the gtids. */
void change_groups_close(struct change_groups *groups, const struct binlog_position *position,
			 struct gtid_set *gtids, uint32_t timestamp);
/* Takes applied groups off the front; true, the last one's end and the gtids of all when
 * there were any. */
bool change_groups_collect(struct change_groups *groups, struct binlog_position *end,
			   struct gtid_set *gtids);

#endif
