/* A server that restarts while the workers start is treated like one that restarts later: they try
 * again. */
#include "run/run.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "plan/moved_table.h"
#include "plan/move_options.h"

#define UNSUITED_LOADS_MAX 3
#define CONNECT_RETRY_MS 200
#define CONNECT_RETRY_MAX_MS 3000
#define WRITE_RETRY_MS 100
#define WRITE_RETRY_MAX_MS 3000
#define WRITE_RETRY_LOST_MS 3000
#define LOG_LOCKS_EVERY_MS 10000

static const char log_tag[] = "run";

void run_make_syncs(struct run *run)
{
	run->syncs = mem_calloc(run->tables->count, sizeof(*run->syncs));
	for (size_t i = 0; i < run->tables->count; i++) {
		fence_init(&run->syncs[i].fence);
		write_claims_init(&run->syncs[i].claims);
		snapshot_mark_init(&run->syncs[i].mark);
	}
}

void run_free_syncs(struct run *run)
{
	for (size_t i = 0; run->syncs && i < run->tables->count; i++) {
		fence_destroy(&run->syncs[i].fence);
		write_claims_destroy(&run->syncs[i].claims);
		snapshot_mark_destroy(&run->syncs[i].mark);
	}
	free(run->syncs);
	run->syncs = NULL;
}

void run_count_unsuited_load(struct run *run, const struct moved_table *table)
{
	if (atomic_fetch_add(&run_sync(run, table)->unsuited_loads, 1) + 1 == UNSUITED_LOADS_MAX)
		log_info("table %s is written by INSERT from now on: LOAD DATA would change "
			 "values of it, or the server does not take it",
			 table->source->full_name);
}

bool run_takes_loads_of(const struct run *run, const struct moved_table *table)
{
	return run->takes_loads &&
	       atomic_load(&run_sync(run, table)->unsuited_loads) < UNSUITED_LOADS_MAX;
}

void run_fail(const struct run *run, enum run_part part, const struct error *err)
{
	run->fail(run->fail_context, part, err);
}

struct db *run_connect(struct run *run, const char *lock_name, unsigned attempts, const char *tag,
		       struct error *err)
{
	const struct move_options *options = run->options;
	const struct retry_policy policy = {
		.verb = "connect",
		.tag = tag,
		.attempts = attempts,
		.sleep_ms = CONNECT_RETRY_MS,
		.max_sleep_ms = CONNECT_RETRY_MAX_MS,
		.lost_sleep_ms = CONNECT_RETRY_MAX_MS,
		.lost_ms = (int64_t)options->away_s * 1000,
	};
	struct db *db = lock_name ? db_new(&options->target, DB_SESSION_WRITE, lock_name) :
				    db_new(&options->source, DB_SESSION_READ, NULL);

	if (lock_name)
		db_set_guard(db, &run->guard);
	else
		db_set_packet_max(db, options->row_bytes);
	for (struct retry r = retry_begin(&policy, run->stop); retry_next(&r, err);)
		if (db_ready(db, err))
			return db;
	db_close(db);
	return NULL;
}

/* The lock will be released at some point, and a deadlock's victim is chosen by the server: neither
 * says that the target cannot be written to. */
static bool excuse_locks(void *context, const struct error *err)
{
	struct run *run = context;
	int64_t now_ms = clock_ms();
	int64_t before_ms = atomic_load(&run->locks_logged_ms);

	if (db_error_is_deadlock(err))
		atomic_fetch_add(&run->deadlocks, 1);
	else if (db_error_is_lock_wait(err))
		atomic_fetch_add(&run->lock_waits, 1);
	else
		return false;
	/* Now and then, with the first one at once: there may be many. */
	if ((before_ms == 0 || now_ms - before_ms >= LOG_LOCKS_EVERY_MS) &&
	    atomic_compare_exchange_strong(&run->locks_logged_ms, &before_ms, now_ms))
		log_warn_err(err,
			     "others, or writers of this run, hold locks on the target: %" PRIu64
			     " deadlocks and %" PRIu64 " lock waits so far, tried again",
			     atomic_load(&run->deadlocks), atomic_load(&run->lock_waits));
	return true;
}

struct retry run_write_begin(struct run *run, const char *verb, const char *tag)
{
	const struct retry_policy policy = {
		.verb = verb,
		.tag = tag,
		.attempts = run->options->write_attempts,
		.sleep_ms = WRITE_RETRY_MS,
		.max_sleep_ms = WRITE_RETRY_MAX_MS,
		.lost_sleep_ms = WRITE_RETRY_LOST_MS,
		.lost_ms = (int64_t)run->options->away_s * 1000,
		.excuse = excuse_locks,
		.excuse_context = run,
	};

	return retry_begin(&policy, run->stop);
}
