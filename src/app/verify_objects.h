/* The part of -verify that compares what MoveObjects lists. */
#ifndef APP_VERIFY_OBJECTS_H
#define APP_VERIFY_OBJECTS_H

#include "plan/move_options.h"

/* A line on standard error for each that is missing on the target or not as it is on the
 * source, whose number is added to *different. */
bool verify_objects(const struct move_options *options, struct db *source, struct db *target,
		    unsigned *different, struct error *err) MUST_CHECK;

#endif
