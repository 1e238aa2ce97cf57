/* A source that is a replica (RunFerryFromReplica).
 *
 * Rows are read from the replica, and its binlog is followed: all guarantees of a source hold for
 * it, as its threads log and lock like any session does. What differs is the end. The writers write
 * to the master; so the cutover reads the master's position, waits until the replica has executed
 * it, and only then reads the replica's own: every change of the master is before it.
 *
 * The ferry's thread runs it. A master that is read-only counts as replaced: the writers may be at
 * work on another server, which nobody watches. */
#include "ferry_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/probe.h"
#include "preflight/replica_status.h"

static const char log_tag[] = "wait_replica";

#define POLL_MS 100
#define LOG_EVERY_MS 10000

/* One look at both servers. */
struct look {
	struct ferry *f;
	struct db *master;
	struct binlog_position wanted; /* the master's, when the wait began */
	struct binlog_position now;    /* the master's, read after `replica` */
	struct replica_status replica;
	bool is_visible; /* the rest of replica, besides the position, is known */
};

/* --- querying --------------------------------------------------------------------- */

static bool query_master(struct ferry *f, struct db *master, uint64_t *id, struct error *err)
{
	struct buf answer = BUF_INIT;
	bool ok = db_value(master, &answer, NULL, err, "SELECT @@global.read_only");

	if (ok && strcmp(buf_text(&answer), "0") != 0 && strcasecmp(buf_text(&answer), "OFF") != 0)
		ok = error_set(err, ERROR_PREFLIGHT,
			       f->replica_master_id ?
				       "source master is no longer a master writer: read_only is "
				       "%s. Writers are stopped by other means here, FLUSH TABLES "
				       "WITH READ LOCK or ALTER USER ... ACCOUNT LOCK, as another "
				       "server may have taken its place" :
				       "source master is a read replica, not a master writer: "
				       "read_only is %s. SourceReplicationMaster must be the "
				       "server that is written to",
			       buf_text(&answer));
	ok = ok && db_value(master, &answer, NULL, err, "SELECT @@global.server_id");
	*id = strtoull(buf_text(&answer), NULL, 10);
	buf_release(&answer);
	if (ok && f->replica_master_id && *id != f->replica_master_id)
		return error_set(err, ERROR_PREFLIGHT,
				 "source_master: this is another server (server_id %" PRIu64
				 ") than at the start (%" PRIu64 ")",
				 *id, f->replica_master_id);
	return ok;
}

/* With a query set by the user, the account may not be allowed to see the status, and there may be
 * servers in between. */
static bool query_replica(struct look *look, struct error *err)
{
	struct ferry *f = look->f;
	const char *query = f->options.replica.position_query;
	bool ok = replica_status_read(f->source, query ? 0 : f->replica_master_id, &look->replica,
				      &look->is_visible, err);

	if (query) {
		if (!ok && error_is_retryable(err))
			return false;
		return replica_status_query(f->source, query, &look->replica.executed, err);
	}
	if (ok && !look->is_visible)
		return error_set(err, ERROR_PREFLIGHT,
				 "source: it is no replica of SourceReplicationMaster (server_id "
				 "%" PRIu64 "); where there are servers in between, set "
				 "ReplicatedMasterPositionQuery",
				 f->replica_master_id);
	return ok;
}

/* What the replica has executed must be in the binlog of the master. */
static bool check_not_ahead(const struct look *look, struct error *err)
{
	if (binlog_position_compare(&look->replica.executed, &look->now) <= 0)
		return true;
	return error_set(err, ERROR_PREFLIGHT,
			 "source: it has executed its master's binlog up to " POSITION_FORMAT
			 ", but that ends at " POSITION_FORMAT ": %s",
			 POSITION_ARGS(&look->replica.executed), POSITION_ARGS(&look->now),
			 look->f->options.replica.position_query ?
				 "ReplicatedMasterPositionQuery must name a position on the "
				 "master, not one of the replica's own binlog" :
				 "the master's binlog was reset, set the replication up again");
}

static bool look_at_both(struct look *look, struct error *err)
{
	struct ferry *f = look->f;
	uint64_t id;

	return db_ready(f->source, err) && db_ready(look->master, err) &&
	       query_replica(look, err) && query_master(f, look->master, &id, err) &&
	       binlog_current_position(look->master, &look->now, err) && check_not_ahead(look, err);
}

/* --- the start --------------------------------------------------------------------- */

/* What the servers refuse is listed with the other findings; a lost connection is not. */
static bool forgive(struct ferry *f, const struct error *failure, struct error *err)
{
	if (error_is_retryable(failure)) {
		*err = *failure;
		return false;
	}
	finding_add(&f->findings, FINDING_ERROR, "", "%s", failure->text);
	return true;
}

static void check_health(struct ferry *f, const struct replica_status *replica)
{
	if (!replica->is_receiving || !replica->is_executing)
		finding_add(&f->findings, FINDING_ERROR,
			    db_version(f->source)->flavour == FLAVOUR_MARIADB ? "START ALL SLAVES" :
										"START REPLICA",
			    "source: its replication from %s does not run%s%s", replica->master,
			    *replica->error ? ": " : "", replica->error);
	if (replica->is_filtered)
		finding_add(&f->findings, FINDING_WARNING, "",
			    "source: it leaves changes of its master out (Replicate_... in its "
			    "status): what is moved is what the replica has");
}

