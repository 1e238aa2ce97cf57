/* A statement sent by a killed process goes on in the server and could commit after the resumed run
 * has moved on: a row deleted meanwhile would come back. The lock's holder is such a statement's
 * session; KILL makes the server undo it, which is right as the state never counted it, and the
 * lock shows when that has ended. */
#include "run/writer_lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

static const char log_tag[] = "writer_lock";

#define WAIT_MS 100
#define LOCKS_AT_ONCE 128
#define LOG_EVERY_MS 5000

void lock_numbers_make(struct lock_numbers *locks, const struct move_options *options)
{
	bool carries = options->unlogged_cascades == CASCADES_CARRIED;
	bool repairs = carries || (options->verify.type != VERIFIER_NONE && options->verify.repair);

	locks->batch_writers = 1;
	locks->binlog_writers = locks->batch_writers + options->copy_workers;
	locks->repairs = locks->binlog_writers + options->apply_workers;
	/* Workers of a comparison, and the ferry's own thread. */
	locks->cascades = locks->repairs + (repairs ? options->verify.workers + 1 : 0);
	locks->readers = locks->cascades + carries;
	locks->count =
		locks->readers - 1 +
		(options->without_key != LOCKED_NONE || options->nontransactional != LOCKED_NONE ?
			 options->copy_workers :
			 0);
}

void writer_lock_name(char name[WRITER_LOCK_NAME_SIZE], const char *run_id, unsigned n)
{
	snprintf(name, WRITER_LOCK_NAME_SIZE, "ghostferry-copydb/%.32s/%u", run_id, n);
}

/* One that holds any of the locks first to last; 0: none does. */
static bool lock_holder(struct db *target, const char *run_id, unsigned first, unsigned last,
			uint64_t *id, struct error *err)
{
	struct buf names = BUF_INIT, value = BUF_INIT;
	char name[WRITER_LOCK_NAME_SIZE];
	bool found;
	bool ok;

	for (unsigned n = first; n <= last; n++) {
		writer_lock_name(name, run_id, n);
		buf_printf(&names, ", IS_USED_LOCK('%s')", name);
	}
	ok = db_value(target, &value, &found, err, "SELECT COALESCE(NULL%s)", buf_text(&names));
	*id = ok && found ? strtoull(buf_text(&value), NULL, 10) : 0;
	buf_release(&value);
	buf_release(&names);
	return ok;
}

static bool wait_until_free(struct db *target, const char *run_id, unsigned first, unsigned last,
			    struct stop *stop, struct error *err)
{
	uint64_t told_id = 0, id;
	int64_t last_logged_ms = 0;

	for (;;) {
		if (!lock_holder(target, run_id, first, last, &id, err))
			return false;
		if (id == 0)
			return true;
		if (id != told_id || clock_ms() - last_logged_ms > LOG_EVERY_MS) {
			log_info("waiting for connection %" PRIu64
				 " of the earlier run to end on the target",
				 id);
			told_id = id;
			last_logged_ms = clock_ms();
			if (!db_kill(target, id, err))
				return false;
		}
		if (!stop_sleep_ms(stop, WAIT_MS))
			return error_set(err, ERROR_STOPPED, "stopped");
	}
}

bool writer_locks_take_over(struct db *target, const char *run_id, unsigned count,
			    struct stop *stop, struct error *err)
{
	if (count < WRITER_LOCKS_MAX)
		count = WRITER_LOCKS_MAX;
	for (unsigned first = 1; first <= count; first += LOCKS_AT_ONCE) {
		unsigned last = first + LOCKS_AT_ONCE - 1;

		if (!wait_until_free(target, run_id, first, last, stop, err))
			return error_wrap(err, "take over the locks of the earlier run");
	}
	return true;
}
