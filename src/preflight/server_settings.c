/* Checks of the servers themselves. Settings that are simply right or wrong are in tables; the
 * checks that need more are functions below. A setting that a server does not have cannot be
 * wrong there. */
#include "preflight_priv.h"
#include "preflight/replica_status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define WAY_BACK_S 604800

struct setting {
	const char *name;
	const char *wanted;
	const char *alternative; /* that will do too, or NULL */
	const char *reason;	 /* put behind "must be X, not Y" */
	const char *remedy;
};

static const struct setting source_settings[] = {
	{ "log_bin", "ON", NULL, "", "start the server with --log-bin and --server-id" },
	{ "binlog_format", "ROW", NULL, "",
	  "SET GLOBAL binlog_format = 'ROW', and have clients reconnect: sessions keep the old "
	  "one" },
	{ "binlog_row_value_options", "", NULL, "; partial JSON updates cannot be applied",
	  "SET GLOBAL binlog_row_value_options = ''" },
};

/* MariaDB from 11.4 on can omit unchanged columns from an update's second image. */
static const struct setting source_row_image = { "binlog_row_image", "FULL", "FULL_NODUP", "",
						 "SET GLOBAL binlog_row_image = 'FULL', and have "
						 "clients reconnect: sessions keep the old one" };

static const struct setting target_read_only = {
	"read_only",
	"OFF",
	NULL,
	" (@@read_only must be OFF on target db)",
	"SET GLOBAL read_only = OFF, or AllowSuperUserOnReadOnly for an account that may write",
};

/* These bind every account. */
static const struct setting target_settings[] = {
	{ "super_read_only", "OFF", NULL, "", "SET GLOBAL super_read_only = OFF" },
	{ "innodb_read_only", "OFF", NULL, "", "start the server without --innodb-read-only" },
};

static void check_setting(struct preflight *p, const struct preflight_server *server,
			  const struct setting *setting)
{
	const char *value = preflight_variable(server, setting->name);

	if (!value || strcasecmp(value, setting->wanted) == 0 ||
	    (setting->alternative && strcasecmp(value, setting->alternative) == 0))
		return;
	finding_add(p->findings, FINDING_ERROR, setting->remedy, "%s: %s must be %s, not %s%s",
		    db_label(server->db), setting->name,
		    *setting->wanted ? setting->wanted : "empty", value, setting->reason);
}

/* A primary may be read-only to stop its writers, and an interrupted run is then resumed in that
 * downtime. Only a server that replicates from another one is a replica. */
static bool check_source_read_only(struct preflight *p, struct error *err)
{
	const char *value = preflight_variable(&p->source, "read_only");
	struct error failure = ERROR_INIT;
	enum replicates replicates;
	char *remedy;

	if (p->options->replica.enabled || !value || strcasecmp(value, "OFF") == 0)
		return true;
	if (!replica_status_check(p->source.db, &replicates, &failure))
		return preflight_forgive(p, "whether the read-only source is a replica", &failure,
					 err);
	switch (replicates) {
	case REPLICATES_NOT:
		finding_add(p->findings, FINDING_NOTE, "",
			    "source: read_only is %s, and it replicates from no other server: its "
			    "writers are stopped",
			    value);
		break;
	case REPLICATES:
		finding_add(p->findings, FINDING_ERROR,
			    "SET GLOBAL read_only = OFF, if this is the primary; else move from the "
			    "primary, or set RunFerryFromReplica and SourceReplicationMaster",
			    "source: read_only must be OFF, not %s: source is a read replica. running "
			    "Ghostferry with a source replica is unsafe unless its master is known",
			    value);
		break;
	case REPLICATES_UNKNOWN:
		remedy = mem_printf("GRANT %s ON *.* TO %s, so that it can be seen",
				    db_version(p->source.db)->flavour == FLAVOUR_MARIADB ?
					    "SLAVE MONITOR" :
					    "REPLICATION CLIENT",
				    p->source.grants.account);
		finding_add(p->findings, FINDING_ERROR, remedy,
			    "source: read_only must be OFF, not %s, unless it is a primary whose "
			    "writers are stopped; it has replicated from another server, and the "
			    "account may not see whether it still does",
			    value);
		free(remedy);
		break;
	}
	return true;
}

