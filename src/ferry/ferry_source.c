/* A source that forgets commits.
 *
 * Where innodb_flush_log_at_trx_commit is not 1, a crash costs the source what it confirmed
 * last. Its binlog may have it all the same, and the target with it, or the copy has read
 * it. (What the binlog itself loses is noticed where the stream is taken up.) Nothing tells
 * a crash from a restart, nor what was forgotten: all that was copied is compared. */
#include "ferry_priv.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/retry.h"
#include "state/crash_safety.h"

static const char log_tag[] = "ferry";

#define ATTEMPTS 100
#define SLEEP_MS 600

struct asking {
	struct ferry *ferry;
	struct crash_safety safety;
};

static bool attempt(void *argument, struct error *err)
{
	struct asking *asking = argument;

	return db_ready(asking->ferry->source, err) &&
	       crash_safety_ask(asking->ferry->source, &asking->safety, err);
}

static void distrust(struct ferry *f, const struct crash_safety *now)
{
	log_warn("the source was started anew, and innodb_flush_log_at_trx_commit is %" PRIu64
		 " (or was): if it had crashed it may have forgotten what the target has; %s",
		 now->flush_at_commit,
		 f->verifier ? "all tables are compared as a whole" :
			       "compare them before the target is used (-verify)");
	if (f->verifier)
		verifier_invalidate_all(f->verifier);
}

bool ferry_check_source(struct ferry *f, struct error *err)
{
	struct asking asking = { .ferry = f };
	const struct retry_policy policy = { .verb = "ask the source when it was started",
					     .tag = log_tag,
					     .attempts = ATTEMPTS,
					     .sleep_ms = SLEEP_MS };
	uint64_t known = f->tracker.source_started; /* only this thread sets it */

	if (!retry_run(&policy, &f->stop, attempt, &asking, err))
		return error_wrap(err, "ask the source when it was started");
	f->source_forgets |= !crash_safety_flushes(&asking.safety);
	if (known && known != asking.safety.started && f->source_forgets)
		distrust(f, &asking.safety);
	state_tracker_set_source_started(&f->tracker, asking.safety.started);
	return true;
}
