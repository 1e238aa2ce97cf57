/* The thread behind the progress and state callbacks. */
#include "control/reporter.h"

#include <stdlib.h>

#include "base/log.h"

static const char log_tag[] = "http-callback";

static const struct {
	enum log_level level;
	const char *message;
} failures[REPORT_COUNT] = {
	[REPORT_PROGRESS] = { LOG_WARN, "failed to post status, but that's probably okay" },
	[REPORT_STATE] = { LOG_ERROR, "failed to post state" },
};

/* False: closed, and everything is sent. */
static bool next_report(struct reporter *reporter, enum report *report, char **payload)
{
	*payload = NULL;
	mutex_lock(&reporter->lock);
	for (;;) {
		for (int i = 0; !*payload && i < REPORT_COUNT; i++) {
			*report = (enum report)i;
			*payload = reporter->waiting[i];
			reporter->waiting[i] = NULL;
		}
		if (*payload || reporter->closed)
			break;
		condition_wait(&reporter->changed, &reporter->lock);
	}
	mutex_unlock(&reporter->lock);
	return *payload;
}

static void run(void *argument)
{
	struct reporter *reporter = argument;
	struct error err = ERROR_INIT;
	enum report report;
	char *payload;

	while (next_report(reporter, &report, &payload)) {
		if (!callback_post(reporter->callbacks[report].uri, payload, CALLBACK_TIMEOUT_MS,
				   &err))
			log_write(failures[report].level, log_tag, &err, NULL, "%s",
				  failures[report].message);
		free(payload);
	}
}

void reporter_start(struct reporter *reporter, const struct callback *progress,
		    const struct callback *state)
{
	*reporter = (struct reporter){
		.callbacks = { [REPORT_PROGRESS] = *progress, [REPORT_STATE] = *state }
	};
	mutex_init(&reporter->lock);
	condition_init(&reporter->changed);
	if (callback_is_set(progress) || callback_is_set(state))
		thread_start(&reporter->thread, "reporter", run, reporter);
}

bool reporter_wants(const struct reporter *reporter, enum report report)
{
	return callback_is_set(&reporter->callbacks[report]);
}

void reporter_send(struct reporter *reporter, enum report report, char *payload)
{
	char *replaced;

	mutex_lock(&reporter->lock);
	replaced = reporter->waiting[report];
	reporter->waiting[report] = payload;
	condition_signal(&reporter->changed);
	mutex_unlock(&reporter->lock);
	free(replaced);
}

void reporter_finish(struct reporter *reporter)
{
	mutex_lock(&reporter->lock);
	reporter->closed = true;
	condition_signal(&reporter->changed);
	mutex_unlock(&reporter->lock);
	thread_join(&reporter->thread);
	for (int i = 0; i < REPORT_COUNT; i++)
		free(reporter->waiting[i]);
	condition_destroy(&reporter->changed);
	mutex_destroy(&reporter->lock);
}
