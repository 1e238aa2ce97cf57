/* No writer of an earlier run is still alive (I8): every connection that
 * writes to the target holds the named lock "ghostferry-copydb/<run id>/<n>", which
 * the server gives back only when the connection's last statement has ended. */
#ifndef RUN_WRITER_LOCK_H
#define RUN_WRITER_LOCK_H

#include "base/stop.h"
#include "db/db.h"
#include "plan/move_options.h"

#define WRITER_LOCK_NAME_SIZE 64 /* the servers' limit */
/* No run has more: so many connections the configuration may ask for at the most. */
#define WRITER_LOCKS_MAX 1024

/* Who has which of them: the first number of each kind. 0 is the run itself. */
struct lock_numbers {
	unsigned batch_writers;
	unsigned binlog_writers;
	unsigned repairs;  /* of rows that differ */
	unsigned cascades; /* of rows that follow their parents */
	unsigned readers;  /* which write tables without a key themselves */
	unsigned count;	   /* 1..count are in use */
};

void lock_numbers_make(struct lock_numbers *locks, const struct move_options *options);

/* n 0 is the run itself: held as long as a process works on it. */
void writer_lock_name(char name[WRITER_LOCK_NAME_SIZE], const char *run_id, unsigned n);

/* For a resumed run, before anything is written: target's session already holds
 * lock 0, so no other process is at work; sessions that hold any of the others, 1..count
 * and up to WRITER_LOCKS_MAX, are leftovers of a killed one. They are killed and waited
 * for. count is what the state says: an older state than the killed run's may say less. */
bool writer_locks_take_over(struct db *target, const char *run_id, unsigned count,
			    struct stop *stop, struct error *err) MUST_CHECK;

#endif
