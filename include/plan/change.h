/* A row change that waits to be applied, in memory as it will stand in statements. */
#ifndef PLAN_CHANGE_H
#define PLAN_CHANGE_H

#include "base/buf.h"
#include "plan/moved_table.h"

struct change_group;

/* "The row with this key is this image", or is not there; without a key: "one such row
 * more", or less; or "there is no row of this table". One allocation; the texts follow each other
 * in bytes. */
struct change {
	struct change *next;
	struct change_group *group;
	uint64_t barrier;	/* I2 */
	uint64_t invalid_enums; /* in the image */
	/* Of a table without a key: where its event ends. */
	const char *file; /* borrowed from the binlog writer */
	uint64_t offset;
	bool is_delete;
	bool empties_table;  /* and has no texts */
	bool is_text;	     /* the image is one of load_text.h */
	size_t key_length;   /* "`a`=1 AND `b`=2": which row; without a key all of it */
	size_t head_length;  /* of a large image: change_head(), or 0 */
	size_t image_length; /* "(1,2,'x')", or "1\t2\tx\n"; 0 for a delete of a key. With a head:
			      * the tail of the statement is in it, where there is one */
	size_t order_length; /* key_order.h, behind the image. Without a key: what the key lacks
			      * for the row's stored generated columns, " AND `g`=3" */
	char bytes[];
};

static inline const char *change_key(const struct change *change)
{
	return change->bytes;
}

/* What the statement that brings an image begins with. */
static inline const char *change_head(const struct moved_table *table)
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

#define CHANGE_ALLOCATION_BYTES 16 /* what malloc() adds */

/* In memory. */
static inline size_t change_size(const struct change *change)
{
	return sizeof(*change) + change->key_length + change->head_length + change->image_length +
	       change->order_length + CHANGE_ALLOCATION_BYTES;
}

/* A change is built in a buffer that is used again, behind room for the struct: a small
 * one is copied out of it, a large one takes the buffer with it. */
void change_begin(struct buf *text);
/* text: key, head, image and order behind what change_begin() put there; what the lengths
 * leave is the image. */
struct change *change_end(struct buf *text, size_t key_length, size_t head_length,
			  size_t order_length, uint64_t invalid_enums);

#endif
