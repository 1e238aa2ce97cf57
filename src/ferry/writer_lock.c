/* A statement sent by a killed process goes on in the server and could commit
 * after the resumed run has moved on: a row deleted meanwhile would come back. The
 * lock's holder is such a statement's session; KILL makes the server undo it, which
 * is right as the state never counted it, and the lock tells when that has ended. */
#include "ferry/writer_lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

static const char log_tag[] = "writer_lock";

#define WAIT_MS 100
#define TELL_EVERY_MS 5000

void writer_lock_name(char name[WRITER_LOCK_NAME_SIZE], const char *run_id, unsigned n)
{
	snprintf(name, WRITER_LOCK_NAME_SIZE, "ghostferry-copydb/%.32s/%u", run_id, n);
}

/* 0: nobody holds it. */
static bool lock_holder(struct db *target, const char *name, uint64_t *id, struct error *err)
{
	struct buf value = BUF_INIT;
	bool found;
	bool ok = db_value(target, &value, &found, err, "SELECT IS_USED_LOCK('%s')", name);

	*id = ok && found ? strtoull(buf_text(&value), NULL, 10) : 0;
	buf_release(&value);
	return ok;
}

static bool wait_until_free(struct db *target, const char *name, struct stop *stop,
			    struct error *err)
{
	int64_t told = 0;
	uint64_t id;

	for (;;) {
		if (!lock_holder(target, name, &id, err))
			return false;
		if (id == 0)
			return true;
		if (clock_ms() - told > TELL_EVERY_MS || told == 0) {
			log_info("waiting for connection %" PRIu64
				 " of the earlier run to end on the target (lock %s)",
				 id, name);
			told = clock_ms();
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
	char name[WRITER_LOCK_NAME_SIZE];

	for (unsigned n = 1; n <= count; n++) {
		writer_lock_name(name, run_id, n);
		if (!wait_until_free(target, name, stop, err))
			return error_wrap(err, "take over the locks of the earlier run");
	}
	return true;
}
