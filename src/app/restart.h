/* Resuming, by itself, from the state of a run that had to end. */
#ifndef APP_RESTART_H
#define APP_RESTART_H

#include "cli.h"
#include "app.h"

/* main: how the program was started. Borrowed. */
void restart_remember(const char *program, const struct cli *cli);
/* Before the ferry runs: what was allowed and set at run time is so again. */
void restart_restore(struct app *app);
/* Once there are handlers: what was sent while the program ran itself again. */
void restart_take_signals(void);
/* The run has ended with this error, of that part of the ferry. Does not return if it can
 * be helped by resuming it at once. */
void restart_if_it_helps(struct app *app, const struct error *err, enum run_part part);

#endif
