/* A copy owns all that the original owns. */
#include "state/run_state.h"

#include <stdlib.h>

#include "base/mem.h"

void run_state_copy(struct run_state *to, const struct run_state *from)
{
	*to = *from;
	to->line = (struct state_line)STATE_LINE_INIT;
	to->applied = to->received = (struct gtid_set)GTID_SET_INIT;
	state_line_copy(&to->line, &from->line);
	gtid_set_copy(&to->applied, &from->applied);
	gtid_set_copy(&to->received, &from->received);
	recopies_copy(&to->recopies, &from->recopies);
	to->tables = mem_calloc(from->table_count + 1, sizeof(*to->tables));
	for (size_t i = 0; i < from->table_count; i++) {
		to->tables[i] = from->tables[i];
		to->tables[i].copied_up_to = (struct key)KEY_INIT;
		key_copy(&to->tables[i].copied_up_to, &from->tables[i].copied_up_to);
	}
}

void run_state_release(struct run_state *state)
{
	for (size_t i = 0; i < state->table_count; i++)
		key_release(&state->tables[i].copied_up_to);
	free(state->tables);
	recopies_release(&state->recopies);
	state_line_release(&state->line);
	gtid_set_release(&state->applied);
	gtid_set_release(&state->received);
}
