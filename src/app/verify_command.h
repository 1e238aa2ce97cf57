/* -verify: compares source and target as they are now. */
#ifndef APP_VERIFY_COMMAND_H
#define APP_VERIFY_COMMAND_H

#include "app.h"

/* Prints the report on stdout; returns the exit status: EXIT_DONE when all tables are
 * equal, EXIT_DIFFERENT, or EXIT_NOT_STARTED when it could not be found out. */
int verify_command_run(const struct config *config, const struct cli *cli);

#endif
