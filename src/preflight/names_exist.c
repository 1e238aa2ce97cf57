/* Do the names in the configuration exist? One that does not is a mistake with consequences: a
 * table that is not copied, or is copied despite a Blacklist, a column that is compared although it
 * should be ignored. Each is an error, with the nearest existing name, before anything is created.
 *
 * Names that have no effect, but exist, are fine: one configuration may serve several runs.
 * Only the Whitelist of tables must match within the chosen databases. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "plan/name_filter.h"
#include "preflight_priv.h"

/* Maps used as sets: only the keys matter. */
struct names {
	const struct move_options *options;
	const struct schema *schema; /* of the chosen tables */
	bool may_be_gone;	     /* they existed once */
	struct findings *findings;
	struct map databases;
	struct map tables;	 /* "database.table", views and sequences too */
	struct map bare;	 /* "table", in any database */
	struct map chosen;	 /* "table", in the chosen databases */
	char **pairs;		 /* database, table, database, ...: of all tables; owned */
	size_t pair_count;	 /* tables */
	struct map columns;	 /* "database.table.column" of chosen tables */
	struct map bare_columns; /* "table.column" of these */
};

static void add(struct map *map, const char *name)
{
	map_put_text(map, name, map);
}

static void add_columns(struct names *names, const struct table *table)
{
	for (unsigned i = 0; i < table->column_count; i++) {
		const char *column = table->columns[i].name;
		char *full = mem_printf("%s.%s", table->full_name, column);
		char *bare = mem_printf("%s.%s", table->name, column);

		add(&names->columns, full);
		add(&names->bare_columns, bare);
		free(full);
		free(bare);
	}
}

static const char *nearest_in(const struct map *map, const char *name)
{
	const struct map_entry *entry;
	struct nearest nearest;
	size_t cursor = 0;

	nearest_init(&nearest, name);
	while ((entry = map_next(map, &cursor)))
		nearest_try(&nearest, entry->key);
	return nearest.name;
}

/* what: "database", ...; key: the configuration key that has the name. */
static void miss(struct names *names, const char *what, const char *key, const char *name,
		 const struct map *among)
{
	const char *nearest = nearest_in(among, name);
	char *remedy = nearest ? mem_printf("did you mean %s? Names are compared letter by letter",
					    nearest) :
				 mem_printf("take it out of %s", key);

	finding_add(names->findings, names->may_be_gone ? FINDING_WARNING : FINDING_ERROR, remedy,
		    "source: %s names the %s %s, which does not exist (or is hidden from the "
		    "account)",
		    key, what, name);
	free(remedy);
}

static void warn(struct names *names, const char *what, const char *key, const char *name)
{
	finding_add(names->findings, FINDING_WARNING, "take it out",
		    "source: %s names the %s %s, which does not exist (or is hidden from the "
		    "account)",
		    key, what, name);
}

/* A Blacklist may name tables that do not exist here: one list may serve several servers. If a
 * similar name exists, that is what was meant. */
static void miss_in_blacklist(struct names *names, const char *what, const char *key,
			      const char *name, const struct map *among)
{
	if (nearest_in(among, name))
		miss(names, what, key, name, among);
	else
		warn(names, what, key, name);
}

static void check_databases(struct names *names, const char *key, const struct string_list *list,
			    bool is_blacklist)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *entry = list->items[i];
		const struct map_entry *database = NULL;
		size_t cursor = 0;

		if (name_is_system_schema(entry))
			continue;
		while ((database = map_next(&names->databases, &cursor)))
			if (name_matches_database(entry, database->key))
				break;
		if (!database)
			(is_blacklist ? miss_in_blacklist : miss)(names, "database", key, entry,
								  &names->databases);
	}
}

static bool is_met(const struct names *names, const char *entry, bool only_chosen)
{
	for (size_t i = 0; i < names->pair_count; i++) {
		const char *database = names->pairs[2 * i];

		if (name_matches_table(entry, database, names->pairs[2 * i + 1]) &&
		    (!only_chosen || name_is_chosen(names->options, database, NULL)))
			return true;
	}
	return false;
}

static void check_table_list(struct names *names, const char *key, const struct string_list *list,
			     bool is_blacklist)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *entry = list->items[i];
		const struct map *among = strchr(entry, '.') ? &names->tables :
					  is_blacklist	     ? &names->bare :
							       &names->chosen;

		if (name_is_system_schema(entry) || is_met(names, entry, !is_blacklist))
			continue;
		(is_blacklist ? miss_in_blacklist : miss)(names, "table", key, entry, among);
	}
}

/* Names of other lists are exact. */
static void check_list(struct names *names, const char *key, const struct string_list *list,
		       const struct map *among)
{
	for (size_t i = 0; i < list->count; i++)
		if (!map_get_text(among, list->items[i]) && !name_is_system_schema(list->items[i]))
			miss(names, "table", key, list->items[i], among);
}

/* In a map, the keys are the names. */
static void check_keys(struct names *names, const char *what, const char *key,
		       const struct map *map, const struct map *among)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(map, &cursor)))
		if (!map_get_text(among, entry->key) && !name_is_system_schema(entry->key))
			miss(names, what, key, entry->key, among);
}

