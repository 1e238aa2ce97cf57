/* Start-up checks on both servers (README, How it works): every
 * problem is found and reported in one go. Runs in the ferry's thread before
 * anything is written. */
#ifndef PREFLIGHT_PREFLIGHT_H
#define PREFLIGHT_PREFLIGHT_H

#include "base/stop.h"
#include "plan/moved_table.h"
#include "plan/findings.h"

/* Server settings, privileges, flavours and versions; needs no tables. *err only
 * when a check itself cannot be done (connection lost). */
bool preflight_servers(const struct ferry_options *options, struct db *source, struct db *target,
		       struct findings *findings, struct error *err) MUST_CHECK;
/* Names of the configuration that do not exist on the source, and filters that choose
 * nothing. schema: of the chosen tables. */
bool preflight_names(const struct ferry_options *options, struct db *source,
		     const struct schema *schema, struct findings *findings,
		     struct error *err) MUST_CHECK;
/* What a start that is meant has, and a dry run, which writes nothing, has not. */
struct preflight_attempt {
	const char *run_id;
	struct stop *stop;
};

/* Foreign keys, engines, triggers, existing target tables and their definitions,
 * configured keys (unique and not null?), what is not moved (views, triggers,
 * events, routines), definitions that the target does not take. resuming: the target tables
 * must exist and fit. attempt: NULL for a dry run; else definitions are tried on the target
 * where the account may, in a database that is dropped again. */
bool preflight_tables(const struct ferry_options *options, struct db *source, struct db *target,
		      const struct schema *schema, const struct moved_tables *tables, bool resuming,
		      const struct preflight_attempt *attempt, struct findings *findings,
		      struct error *err) MUST_CHECK;

#endif
