/* Several workers copy one table, so chunks finish in any order, while the state
 * has one key per table: the end of the contiguous finished prefix. What was
 * finished beyond it is copied again after a resume, which is safe (I3). */
#include "chunk_plan.h"

#include <stdlib.h>

#include "base/mem.h"

void chunk_plan_init(struct chunk_plan *plan, const struct moved_table *table)
{
	*plan = (struct chunk_plan){ .table = table };
}

static void chunk_free(struct chunk *chunk)
{
	key_release(&chunk->low);
	key_release(&chunk->high);
	free(chunk);
}

void chunk_plan_release(struct chunk_plan *plan)
{
	while (plan->first) {
		struct chunk *next = plan->first->next;

		chunk_free(plan->first);
		plan->first = next;
	}
	key_release(&plan->next_low);
}

struct chunk *chunk_plan_append(struct chunk_plan *plan, const struct key *high)
{
	struct chunk *chunk = mem_calloc(1, sizeof(*chunk));

	chunk->plan = plan;
	key_copy(&chunk->low, &plan->next_low);
	if (high->is_set) {
		key_copy(&chunk->high, high);
		key_copy(&plan->next_low, high);
	}
	if (plan->last)
		plan->last->next = chunk;
	else
		plan->first = chunk;
	plan->last = chunk;
	return chunk;
}

bool chunk_plan_collect(struct chunk_plan *plan, struct key *end)
{
	bool any = false;

	while (plan->first && plan->first->is_read && plan->first->batches == 0) {
		struct chunk *chunk = plan->first;

		if (chunk->high.is_set)
			key_copy(end, &chunk->high);
		plan->rows += chunk->rows;
		plan->bytes += chunk->bytes;
		any = true;
		plan->first = chunk->next;
		if (!plan->first)
			plan->last = NULL;
		chunk_free(chunk);
	}
	if (plan->is_exhausted && !plan->first)
		plan->is_complete = true;
	return any;
}
