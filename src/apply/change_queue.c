/* The applied position (I6) is the end of the last group such that it and
 * all before it are closed and have no change pending. Tables are applied
 * independently of each other, so groups finish in any order. */
#include "change_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void change_groups_init(struct change_groups *groups)
{
	*groups = (struct change_groups){ .count = 0 };
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
	groups->last = groups->closed = NULL;
}

void change_groups_close(struct change_groups *groups, const struct binlog_position *position,
			 struct gtid_set *gtids, uint32_t timestamp)
{
	struct change_group *open = groups->last;

	/* Merged into the last group, as it has nothing to wait for, and many may come while others
	 * wait. The timestamp stays, as it belongs to the changes waited for. */
	if (open->pending == 0 && groups->closed) {
		groups->closed->end = *position;
		gtid_set_merge(&groups->closed->gtids, gtids);
		gtid_set_release(gtids);
		return;
	}
	open->end = *position;
	gtid_set_move(&open->gtids, gtids);
	open->timestamp = timestamp;
	open->is_closed = true;
	open->next = mem_calloc(1, sizeof(*open));
	groups->last = open->next;
	groups->closed = open;
	groups->count++;
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
		groups->count--;
		if (groups->closed == done)
			groups->closed = NULL;
		free(done);
	}
	return any;
}
