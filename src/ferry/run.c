/* A server that restarts while the workers begin is no other case than one that
 * restarts later: they try again. */
#include "ferry/run.h"

#include "base/retry.h"
#include "ferry/options.h"

#define CONNECT_RETRY_MS 200
#define CONNECT_RETRY_MAX_MS 3000
#define WRITE_RETRY_MS 100
#define WRITE_RETRY_MAX_MS 3000
#define WRITE_RETRY_LOST_MS 3000

static bool attempt_connect(void *argument, struct error *err)
{
	return db_ready(argument, err);
}

struct db *run_connect(struct run *run, const char *lock_name, unsigned attempts, const char *tag,
		       struct error *err)
{
	const struct ferry_options *options = run->options;
	const struct retry_policy policy = {
		.verb = "connect",
		.tag = tag,
		.attempts = attempts,
		.sleep_ms = CONNECT_RETRY_MS,
		.max_sleep_ms = CONNECT_RETRY_MAX_MS,
		.lost_sleep_ms = CONNECT_RETRY_MAX_MS,
	};
	struct db *db = lock_name ? db_new(&options->target, DB_SESSION_WRITE, lock_name) :
				    db_new(&options->source, DB_SESSION_READ, NULL);

	if (lock_name)
		db_set_guard(db, &run->guard);
	else
		db_set_packet_max(db, options->row_bytes);
	if (!retry_run(&policy, run->stop, attempt_connect, db, err)) {
		db_close(db);
		return NULL;
	}
	return db;
}

bool run_write(struct run *run, const char *verb, const char *tag,
	       bool (*attempt)(void *argument, struct error *err), void *argument,
	       struct error *err)
{
	const struct retry_policy policy = {
		.verb = verb,
		.tag = tag,
		.attempts = run->options->write_attempts,
		.sleep_ms = WRITE_RETRY_MS,
		.max_sleep_ms = WRITE_RETRY_MAX_MS,
		.lost_sleep_ms = WRITE_RETRY_LOST_MS,
	};

	return retry_run(&policy, run->stop, attempt, argument, err);
}
