/* Row changes waiting to be applied: one queue per table, and the list of groups
 * (transactions) by which the applied position advances. No lock of its own, the
 * binlog writer's guards it. */
#ifndef FERRY_CHANGE_QUEUE_H
#define FERRY_CHANGE_QUEUE_H

#include "base/buf.h"
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

/* "The row with this key is this image", or is not there; without a key: "one such row
 * more", or less. One allocation; the texts follow each other in bytes. */
struct change {
	struct change *next;
	struct change_group *group;
	uint64_t barrier;	/* README I2 */
	uint64_t invalid_enums; /* in the image */
	/* Of a table without a key: where its event ends. */
	const char *file; /* borrowed from the binlog writer */
	uint64_t offset;
	bool is_delete;
	size_t key_length;   /* "`a`=1 AND `b`=2": which row; without a key all of it */
	size_t head_length;  /* of a large image: change_head(), or 0 */
	size_t image_length; /* "(1,2,'x')"; 0 for a delete of a key. With a head: the tail of
			      * the statement is in it, where there is one */
	size_t order_length; /* key_order.h, behind the image; 0 without a key */
	char bytes[];
};

#define TABLE_QUEUE_ROWS_MAX 10000

struct table_queue {
	const struct ferry_table *table;
	struct change *first;
	struct change **end;	/* where the next one is linked */
	bool is_busy;		/* a writer is applying changes of this table */
	bool is_listed;		/* in the ready list of the writer */
	struct table_queue *next_ready;
	size_t rows_max; /* in one transaction; fewer after a deadlock; who is busy has it */
};

struct change_groups {
	struct change_group *first; /* owned list in stream order */
	struct change_group *last;  /* the open one; never NULL */
	struct change_group *closed; /* the one before it; NULL: none */
	size_t count;		     /* closed ones */
};

static inline const char *change_key(const struct change *change)
{
	return change->bytes;
}

/* What the statement that brings an image begins with. */
static inline const char *change_head(const struct ferry_table *table)
{
	return table->may_displace ? table->insert_head : table->replace_head;
}

/* The head stands in front of it. */
static inline const char *change_image(const struct change *change)
{
	return change->bytes + change->key_length + change->head_length;
}

static inline const char *change_order(const struct change *change)
{
	return change_image(change) + change->image_length;
}

#define ALLOCATION_BYTES 16 /* what malloc() adds */

/* In memory. */
static inline size_t change_size(const struct change *change)
{
	return sizeof(*change) + change->key_length + change->head_length + change->image_length +
	       change->order_length + ALLOCATION_BYTES;
}

static inline size_t change_groups_size(const struct change_groups *groups)
{
	return groups->count * (sizeof(struct change_group) + ALLOCATION_BYTES);
}

/* A change is built in a buffer that is used again, behind room for the struct: a small
 * one is copied out of it, a large one takes the buffer with it. */
void change_begin(struct buf *text);
/* text: key, head, image and order behind what change_begin() put there; what the lengths
 * leave is the image. */
struct change *change_end(struct buf *text, size_t key_length, size_t head_length,
			  size_t order_length, uint64_t invalid_enums);

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
