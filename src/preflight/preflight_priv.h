/* What the parts of the start-up checks share. Each part adds findings and goes on;
 * it fails with an error only when the server can no longer be queried. */
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

	/* Only for the checks of tables. */
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
	struct map constraints; /* what constraint_names.c has seen */
	bool *is_refused;	/* by moved_table.index: cannot be created, a finding says why */
	bool *lacks_collation;	/* by moved_table.index: to be created, with an unknown one */
};

/* The variable's value, or NULL where the server has none of this name. */
const char *preflight_variable(const struct preflight_server *server, const char *name);
bool preflight_is_on(const struct preflight_server *server, const char *name);

/* A check could not be made: true and a finding if the server refused it, false and
 * *err = *failure if the connection failed. */
bool preflight_forgive(struct preflight *p, const char *check, const struct error *failure,
		       struct error *err) MUST_CHECK;

/* The column's collation on the target, now or once created; NULL: the table there lacks it. */
const char *preflight_collation_there(const struct preflight *p, const struct moved_table *t,
				      const struct column *source);

/* Part of preflight_servers(). */
bool server_settings_check(struct preflight *p, struct error *err) MUST_CHECK;
/* Can the binlogs be followed? */
bool binlog_settings_check(struct preflight *p, struct error *err) MUST_CHECK;

/* Parts of preflight_tables(), in order, each in the file of that name. */
bool target_tables_check(struct preflight *p, struct error *err) MUST_CHECK;
bool target_server_check(struct preflight *p, struct error *err) MUST_CHECK;
/* For the way back, before the tables are known: does the account have write privileges? */
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
/* Is it a trigger of the source that is moved, and on the target as it should be? */
bool objects_have_trigger(const struct preflight *p, const char *schema, const char *name);
/* Are changes of all databases of the run in the binlogs? */
bool binlog_settings_check_filters(struct preflight *p, struct error *err) MUST_CHECK;

/* Part of source_tables_check(): can the tables be created on the target? Call begin before the
 * first table, and, if that succeeded, end after the last; shown is what SHOW CREATE TABLE
 * printed. */
bool create_refusals_begin(struct preflight *p, struct error *err) MUST_CHECK;
bool create_refusals_check(struct preflight *p, const struct moved_table *t, const char *shown,
			   struct error *err) MUST_CHECK;
/* created: the statement that makes the table there. */
bool constraint_names_check(struct preflight *p, const struct moved_table *t, const char *created,
			    struct error *err) MUST_CHECK;
/* Adds a finding that the target refuses the table, with the remedy. If several threads call it,
 * they hold a lock. */
void create_refusals_add(struct preflight *p, const struct moved_table *t, const char *why);
/* Tries the tables. ok false: something failed before, and *err stays. */
bool create_refusals_end(struct preflight *p, bool ok, struct error *err) MUST_CHECK;

#endif
