/* How the process ends when the run did not go to its end. */
#ifndef APP_SHUTDOWN_H
#define APP_SHUTDOWN_H

#include "app.h"

#define ERROR_CALLBACK_TIMEOUT_MS 5000
#define STDOUT_PATIENCE_MS 30000
#define ENDING_S 15 /* once the state is on stdout */
#define RELEASE_S 3 /* of memory, at the end of a run that is done */

/* Interrupted or failed: prints the state, saves it, reports, leaves. Waits for none
 * of the ferry's threads, which may hang in a query. */
void shutdown_failed(struct app *app) NORETURN;
/* Nothing was moved: reports all that prevents it, leaves. */
void shutdown_not_started(struct app *app) NORETURN;
/* From here on SIGTERM and SIGINT end the process at once with this status. */
void shutdown_at_next_signal(int exit_status);
/* All bytes, or an error: a reader that is gone, a full disk, or STDOUT_PATIENCE_MS
 * without a reader taking any. */
bool shutdown_print(const char *bytes, size_t length, struct error *err) MUST_CHECK;

#endif
