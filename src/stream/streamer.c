/* Follows a server's binlog event by event.
 *
 * Happy path: the feed gives events; GTID or BEGIN opens a transaction, TABLE_MAP and
 * rows events follow, XID or COMMIT ends it. Rows of copied tables are buffered until
 * then, as far as there is room, and those of larger transactions decoded and delivered
 * at once: most of a binlog is committed (transaction.h says what is not), and applying is
 * idempotent. Prepared XA transactions are buffered until they are decided. The end of a
 * transaction is a boundary: the only kind of position that is ever recorded (README I6).
 *
 * Failure: after a lost connection the stream goes on from the last boundary, so the
 * rows of the open transaction come twice, which applying by key allows. Anything that
 * might change a copied table in a way that is not decoded here ends the run,
 * naming the table, the position and the remedy (README, How it works).
 *
 * Positions: headers carry the low 32 bits of an event's end; the high bits are
 * carried over from the event before, as no event is 4 GiB long. Events without
 * a position (artificial ones, those inside some transactions, one that ends at
 * 4 GiB exactly) leave it alone; a transaction that ends with one has no boundary. */
#include "streamer_priv.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"

#define RECONNECT_ATTEMPTS 200
#define RECONNECT_SLEEP_MS 1000

static bool one_event(struct binlog_streamer *s, struct error *err)
{
	const uint8_t *bytes;
	size_t length;
	struct binlog_event event;

	if (!binlog_feed_next(s->feed, &bytes, &length, err))
		return false;
	if (!binlog_event_parse(bytes, length, &s->format, &event, err) ||
	    !streamer_dispatch(s, &event, err))
		return error_wrap(err, "binlog event that ends at " POSITION_FORMAT,
				  POSITION_ARGS(&s->position));
	if (streamer_is_watched(s))
		probe("watched_event", "%s", binlog_event_type_name(event.type));
	else
		probe("binlog_event", "%s", binlog_event_type_name(event.type));
	return true;
}

/* The state of a decoder that has not seen anything behind the boundary. */
static bool open_feed(struct binlog_streamer *s, struct error *err)
{
	s->feed = binlog_feed_open(&s->params.feed, &s->boundary, err);
	if (!s->feed)
		return false;
	transaction_reset(&s->transaction);
	binlog_format_init(&s->format);
	s->format.has_checksum = binlog_feed_has_checksums(s->feed);
	xa_list_release(&s->undecided);
	gtid_set_release(&s->done);
	s->position = s->boundary;
	s->is_behind = false;
	s->begin = s->boundary;
	s->skip_to = s->boundary;
	s->position.offset = binlog_feed_begins_at(s->feed);
	return true;
}

/* After a lost connection: again from the last boundary, until it can be had. */
static bool reopen_feed(struct binlog_streamer *s, struct error *err)
{
	const char *log_tag = s->params.tag;

	for (unsigned i = 1;; i++) {
		if (open_feed(s, err)) {
			log_info("binlog stream taken up again at " POSITION_FORMAT,
				 POSITION_ARGS(&s->boundary));
			return true;
		}
		if (!error_is_retryable(err) || i >= RECONNECT_ATTEMPTS)
			return false;
		log_error_err(err, "failed to reconnect to the binlog, %u of %d max retries", i,
			      RECONNECT_ATTEMPTS);
		if (!stop_sleep_ms(s->params.stop, RECONNECT_SLEEP_MS))
			return error_set(err, ERROR_STOPPED, "stopped while reconnecting");
	}
}

static bool follow(struct binlog_streamer *s, struct error *err)
{
	const char *log_tag = s->params.tag;

	while (!s->is_finished) {
		struct error lost;

		if (stop_is_set(s->params.stop))
			return error_set(err, ERROR_STOPPED, "stopped");
		if (!s->feed && !reopen_feed(s, err))
			return false;
		if (one_event(s, &lost))
			continue;
		if (binlog_feed_is_cut_short(s->feed) && streamer_pass_tail(s, &lost))
			continue;
		if (lost.kind != ERROR_LOST && lost.kind != ERROR_BUSY) {
			*err = lost;
			return false;
		}
		log_warn_err(&lost, "binlog stream lost at " POSITION_FORMAT,
			     POSITION_ARGS(&s->boundary));
		/* Delivered rows cannot be taken back: the transaction must come again, see
		 * on_rotate(). */
		if (s->transaction.delivered > 0 &&
		    (!binlog_position_is_set(&s->cut_at) ||
		     binlog_position_compare(&s->position, &s->cut_at) > 0))
			s->cut_at = s->position;
		binlog_feed_close(s->feed);
		s->feed = NULL;
		if (!stop_sleep_ms(s->params.stop, RECONNECT_SLEEP_MS))
			return error_set(err, ERROR_STOPPED, "stopped");
	}
	return true;
}

