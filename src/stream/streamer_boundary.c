/* The end of a transaction, and the places between transactions: the only positions that
 * are ever recorded (I6). */
#include "streamer_priv.h"

#include "base/advice.h"
#include "base/log.h"

#define NAMED_XA_MAX 3

bool streamer_at_boundary(struct binlog_streamer *s, uint32_t timestamp, struct error *err)
{
	const char *log_tag = s->params.tag;
	unsigned undecided = 0;

	if (s->is_behind || binlog_position_compare(&s->position, &s->skip_to) < 0)
		return true;
	s->begin = s->position;
	/* Never past an XA transaction that may still be committed: its rows must come
	 * again after a resume (src/README.md). */
	const struct binlog_position *safe =
		s->undecided.first ? &s->undecided.first->before : &s->position;

	mutex_lock(&s->lock);
	s->boundary = *safe;
	s->passed = s->position;
	s->last_timestamp = timestamp;
	buf_clear(&s->undecided_text);
	for (const struct xa_transaction *xa = s->undecided.first; xa; xa = xa->next, undecided++)
		if (undecided < NAMED_XA_MAX)
			buf_printf(&s->undecided_text, "%s%s", undecided ? "; " : "", xa->xid);
	if (undecided > NAMED_XA_MAX)
		buf_printf(&s->undecided_text, " and %u more", undecided - NAMED_XA_MAX);
	bool is_final = binlog_position_is_set(&s->final) &&
			binlog_position_compare(&s->position, &s->final) >= 0;
	bool reached = binlog_position_is_set(&s->stop_at) &&
		       binlog_position_compare(&s->position, &s->stop_at) >= 0;
	mutex_unlock(&s->lock);

	if (!s->is_late &&
	    !s->params.handler.boundary(s->params.handler.context, safe, &s->done, timestamp, err))
		return false;
	gtid_set_release(&s->done);
	if (is_final && !s->is_late) {
		/* What follows is looked at, but is no part of the move: positions that a
		 * resumed run begins at stay in front of it. */
		s->is_late = true;
		for (const struct xa_transaction *xa = s->undecided.first; xa; xa = xa->next)
			log_warn("the XA transaction %s is prepared but neither committed nor "
				 "rolled back: what it changes in copied tables is not moved "
				 "(XA RECOVER shows it)",
				 xa->xid);
		mutex_lock(&s->lock);
		s->is_final = true;
		condition_broadcast(&s->changed);
		mutex_unlock(&s->lock);
	}
	s->late_after = s->position;
	s->is_finished = reached;
	return true;
}

bool streamer_end_transaction(struct binlog_streamer *s, const struct binlog_event *event,
			      struct error *err)
{
	streamer_gtid_done(s);
	transaction_reset(&s->transaction);
	return streamer_at_boundary(s, event->timestamp, err);
}

bool streamer_refuse_delivered(struct binlog_streamer *s, const char *what, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED,
			 "the transaction after " POSITION_FORMAT " %s and holds rows of copied "
			 "tables; they cannot be undone on the target: %s",
			 POSITION_ARGS(&s->boundary), what, advice_start_over());
}

bool streamer_refuse_unprepared(struct binlog_streamer *s, const char *verb, struct error *err)
{
	return error_set(err, ERROR_CORRUPT,
			 "the XA transaction after " POSITION_FORMAT " ends by %s, but was not "
			 "prepared, and holds rows of copied tables",
			 POSITION_ARGS(&s->boundary), verb);
}
