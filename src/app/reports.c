/* Reports. The periodic ones are made on the loop's thread and posted by the reporter's. The
 * cutover is different: observers must know that the row copy is complete before the lock is
 * requested, so the ferry's thread posts both itself, one after the other, and waits for the
 * answers. */
#include "reports.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/status_json.h"

#define CUTOVER_REPORT_TIMEOUT_MS 5000
#define SAVE_MS 10000

static const char log_tag[] = "ferry";

/* rate NULL: the average of the whole run. */
static char *progress_text(struct app *app, const struct rate *rate)
{
	struct ferry_status status;
	struct estimate estimate;
	const struct status_view view = {
		.status = &status,
		.estimate = &estimate,
		.custom_payload = app->config->progress_callback.payload,
		.now = clock_wall(),
	};
	struct buf text = BUF_INIT;

	ferry_status(app->ferry, &status);
	if (rate)
		estimate_make(&estimate, rate, &status);
	else
		estimate_average(&estimate, &status);
	progress_json_write(&text, &view);
	ferry_status_release(&status);
	return buf_take(&text);
}

void report_progress(struct app *app)
{
	if (reporter_wants(&app->reporter, REPORT_PROGRESS))
		reporter_send(&app->reporter, REPORT_PROGRESS, progress_text(app, &app->rate));
}

void report_state(struct app *app)
{
	struct buf text = BUF_INIT;

	if (reporter_wants(&app->reporter, REPORT_STATE) && ferry_state(app->ferry, &text))
		reporter_send(&app->reporter, REPORT_STATE, buf_take(&text));
	buf_release(&text);
}

static void post_cutover_progress(struct app *app)
{
	struct error err = ERROR_INIT;
	char *text;

	if (app->cutover_reported || !callback_is_set(&app->config->progress_callback))
		return;
	app->cutover_reported = true;
	text = progress_text(app, NULL);
	/* The cutover waits for it, so not for long. */
	if (!callback_post(app->config->progress_callback.uri, text, CUTOVER_REPORT_TIMEOUT_MS, &err))
		log_warn_err(&err, "failed to post status, but that's probably okay");
	free(text);
}

static bool post_configured(const struct callback *callback, struct error *err)
{
	return !callback_is_set(callback) ||
	       callback_post(callback->uri, callback->payload, CALLBACK_TIMEOUT_MS, err);
}

static bool cutover_lock(void *context, struct error *err)
{
	struct app *app = context;

	post_cutover_progress(app);
	return post_configured(&app->config->cutover_lock, err);
}

static bool cutover_unlock(void *context, struct error *err)
{
	struct app *app = context;

	/* The application stands still meanwhile: not for long. */
	if (!state_file_save(&app->state_file, SAVE_MS))
		log_warn("CutoverUnlock is called although the state file does not say so: do not "
			 "resume from it");
	return post_configured(&app->config->cutover_unlock, err);
}

static bool save_state(void *context)
{
	struct app *app = context;

	return state_file_save(&app->state_file, SAVE_MS);
}

void reports_set_hooks(struct app *app, struct ferry_hooks *hooks)
{
	hooks->save_state = save_state;
	if (app->config->cutover_lock.uri || callback_is_set(&app->config->progress_callback))
		hooks->cutover_lock = cutover_lock;
	if (app->config->cutover_unlock.uri)
		hooks->cutover_unlock = cutover_unlock;
}
