/* Keeps the run's lock 0 on the target while its rows are moved: the connection that holds it does
 * nothing else, so its loss would go unnoticed otherwise. The guard says which connection it is;
 * writers do not work on without it. */
#ifndef RUN_RUN_LOCK_H
#define RUN_RUN_LOCK_H

#include "base/thread.h"
#include "run/run.h"

/* A process that died loses the lock so long after its last sign of life. */
#define RUN_LOCK_LEASE_S 60
/* The lease while the run starts, when no thread renews it. */
#define RUN_LOCK_START_LEASE_S 3600

struct run_lock {
	/* Set before the thread starts. */
	struct run *run;
	/* Owned by the keeper's thread once it runs. */
	struct thread thread;
	struct db *target; /* holds lock 0 */
	bool is_late;	   /* it may have lost it during the start */

	struct stop ended;
};

/* Takes target over, whose session holds the lock that run->guard names. */
void run_lock_start(struct run_lock *lock, struct run *run, struct db *target);
/* Gives the lock back and waits for the thread. Only after the last write. */
void run_lock_end(struct run_lock *lock);

#endif
