/* Two lines are compared step by step. They part where the processes differ, or where one
 * of them goes on from an earlier save of a process than the other one reaches. */
#include "state/state_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void state_line_release(struct state_line *line)
{
	free(line->steps);
	*line = (struct state_line)STATE_LINE_INIT;
}

void state_line_add(struct state_line *line, const char *process, uint64_t save)
{
	struct line_step *step;

	line->steps = mem_resize(line->steps, line->count + 1, sizeof(*line->steps));
	step = &line->steps[line->count++];
	snprintf(step->process, sizeof(step->process), "%s", process);
	step->save = save;
}

void state_line_copy(struct state_line *to, const struct state_line *from)
{
	state_line_release(to);
	for (size_t i = 0; i < from->count; i++)
		state_line_add(to, from->steps[i].process, from->steps[i].save);
}

static bool is_last(const struct state_line *line, size_t i)
{
	return i + 1 == line->count;
}

enum relation { SAME, BEFORE, BEHIND, BRANCHED };

static enum relation compare(const struct state_line *line, const struct state_line *known)
{
	size_t shorter = line->count < known->count ? line->count : known->count;

	for (size_t i = 0; i < shorter; i++) {
		const struct line_step *a = &line->steps[i], *b = &known->steps[i];

		if (strcmp(a->process, b->process) != 0)
			return BRANCHED;
		if (a->save < b->save)
			return is_last(line, i) ? BEFORE : BRANCHED;
		if (a->save > b->save)
			return is_last(known, i) ? BEHIND : BRANCHED;
	}
	if (line->count == known->count)
		return SAME;
	return line->count < known->count ? BEFORE : BEHIND;
}

bool state_line_branches(const struct state_line *line, const struct state_line *known)
{
	return compare(line, known) == BRANCHED;
}

bool state_line_is_before(const struct state_line *line, const struct state_line *known)
{
	return compare(line, known) == BEFORE;
}

cJSON *state_line_json(const struct state_line *line)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < line->count; i++) {
		cJSON *step = cJSON_CreateObject();

		cJSON_AddStringToObject(step, "Process", line->steps[i].process);
		json_add_u64(step, "Save", line->steps[i].save);
		cJSON_AddItemToArray(array, step);
	}
	return array;
}

bool state_line_read(const cJSON *node, struct state_line *line, struct error *err)
{
	*line = (struct state_line)STATE_LINE_INIT;
	if (!node)
		return true;
	const cJSON *step = node->child;

	for (; cJSON_IsArray(node) && step; step = step->next) {
		const cJSON *process = cJSON_GetObjectItemCaseSensitive(step, "Process");
		const cJSON *save = cJSON_GetObjectItemCaseSensitive(step, "Save");
		uint64_t number;

		if (!cJSON_IsObject(step) || !cJSON_IsString(process) || !json_u64(save, &number) ||
		    strlen(process->valuestring) != PROCESS_ID_SIZE - 1 ||
		    strspn(process->valuestring, "0123456789abcdef") != PROCESS_ID_SIZE - 1)
			break;
		state_line_add(line, process->valuestring, number);
	}
	if (cJSON_IsArray(node) && !step)
		return true;
	state_line_release(line);
	return error_set(err, ERROR_CONFIG,
			 "StateLine: must be an array of {\"Process\": 16 hexadecimal digits, "
			 "\"Save\": a whole number}");
}

/* The newest few: a run may have been resumed a thousand times. */
void state_line_describe(struct buf *out, const struct state_line *known)
{
	size_t first = known->count > 3 ? known->count - 3 : 0;

	for (size_t i = first; i < known->count; i++) {
		const struct line_step *step = &known->steps[i];

		buf_printf(out, "%sprocess %s", i > first ? ", " : "", step->process);
		if (!is_last(known, i))
			buf_printf(out, " up to save %" PRIu64, step->save);
	}
}
