/* What is held up on purpose: by a pause, by the load of the servers (as the thread that watches
 * them reports), and by limits per second. Any thread, unless said otherwise.
 *
 * The changes of the source are held up by a pause alone. A binlog that is not followed kills a
 * move, as the source purges it. And the changes are what the source's writers cause anyway:
 * holding them up only delays the end of the move.
 *
 * Rows wait before they are read, not between read and written: a batch on its way has a
 * ticket of the fence (I2), and changes of its table wait for it.
 *
 * Once the source's writers may be locked out, nothing waits any more: throttler_end(). */
#ifndef RUN_THROTTLER_H
#define RUN_THROTTLER_H

#include "base/stop.h"
#include "plan/throttle_limits.h"
#include "run/token_bucket.h"

/* The first that applies is the one that is shown and counted. */
enum throttle_reason {
	THROTTLE_NONE,
	THROTTLE_PAUSE,
	THROTTLE_LAG,
	THROTTLE_SOURCE_THREADS,
	THROTTLE_TARGET_THREADS,
	THROTTLE_SOURCE_HISTORY,
	THROTTLE_TARGET_HISTORY,
	THROTTLE_SOURCE_QUERY,
	THROTTLE_TARGET_QUERY,
	THROTTLE_ROWS,
	THROTTLE_BYTES,
	THROTTLE_REASONS,
};
/* "replica_lag", as metrics and status call it; "" of none. */
const char *throttle_reason_name(enum throttle_reason reason);

/* What may have to wait. */
enum throttled {
	/* Changes, and rows that were read: by a pause alone. */
	THROTTLED_WRITE,
	/* Rows of a table without a key: by all but what its own snapshot may cause on the
	 * source, as that would go on for ever. */
	THROTTLED_SNAPSHOT,
	/* What compares, and adds indexes: by all but limits per second. */
	THROTTLED_WORK,
	/* Reads of rows that are copied: by all. */
	THROTTLED_COPY,
	THROTTLED_COUNT,
};

#define THROTTLE_TEXT_SIZE 400

struct throttler {
	struct mutex lock;
	struct condition changed;
	/* Guarded by lock. */
	bool paused;
	bool is_over;
	struct throttle_limits limits;			  /* owned */
	unsigned version;				  /* of the limits: counts up */
	char texts[THROTTLE_REASONS][THROTTLE_TEXT_SIZE]; /* reported; "": it does not apply */
	struct token_bucket rows, bytes;
	uint64_t usual_rows, usual_bytes; /* of a batch: what the last one had */
	/* Those who wait, a pause counting as one; since when there are any, and before. */
	unsigned waiting[THROTTLE_REASONS];
	int64_t since_us[THROTTLE_REASONS], us[THROTTLE_REASONS];
};

void throttler_init(struct throttler *t);
void throttler_destroy(struct throttler *t);
/* False: it is over, and there is nothing to pause. */
bool throttler_set_paused(struct throttler *t, bool paused);
bool throttler_is_paused(struct throttler *t);
/* From now on nothing waits, whatever is set or reported. A pause is waited for first; false
 * when stop was set meanwhile. */
bool throttler_end(struct throttler *t, struct stop *stop) MUST_CHECK;
bool throttler_is_over(struct throttler *t);

/* Copied. What does not apply any more lets go at once. */
void throttler_set_limits(struct throttler *t, const struct throttle_limits *limits);
/* A copy for the caller to release, and its version. */
unsigned throttler_limits(struct throttler *t, struct throttle_limits *limits);
/* text: what a server says that is too much, "": nothing. Of an old version it does not
 * count. */
void throttler_report(struct throttler *t, unsigned version, enum throttle_reason reason,
		      const char *text);
/* Waits for other limits than of this version, the end or stop; so long at most. Are there
 * others? */
bool throttler_wait_for_change(struct throttler *t, unsigned version, struct stop *stop, int64_t ms);

/* What holds things up just now, and why in words; Of limits per second: while somebody
 * waits. */
enum throttle_reason throttler_reason(struct throttler *t, char text[THROTTLE_TEXT_SIZE]);
/* Seconds by reason, of this process: of a pause as long as it was, of others while somebody
 * waited, whether one or ten. */
void throttler_seconds(struct throttler *t, double seconds[THROTTLE_REASONS]);

/* Waits while it must; false when stop was set meanwhile. */
bool throttler_wait(struct throttler *t, enum throttled what, struct stop *stop);

/* What a read is expected to bring: taken from the limits per second before it, so that
 * several readers do not start at once. */
struct throttle_share {
	uint64_t rows, bytes;
};
/* The same for a batch to be copied. */
bool throttler_wait_to_copy(struct throttler *t, struct throttle_share *share, struct stop *stop);
/* What it brought. share is used up. */
void throttler_copied(struct throttler *t, struct throttle_share *share, uint64_t rows,
		      uint64_t bytes);

#endif
