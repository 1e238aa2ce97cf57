/* Trying again: one rule for every read and write (Ghostferry: WithRetries). */
#ifndef BASE_RETRY_H
#define BASE_RETRY_H

#include "base/error.h"
#include "base/stop.h"

struct retry_policy {
	const char *verb;    /* "write row batch", for the log */
	const char *tag;     /* log tag of the caller */
	unsigned attempts;   /* in all; 0: without end */
	int64_t sleep_ms;    /* before the second attempt */
	int64_t max_sleep_ms; /* doubles each time up to this; 0: stays sleep_ms */
	int64_t lost_sleep_ms; /* after the second ERROR_LOST on, where longer */
	int64_t lost_ms; /* while ERROR_LOST has gone on for less, attempts are not used up */
	/* NULL: never. True: this failure does not count, and whoever says so logs it; the next
	 * attempt comes after a random pause that grows. */
	bool (*excuse)(void *context, const struct error *err);
	void *excuse_context;
};

/* Calls attempt(argument, err) until it succeeds, its error is not retryable
 * (error_is_retryable()), attempts are used up or stop is set (ERROR_STOPPED).
 * Each failure but the last is logged:
 *   failed to <verb>, <i> of <max> max retries
 * and the last as: failed to <verb> after <n> attempts, retry limit exceeded */
bool retry_run(const struct retry_policy *policy, struct stop *stop,
	       bool (*attempt)(void *argument, struct error *err), void *argument,
	       struct error *err) MUST_CHECK;

#endif
