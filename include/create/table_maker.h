/* Makes one table after the other on the target, each as the source shows it. Owned by one
 * thread. */
#ifndef CREATE_TABLE_MAKER_H
#define CREATE_TABLE_MAKER_H

#include "base/stop.h"
#include "db/db.h"
#include "plan/moved_table.h"

struct index_deferral;

struct table_maker {
	struct db *source;		    /* borrowed */
	struct db *target;		    /* borrowed */
	const struct move_options *options; /* borrowed */
	const struct map *collations;	    /* borrowed; those that the target knows */
	/* Those of fulltext_keys.h, which are left out else, and those of the deferral. */
	bool keeps_late_keys;
	const struct index_deferral *deferral; /* borrowed; NULL: none */
	char default_row_format[32];
	struct buf shown;
	struct buf exact;
	struct buf rewritten;
	struct buf translated;
	struct buf sql;
};

/* Puts both sessions into the dialect of CREATE statements. *m needs no initialising; after
 * a failure it need not be ended. */
bool table_maker_begin(struct table_maker *m, struct db *source, struct db *target,
		       const struct move_options *options, const struct map *collations,
		       struct error *err) MUST_CHECK;
/* ok false: the first error counts, and *err stays. */
bool table_maker_end(struct table_maker *m, bool ok, struct error *err) MUST_CHECK;

/* The database's statement in m->sql: SHOW CREATE DATABASE of the source's, in the target's
 * words and under its name there. */
bool table_maker_put_database(struct table_maker *m, const struct moved_table *t,
			      struct error *err) MUST_CHECK;
/* The table's, in m->sql; name is SQL. */
bool table_maker_put_table(struct table_maker *m, const struct moved_table *t, const char *name,
			   bool if_not_exists, struct error *err) MUST_CHECK;
/* The same of what SHOW CREATE TABLE has shown. */
bool table_maker_put_shown(struct table_maker *m, const struct moved_table *t, const char *shown,
			   const char *name, bool if_not_exists, struct error *err) MUST_CHECK;
/* Executes m->sql, which makes a table. What a strict InnoDB refuses is tried without:
 * that is how the source made it. */
bool table_maker_execute(struct table_maker *m, const struct moved_table *t, struct stop *stop,
			 struct error *err) MUST_CHECK;

#endif
