/* Trying again: one rule for every read and write (Ghostferry: WithRetries). */
#ifndef BASE_RETRY_H
#define BASE_RETRY_H

#include "base/error.h"
#include "base/stop.h"

struct retry_policy {
	const char *verb;      /* "write row batch", for the log */
	const char *tag;       /* log tag of the caller */
	unsigned attempts;     /* in all; 0: without end */
	int64_t sleep_ms;      /* before the second attempt */
	int64_t max_sleep_ms;  /* doubles each time up to this; 0: stays sleep_ms */
	int64_t lost_sleep_ms; /* after the second ERROR_LOST on, where longer */
	int64_t lost_ms;       /* while ERROR_LOST has gone on for less, attempts are not used up */
	/* NULL: never. True: this failure does not count, and the callback logs it; the next
	 * attempt comes after a random pause that grows. */
	bool (*excuse)(void *context, const struct error *err);
	void *excuse_context;
};

/* One read or write that is tried again, in place:
 *
 *	for (struct retry r = retry_begin(&policy, stop); retry_next(&r, err);)
 *		if (…)
 *			return true;
 *	return false;
 *
 * retry_next() is false when the last attempt's error is not retryable
 * (error_is_retryable()), attempts are used up or stop is set (ERROR_STOPPED). Else it
 * sleeps until the next attempt is due. Each failure but the last is logged:
 *   failed to <verb>, <i> of <max> max retries
 * and the last as: failed to <verb> after <n> attempts, retry limit exceeded */
struct retry {
	struct retry_policy policy;
	struct stop *stop; /* borrowed */
	bool has_begun;
	unsigned number; /* of the attempt under way, from 1; excused ones do not count */
	unsigned excused;
	int64_t sleep_ms;      /* before the next one */
	int64_t began_ms;      /* the attempt under way */
	int64_t lost_since_ms; /* 0: the connection was not lost at the last attempt */
};

struct retry retry_begin(const struct retry_policy *policy, struct stop *stop);
/* err: of the attempt that failed, if there was one. */
bool retry_next(struct retry *retry, struct error *err) MUST_CHECK;

#endif
