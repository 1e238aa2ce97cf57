/* Resuming on another server, a replica that has become the source, say.
 *
 * File and offset mean nothing there, but the transactions are the same and have the same GTIDs.
 * The state names those that are applied. So the stream may begin at any position of the new
 * server's binlog that is preceded by no others: the beginning of the newest file that says so, and
 * from there the first transaction that is not among them (streamer.h). Whatever comes again leads
 * through older images only (I5).
 *
 * What the old server had and the new one lacks must not be on the target. What the stream received
 * is recorded, and a server that lacks any of it is refused. That cannot be known of rows that were
 * copied, nor of changes received after the state was last saved when the program was killed: the
 * old source may have died before it sent them to the replica. Where the source waits for a replica
 * before it commits (semi-synchronous, AFTER_SYNC) there are none. Otherwise the target must be
 * compared: the log says so. */
#include "start_position.h"

#include <string.h>

#include "base/advice.h"
#include "base/clock.h"
#include "base/log.h"
#include "stream/gtid_source.h"

static const char log_tag[] = "ferry";

/* A transaction is sent before the server counts it as executed, and a replica may be about to
 * finish its work. */
#define EXECUTED_WAIT_MS 3000
#define EXECUTED_POLL_MS 100

void start_position_release(struct start_position *start)
{
	gtid_set_release(&start->applied);
	gtid_set_release(&start->received);
}

static bool start_fresh(struct start_position *start, struct db *source, struct error *err)
{
	bool ok = gtid_source_has(source, &start->has_gtids, err) &&
		  (start->has_gtids ?
			   gtid_source_current(source, &start->position, &start->applied, err) :
			   binlog_current_position(source, &start->position, err));

	gtid_set_copy(&start->received, &start->applied);
	return ok || error_wrap(err, "read the source's binlog position");
}

/* Both what the copy was made from and what the stream had received. */
static bool has_executed(struct db *source, const struct start_position *start, bool *all,
			 struct gtid_set *missing, struct error *err)
{
	struct gtid_set executed = GTID_SET_INIT;
	bool ok = db_ready(source, err) && gtid_source_executed(source, &executed, err);

	gtid_set_release(missing);
	*all = ok && gtid_set_suits(&start->applied, &executed);
	if (!*all)
		gtid_set_copy(missing, &start->applied);
	if (*all && !gtid_set_is_executed(&start->applied, &executed, missing))
		*all = false;
	if (*all && !gtid_set_is_executed(&start->received, &executed, missing))
		*all = false;
	gtid_set_release(&executed);
	return ok;
}

static bool refuse_behind(const struct start_position *start, const struct gtid_set *missing,
			  struct error *err)
{
	struct buf text = BUF_INIT;

	gtid_set_print_short(&text, missing);
	if (start->is_other_server)
		error_set(err, ERROR_CONFIG,
			  "this server lacks transactions that the source of the state had (%s), and "
			  "the target may hold what they did: let it replicate them, or take a "
			  "replica that has them; if they are lost, %s",
			  buf_text(&text), advice_start_over());
	else
		error_set(err, ERROR_CONFIG,
			  "the source no longer has transactions that it had when the state was made "
			  "(%s): its binlog was reset, or its data replaced or lost in a crash, and "
			  "the target may hold what they did; %s (if commits there are waiting for a semi-synchronous replica, "
			  "resume when they are done)",
			  buf_text(&text), advice_start_over());
	buf_release(&text);
	return false;
}

static bool check_executed(struct start_position *start, struct db *source, struct stop *stop,
			   struct error *err)
{
	struct gtid_set missing = GTID_SET_INIT;
	int64_t deadline = clock_ms() + EXECUTED_WAIT_MS;
	bool all, ok;

	while ((ok = has_executed(source, start, &all, &missing, err)) && !all &&
	       clock_ms() < deadline)
		if (!stop_sleep_ms(stop, EXECUTED_POLL_MS)) {
			gtid_set_release(&missing);
			return error_set(err, ERROR_STOPPED, "stopped");
		}
	if (ok && !all)
		ok = refuse_behind(start, &missing, err);
	gtid_set_release(&missing);
	return ok;
}

static bool refuse_purged(const struct start_position *start, const struct gtid_set *before,
			  struct error *err)
{
	struct gtid_set missing = GTID_SET_INIT;
	struct buf text = BUF_INIT;

