/* The GTIDs of the stream: what has been received, what is done at a boundary, and what is
 * passed over at the start, as it was applied before. */
#include "streamer_priv.h"

#include <inttypes.h>

#include "base/advice.h"
#include "decode/gtid_event.h"

/* Where transactions go that are done: like the position, not past an XA transaction
 * that may still be committed. */
static struct gtid_set *done_gtids(struct binlog_streamer *s)
{
	struct gtid_set *newest = xa_newest_gtids(&s->undecided);

	return newest ? newest : &s->done;
}

void streamer_gtid_done(struct binlog_streamer *s)
{
	if (s->transaction.gtid.kind == GTID_NONE)
		return;
	gtid_set_add(done_gtids(s), &s->transaction.gtid);
	gtid_set_add(&s->whole, &s->transaction.gtid);
}

/* A MariaDB server may hold transactions of a domain that it never logged, when it was set
 * up from a backup. Nothing is missing if it logged one that we have, or the next. */
static bool check_begin(struct binlog_streamer *s, struct error *err)
{
	uint32_t domain = gtid_domain(s->transaction.gtid.origin);
	uint64_t last = gtid_set_last(&s->applied, domain);

	if (!s->params.is_other_server || s->transaction.gtid.kind != GTID_MARIADB)
		return true;
	if (gtid_set_last(&s->begun, domain) == 0 && s->transaction.gtid.number > last + 1)
		return error_set(err, ERROR_PURGED,
				 "the source's binlog begins, in GTID domain %" PRIu32
				 ", with transaction %" PRIu64
				 ", and what was moved ends with %" PRIu64
				 ": what lies between is nowhere to be had; %s",
				 domain, s->transaction.gtid.number, last, advice_start_over());
	gtid_set_add(&s->begun, &s->transaction.gtid);
	return true;
}

bool streamer_gtid_begins(struct binlog_streamer *s, const struct binlog_event *event,
			  struct error *err)
{
	const struct binlog_handler *h = &s->params.handler;

	if (!s->follows_gtids)
		return true;
	if (!gtid_event_parse(event, &s->transaction.gtid, err))
		return false;
	if (s->transaction.gtid.kind == GTID_NONE) {
		s->follows_gtids = s->is_passing = false;
		if (!s->is_late)
			h->received(h->context, NULL);
		return true;
	}
	if (!s->is_late)
		h->received(h->context, &s->transaction.gtid);
	s->is_passing = s->is_passing && gtid_set_contains(&s->applied, &s->transaction.gtid);
	s->transaction.is_applied = s->is_passing;
	return check_begin(s, err);
}

/* It repairs what a start position may have left out (gtid_source.h). */
bool streamer_gtid_list(struct binlog_streamer *s, const struct binlog_event *event,
			struct error *err)
{
	struct gtid_set before = GTID_SET_INIT;
	bool ok = true;

	if (!s->follows_gtids || event->flags & EVENT_FLAG_ARTIFICIAL)
		return true;
	ok = gtid_list_parse(event, &before, err);
	if (ok) {
		gtid_set_merge(done_gtids(s), &before);
		gtid_set_merge(&s->whole, &before);
		if (s->params.is_other_server)
			gtid_set_merge(&s->begun, &before);
	}
	gtid_set_release(&before);
	return ok;
}
