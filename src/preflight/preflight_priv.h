/* What the parts of the start-up checks share. Each part adds findings and goes on;
 * it gives up with an error only when the server cannot be asked any more. */
#ifndef PREFLIGHT_PREFLIGHT_PRIV_H
#define PREFLIGHT_PREFLIGHT_PRIV_H

#include "create/table_maker.h"
#include "db/db_rows.h"
#include "objects/object_pairs.h"
#include "plan/table_pairs.h"
#include "preflight/grants.h"
#include "preflight/preflight.h"

/* One of the two servers, and what it says of itself. */
struct preflight_server {
	struct db *db;	      /* borrowed */
	struct map variables; /* SHOW GLOBAL VARIABLES, name -> owned text */
	struct grants grants;
};

struct preflight {
	const struct move_options *options;
	struct findings *findings;
	struct preflight_server source;
	struct preflight_server target;

	/* For the checks of tables alone. */
	const struct schema *schema;
	struct moved_tables *tables;
	bool is_resuming;
	const struct recopies *resumed;		 /* NULL: it is not */
	const struct preflight_attempt *attempt; /* NULL: nothing may be written */
	struct table_pairs pairs;
	struct map collations;	  /* the target's, see collations_load() */
	struct db *trial;	  /* to the target, for statements that are only prepared */
	struct table_maker maker; /* of these */
	/* For what MoveObjects lists; NULL: nothing. */
	struct db *objects_source;
	struct db *objects_target;
	struct object_pairs *databases;
	size_t database_count;
	bool *is_refused;      /* by moved_table.index: cannot be created, a finding says why */
	bool *lacks_collation; /* by moved_table.index: to be created, with an unknown one */
};

/* The variable's value, or NULL where the server has none of this name. */
const char *preflight_variable(const struct preflight_server *server, const char *name);
bool preflight_is_on(const struct preflight_server *server, const char *name);

/* A check could not be made: true and a finding when the server refused it, false and
 * *err = *failure when the connection is at fault. */
bool preflight_forgive(struct preflight *p, const char *check, const struct error *failure,
		       struct error *err) MUST_CHECK;

/* Of preflight_servers(). */
bool server_settings_check(struct preflight *p, struct error *err) MUST_CHECK;
/* May the binlogs that are to be followed be followed? */
bool binlog_settings_check(struct preflight *p, struct error *err) MUST_CHECK;

/* Parts of preflight_tables() in their order, each in a file of its name. */
bool target_tables_check(struct preflight *p, struct error *err) MUST_CHECK;
bool target_server_check(struct preflight *p, struct error *err) MUST_CHECK;
/* For the way back, before the tables are known: may the account write? */
void target_server_foresee(struct preflight *p);
bool collations_check(struct preflight *p, struct error *err) MUST_CHECK;
bool unique_orders_check(struct preflight *p, struct error *err) MUST_CHECK;
bool source_tables_check(struct preflight *p, struct error *err) MUST_CHECK;
bool timestamp_range_check(struct preflight *p, struct error *err) MUST_CHECK;
bool objects_check(struct preflight *p, struct error *err) MUST_CHECK;
bool not_moved_report(struct preflight *p, struct error *err) MUST_CHECK;
/* Before the first of them: what MoveObjects lists is read on both servers. */
bool objects_load(struct preflight *p, struct error *err) MUST_CHECK;
void objects_release(struct preflight *p);
/* Is it one of the source's that is moved, and on the target as it should be? */
bool objects_have_trigger(const struct preflight *p, const char *schema, const char *name);
/* Are changes of all databases of the run in the binlogs? */
bool binlog_settings_check_filters(struct preflight *p, struct error *err) MUST_CHECK;

/* Part of source_tables_check(): can the tables be made on the target? Begin before the
 * first, and end behind the last where begin succeeded; shown is what SHOW CREATE TABLE
 * printed. */
bool create_refusals_begin(struct preflight *p, struct error *err) MUST_CHECK;
bool create_refusals_check(struct preflight *p, const struct moved_table *t, const char *shown,
			   struct error *err) MUST_CHECK;
/* Adds that the target refuses the table, with the remedy. Of several threads the caller has
 * a lock. */
void create_refusals_add(struct preflight *p, const struct moved_table *t, const char *why);
/* Tries them. ok false: the first error stands. */
bool create_refusals_end(struct preflight *p, bool ok, struct error *err) MUST_CHECK;

#endif