static void add_missing_privilege(struct ferry *f)
{
	bool is_mariadb = db_version(f->source)->flavour == FLAVOUR_MARIADB;
	struct error ignored = ERROR_INIT;
	struct buf account = BUF_INIT, remedy = BUF_INIT;

	buf_printf(&remedy, "GRANT %s ON *.* TO ",
		   is_mariadb ? "SLAVE MONITOR" : "REPLICATION CLIENT");
	if (!db_value(f->source, &account, NULL, &ignored, "SELECT CURRENT_USER()") ||
	    !sql_account(&remedy, buf_text(&account)))
		buf_clear(&remedy);
	finding_add(&f->findings, FINDING_ERROR, buf_text(&remedy),
		    "source: the account may not see how far the replica is (SHOW %s)",
		    is_mariadb ? "ALL SLAVES STATUS" : "REPLICA STATUS");
	buf_release(&remedy);
	buf_release(&account);
}

static bool check_both(struct ferry *f, struct db *master, struct error *err)
{
	struct look look = { .f = f, .master = master };
	struct error failure = ERROR_INIT;
	uint64_t id;

	if (!query_master(f, master, &id, &failure))
		return forgive(f, &failure, err);
	f->replica_master_id = id;
	if (!replica_status_is_ordered(f->source, f->options.replica.position_query, &failure) &&
	    !forgive(f, &failure, err))
		return false;
	if (!look_at_both(&look, &failure)) {
		if (failure.kind != ERROR_ACCESS || look.is_visible ||
		    f->options.replica.position_query)
			return forgive(f, &failure, err);
		add_missing_privilege(f);
		return true;
	}
	if (look.is_visible)
		check_health(f, &look.replica);
	log_info("the source has executed its master's binlog up to " POSITION_FORMAT
		 ", which ends at " POSITION_FORMAT,
		 POSITION_ARGS(&look.replica.executed), POSITION_ARGS(&look.now));
	return true;
}

bool ferry_check_replica(struct ferry *f, struct error *err)
{
	struct db *master = db_open(&f->options.replica.master, DB_SESSION_READ, NULL, err);

	if (!master)
		return false;
	bool ok = check_both(f, master, err);
	db_close(master);
	return ok;
}

/* --- the wait ------------------------------------------------------------------------ */

static const char *obstacle(const struct look *look)
{
	if (!look->is_visible)
		return "";
	if (!look->replica.is_executing)
		return ", its SQL thread is stopped";
	if (!look->replica.is_receiving)
		return ", it is not connected to its master";
	return "";
}

static void report(struct look *look, int64_t *last_logged_ms)
{
	char text[sizeof(look->f->waiting_for)];

	snprintf(text, sizeof(text),
		 "the replica to execute its master's binlog up to %.60s:%" PRIu64
		 "; it is at %.60s:%" PRIu64 "%s",
		 POSITION_ARGS(&look->wanted), POSITION_ARGS(&look->replica.executed),
		 obstacle(look));
	ferry_waits_for(look->f, text);
	if (*last_logged_ms && clock_ms() - *last_logged_ms < LOG_EVERY_MS)
		return;
	*last_logged_ms = clock_ms();
	log_info("waiting for %s", text);
}

static bool check_unbroken(const struct look *look, struct error *err)
{
	if (!look->is_visible || !look->replica.is_broken)
		return true;
	return error_set(err, ERROR_PREFLIGHT,
			 "the replication of the source from %s is broken at " POSITION_FORMAT
			 " (the master is at " POSITION_FORMAT "): %s: fix it, then resume",
			 look->replica.master, POSITION_ARGS(&look->replica.executed),
			 POSITION_ARGS(&look->wanted), look->replica.error);
}

static bool check_time(const struct look *look, int64_t began_ms, struct error *err)
{
	int64_t limit_ms = look->f->options.replica.timeout_ms;

	if (limit_ms == 0 || clock_ms() - began_ms < limit_ms)
		return true;
	return error_set(err, ERROR_TIMEOUT,
			 "timeout reached before replica is caught up to master: it is at " POSITION_FORMAT
			 " of " POSITION_FORMAT " after %.1f s%s "
			 "(WaitForReplicationTimeout)",
			 POSITION_ARGS(&look->replica.executed), POSITION_ARGS(&look->wanted),
			 (double)limit_ms / 1000, obstacle(look));
}

static bool look_until_answered(struct look *look, struct error *err)
{
	for (struct retry r = ferry_retry(look->f, "read the replica's and its master's position",
					  log_tag, ASK_ATTEMPTS);
	     retry_next(&r, err);)
		if (look_at_both(look, err))
			return true;
	return false;
}

static bool wait_for(struct look *look, struct error *err)
{
	int64_t began_ms = clock_ms(), last_logged_ms = 0;

	for (;;) {
		if (!look_until_answered(look, err))
			return false;
		if (!binlog_position_is_set(&look->wanted))
			look->wanted = look->now;
		if (binlog_position_compare(&look->replica.executed, &look->wanted) >= 0)
			return replica_status_is_ordered(look->f->source,
							 look->f->options.replica.position_query,
							 err);
		report(look, &last_logged_ms);
		probe("replica_is_behind", POSITION_FORMAT, POSITION_ARGS(&look->wanted));
		if (!check_unbroken(look, err) || !check_time(look, began_ms, err))
			return false;
		if (!stop_sleep_ms(&look->f->stop, POLL_MS))
			return ferry_stopped(err);
	}
}

bool ferry_wait_for_replica(struct ferry *f, struct error *err)
{
	struct look look = { .f = f,
			     .master = db_new(&f->options.replica.master, DB_SESSION_READ, NULL) };
	bool ok = wait_for(&look, err);

	db_close(look.master);
	if (ok)
		log_info("the source has executed its master's binlog up to " POSITION_FORMAT,
			 POSITION_ARGS(&look.wanted));
	else if (err->kind != ERROR_STOPPED)
		ferry_fail_run(f, PART_REPLICA, err);
	return ok;
}
