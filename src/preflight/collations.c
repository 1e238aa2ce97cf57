/* CREATE statements name collations, and servers know different ones: utf8mb4_0900_ai_ci
 * is MySQL's, utf8mb4_uca1400_ai_ci MariaDB's. A CREATE that would fail because of that is
 * found here, before half of the tables exist. CollationRewrites replace collations; entries
 * that are missing there are proposed, for everything that is to be created at once. */
#include "preflight_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/collation.h"
#include "plan/collation_proposal.h"
#include "plan/collation_rewrite.h"

#define NAMES_SHOWN_MAX 20

struct check {
	struct preflight *p;
	struct map databases; /* to be created -> owned name of its collation */
	struct map proposed;
	struct map lacking;  /* collation of columns -> struct users */
	struct map defaults; /* collation of tables without a column of it -> struct users */
	struct buf rewrites; /* as JSON */
};

/* The tables that have a collation: hundreds may have the same, with the same remedy. */
struct users {
	struct buf names;
	size_t count;
};

static const char *name_there(const struct check *c, const char *collation)
{
	return collation_on_target(&c->p->options->collation_rewrites, collation);
}

/* Is the name that it has on the target unknown there? */
static bool is_unusable(const struct check *c, const char *collation)
{
	const char *there = name_there(c, collation);

	return !collation_is_known(&c->p->collations, there) ||
	       (there != collation && !collation_same_charset(collation, there));
}

/* --- what to do ------------------------------------------------------------------- */

static void put_pair(struct check *c, const char *from, const char *to)
{
	buf_printf(&c->rewrites, "%s\"%s\": \"%s\"", c->rewrites.length > 0 ? ", " : "", from, to);
}

static void propose(struct check *c, const char *collation)
{
	struct buf nearest = BUF_INIT;

	if (is_unusable(c, collation) && !map_get_text(&c->proposed, collation) &&
	    collation_propose(&nearest, &c->p->collations, collation)) {
		put_pair(c, collation, buf_text(&nearest));
		map_put_text(&c->proposed, collation, c);
	}
	buf_release(&nearest);
}

/* Ready for pasting: the missing entries, and those that are configured already. */
static void propose_rewrites(struct check *c)
{
	const struct move_options *options = c->p->options;
	const struct moved_tables *tables = c->p->tables;
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&c->databases, &cursor)))
		propose(c, entry->value);
	for (size_t i = 0; i < tables->count; i++) {
		const struct table *table = tables->tables[i]->source;

		if (c->p->pairs.there[i])
			continue;
		propose(c, table->collation);
		for (unsigned n = 0; n < table->column_count; n++)
			propose(c, table->columns[n].collation);
	}
	cursor = 0;
	while (c->proposed.count > 0 && (entry = map_next(&options->collation_rewrites, &cursor)))
		if (!map_get_text(&c->proposed, entry->key))
			put_pair(c, entry->key, entry->value);
}

/* Any collation does for a column that is not unique, and a binary NO PAD one for all. */
static void refuse(struct check *c, const char *what, const char *collation)
{
	const char *there = name_there(c, collation);
	bool is_mariadb = db_version(c->p->target.db)->flavour == FLAVOUR_MARIADB;
	struct buf remedy = BUF_INIT;

	if (c->rewrites.length > 0)
		buf_printf(&remedy, "set \"CollationRewrites\": {%s}, or ", buf_text(&c->rewrites));
	buf_printf(&remedy,
		   "convert it on the source, or create the database and its tables on the target "
		   "with another collation (%s never takes two values of a unique key for one) and "
		   "set AllowExistingTargetTable",
		   is_mariadb ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin");
	if (there == collation)
		finding_add(c->p->findings, FINDING_ERROR, buf_text(&remedy),
			    "target: the collation %s of %s is not known to the server", collation,
			    what);
	else
		finding_add(c->p->findings, FINDING_ERROR, buf_text(&remedy),
			    "target: the collation %s, which CollationRewrites has for the %s of %s, is "
			    "%s",
			    there, collation, what,
			    collation_is_known(&c->p->collations, there) ?
				    "of another character set" :
				    "not known to the server");
	buf_release(&remedy);
}

/* --- tables and databases ----------------------------------------------------------- */

static void add_user(struct map *lacking, const struct moved_table *t, const char *collation)
{
	struct users *users = map_get_text(lacking, collation);

	if (!users) {
		users = mem_calloc(1, sizeof(*users));
		map_put_text(lacking, collation, users);
	}
	if (users->count++ < NAMES_SHOWN_MAX)
		buf_printf(&users->names, "%s%s", users->names.length > 0 ? ", " : "",
			   t->source->full_name);
}

static void warn_of_default(struct check *c, const char *what, const char *collation)
{
	struct buf remedy = BUF_INIT;

	if (c->rewrites.length > 0)
		buf_printf(&remedy, "set \"CollationRewrites\": {%s}", buf_text(&c->rewrites));
	finding_add(c->p->findings, FINDING_WARNING, buf_text(&remedy),
		    "target: the default collation %s of %s is not known to the server; it becomes the "
		    "default one of its character set",
		    collation, what);
	buf_release(&remedy);
}

/* Frees the users. */
static void report_users(struct check *c, const struct map *lacking,
			 void (*report)(struct check *c, const char *what, const char *collation))
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(lacking, &cursor))) {
		struct users *users = entry->value;

		if (users->count > NAMES_SHOWN_MAX)
			buf_printf(&users->names, " and %zu more tables",
				   users->count - NAMES_SHOWN_MAX);
		report(c, buf_text(&users->names), entry->key);
		buf_release(&users->names);
		free(users);
	}
}

