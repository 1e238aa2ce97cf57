/* CREATE statements name collations, and servers know different ones: utf8mb4_0900_ai_ci
 * is MySQL's, utf8mb4_uca1400_ai_ci MariaDB's. What is to be created and would fail is
 * found here, before half of the tables exist. */
#include "preflight/preflight_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Any will do for a column that is not unique, and a binary NO PAD one for all. */
static const char *remedy(const struct preflight *p)
{
	return db_version(p->target)->flavour == FLAVOUR_MARIADB ?
		       "convert it on the source, or create the database and its tables on the target "
		       "with another collation (utf8mb4_nopad_bin never takes two values of a unique "
		       "key for one) and set AllowExistingTargetTable" :
		       "convert it on the source, or create the database and its tables on the target "
		       "with another collation (utf8mb4_0900_bin never takes two values of a unique "
		       "key for one) and set AllowExistingTargetTable";
}

/* MariaDB has the name with its character set in a column of its own; other columns
 * hold no name of a collation that could be mistaken. */
static bool take_names(void *context, const struct db_row *row)
{
	for (unsigned i = 0; i < row->count; i++)
		map_put_text(context, preflight_text(row, i), context);
	return true;
}

/* utf8 and utf8mb3 are one, by different names in different versions. */
static bool is_known(const struct map *known, const char *collation)
{
	struct buf other = BUF_INIT;
	bool found;

	if (*collation == '\0' || map_get_text(known, collation))
		return true;
	if (strncmp(collation, "utf8mb3_", 8) == 0)
		buf_printf(&other, "utf8_%s", collation + 8);
	else if (strncmp(collation, "utf8_", 5) == 0)
		buf_printf(&other, "utf8mb3_%s", collation + 5);
	found = other.length > 0 && map_get_text(known, buf_text(&other));
	buf_release(&other);
	return found;
}

static void refuse(struct preflight *p, const char *what, const char *collation)
{
	finding_add(p->findings, PROBLEM_ERROR, remedy(p),
		    "target: the collation %s of %s is not known to the server", collation, what);
}

/* One problem per table is enough. A default that no column has is left out of the
 * statement (table_creator.c). */
static void check_table(struct preflight *p, const struct map *known, const struct moved_table *t)
{
	const struct table *table = t->source;

	for (unsigned i = 0; i < table->column_count; i++) {
		if (is_known(known, table->columns[i].collation))
			continue;
		p->is_refused[t->index] = true;
		p->lacks_collation[t->index] = true;
		refuse(p, table->full_name, table->columns[i].collation);
		return;
	}
	if (!is_known(known, table->collation))
		finding_add(p->findings, PROBLEM_WARNING, "",
			    "target: the default collation %s of %s is not known to the server; no "
			    "column has it, and the table gets the default one of its character set",
			    table->collation, table->full_name);
}

struct database_search {
	struct preflight *p;
	struct map known;
	struct map on_target; /* databases */
};

/* To the other flavour a database goes without such a collation, as its tables name
 * theirs; see create_translate.c. */
static void report_database(struct preflight *p, const char *schema, const char *collation)
{
	if (db_version(p->source)->flavour == db_version(p->target)->flavour)
		refuse(p, schema, collation);
	else
		finding_add(p->findings, PROBLEM_WARNING, "",
			    "target: the collation %s of database %s is not known to the server; "
			    "the database gets the default one of its character set",
			    collation, schema);
}

static bool take_database(void *context, const struct db_row *row)
{
	struct database_search *s = context;
	const char *schema = preflight_text(row, 0), *collation = preflight_text(row, 1);

	for (size_t i = 0; i < s->p->tables->count; i++) {
		const struct moved_table *t = s->p->tables->tables[i];

		if (strcmp(t->source->schema, schema) != 0)
			continue;
		if (!map_get_text(&s->on_target, t->target_schema) &&
		    !is_known(&s->known, collation))
			report_database(s->p, schema, collation);
		break;
	}
	return true;
}

static bool check_all(struct database_search *s, struct error *err)
{
	struct preflight *p = s->p;

	if (!preflight_rows(
		    p->target,
		    "SELECT * FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY",
		    take_names, &s->known, err) ||
	    !preflight_rows(p->target, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA",
			    take_names, &s->on_target, err) ||
	    !preflight_rows(p->source,
			    "SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME"
			    " FROM information_schema.SCHEMATA",
			    take_database, s, err))
		return false;
	for (size_t i = 0; i < p->tables->count; i++)
		if (!p->existing[i])
			check_table(p, &s->known, p->tables->tables[i]);
	return true;
}

bool preflight_collations(struct preflight *p, struct error *err)
{
	struct database_search s = { .p = p };
	struct error failure = ERROR_INIT;
	bool ok;

	if (p->is_resuming)
		return true;
	p->lacks_collation = mem_calloc(p->tables->count + 1, sizeof(*p->lacks_collation));
	map_init(&s.known);
	map_init(&s.on_target);
	ok = check_all(&s, &failure);
	map_release(&s.known);
	map_release(&s.on_target);
	return ok || preflight_forgive(p, "collations cannot be compared", &failure, err);
}