/* Without PROCESS, open transactions are not seen, and what they commit behind the final position
 * of the cutover would be lost. */
static void check_process(struct preflight *p)
{
	char *remedy;

	if (p->options->replica.enabled ||
	    grants_allow(&p->source.grants, "PROCESS", NULL) != GRANTS_NO)
		return;
	remedy = mem_printf("GRANT PROCESS ON *.* TO %s", p->source.grants.account);
	finding_add(p->findings, FINDING_WARNING, remedy,
		    "source: the account %s lacks the privilege PROCESS: the cutover cannot see "
		    "transactions that are still open, and does not wait for them",
		    p->source.grants.account);
	free(remedy);
}

static void check_settings(struct preflight *p)
{
	for (size_t i = 0; i < ARRAY_LEN(source_settings); i++)
		check_setting(p, &p->source, &source_settings[i]);
	if (!p->options->skip_row_image_check)
		check_setting(p, &p->source, &source_row_image);
	if (!p->options->allow_read_only_target)
		check_setting(p, &p->target, &target_read_only);
	for (size_t i = 0; i < ARRAY_LEN(target_settings); i++)
		check_setting(p, &p->target, &target_settings[i]);
}

static void check_version(struct preflight *p, const struct db *db)
{
	const struct server_version *version = db_version(db);

	if (!server_is_supported(version))
		finding_add(p->findings, FINDING_ERROR, "use MySQL 5.7 or MariaDB 10.5, or newer",
			    "%s: %s %s is not supported", db_label(db),
			    flavour_name(version->flavour), version->text);
}

static uint64_t number_of(const struct preflight_server *server, const char *name)
{
	const char *value = preflight_variable(server, name);

	return value ? strtoull(value, NULL, 10) : 0;
}

static void check_packets(struct preflight *p)
{
	uint64_t ours = number_of(&p->source, "max_allowed_packet");
	uint64_t theirs = number_of(&p->target, "max_allowed_packet");
	char *remedy;

	if (theirs >= ours)
		return;
	remedy = mem_printf("SET GLOBAL max_allowed_packet = %" PRIu64, ours);
	finding_add(p->findings, FINDING_WARNING, remedy,
		    "target: max_allowed_packet is %" PRIu64 ", the source's is %" PRIu64
		    ": rows larger than the target's cannot be written",
		    theirs, ours);
	free(remedy);
}

static void check_binlog_lifetime(struct preflight *p)
{
	uint64_t seconds = number_of(&p->source, "binlog_expire_logs_seconds");
	/* MySQL 5.7 and MariaDB 10.5 have only the other. */
	const char *longer = preflight_variable(&p->source, "binlog_expire_logs_seconds") ?
				     "SET GLOBAL binlog_expire_logs_seconds = 604800" :
				     "SET GLOBAL expire_logs_days = 7";

	if (seconds == 0)
		seconds = number_of(&p->source, "expire_logs_days") * 86400;
	if (p->options->way_back.is_foreseen && seconds != 0 && seconds < WAY_BACK_S)
		finding_add(p->findings, FINDING_WARNING, longer,
			    "source: binlog files are purged after %" PRIu64
			    " seconds: so long after the cutover at the latest -back must have been "
			    "started, and be no further behind",
			    seconds);
	else if (seconds != 0 && seconds < 86400)
		finding_add(p->findings, FINDING_NOTE, longer,
			    "source: binlog files are purged after %" PRIu64
			    " seconds; a run that is interrupted for longer cannot be resumed",
			    seconds);
}

/* Can the run be continued on a replica that becomes the source? */
static void check_gtids(struct preflight *p)
{
	const char *mode = preflight_variable(&p->source, "gtid_mode");

	if (db_version(p->source.db)->flavour == FLAVOUR_MARIADB ||
	    (mode && strcasecmp(mode, "ON") == 0))
		finding_add(p->findings, FINDING_NOTE, "",
			    "source: has GTIDs: after a failover the run can be resumed on a replica");
	else
		finding_add(p->findings, FINDING_NOTE, "",
			    "source: gtid_mode is not ON: after a failover the run cannot be resumed "
			    "on a replica");
}

