/* The state as JSON, in the layout of Ghostferry's "Interrupt and resume" document. */
#ifndef STATE_STATE_WRITE_H
#define STATE_STATE_WRITE_H

#include "base/json.h"
#include "state/state_schema.h"
#include "state/state_tracker.h"

/* What a state says beside the tracker's part. To be had after the snapshot. */
struct state_parts {
	const struct state_schema *schema; /* NULL: null (not loaded yet, or not wanted) */
	cJSON *verification;		   /* owned, NULL: null */
	cJSON *owed_rows;		   /* owned, NULL: left out; see owed_rows.h */
	cJSON *cascades;		   /* owned, NULL: left out; see cascades.h */
	cJSON *way_back;		   /* owned, NULL: left out; see way_back.h */
};

/* Appends the JSON text of a snapshot of the tracker, one space of indentation, no newline at
 * the end. Takes over what parts own. Any thread. */
void state_write(struct buf *out, struct state_tracker *tracker, const struct run_state *snapshot,
		 const struct state_parts *parts);

/* Appends a state that was written a moment ago, text, with what is owed by now beside what
 * was owed then (owed_rows.h; taken over). */
void state_write_again(struct buf *out, struct state_tracker *tracker, const struct buf *text,
		       cJSON *owed);

/* What a state says, for its StateChecksum: all of it but that member. */
uint64_t state_sum(const cJSON *state);

#endif
