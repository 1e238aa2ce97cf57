/* The line of processes that a state comes from: who began the run, at which of its saves
 * the next one took over, and so on, up to the process that made the state and the number
 * of the save.
 *
 * A run may be resumed from any state of its line. What comes behind that state on the
 * line is then left: rows are led back through older images which a state made before
 * takes for applied, and nothing would bring them forward again. So two states of one run
 * are both good for resuming only where one is an ancestor of the other, or the same. */
#ifndef STATE_STATE_LINE_H
#define STATE_STATE_LINE_H

#include "base/json.h"

#define PROCESS_ID_SIZE 17 /* 16 hex digits */

struct line_step {
	char process[PROCESS_ID_SIZE];
	uint64_t save; /* the last of its saves that counts */
};

struct state_line {
	struct line_step *steps; /* owned, oldest first */
	size_t count;		 /* 0: nothing is known */
};

#define STATE_LINE_INIT                                                                            \
	{                                                                                          \
		NULL, 0                                                                            \
	}

void state_line_release(struct state_line *line);
void state_line_add(struct state_line *line, const char *process, uint64_t save);
/* to may hold a line, which is released. */
void state_line_copy(struct state_line *to, const struct state_line *from);

/* Do the two not lie on one line? */
bool state_line_branches(const struct state_line *line, const struct state_line *known);
/* Is line an ancestor of known, and not the same? */
bool state_line_is_before(const struct state_line *line, const struct state_line *known);

/* [{"Process": "…", "Save": 1}, …] */
cJSON *state_line_json(const struct state_line *line);
/* node NULL: an empty line. ERROR_CONFIG; *line needs no release then. */
bool state_line_read(const cJSON *node, struct state_line *line, struct error *err) MUST_CHECK;

/* "process a up to save 12, process b": the states that may still be resumed, by what is
 * known. */
void state_line_describe(struct buf *out, const struct state_line *known);

#endif
