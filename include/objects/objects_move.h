/* MoveObjects, by the ferry's thread. Sequences, routines and views are created when the rows have
 * arrived, triggers and events in the cutover, after the last change was applied. What exists
 * already as on the source is left alone: so every step may be repeated. */
#ifndef OBJECTS_OBJECTS_MOVE_H
#define OBJECTS_OBJECTS_MOVE_H

#include "run/run.h"

struct objects_move; /* what was made by this process */

struct objects_move *objects_move_new(struct run *run);
/* NULL is fine. */
void objects_move_free(struct objects_move *m);
/* Before the cutover. */
bool objects_move_early(struct objects_move *m, struct error *err) MUST_CHECK;
/* In the cutover, when nobody writes any more: the earlier kinds as they are on the source now, the
 * values of sequences, triggers, and events, which do not run yet. */
bool objects_move_late(struct objects_move *m, struct error *err) MUST_CHECK;
/* Enables the events that run on the source. */
bool objects_move_enable(struct objects_move *m, struct error *err) MUST_CHECK;
/* Logs what was moved, and what was not; also without MoveObjects. */
void objects_move_report(struct objects_move *m);
/* Before rows are written again: drops triggers and events that an earlier process created. */
bool objects_drop_late(struct run *run, struct db *source, struct db *target,
		       struct error *err) MUST_CHECK;

#endif
