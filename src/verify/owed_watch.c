/* Looks every second, and the longer a look takes the less often: so it costs the servers no
 * more than a tenth of a connection's time, however many rows are owed.
 *
 * It decides nothing but this one end: what it could not ask, or what has changed meanwhile, is
 * looked at the next time, and by the cutover at last (owed_check.h). If the process dies before
 * it is reported, the rows are in the state, and the resumed run looks again. */
#include "verify/owed_watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "verify/owed_check.h"

static const char log_tag[] = "owed_rows";

#define LOOK_EVERY_MS 1000
#define STOP_POLL_MS 200
#define PAUSE_PER_LOOK 10

void owed_watch_init(struct owed_watch *w)
{
	mutex_init(&w->lock);
	condition_init(&w->changed);
}

void owed_watch_destroy(struct owed_watch *w)
{
	owed_watch_end(w);
	condition_destroy(&w->changed);
	mutex_destroy(&w->lock);
}

/* False: it is over. */
static bool pause_for(struct owed_watch *w, int64_t ms)
{
	int64_t until_ms = clock_ms() + ms;
	const struct run *run = w->owed->run;
	bool goes_on;

	mutex_lock(&w->lock);
	while ((goes_on = !w->is_ended && !stop_is_set(run->stop)) && clock_ms() < until_ms)
		condition_wait_ms(&w->changed, &w->lock, STOP_POLL_MS);
	mutex_unlock(&w->lock);
	return goes_on;
}

static void watch_main(void *argument)
{
	struct owed_watch *w = argument;
	int64_t pause_ms = LOOK_EVERY_MS;
	struct error err;

	while (pause_for(w, pause_ms)) {
		int64_t began_ms = clock_ms();

		if (!owed_check_while_moving(w->owed, &err)) {
			if (err.kind == ERROR_DIFFERENT) {
				run_fail(w->owed->run, PART_VERIFIER, &err);
				return;
			}
			log_debug("rows that are owed are looked for again later: %s", err.text);
		}
		pause_ms = (clock_ms() - began_ms) * PAUSE_PER_LOOK;
		pause_ms = pause_ms < LOOK_EVERY_MS ? LOOK_EVERY_MS : pause_ms;
	}
}

void owed_watch_start(struct owed_watch *w, struct owed_rows *owed)
{
	const struct moved_tables *tables = owed->run->tables;

	w->owed = owed;
	for (size_t i = 0; i < tables->count; i++)
		if (tables->tables[i]->may_merge) {
			thread_start(&w->thread, "owed_watch", watch_main, w);
			return;
		}
}

void owed_watch_end(struct owed_watch *w)
{
	mutex_lock(&w->lock);
	w->is_ended = true;
	condition_broadcast(&w->changed);
	mutex_unlock(&w->lock);
	thread_join(&w->thread);
}
