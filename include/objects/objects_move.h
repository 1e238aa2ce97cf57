/* MoveObjects, by the ferry's thread. Sequences, routines and views are made when the rows have
 * arrived, triggers and events in the cutover, when the last change was applied. What is there
 * already, as the source has it, is left as it is: so every step may be done again. */
#ifndef OBJECTS_OBJECTS_MOVE_H
#define OBJECTS_OBJECTS_MOVE_H

#include "run/run.h"

struct objects_move; /* what was made by this process */

struct objects_move *objects_move_new(struct run *run);
/* NULL is fine. */
void objects_move_free(struct objects_move *m);
/* Before the cutover. */
bool objects_move_early(struct objects_move *m, struct error *err) MUST_CHECK;
/* In the cutover, when nobody writes any more: those of before as they are on the source now, the
 * values of sequences, triggers, and events, which do not run yet. */
bool objects_move_late(struct objects_move *m, struct error *err) MUST_CHECK;
/* Events that run on the source. */
bool objects_move_enable(struct objects_move *m, struct error *err) MUST_CHECK;
/* Logs what was moved, and what was not; also without MoveObjects. */
void objects_move_report(struct objects_move *m);
/* Before rows are written again: triggers and events that an earlier process has made. */
bool objects_drop_late(struct run *run, struct db *source, struct db *target,
		       struct error *err) MUST_CHECK;

#endif
