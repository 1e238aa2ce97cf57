/* Conditions to wait for. The stop latch has a condition of its own, which a wait here does not
 * see, so it is polled every POLL_MS. */
#include "run/throttler.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "run/work_time.h"

enum { POLL_MS = 100 };

static const char *const reason_names[] = {
	[THROTTLE_NONE] = "",
	[THROTTLE_PAUSE] = "paused",
	[THROTTLE_LAG] = "replica_lag",
	[THROTTLE_SOURCE_THREADS] = "source_threads_running",
	[THROTTLE_TARGET_THREADS] = "target_threads_running",
	[THROTTLE_SOURCE_HISTORY] = "source_history_length",
	[THROTTLE_TARGET_HISTORY] = "target_history_length",
	[THROTTLE_SOURCE_QUERY] = "source_query",
	[THROTTLE_TARGET_QUERY] = "target_query",
	[THROTTLE_ROWS] = "rows_per_second",
	[THROTTLE_BYTES] = "bytes_per_second",
};

#define BIT(reason) (1U << (reason))
#define PER_SECOND (BIT(THROTTLE_ROWS) | BIT(THROTTLE_BYTES))
#define ALL (BIT(THROTTLE_REASONS) - BIT(THROTTLE_PAUSE))

/* A snapshot of the source keeps its history from being purged, and a query of the user may
 * well look at that, or at the oldest transaction. */
static const unsigned reasons_of[THROTTLED_COUNT] = {
	[THROTTLED_WRITE] = BIT(THROTTLE_PAUSE),
	[THROTTLED_SNAPSHOT] = ALL & ~(BIT(THROTTLE_SOURCE_HISTORY) | BIT(THROTTLE_SOURCE_QUERY)),
	[THROTTLED_WORK] = ALL & ~PER_SECOND,
	[THROTTLED_COPY] = ALL,
};

const char *throttle_reason_name(enum throttle_reason reason)
{
	return reason_names[reason];
}

void throttler_init(struct throttler *t)
{
	*t = (struct throttler){ .paused = false };
	mutex_init(&t->lock);
	condition_init(&t->changed);
}

void throttler_destroy(struct throttler *t)
{
	throttle_limits_release(&t->limits);
	condition_destroy(&t->changed);
	mutex_destroy(&t->lock);
}

/* --- waiting threads ------------------------------------------------------------------- */

static void enter(struct throttler *t, enum throttle_reason reason) REQUIRES(t->lock)
{
	if (t->waiting[reason]++ == 0)
		t->since_us[reason] = clock_us();
}

static void leave(struct throttler *t, enum throttle_reason reason) REQUIRES(t->lock)
{
	if (--t->waiting[reason] == 0)
		t->us[reason] += clock_us() - t->since_us[reason];
}

void throttler_seconds(struct throttler *t, double seconds[THROTTLE_REASONS])
{
	mutex_lock(&t->lock);
	for (int i = THROTTLE_NONE; i < THROTTLE_REASONS; i++)
		seconds[i] =
			(double)(t->us[i] + (t->waiting[i] ? clock_us() - t->since_us[i] : 0)) / 1e6;
	mutex_unlock(&t->lock);
}

/* --- what is set, and reported ------------------------------------------------------ */

bool throttler_set_paused(struct throttler *t, bool paused)
{
	mutex_lock(&t->lock);
	bool is_over = t->is_over;

	if (!is_over && paused && !t->paused)
		enter(t, THROTTLE_PAUSE);
	else if (!is_over && !paused && t->paused)
		leave(t, THROTTLE_PAUSE);
	t->paused = paused && !is_over;
	condition_broadcast(&t->changed);
	mutex_unlock(&t->lock);
	return !is_over;
}

bool throttler_is_paused(struct throttler *t)
{
	bool paused;

	mutex_lock(&t->lock);
	paused = t->paused;
	mutex_unlock(&t->lock);
	return paused;
}

