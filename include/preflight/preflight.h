/* Start-up checks on both servers (src/README.md): every obstacle is found and
 * reported in one go. Runs in the ferry's thread before anything is written. */
#ifndef PREFLIGHT_PREFLIGHT_H
#define PREFLIGHT_PREFLIGHT_H

#include "base/stop.h"
#include "plan/findings.h"
#include "plan/moved_table.h"
#include "state/recopies.h"

struct preflight; /* what both servers have said of themselves */

/* Reads both servers' variables and the accounts' grants. Everything is borrowed; NULL
 * and *err when a server cannot be queried. Here and below, *err is for a check that
 * cannot be made (connection lost): what the checks find goes to findings. */
struct preflight *preflight_new(const struct move_options *options, struct db *source,
				struct db *target, struct findings *findings,
				struct error *err) MUST_CHECK;
/* NULL is fine. */
void preflight_free(struct preflight *p);

/* Server settings, privileges, flavours and versions; needs no tables. */
bool preflight_servers(struct preflight *p, struct error *err) MUST_CHECK;
/* Names in the configuration that do not exist on the source, and filters that choose
 * nothing. schema: of the chosen tables. may_be_gone: missing names are only warned about. */
bool preflight_names(const struct move_options *options, struct db *source,
		     const struct schema *schema, bool may_be_gone, struct findings *findings,
		     struct error *err) MUST_CHECK;
/* What a real start has, and a dry run, which writes nothing, does not. */
struct preflight_attempt {
	const char *run_id;
	struct stop *stop;
};

/* Foreign keys, engines, triggers, existing target tables and their definitions, what is not
 * moved (views, triggers, events, routines), definitions that the target refuses.
 * resumed: NULL for a fresh run; else the target tables must exist and match, except those
 * that are pending in it, which are still to be created. attempt: NULL for a dry run; else
 * definitions are tried on the target if the account may, in a database that is dropped
 * afterwards. */
bool preflight_tables(struct preflight *p, const struct schema *schema, struct moved_tables *tables,
		      const struct recopies *resumed, const struct preflight_attempt *attempt,
		      struct error *err) MUST_CHECK;

#endif
