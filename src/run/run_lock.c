/* Gives the server a sign of life twice a second: the lock is a lease, which ends by itself
 * a minute after the last one, so that a machine that died does not hold it for hours. A lost
 * connection is made again, with the lock, for as long as the run goes on: writers give up
 * sooner than this does.
 *
 * When another process has the lock by then it works on the same state, and it took
 * over or is about to: the run ends at once. Its writers cannot have gone on, as they
 * look at the guard before they do (db_set_guard()).
 *
 * One that took over and has ended since leaves no trace on the target. It takes some time,
 * so a process that was suspended and finds the lock lost ends, too: it does not take it
 * again. */
#include "run/run_lock.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"

static const char log_tag[] = "run_lock";

#define LOOK_MS 500
#define STOOD_STILL_MS 5000
#define LOG_EVERY_MS 60000

/* What ends the run is none of the kinds that are tried again. */
static void conclude(struct error *err, bool stood_still, int64_t slept_ms)
{
	if (stood_still)
		error_wrap(err,
			   "this process stood still for %" PRId64 " s and lost the run's lock on "
			   "the target: another one may have taken over meanwhile, and may have "
			   "ended; if so leave it at that, else resume",
			   slept_ms / 1000);
	else if (err->kind == ERROR_BUSY && err->server_code == 0)
		error_wrap(err, "another process is working on this state");
	else
		return;
	err->kind = ERROR_CONFIG;
}

static void keep(void *argument)
{
	struct run_lock *lock = argument;
	struct error err;
	int64_t last_logged_ms = 0, before_ms = clock_boot_ms();

	if (lock->is_late)
		before_ms -= RUN_LOCK_START_LEASE_S * INT64_C(1000);
	for (; stop_sleep_ms(&lock->ended, LOOK_MS) && !stop_is_set(lock->run->stop);
	     before_ms = clock_boot_ms()) {
		int64_t slept_ms = clock_boot_ms() - before_ms;
		bool stood_still = slept_ms > STOOD_STILL_MS;

		if ((stood_still || db_ready(lock->target, &err)) && db_renew(lock->target, &err)) {
			atomic_store(&lock->run->guard.holder, db_connection_id(lock->target));
			if (last_logged_ms)
				log_info("the run's lock on the target is held again");
			last_logged_ms = 0;
			continue;
		}
		atomic_store(&lock->run->guard.holder, 0);
		conclude(&err, stood_still, slept_ms);
		if (!error_is_retryable(&err)) {
			run_fail(lock->run, PART_RUN_LOCK, &err);
			break;
		}
		if (last_logged_ms == 0 || clock_ms() - last_logged_ms >= LOG_EVERY_MS) {
			log_warn_err(&err,
				     "the run's lock '%s' on the target is lost, taking it again",
				     lock->run->guard.lock_name);
			last_logged_ms = clock_ms();
		}
	}
	db_close(lock->target);
	lock->target = NULL;
}

void run_lock_start(struct run_lock *lock, struct run *run, struct db *target)
{
	struct error lost;

	lock->run = run;
	lock->target = target;
	stop_init(&lock->ended);
	/* The start may have taken longer than the session lasted: that counts as sleep. */
	lock->is_late = db_idle_ms(target) >= RUN_LOCK_START_LEASE_S * INT64_C(1000);
	db_set_lease(target, RUN_LOCK_LEASE_S);
	if (!db_renew(target, &lost))
		log_warn_err(&lost, "the run's lock on the target is lost");
	atomic_store(&run->guard.holder, db_connection_id(target));
	thread_start(&lock->thread, "run_lock", keep, lock);
}

void run_lock_end(struct run_lock *lock)
{
	stop_set(&lock->ended);
	thread_join(&lock->thread);
	stop_destroy(&lock->ended);
}
