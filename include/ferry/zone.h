/* The time zone by which the source computes, as the target can be set to it. */
#ifndef FERRY_ZONE_H
#define FERRY_ZONE_H

#include "db/db.h"

struct zone {
	char name[128];	    /* to SET time_zone on the target to; "": there is none */
	char on_source[128]; /* @@global.time_zone, and what the system calls it */
	bool is_utc;	    /* always has been: nothing is to be set */
	bool has_changes;   /* of its offset: some hours are there twice */
};

/* *zone is filled when true; a zone that the target does not know alike has no name. */
bool zone_ask(struct zone *zone, struct db *source, struct db *target, struct error *err)
	MUST_CHECK;

#endif
