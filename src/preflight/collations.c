/* CREATE statements name collations, and servers know different ones: utf8mb4_0900_ai_ci
 * is MySQL's, utf8mb4_uca1400_ai_ci MariaDB's. What is to be created and would fail is
 * found here, before half of the tables exist. */
#include "preflight_priv.h"

#include <string.h>

#include "plan/collation.h"

static void refuse(struct preflight *p, const char *what, const char *collation)
{
	/* Any will do for a column that is not unique, and a binary NO PAD one for all. */
	finding_add(p->findings, PROBLEM_ERROR,
		    db_version(p->target.db)->flavour == FLAVOUR_MARIADB ?
			    "convert it on the source, or create the database and its tables on the "
			    "target with another collation (utf8mb4_nopad_bin never takes two values "
			    "of a unique key for one) and set AllowExistingTargetTable" :
			    "convert it on the source, or create the database and its tables on the "
			    "target with another collation (utf8mb4_0900_bin never takes two values "
			    "of a unique key for one) and set AllowExistingTargetTable",
		    "target: the collation %s of %s is not known to the server", collation, what);
}

/* One problem per table is enough. A default that no column has is left out of the
 * statement (table_maker.c). */
static void check_table(struct preflight *p, const struct moved_table *t)
{
	const struct table *table = t->source;

	for (unsigned i = 0; i < table->column_count; i++) {
		if (collation_is_known(&p->collations, table->columns[i].collation))
			continue;
		p->is_refused[t->index] = true;
		p->lacks_collation[t->index] = true;
		refuse(p, table->full_name, table->columns[i].collation);
		return;
	}
	if (!collation_is_known(&p->collations, table->collation))
		finding_add(p->findings, PROBLEM_WARNING, "",
			    "target: the default collation %s of %s is not known to the server; no "
			    "column has it, and the table gets the default one of its character set",
			    table->collation, table->full_name);
}

/* To the other flavour a database goes without such a collation, as its tables name
 * theirs; see create_translate.c. */
static void check_database(struct preflight *p, const char *schema, const char *collation)
{
	if (collation_is_known(&p->collations, collation))
		return;
	if (db_version(p->source.db)->flavour == db_version(p->target.db)->flavour)
		refuse(p, schema, collation);
	else
		finding_add(p->findings, PROBLEM_WARNING, "",
			    "target: the collation %s of database %s is not known to the server; "
			    "the database gets the default one of its character set",
			    collation, schema);
}

static const struct moved_table *first_of_database(const struct preflight *p, const char *schema)
{
	for (size_t i = 0; i < p->tables->count; i++)
		if (strcmp(p->tables->tables[i]->source->schema, schema) == 0)
			return p->tables->tables[i];
	return NULL;
}

/* there: the target's databases. */
static bool check_databases(struct preflight *p, struct map *there, struct error *err)
{
	struct db_rows rows =
		db_rows_of(p->target.db, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA", err);

	while (db_rows_next(&rows))
		map_put_text(there, db_rows_text(&rows, 0), p);
	if (!rows.ok)
		return false;
	rows = db_rows_of(p->source.db,
			  "SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME"
			  " FROM information_schema.SCHEMATA",
			  err);
	while (db_rows_next(&rows)) {
		const char *schema = db_rows_text(&rows, 0);
		const struct moved_table *t = first_of_database(p, schema);

		if (t && !map_get_text(there, t->target_schema))
			check_database(p, schema, db_rows_text(&rows, 1));
	}
	return rows.ok;
}

bool collations_check(struct preflight *p, struct error *err)
{
	struct error failure = ERROR_INIT;
	struct map there;
	bool ok;

	if (p->is_resuming)
		return true;
	map_init(&there);
	ok = check_databases(p, &there, &failure);
	map_release(&there);
	if (!ok)
		return preflight_forgive(p, "collations cannot be compared", &failure, err);
	for (size_t i = 0; i < p->tables->count; i++)
		if (!p->pairs.there[i])
			check_table(p, p->tables->tables[i]);
	return true;
}
