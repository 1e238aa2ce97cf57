/* Options of the Go driver among Params, which Ghostferry hands to it as they are. */
#ifndef CONFIG_DRIVER_PARAMS_H
#define CONFIG_DRIVER_PARAMS_H

#include "config/config.h"

/* Takes them out of the server's variables: into the fields that mean the same, or away, with
 * a warning. object: the key of the server. Errors are added to config's. */
void driver_params_take(struct config *config, const char *object, struct db_params *server,
			struct config_warnings *warnings, struct error *first);

#endif
