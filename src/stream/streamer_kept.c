/* Rows of the open transaction that are not handed on yet.
 *
 * A server may log a transaction that it rolls back, or rolls back in part, rows and all:
 * when it changed a table without transactions too, or, on MariaDB, when it dropped a
 * temporary table. So rows are kept until the commit, and those that were taken back are
 * forgotten. A transaction too large for that is handed on as it comes; where it is taken
 * back then, the run has to end (streamer_refuse_if_rows). */
#include "streamer_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

bool streamer_keep(struct binlog_streamer *s, const struct binlog_event *event)
{
	if (s->held.length + reader_left(&event->body) > s->params.kept_bytes_max)
		return false;
	xa_hold(&s->held, event);
	return true;
}

/* The ids of the tables mean the same up to the end of the transaction. */
bool streamer_hand_on_kept(struct binlog_streamer *s, struct error *err)
{
	struct reader kept = reader_over(s->held.data, s->held.length);
	struct binlog_event event;
	bool ok = true;

	while (ok && xa_next(&kept, &event))
		ok = streamer_decode_rows(s, &event, err);
	buf_clear(&s->held);
	return ok;
}

void streamer_savepoint(struct binlog_streamer *s, const char *name)
{
	s->savepoints =
		mem_resize(s->savepoints, s->savepoint_count + 1, sizeof(*s->savepoints));

	struct savepoint *savepoint = &s->savepoints[s->savepoint_count++];

	*savepoint = (struct savepoint){ .kept = s->held.length, .handed_on = s->group_rows };
	snprintf(savepoint->name, sizeof(savepoint->name), "%s", name);
}

/* The last one of that name, as a replica would; letters count as equal in both cases. */
static struct savepoint *find_savepoint(struct binlog_streamer *s, const char *name)
{
	for (size_t i = s->savepoint_count; i > 0; i--) {
		if (strcasecmp(s->savepoints[i - 1].name, name) == 0) {
			s->savepoint_count = i;
			return &s->savepoints[i - 1];
		}
	}
	return NULL;
}

bool streamer_roll_back_to(struct binlog_streamer *s, const char *name, struct error *err)
{
	const struct savepoint *savepoint = *name ? find_savepoint(s, name) : NULL;

	if (savepoint && savepoint->handed_on == s->group_rows) {
		buf_truncate(&s->held, savepoint->kept);
		return true;
	}
	s->group_has_rows |= s->held.length > 0;
	return streamer_refuse_if_rows(s, "was rolled back in part", err);
}