/* Names that differ only in case are checked with the tables. */
static void check_name_case(struct preflight *p)
{
	const char *ours = preflight_variable(&p->source, "lower_case_table_names");
	const char *theirs = preflight_variable(&p->target, "lower_case_table_names");

	if (ours && theirs && strcmp(ours, theirs) != 0)
		finding_add(p->findings, FINDING_WARNING,
			    "use a target that was initialised with the source's setting",
			    "lower_case_table_names is %s on the source and %s on the target: names "
			    "may come out in another case",
			    ours, theirs);
}

static bool flushes_at_commit(const struct preflight_server *server)
{
	uint64_t setting = number_of(server, "innodb_flush_log_at_trx_commit");

	return setting == 1 || setting == 3; /* MariaDB's 3 is 1 with more care */
}

static bool syncs_binlog(const struct preflight_server *server)
{
	return !preflight_is_on(server, "log_bin") || number_of(server, "sync_binlog") == 1;
}

/* Neither makes the run incorrect, see durable_state.c. */
static void check_target_forgets(struct preflight *p)
{
	bool flushes = flushes_at_commit(&p->target);
	const char *name = flushes ? "sync_binlog" : "innodb_flush_log_at_trx_commit";

	if (flushes && syncs_binlog(&p->target))
		return;
	finding_add(p->findings, FINDING_NOTE, "",
		    "target: %s is %s: a crash%s costs it what it confirmed in the last second or so. "
		    "The state says only what is known to be on its disk, a restart of the target has "
		    "what came after written again, and CutoverUnlock waits for the disk; with "
		    "innodb_flush_log_at_trx_commit = 1 and sync_binlog = 1 there is no need",
		    name, preflight_variable(&p->target, name), flushes ? " of its machine" : "");
}

/* What the binlog has lost is noticed, as it was sent up to a later end. */
static void check_source_forgets(struct preflight *p)
{
	if (!flushes_at_commit(&p->source))
		finding_add(p->findings, FINDING_NOTE,
			    "SET GLOBAL innodb_flush_log_at_trx_commit = 1",
			    "source: innodb_flush_log_at_trx_commit is %s: a crash costs it what it "
			    "confirmed in the last second or so, which the target may have by then: have "
			    "them compared after one (VerifierType, or -verify)",
			    preflight_variable(&p->source, "innodb_flush_log_at_trx_commit"));
	else if (!syncs_binlog(&p->source))
		finding_add(p->findings, FINDING_NOTE, "SET GLOBAL sync_binlog = 1",
			    "source: sync_binlog is %s: when its machine crashes it loses the end of "
			    "its binlog, and the run must be started again",
			    preflight_variable(&p->source, "sync_binlog"));
}

/* Read from a session, as the setting can be spelt in many ways. */
static bool check_target_logs(struct preflight *p, struct error *err)
{
	struct buf value = BUF_INIT;
	bool ok = db_value(p->target.db, &value, NULL, err, "SELECT @@SESSION.sql_log_bin");

	if (ok && preflight_is_on(&p->target, "log_bin") && strcmp(buf_text(&value), "0") == 0)
		finding_add(p->findings, FINDING_WARNING,
			    "leave sql_log_bin out of Target.Params unless that is what you want",
			    "target: sql_log_bin is 0 in the run's sessions: the rows do not come to "
			    "the target's replicas, nor into what is restored from a backup made before "
			    "and its binlog");
	buf_release(&value);
	return ok;
}

bool server_settings_check(struct preflight *p, struct error *err)
{
	enum flavour source = db_version(p->source.db)->flavour;
	enum flavour target = db_version(p->target.db)->flavour;

	check_version(p, p->source.db);
	check_version(p, p->target.db);
	if (source != target)
		finding_add(p->findings, FINDING_NOTE, "",
			    "the source is %s and the target %s: definitions are translated where "
			    "both have the same under other names; what only one has is refused by "
			    "name",
			    flavour_name(source), flavour_name(target));
	check_settings(p);
	check_packets(p);
	check_binlog_lifetime(p);
	check_gtids(p);
	check_name_case(p);
	check_target_forgets(p);
	check_source_forgets(p);
	check_process(p);
	return check_target_logs(p, err) && check_source_read_only(p, err);
}
