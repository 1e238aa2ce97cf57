/* Where the time of those threads goes that move rows: at every moment a thread does one kind
 * of work, and says so when that changes, a few times per batch.
 *
 * A work_clock belongs to its thread, from work_join() to work_leave(); others see it under
 * the sheet's lock only. A thread that has not joined is not counted, and may call all of
 * this. */
#ifndef RUN_WORK_TIME_H
#define RUN_WORK_TIME_H

#include <stdint.h>

#include "base/thread.h"

enum work {
	WORK_IDLE, /* there is nothing to do: not counted */
	WORK_READING,
	WORK_WAITING_FOR_LOCK, /* of a row, or for other writers of this run */
	WORK_WAITING_FOR_ROOM, /* the other side takes no more */
	WORK_BUILDING,	       /* rows become text */
	WORK_WRITING,
	WORK_COMMITTING,
	WORK_CHECKING, /* rows are looked for, or compared */
	WORK_THROTTLED,
	WORK_OTHER, /* connecting, waiting before another attempt, what is too short for a name */
	WORK_COUNT
};

enum work_side { WORK_ON_SOURCE, WORK_ON_TARGET, WORK_SIDES };

/* NULL: there is no such work on that side. */
struct work_name {
	const char *status; /* what the status calls it: "WaitingForLock" */
	const char *log;    /* what lines of the log do: "#source_waiting_for_lock_ms" */
};
extern const struct work_name work_names[WORK_SIDES][WORK_COUNT];

struct work_times {
	int64_t us[WORK_SIDES][WORK_COUNT]; /* of all threads together */
};

struct work_sheet {
	struct mutex lock;
	struct work_times sums;	   /* guarded by lock */
	struct work_clock *clocks; /* guarded by lock: of those who have joined */
};

/* All guarded by the sheet's lock, but for those that are constant while it is joined. */
struct work_clock {
	struct work_sheet *sheet; /* borrowed, constant */
	enum work_side side;	  /* constant */
	enum work work;
	int64_t since_us;
	struct work_clock *next;
};

void work_sheet_init(struct work_sheet *sheet);
void work_sheet_destroy(struct work_sheet *sheet);
/* Any thread: up to now. */
void work_sheet_read(struct work_sheet *sheet, struct work_times *times);

void work_join(struct work_sheet *sheet, struct work_clock *clock, enum work_side side,
	       enum work work);
void work_leave(struct work_clock *clock);

/* From now on this thread does that. Returns what it did before, to go back to. */
enum work work_begin(enum work work);
/* What this thread has done since its work_begin() was really that. */
void work_was(enum work work);
/* Of what it has done since then, so much was that. */
void work_was_partly(enum work work, int64_t us);

#endif