static void streamer_main(void *argument)
{
	struct binlog_streamer *s = argument;
	struct error err;

	bool ok = follow(s, &err);
	binlog_feed_close(s->feed);
	s->feed = NULL;
	mutex_lock(&s->lock);
	s->has_ended = true;
	condition_broadcast(&s->changed);
	mutex_unlock(&s->lock);
	if (!ok && err.kind != ERROR_STOPPED)
		s->params.handler.failed(s->params.handler.context, &err);
}

struct binlog_streamer *binlog_streamer_open(const struct binlog_streamer_params *params,
					     struct error *err)
{
	struct binlog_streamer *s = mem_calloc(1, sizeof(*s));

	s->params = *params;
	s->boundary = params->start;
	s->cut_at = params->delivered;
	s->last_timestamp = 0;
	s->follows_gtids = s->is_passing = params->applied != NULL;
	if (params->applied) {
		gtid_set_copy(&s->applied, params->applied);
		gtid_set_copy(&s->whole, params->applied);
	}
	s->decoder = row_decoder_new();
	transaction_init(&s->transaction);
	mutex_init(&s->lock);
	condition_init(&s->changed);
	if (!open_feed(s, err)) {
		binlog_streamer_free(s);
		return NULL;
	}
	return s;
}

void binlog_streamer_start(struct binlog_streamer *s)
{
	thread_start(&s->thread, "streamer", streamer_main, s);
}

void binlog_streamer_stop_at(struct binlog_streamer *s, const struct binlog_position *position)
{
	mutex_lock(&s->lock);
	s->stop_at = *position;
	mutex_unlock(&s->lock);
}

void binlog_streamer_set_final(struct binlog_streamer *s, const struct binlog_position *position)
{
	mutex_lock(&s->lock);
	s->final = *position;
	mutex_unlock(&s->lock);
}

bool binlog_streamer_wait_final(struct binlog_streamer *s)
{
	mutex_lock(&s->lock);
	while (!s->is_final && !s->has_ended)
		condition_wait(&s->changed, &s->lock);
	bool reached = s->is_final;
	mutex_unlock(&s->lock);
	return reached;
}

bool binlog_streamer_is_final(struct binlog_streamer *s)
{
	mutex_lock(&s->lock);
	bool reached = s->is_final;
	mutex_unlock(&s->lock);
	return reached;
}

bool binlog_streamer_undecided(struct binlog_streamer *s, const struct binlog_position *position,
			       struct buf *undecided)
{
	mutex_lock(&s->lock);
	bool passed = binlog_position_is_set(&s->passed) &&
		      binlog_position_compare(&s->passed, position) >= 0;

	buf_clear(undecided);
	buf_add(undecided, s->undecided_text.data, s->undecided_text.length);
	mutex_unlock(&s->lock);
	return passed;
}

void binlog_streamer_position(struct binlog_streamer *s, struct binlog_position *position)
{
	mutex_lock(&s->lock);
	*position = s->boundary;
	mutex_unlock(&s->lock);
}

double binlog_streamer_lag_s(struct binlog_streamer *s, double now)
{
	mutex_lock(&s->lock);
	uint32_t last = s->last_timestamp;
	mutex_unlock(&s->lock);

	double lag = last ? now - (double)last : 0;
	return lag > 0 ? lag : 0;
}

bool binlog_streamer_join(struct binlog_streamer *s)
{
	thread_join(&s->thread);
	return s->is_finished;
}

void binlog_streamer_free(struct binlog_streamer *s)
{
	if (!s)
		return;
	binlog_feed_close(s->feed);
	transaction_release(&s->transaction);
	buf_release(&s->plain);
	buf_release(&s->xid);
	xa_list_release(&s->undecided);
	gtid_set_release(&s->applied);
	gtid_set_release(&s->done);
	gtid_set_release(&s->whole);
	gtid_set_release(&s->begun);
	row_decoder_free(s->decoder);
	buf_release(&s->undecided_text);
	condition_destroy(&s->changed);
	mutex_destroy(&s->lock);
	free(s);
}
