/* The options of one run: the configuration's, and where to what the servers say of
 * themselves is written. */
#ifndef APP_WIRING_H
#define APP_WIRING_H

#include "config/config.h"
#include "db/computing.h"

struct wiring {
	struct ferry_options options; /* what they point to is the configuration's */
	struct db_identity source_identity;
	struct db_computing computing;
};

/* config must have been validated and must outlive wiring. Hooks are left out. */
void wiring_make(struct wiring *wiring, const struct config *config);

#endif
