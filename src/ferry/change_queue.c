/* The applied position (README I6) is the end of the last group such that it and
 * all before it are closed and have no change pending. Tables are applied
 * independently of each other, so groups finish in any order. */
#include "change_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct change *change_new(const char *key, size_t key_length, const char *image,
			  size_t image_length, uint64_t invalid_enums)
{
	struct change *change = mem_alloc(sizeof(*change) + key_length + image_length);

	*change = (struct change){ .key_length = key_length,
				   .image_length = image_length,
				   .is_delete = image_length == 0,
				   .invalid_enums = invalid_enums };
	memcpy(change->bytes, key, key_length);
	if (image_length)
		memcpy(change->bytes + key_length, image, image_length);
	return change;
}

void change_groups_init(struct change_groups *groups)
{
	groups->first = groups->last = mem_calloc(1, sizeof(*groups->first));
}

void change_groups_release(struct change_groups *groups)
{
	while (groups->first) {
		struct change_group *next = groups->first->next;

		gtid_set_release(&groups->first->gtids);
		free(groups->first);
		groups->first = next;
	}
	groups->last = NULL;
}

void change_groups_close(struct change_groups *groups, const struct binlog_position *position,
			 struct gtid_set *gtids, uint32_t timestamp)
{
	struct change_group *open = groups->last;

	open->end = *position;
	gtid_set_move(&open->gtids, gtids);
	open->timestamp = timestamp;
	open->is_closed = true;
	open->next = mem_calloc(1, sizeof(*open));
	groups->last = open->next;
}

bool change_groups_collect(struct change_groups *groups, struct binlog_position *end,
			   struct gtid_set *gtids)
{
	bool any = false;

	while (groups->first->is_closed && groups->first->pending == 0) {
		struct change_group *done = groups->first;

		*end = done->end;
		gtid_set_merge(gtids, &done->gtids);
		gtid_set_release(&done->gtids);
		any = true;
		groups->first = done->next;
		free(done);
	}
	return any;
}
