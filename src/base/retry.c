/* Trying again. Only operations whose error another attempt can cure are tried again: a refused
 * statement fails at once instead of 60 times, which is the one difference from Ghostferry's
 * WithRetries. */
#include "base/retry.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"

#define EXCUSED_SLEEP_MS 20
#define EXCUSED_SLEEP_MAX_MS 2000

/* Random, so that attempts that collided do not collide again. */
static int64_t excused_sleep(unsigned times)
{
	int64_t most = times < 8 ? (int64_t)EXCUSED_SLEEP_MS << times : EXCUSED_SLEEP_MAX_MS;
	uint16_t dice = 0;

	if (most > EXCUSED_SLEEP_MAX_MS)
		most = EXCUSED_SLEEP_MAX_MS;
	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0)
		dice = (uint16_t)clock_us();
	return most / 2 + most * dice / 2 / UINT16_MAX;
}

struct retry retry_begin(const struct retry_policy *policy, struct stop *stop)
{
	return (struct retry){ .policy = *policy, .stop = stop, .sleep_ms = policy->sleep_ms };
}

/* After a failure: may there be another attempt? Sleeps until it is due. */
static bool may_try_again(struct retry *r, const struct error *err)
{
	const struct retry_policy *policy = &r->policy;
	bool is_used_up = policy->attempts > 0 && r->number >= policy->attempts;
	int64_t sleep_ms = r->sleep_ms;
	char limit[16] = "infinite";

	if (err->kind == ERROR_STOPPED || !error_is_retryable(err))
		return false;
	if (policy->excuse && policy->excuse(policy->excuse_context, err)) {
		r->number--;
		(void)stop_sleep_ms(r->stop, excused_sleep(r->excused++));
		return true;
	}
	if (err->kind != ERROR_LOST)
		r->lost_since_ms = 0;
	else if (r->lost_since_ms == 0)
		r->lost_since_ms = r->began_ms;
	/* A server that restarts or a network that is cut may take longer than a few attempts. */
	if (is_used_up &&
	    (r->lost_since_ms == 0 || clock_ms() - r->lost_since_ms >= policy->lost_ms)) {
		log_write(LOG_ERROR, policy->tag, err, NULL,
			  "failed to %s after %u attempts, retry limit exceeded", policy->verb,
			  r->number);
		return false;
	}
	if (policy->attempts > 0)
		snprintf(limit, sizeof(limit), "%u", policy->attempts);
	log_write(LOG_ERROR, policy->tag, err, NULL, "failed to %s, %u of %s max retries%s",
		  policy->verb, r->number, limit,
		  is_used_up ? ", and on, as the connection is not lost for long" : "");
	/* A connection that was cut is back at once, a server that restarts is not. */
	if ((err->kind == ERROR_LOST || err->kind == ERROR_READ_ONLY) && r->number > 1 &&
	    policy->lost_sleep_ms > sleep_ms)
		sleep_ms = policy->lost_sleep_ms;
	/* If the run ends during the sleep, retry_next() says so. */
	if (stop_sleep_ms(r->stop, sleep_ms) && policy->max_sleep_ms > r->sleep_ms)
		r->sleep_ms = r->sleep_ms > policy->max_sleep_ms / 2 ? policy->max_sleep_ms :
								       r->sleep_ms * 2;
	return true;
}

bool retry_next(struct retry *r, struct error *err)
{
	if (r->has_begun && !may_try_again(r, err))
		return false;
	if (stop_is_set(r->stop))
		return error_set(err, ERROR_STOPPED, "%s: stopped", r->policy.verb);
	r->has_begun = true;
	r->number++;
	r->began_ms = clock_ms();
	return true;
}