	if (gtid_set_is_subset(before, &start->applied, &missing))
		buf_puts(&text, "its files do not say");
	gtid_set_print_short(&text, &missing);
	gtid_set_release(&missing);
	error_set(err, ERROR_PURGED,
		  "this server no longer has, or never had, the binlog of transactions that were not "
		  "moved yet (%s): take a replica that has it, or %s, and let servers keep their logs for longer "
		  "(binlog_expire_logs_seconds, expire_logs_days)",
		  buf_text(&text), advice_start_over());
	buf_release(&text);
	return false;
}

static bool find_place(struct start_position *start, struct db *source,
		       const struct binlog_feed_params *feed, struct error *err)
{
	struct gtid_set before = GTID_SET_INIT; /* the oldest file */
	bool found = false;
	bool ok = gtid_source_unlogged(source, &before, err);

	/* First what no file records: the first file may still say that it begins with nothing. */
	if (ok && gtid_set_is_executed(&before, &start->applied, NULL))
		ok = gtid_source_find(source, feed, &start->applied, &start->position, &found,
				      &before, err) ||
		     error_wrap(err, "look for the state's place in this server's binlog");
	if (ok && !found)
		ok = refuse_purged(start, &before, err);
	gtid_set_release(&before);
	return ok;
}

static bool refuse_other_server(const struct saved_state *resume, const char *identity,
				bool has_gtids, struct error *err)
{
	return error_set(err, ERROR_CONFIG,
			 "the state was made with another source server (%s, this is %s): its binlog "
			 "position means nothing here, and %s",
			 resume->run.source_uuid, identity,
			 has_gtids ? "gtid_mode is not ON on this one" :
				     "it has no GTIDs by which to find the place");
}

static bool go_on_by_gtid(struct start_position *start, struct db *source, const char *identity,
			  const struct binlog_feed_params *feed, const struct saved_state *resume,
			  struct stop *stop, struct error *err)
{
	struct buf text = BUF_INIT;

	if (!check_executed(start, source, stop, err) || !find_place(start, source, feed, err))
		return error_wrap(err,
				  "the state was made with another source server (%s, this is %s)",
				  resume->run.source_uuid, identity);
	gtid_set_print_short(&text, &start->applied);
	log_info("the state was made with another source server (%s, this is %s): going on by "
		 "GTID at " POSITION_FORMAT ", behind %s",
		 resume->run.source_uuid, identity, POSITION_ARGS(&start->position),
		 buf_text(&text));
	log_warn("the target may hold rows that the former source never sent to this one, unless "
		 "it waited for it (semi-synchronous replication): have them compared "
		 "(VerifierType, or -verify) before the target is used");
	buf_release(&text);
	return true;
}

static bool go_on(struct start_position *start, struct db *source, const char *identity,
		  const struct binlog_feed_params *feed, const struct saved_state *resume,
		  struct stop *stop, struct error *err)
{
	bool server_has;

	start->position = resume->run.position;
	start->is_other_server =
		*resume->run.source_uuid && strcmp(resume->run.source_uuid, identity) != 0;
	if (!gtid_source_has(source, &server_has, err))
		return false;
	start->has_gtids = resume->run.has_gtids && server_has;
	if (start->is_other_server && !start->has_gtids)
		return refuse_other_server(resume, identity, resume->run.has_gtids, err);
	/* A stream can only be requested from within the first 4 GiB of a file, so the server would
	 * not report that such a position does not exist: the stream would wait for it forever. */
	if (!start->is_other_server && start->position.offset > UINT32_MAX &&
	    !binlog_reaches(source, &start->position, err))
		return false;
	if (!start->has_gtids)
		return true;
	gtid_set_copy(&start->applied, &resume->run.applied);
	gtid_set_copy(&start->received, &resume->run.received);
	if (start->is_other_server)
		return go_on_by_gtid(start, source, identity, feed, resume, stop, err);
	return check_executed(start, source, stop, err);
}

bool start_position_choose(struct start_position *start, struct db *source, const char *identity,
			   const struct binlog_feed_params *feed, const struct saved_state *resume,
			   struct stop *stop, struct error *err)
{
	return resume ? go_on(start, source, identity, feed, resume, stop, err) :
			start_fresh(start, source, err);
}