static void check_filters(struct names *names)
{
	const struct move_options *o = names->options;

	check_databases(names, "Databases.Whitelist", &o->databases.whitelist, false);
	check_databases(names, "Databases.Blacklist", &o->databases.blacklist, true);
	check_keys(names, "database", "Databases.Rewrites", &o->databases.rewrites,
		   &names->databases);
	check_table_list(names, "Tables.Whitelist", &o->tables.whitelist, false);
	check_table_list(names, "Tables.Blacklist", &o->tables.blacklist, true);
	check_keys(names, "table", "Tables.Rewrites", &o->tables.rewrites, &names->bare);
}

static void check_tables(struct names *names)
{
	const struct move_options *o = names->options;

	check_list(names, "TablesToBeCreatedFirst", &o->create_first, &names->tables);
	check_keys(names, "table", "CascadingPaginationColumnConfig.PerTable", &o->keys.per_table,
		   &names->tables);
	check_keys(names, "table", "DataIterationBatchSizePerTableOverride.TableOverride",
		   &o->batch_rows_per_table, &names->tables);
	check_list(names, "IterativeVerifierConfig.IgnoredTables", &o->verify.ignored_tables,
		   &names->bare);
}

/* Columns are known only for chosen tables: for others it is enough that the table exists. */
static bool is_of_other_table(const struct names *names, const struct map *tables, const char *name,
			      bool is_full)
{
	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		if (!map_get(tables, name, (size_t)(dot - name)))
			continue;
		for (size_t i = 0; i < names->schema->table_count; i++) {
			const struct table *t = &names->schema->tables[i];
			const char *chosen = is_full ? t->full_name : t->name;

			if (strlen(chosen) == (size_t)(dot - name) &&
			    memcmp(chosen, name, (size_t)(dot - name)) == 0)
				return false;
		}
		return true;
	}
	return false;
}

static void check_columns(struct names *names, const char *key, const struct map *ignored,
			  bool is_full)
{
	const struct map *columns = is_full ? &names->columns : &names->bare_columns;
	const struct map *tables = is_full ? &names->tables : &names->bare;
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(ignored, &cursor)))
		if (!map_get_text(columns, entry->key) &&
		    !is_of_other_table(names, tables, entry->key, is_full))
			miss(names, "column", key, entry->key, columns);
}

static void check_index(struct names *names, const char *table_name, const char *index)
{
	static const char key[] = "ForceIndexForVerification";
	const struct table *table = schema_find(names->schema, table_name);
	struct map indexes;

	if (!table && !map_get_text(&names->tables, table_name))
		miss(names, "table", key, table_name, &names->tables);
	if (!table || table_index_named(table, index))
		return;
	map_init(&indexes);
	for (unsigned i = 0; i < table->index_count; i++)
		add(&indexes, table->indexes[i].name);
	char *where = mem_printf("%s.%s", key, table_name);
	/* Not used, and Ghostferry would not have checked it. */
	if (names->options->verify.type == VERIFIER_CHECKSUM_TABLE)
		warn(names, "index", where, index);
	else
		miss(names, "index", where, index, &indexes);
	free(where);
	map_release(&indexes);
}

static void check_all(struct names *names)
{
	const struct verify_options *verify = &names->options->verify;
	const struct map_entry *entry;
	size_t cursor = 0;

	for (size_t i = 0; i < names->schema->table_count; i++)
		add_columns(names, &names->schema->tables[i]);
	check_filters(names);
	check_tables(names);
	check_columns(names, "IgnoredColumnsForVerification", &verify->ignored_columns, true);
	check_columns(names, "IterativeVerifierConfig.IgnoredColumns", &verify->ignored_bare, false);
	while ((entry = map_next(&verify->force_index, &cursor)))
		check_index(names, entry->key, entry->value);
	if (names->schema->table_count == 0)
		finding_add(names->findings, names->may_be_gone ? FINDING_WARNING : FINDING_ERROR,
			    "look at Databases and Tables, and at what the account may SELECT",
			    "source: no table is chosen by Databases and Tables: there is nothing to "
			    "copy");
}

bool preflight_names(const struct move_options *options, struct db *source,
		     const struct schema *schema, bool may_be_gone, struct findings *findings,
		     struct error *err)
{
	static const char tables_sql[] =
		"SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA "
		"NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')";
	struct names names = { .options = options,
			       .schema = schema,
			       .may_be_gone = may_be_gone,
			       .findings = findings };
	struct db_rows rows;
	struct map *const maps[] = { &names.databases, &names.tables,  &names.bare,
				     &names.chosen,    &names.columns, &names.bare_columns };

	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		map_init(maps[i]);
	rows = db_rows_of(source, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA", err);
	while (db_rows_next(&rows))
		add(&names.databases, db_rows_text(&rows, 0));
	if (rows.ok)
		rows = db_rows_of(source, tables_sql, err);
	while (db_rows_next(&rows)) {
		const char *database = db_rows_text(&rows, 0), *table = db_rows_text(&rows, 1);
		char *full_name = mem_printf("%s.%s", database, table);

		add(&names.tables, full_name);
		add(&names.bare, table);
		if (name_is_chosen(options, database, NULL))
			add(&names.chosen, table);
		names.pairs = mem_resize(names.pairs, 2 * ++names.pair_count, sizeof(*names.pairs));
		names.pairs[2 * names.pair_count - 2] = mem_strdup(database);
		names.pairs[2 * names.pair_count - 1] = mem_strdup(table);
		free(full_name);
	}
	if (rows.ok)
		check_all(&names);
	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		map_release(maps[i]);
	for (size_t i = 0; i < 2 * names.pair_count; i++)
		free(names.pairs[i]);
	free(names.pairs);
	return rows.ok || error_wrap(err, "look for the names of the configuration on the source");
}
