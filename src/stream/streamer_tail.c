/* A binlog file that ends in the middle of an event.
 *
 * A MariaDB server that is killed while it writes a transaction leaves half of it at the end of the
 * file. When it starts again it rolls the transaction back, as it is not whole, and goes on in a
 * new file; but it does not cut the old one, and every reader gets all its whole events and then an
 * error.
 *
 * What is half there may be passed over when it was never committed as logged: the next
 * file says, by GTID, all that was logged before it. And when nothing of it was delivered:
 * large transactions are, before their end, and what the target has of them then belongs
 * to no transaction. Whatever cannot be shown ends the run. */
#include "streamer_priv.h"

#include <string.h>

#include "base/advice.h"
#include "base/log.h"
#include "stream/gtid_source.h"

static bool cannot_go_on(const struct binlog_streamer *s, const char *why, struct error *err)
{
	return error_set(err, ERROR_PURGED,
			 "the binlog file %s of the %s ends in the middle of an event behind " POSITION_FORMAT
			 ", as the server was killed while it wrote it, and %s; the "
			 "run cannot be resumed: %s%s",
			 s->position.file, s->params.feed.server->label, POSITION_ARGS(&s->begin),
			 why, s->params.feed.if_purged, advice_start_over());
}

/* before: what was logged before the next file. */
static bool was_never_whole(const struct binlog_streamer *s, const struct gtid_set *before)
{
	const struct gtid *open = &s->transaction.mariadb;

	/* Cut in its very first event: it is the one that would be missing. */
	if (open->kind == GTID_NONE)
		return s->follows_gtids && gtid_set_suits(before, &s->whole) &&
		       gtid_set_is_subset(before, &s->whole, NULL);
	return (gtid_set_is_empty(before) || before->kind == open->kind) &&
	       !gtid_set_contains(before, open) &&
	       (!s->follows_gtids || (gtid_set_suits(before, &s->whole) &&
				      gtid_set_is_executed(before, &s->whole, NULL)));
}

static bool find_next_file(struct binlog_streamer *s, struct binlog_position *next,
			   struct error *err)
{
	struct gtid_set before = GTID_SET_INIT;
	bool found;
	bool ok = gtid_source_next_file(&s->params.feed, &s->position, next, &found, &before, err);

	if (ok && !found)
		ok = cannot_go_on(s, "there is no next file that says what was logged before", err);
	if (ok && !was_never_whole(s, &before))
		ok = cannot_go_on(s, "by the next file the transaction may have been committed",
				  err);
	gtid_set_release(&before);
	return ok;
}

bool streamer_pass_tail(struct binlog_streamer *s, struct error *err)
{
	const char *log_tag = s->params.tag;
	const struct binlog_position end = s->begin;
	struct binlog_position next;

	binlog_feed_close(s->feed);
	s->feed = NULL;
	/* By this connection, by one before, or by an earlier run. One that was further on, in
	 * a later file, has passed this place. */
	if (s->transaction.delivered > 0 ||
	    (binlog_position_is_set(&s->cut_at) && strcmp(s->cut_at.file, s->position.file) == 0 &&
	     binlog_position_compare(&s->cut_at, &s->begin) > 0))
		return cannot_go_on(s, "the target holds rows of that transaction", err);
	if (!find_next_file(s, &next, err))
		return false;
	s->feed = binlog_feed_open(&s->params.feed, &next, err);
	if (!s->feed)
		return false;
	/* What is known of XA transactions stays: they are not undecided any less. */
	transaction_reset(&s->transaction);
	binlog_format_init(&s->format);
	s->format.has_checksum = binlog_feed_has_checksums(s->feed);
	s->position = s->begin = next;
	s->is_behind = false;
	if (!streamer_at_boundary(s, s->last_timestamp, err))
		return false;
	log_warn("the binlog file ends in the middle of an event behind " POSITION_FORMAT
		 ", of a transaction that was never committed: going on at " POSITION_FORMAT,
		 POSITION_ARGS(&end), POSITION_ARGS(&next));
	return true;
}
