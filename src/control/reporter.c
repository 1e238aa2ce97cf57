/* The threads behind the progress and state callbacks. */
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

/* NULL: closed, and everything is sent. */
static char *next_report(struct report_sender *sender)
{
	char *payload;

	mutex_lock(&sender->lock);
	while (!sender->waiting && !sender->closed)
		condition_wait(&sender->changed, &sender->lock);
	payload = sender->waiting;
	sender->waiting = NULL;
	mutex_unlock(&sender->lock);
	return payload;
}

static void run(void *argument)
{
	struct report_sender *sender = argument;
	struct error err = ERROR_INIT;
	char *payload;

	while ((payload = next_report(sender))) {
		if (!callback_post(sender->callback.uri, payload, CALLBACK_TIMEOUT_MS, &err))
			log_write(failures[sender->report].level, log_tag, &err, NULL, "%s",
				  failures[sender->report].message);
		free(payload);
	}
}

void reporter_start(struct reporter *reporter, const struct callback *progress,
		    const struct callback *state)
{
	*reporter = (struct reporter){
		.senders = { [REPORT_PROGRESS] = { .report = REPORT_PROGRESS, .callback = *progress },
			     [REPORT_STATE] = { .report = REPORT_STATE, .callback = *state } }
	};
	for (int i = 0; i < REPORT_COUNT; i++) {
		struct report_sender *sender = &reporter->senders[i];

		mutex_init(&sender->lock);
		condition_init(&sender->changed);
		if (callback_is_set(&sender->callback))
			thread_start(&sender->thread, "reporter", run, sender);
	}
}

bool reporter_wants(const struct reporter *reporter, enum report report)
{
	return callback_is_set(&reporter->senders[report].callback);
}

void reporter_send(struct reporter *reporter, enum report report, char *payload)
{
	struct report_sender *sender = &reporter->senders[report];
	char *replaced;

	mutex_lock(&sender->lock);
	replaced = sender->waiting;
	sender->waiting = payload;
	condition_signal(&sender->changed);
	mutex_unlock(&sender->lock);
	free(replaced);
}

void reporter_finish(struct reporter *reporter)
{
	for (int i = 0; i < REPORT_COUNT; i++) {
		struct report_sender *sender = &reporter->senders[i];

		mutex_lock(&sender->lock);
		sender->closed = true;
		condition_signal(&sender->changed);
		mutex_unlock(&sender->lock);
	}
	for (int i = 0; i < REPORT_COUNT; i++) {
		struct report_sender *sender = &reporter->senders[i];

		thread_join(&sender->thread);
		free(sender->waiting);
		condition_destroy(&sender->changed);
		mutex_destroy(&sender->lock);
	}
}