bool throttler_end(struct throttler *t, struct stop *stop)
{
	mutex_lock(&t->lock);
	while (t->paused && !stop_is_set(stop))
		condition_wait_ms(&t->changed, &t->lock, POLL_MS);
	t->is_over = !t->paused;
	condition_broadcast(&t->changed);
	mutex_unlock(&t->lock);
	return !stop_is_set(stop);
}

bool throttler_is_over(struct throttler *t)
{
	mutex_lock(&t->lock);
	bool is_over = t->is_over;
	mutex_unlock(&t->lock);
	return is_over;
}

static bool is_watched(const struct throttle_limits *limits, enum throttle_reason reason)
{
	switch (reason) {
	case THROTTLE_LAG:
		return limits->replicas[THROTTLE_SOURCE].count > 0 ||
		       limits->replicas[THROTTLE_TARGET].count > 0;
	case THROTTLE_SOURCE_THREADS:
		return limits->max_threads[THROTTLE_SOURCE] > 0;
	case THROTTLE_TARGET_THREADS:
		return limits->max_threads[THROTTLE_TARGET] > 0;
	case THROTTLE_SOURCE_HISTORY:
		return limits->max_history[THROTTLE_SOURCE] > 0;
	case THROTTLE_TARGET_HISTORY:
		return limits->max_history[THROTTLE_TARGET] > 0;
	case THROTTLE_SOURCE_QUERY:
		return limits->query[THROTTLE_SOURCE] != NULL;
	case THROTTLE_TARGET_QUERY:
		return limits->query[THROTTLE_TARGET] != NULL;
	default:
		return false;
	}
}

void throttler_set_limits(struct throttler *t, const struct throttle_limits *limits)
{
	struct throttle_limits copy;

	throttle_limits_copy(&copy, limits);
	mutex_lock(&t->lock);
	struct throttle_limits former = t->limits;
	int64_t now_us = clock_us();

	t->limits = copy;
	t->version++;
	for (int i = THROTTLE_PAUSE; i < THROTTLE_REASONS; i++)
		if (!is_watched(&t->limits, (enum throttle_reason)i))
			t->texts[i][0] = '\0';
	token_bucket_set(&t->rows, limits->rows_per_s, now_us);
	token_bucket_set(&t->bytes, limits->bytes_per_s, now_us);
	condition_broadcast(&t->changed);
	mutex_unlock(&t->lock);
	throttle_limits_release(&former);
}

unsigned throttler_limits(struct throttler *t, struct throttle_limits *limits)
{
	mutex_lock(&t->lock);
	unsigned version = t->version;

	throttle_limits_copy(limits, &t->limits);
	mutex_unlock(&t->lock);
	return version;
}

void throttler_report(struct throttler *t, unsigned version, enum throttle_reason reason,
		      const char *text)
{
	mutex_lock(&t->lock);
	if (version == t->version) {
		snprintf(t->texts[reason], sizeof(t->texts[reason]), "%s", text);
		condition_broadcast(&t->changed);
	}
	mutex_unlock(&t->lock);
}

bool throttler_wait_for_change(struct throttler *t, unsigned version, struct stop *stop, int64_t ms)
{
	int64_t until_ms = clock_ms() + ms;

	mutex_lock(&t->lock);
	for (int64_t left_ms = ms;
	     left_ms > 0 && version == t->version && !t->is_over && !stop_is_set(stop);
	     left_ms = until_ms - clock_ms())
		condition_wait_ms(&t->changed, &t->lock, left_ms < POLL_MS ? left_ms : POLL_MS);
	bool has_changed = version != t->version;
	mutex_unlock(&t->lock);
	return has_changed;
}

/* --- waiting ------------------------------------------------------------------------ */

/* Microseconds to wait at most for a reason that applies; 0: it does not. */
static int64_t applies_us(struct throttler *t, enum throttle_reason reason, int64_t now_us)
	REQUIRES(t->lock)
{
	switch (reason) {
	case THROTTLE_PAUSE:
		return t->paused ? POLL_MS * 1000 : 0;
	case THROTTLE_ROWS:
		return token_bucket_wait_us(&t->rows, now_us);
	case THROTTLE_BYTES:
		return token_bucket_wait_us(&t->bytes, now_us);
	default:
		return t->texts[reason][0] ? POLL_MS * 1000 : 0;
	}
}

