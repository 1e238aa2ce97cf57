/* The time zone by which the source computes, as the target can be set to it. */
#ifndef PLAN_ZONE_H
#define PLAN_ZONE_H

#include "db/db.h"

#define ZONE_OFFSETS_MAX 8
#define ZONE_OFFSET_SIZE 16

struct zone {
	char name[128];	     /* to SET time_zone on the target to; "": there is none */
	char on_source[128]; /* @@global.time_zone, and what the system calls it */
	bool is_utc;	     /* always has been: nothing is to be set */
	bool has_changes;    /* of its offset: some hours are there twice */
	/* "+01:00", each offset that it has had since 1970; 0: more than can be told */
	char offsets[ZONE_OFFSETS_MAX][ZONE_OFFSET_SIZE];
	unsigned offset_count;
};

/* *zone is filled when true; a zone that the target does not know alike has no name. */
bool zone_ask(struct zone *zone, struct db *source, struct db *target, struct error *err) MUST_CHECK;

#endif
