/* What is posted to the URLs of the configuration: progress, state, the cutover. */
#ifndef APP_REPORTS_H
#define APP_REPORTS_H

#include "app.h"

/* The loop's thread; both hand the text to the reporter and do nothing when there is
 * no callback. */
void report_progress(struct app *app);
void report_state(struct app *app);

/* The callbacks of the cutover, and the saved state. */
void reports_set_hooks(struct app *app, struct ferry_hooks *hooks);

#endif
