/* The configuration, put into the terms of the layers below. */
#ifndef APP_WIRING_H
#define APP_WIRING_H

#include "config/config.h"
#include "control/callback.h"
#include "plan/move_options.h"

/* What the options point to and nobody else owns. */
struct wiring {
	struct ferry_options options;
	struct db_variable *source_variables;
	struct batch_point *batch_points; /* owned */
	struct db_variable *target_variables;
	struct db_variable *master_variables;
};

/* Fills wiring; most of it is borrowed from config, which must have been validated
 * and must outlive it. */
void wiring_make(struct wiring *wiring, const struct config *config);
void wiring_release(struct wiring *wiring);

struct callback wiring_callback(const struct http_callback *configured);

#endif