/* One collation per table is enough. A default that no column has is left out of the
 * statement (table_maker.c). */
static void check_table(struct check *c, const struct moved_table *t)
{
	const struct table *table = t->source;

	for (unsigned i = 0; i < table->column_count; i++) {
		if (!is_unusable(c, table->columns[i].collation))
			continue;
		c->p->is_refused[t->index] = true;
		c->p->lacks_collation[t->index] = true;
		add_user(&c->lacking, t, table->columns[i].collation);
		return;
	}
	if (!is_unusable(c, table->collation))
		return;
	if (name_there(c, table->collation) != table->collation)
		add_user(&c->lacking, t, table->collation);
	else
		add_user(&c->defaults, t, table->collation);
}

/* On the other flavour a database is created without such a collation, as its tables name
 * theirs; see create_translate.c. */
static void check_database(struct check *c, const char *schema, const char *collation)
{
	bool is_rewritten = name_there(c, collation) != collation;
	char *what;

	if (!is_unusable(c, collation))
		return;
	what = mem_printf("database %s", schema);
	if (is_rewritten ||
	    db_version(c->p->source.db)->flavour == db_version(c->p->target.db)->flavour)
		refuse(c, schema, collation);
	else
		warn_of_default(c, what, collation);
	free(what);
}

static const struct moved_table *first_of_database(const struct preflight *p, const char *schema)
{
	for (size_t i = 0; i < p->tables->count; i++)
		if (strcmp(p->tables->tables[i]->source->schema, schema) == 0)
			return p->tables->tables[i];
	return NULL;
}

/* there: the target's databases. */
static bool read_databases(struct check *c, struct map *there, struct error *err)
{
	struct preflight *p = c->p;
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
			free(map_put_text(&c->databases, schema, mem_strdup(db_rows_text(&rows, 1))));
	}
	return rows.ok;
}

static void check_all(struct check *c)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	propose_rewrites(c);
	while ((entry = map_next(&c->databases, &cursor)))
		check_database(c, entry->key, entry->value);
	for (size_t i = 0; i < c->p->tables->count; i++)
		if (!c->p->pairs.there[i])
			check_table(c, c->p->tables->tables[i]);
	report_users(c, &c->defaults, warn_of_default);
	report_users(c, &c->lacking, refuse);
}

bool collations_check(struct preflight *p, struct error *err)
{
	struct check c = { .p = p, .rewrites = BUF_INIT };
	struct error failure = ERROR_INIT;
	const struct map_entry *entry;
	struct map there;
	size_t cursor = 0;
	bool ok;

	if (p->is_resuming)
		return true;
	map_init(&there);
	map_init(&c.databases);
	map_init(&c.proposed);
	map_init(&c.lacking);
	map_init(&c.defaults);
	ok = read_databases(&c, &there, &failure);
	if (ok)
		check_all(&c);
	while ((entry = map_next(&c.databases, &cursor)))
		free(entry->value);
	map_release(&there);
	map_release(&c.databases);
	map_release(&c.proposed);
	map_release(&c.lacking);
	map_release(&c.defaults);
	buf_release(&c.rewrites);
	return ok || preflight_forgive(p, "collations cannot be compared", &failure, err);
}

const char *preflight_collation_there(const struct preflight *p, const struct moved_table *t,
				      const struct column *source)
{
	const struct table *target = p->pairs.there[t->index];
	const struct column *there = target ? table_column_of_other(target, source) : NULL;

	return there  ? there->collation :
	       target ? NULL :
			collation_on_target(&p->options->collation_rewrites, source->collation);
}