static enum throttle_reason obstacle(struct throttler *t, unsigned reasons, int64_t *us)
	REQUIRES(t->lock)
{
	int64_t now_us = clock_us();

	for (int i = THROTTLE_PAUSE; i < THROTTLE_REASONS && !t->is_over; i++)
		if (reasons & BIT(i) && (*us = applies_us(t, (enum throttle_reason)i, now_us)) > 0)
			return (enum throttle_reason)i;
	return THROTTLE_NONE;
}

static void put_limit(char text[THROTTLE_TEXT_SIZE], uint64_t limit, const char *of, const char *key)
{
	snprintf(text, THROTTLE_TEXT_SIZE, "limited to %" PRIu64 " %s per second (%s)", limit, of,
		 key);
}

enum throttle_reason throttler_reason(struct throttler *t, char text[THROTTLE_TEXT_SIZE])
{
	int64_t us;

	mutex_lock(&t->lock);
	enum throttle_reason reason = obstacle(t, ALL & ~PER_SECOND, &us);

	if (reason == THROTTLE_NONE && t->waiting[THROTTLE_ROWS])
		reason = THROTTLE_ROWS;
	else if (reason == THROTTLE_NONE && t->waiting[THROTTLE_BYTES])
		reason = THROTTLE_BYTES;
	snprintf(text, THROTTLE_TEXT_SIZE, "%s",
		 reason == THROTTLE_PAUSE ? "paused" : t->texts[reason]);
	if (reason == THROTTLE_ROWS)
		put_limit(text, t->limits.rows_per_s, "rows", "MaxRowsPerSecond");
	else if (reason == THROTTLE_BYTES)
		put_limit(text, t->limits.bytes_per_s, "bytes", "MaxBytesPerSecond");
	mutex_unlock(&t->lock);
	return reason;
}

static bool wait_until_clear(struct throttler *t, enum throttled what, struct stop *stop)
	REQUIRES(t->lock)
{
	enum throttle_reason reason;
	int64_t us = 0;

	while (!stop_is_set(stop) && (reason = obstacle(t, reasons_of[what], &us)) != THROTTLE_NONE) {
		enum work before = work_begin(WORK_THROTTLED);
		int64_t ms = us / 1000 + 1;

		enter(t, reason);
		condition_wait_ms(&t->changed, &t->lock, ms < POLL_MS ? ms : POLL_MS);
		leave(t, reason);
		work_begin(before);
	}
	return !stop_is_set(stop);
}

bool throttler_wait(struct throttler *t, enum throttled what, struct stop *stop)
{
	mutex_lock(&t->lock);
	bool ok = wait_until_clear(t, what, stop);
	mutex_unlock(&t->lock);
	return ok;
}

bool throttler_wait_to_copy(struct throttler *t, struct throttle_share *share, struct stop *stop)
{
	mutex_lock(&t->lock);
	bool ok = wait_until_clear(t, THROTTLED_COPY, stop);

	*share = (struct throttle_share){ t->usual_rows, t->usual_bytes };
	token_bucket_take(&t->rows, (double)share->rows);
	token_bucket_take(&t->bytes, (double)share->bytes);
	mutex_unlock(&t->lock);
	return ok;
}

void throttler_copied(struct throttler *t, struct throttle_share *share, uint64_t rows,
		      uint64_t bytes)
{
	mutex_lock(&t->lock);
	token_bucket_take(&t->rows, (double)rows - (double)share->rows);
	token_bucket_take(&t->bytes, (double)bytes - (double)share->bytes);
	if (rows > 0) {
		t->usual_rows = rows;
		t->usual_bytes = bytes;
	}
	*share = (struct throttle_share){ .rows = 0 };
	mutex_unlock(&t->lock);
}
