#include "preflight/live_runs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 16
#define LOCK "ghostferry-copydb/run/"

bool live_runs_enter(struct db *target, struct error *err)
{
	struct buf taken = BUF_INIT;
	bool ok = true, has_one = false;

	for (int i = 1; ok && !has_one && i <= PLACES; i++) {
		ok = db_value(target, &taken, NULL, err, "SELECT GET_LOCK('" LOCK "%d', 0)", i);
		has_one = ok && strcmp(buf_text(&taken), "1") == 0;
	}
	buf_release(&taken);
	return ok || error_wrap(err, "say on the target that a run is working there");
}

bool live_runs_other(struct db *target, uint64_t *connection, struct error *err)
{
	struct buf locks = BUF_INIT, holder = BUF_INIT;
	bool ok;

	for (int i = 1; i <= PLACES; i++)
		buf_printf(&locks, ", NULLIF(IS_USED_LOCK('" LOCK "%d'), CONNECTION_ID())", i);
	ok = db_value(target, &holder, NULL, err, "SELECT COALESCE(NULL%s)", buf_text(&locks));
	*connection = ok ? strtoull(buf_text(&holder), NULL, 10) : 0;
	buf_release(&locks);
	buf_release(&holder);
	return ok || error_wrap(err, "look for other runs on the target");
}
