/* Tables that are copied again in mid-run, as their definition changed on the source or -recopy
 * named them: see ferry_recopy.c. A value; a state has those that still matter. */
#ifndef STATE_RECOPIES_H
#define STATE_RECOPIES_H

#include "base/json.h"
#include "decode/position.h"

struct recopy {
	char *table; /* owned: "schema.name" on the source, where it may be gone */
	/* What the target has of it is to be dropped, and is the run's own to drop: what was there
	 * before is looked for before a state says so. */
	bool is_pending;
	bool is_ours; /* the target's table is; where it is pending, else without meaning */
	/* Of the source: what its binlog has of the table before this place is older than the copy.
	 * Unset while that is not known. */
	struct binlog_position from;
	/* Of the target: DROP TABLE before this place is ours. Unset: not known, or not watched. */
	struct binlog_position dropped;
};

struct recopies {
	struct recopy *items; /* owned */
	size_t count;
};

/* NULL: the table is none of them. */
struct recopy *recopies_find(const struct recopies *list, const char *table);
bool recopies_is_pending(const struct recopies *list, const char *table);
size_t recopies_pending(const struct recopies *list);
/* The table is pending from now on, listed before or not. */
struct recopy *recopies_want(struct recopies *list, const char *table);
/* to holds nothing before. */
void recopies_copy(struct recopies *to, const struct recopies *from);
void recopies_release(struct recopies *list);

/* {"shop.orders": {"From": {"Name": …, "Pos": …}, "TargetDropped": {…}, "IsPending": true}}; NULL
 * where none matters any more to a run that is at position, and on the target at watched (unset: it
 * is not watched). */
cJSON *recopies_json(const struct recopies *list, const struct binlog_position *position,
		     const struct binlog_position *watched);
/* node NULL: none. ERROR_CONFIG; *list needs no release then. */
bool recopies_read(const cJSON *node, struct recopies *list, struct error *err) MUST_CHECK;

#endif
