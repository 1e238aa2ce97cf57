/* What the parts of the start-up checks share. Each part adds problems and goes on;
 * it gives up with an error only when the server cannot be asked any more. */
#ifndef PREFLIGHT_PREFLIGHT_PRIV_H
#define PREFLIGHT_PREFLIGHT_PRIV_H

#include "preflight/preflight.h"
#include "preflight/grants.h"

struct preflight {
	const struct ferry_options *options;
	struct db *source;
	struct db *target;
	struct findings *findings;
	/* SHOW GLOBAL VARIABLES, name -> owned text. */
	struct map source_variables;
	struct map target_variables;
	struct grants source_grants;
	struct grants target_grants;
	/* For the checks of tables alone. */
	const struct schema *schema;
	const struct moved_tables *tables;
	bool is_resuming;
	/* "`schema`.`table`" on the target -> const struct moved_table *. */
	struct map wanted;
	bool target_ignores_case;      /* lower_case_table_names: keys of wanted are lower case */
	struct schema on_target;       /* the tables that exist there already */
	const struct table **existing; /* by moved_table.index, into on_target; NULL: none */
	const struct preflight_attempt *attempt; /* NULL: nothing may be written */
	struct db *trial; /* to the target, for statements that are only prepared */
	bool *is_refused; /* by moved_table.index: cannot be created, a problem says why */
	bool *lacks_collation; /* by moved_table.index: to be created, with an unknown one */
};

/* Asks both servers for variables and grants. *p is zeroed but for its borrowed
 * pointers; preflight_end() is needed in any case. */
bool preflight_begin(struct preflight *p, struct error *err) MUST_CHECK;
void preflight_end(struct preflight *p);

/* The variable's value, or NULL where the server has none of this name. */
const char *preflight_variable(const struct map *variables, const char *name);
bool preflight_is_on(const struct map *variables, const char *name);

/* A check could not be made: true and a problem when the server refused it, false and
 * *err = *failure when the connection is at fault. */
bool preflight_forgive(struct preflight *p, const char *check, const struct error *failure,
		       struct error *err) MUST_CHECK;

/* Calls take for each row of the query. take's false ends it without an error. */
bool preflight_rows(struct db *db, const char *sql,
		    bool (*take)(void *context, const struct db_row *row), void *context,
		    struct error *err) MUST_CHECK;
/* A row's text, "" for NULL. */
const char *preflight_text(const struct db_row *row, unsigned column);

/* The table of the run that has, or is to have, this name on the target; or NULL. */
const struct moved_table *preflight_wanted(const struct preflight *p, const char *schema,
					   const char *table);

/* Part of preflight_servers(): may the binlogs that are to be followed be followed? */
bool preflight_binlogs(struct preflight *p, struct error *err) MUST_CHECK;
/* Are changes of all databases of the run in them? Of preflight_left_out(). */
bool preflight_binlog_filters(struct preflight *p, struct error *err) MUST_CHECK;

/* Part of preflight_source_tables(): can the tables be made on the target? Begin before the
 * first, and end behind the last, with source in the dialect of CREATE statements; shown is
 * what SHOW CREATE TABLE printed. */
bool preflight_create_begin(struct preflight *p, struct error *err) MUST_CHECK;
bool preflight_create(struct preflight *p, const struct moved_table *t, const char *shown,
		      struct error *err) MUST_CHECK;
/* Adds that the target refuses the table, with the remedy. Of several threads the caller has
 * a lock. */
void preflight_refuse_create(struct preflight *p, const struct moved_table *t, const char *why);
/* Tries them. */
bool preflight_create_end(struct preflight *p, struct error *err) MUST_CHECK;

/* Parts of preflight_tables() in their order, each in a file of its name. */
bool preflight_target_tables(struct preflight *p, struct error *err) MUST_CHECK;
bool preflight_target(struct preflight *p, struct error *err) MUST_CHECK;
bool preflight_collations(struct preflight *p, struct error *err) MUST_CHECK;
bool preflight_orders(struct preflight *p, struct error *err) MUST_CHECK;
bool preflight_source_tables(struct preflight *p, struct error *err) MUST_CHECK;
bool preflight_timestamps(struct preflight *p, struct error *err) MUST_CHECK;
bool preflight_left_out(struct preflight *p, struct error *err) MUST_CHECK;

#endif
