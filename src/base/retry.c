/* Trying again. Only errors that another attempt can cure are tried again: a
 * refused statement fails at once instead of 60 times, which is the one
 * difference from Ghostferry's WithRetries. */
#include "base/retry.h"

#include <stdio.h>

#include "base/log.h"

static int64_t next_sleep(const struct retry_policy *policy, int64_t sleep_ms)
{
	if (policy->max_sleep_ms <= sleep_ms)
		return sleep_ms;
	return sleep_ms > policy->max_sleep_ms / 2 ? policy->max_sleep_ms : sleep_ms * 2;
}

static void log_attempt(const struct retry_policy *policy, unsigned number,
			const struct error *err)
{
	char limit[16] = "infinite";

	if (policy->attempts > 0)
		snprintf(limit, sizeof(limit), "%u", policy->attempts);
	log_write(LOG_ERROR, policy->tag, err, NULL, "failed to %s, %u of %s max retries",
		  policy->verb, number, limit);
}

static void log_last(const struct retry_policy *policy, unsigned number, const struct error *err)
{
	log_write(LOG_ERROR, policy->tag, err, NULL,
		  "failed to %s after %u attempts, retry limit exceeded", policy->verb, number);
}

bool retry_run(const struct retry_policy *policy, struct stop *stop,
	       bool (*attempt)(void *argument, struct error *err), void *argument,
	       struct error *err)
{
	int64_t sleep_ms = policy->sleep_ms;

	for (unsigned number = 1;; number++) {
		if (stop_is_set(stop))
			return error_set(err, ERROR_STOPPED, "%s: stopped", policy->verb);
		if (attempt(argument, err))
			return true;
		if (err->kind == ERROR_STOPPED || !error_is_retryable(err))
			return false;
		if (policy->attempts > 0 && number >= policy->attempts) {
			log_last(policy, number, err);
			return false;
		}
		log_attempt(policy, number, err);
		bool is_lost = err->kind == ERROR_LOST || err->kind == ERROR_READ_ONLY;
		/* A connection that was cut is back at once, a server that restarts is not. */
		int64_t pause_ms = is_lost && number > 1 && policy->lost_sleep_ms > sleep_ms ?
					   policy->lost_sleep_ms :
					   sleep_ms;
		/* Where the run ends meanwhile, the next round says so. */
		if (stop_sleep_ms(stop, pause_ms))
			sleep_ms = next_sleep(policy, sleep_ms);
	}
}
