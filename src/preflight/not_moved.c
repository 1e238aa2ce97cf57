/* What is not moved, and what may be missing unintentionally: names in whitelists that do not
 * exist, databases that the binlog leaves out. */
#include "preflight_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "objects/object_text.h"
#include "plan/name_filter.h"

static bool report_objects(struct preflight *p, struct error *err)
{
	static const enum object_kind kinds[] = { OBJECT_TRIGGER, OBJECT_EVENT, OBJECT_ROUTINE,
						  OBJECT_SEQUENCE };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const char *plural = object_kind_name(kinds[i]);
		struct error failure = ERROR_INIT;
		struct buf sql = BUF_INIT;

		if (object_kind_is_moved(p->options, kinds[i]))
			continue;
		object_kind_put_count(&sql, kinds[i]);

		struct db_rows rows = db_rows_of(p->source.db, buf_text(&sql), &failure);

		while (db_rows_next(&rows)) {
			const char *schema = db_rows_text(&rows, 0);

			if (name_is_chosen(p->options, schema, NULL))
				finding_add(p->findings, FINDING_NOTE, "",
					    "source: %s of database %s are not moved: %s", plural,
					    schema, db_rows_text(&rows, 1));
		}
		buf_release(&sql);
		/* Only informative: no reason not to start. */
		if (!rows.ok && error_is_retryable(&failure)) {
			*err = failure;
			return false;
		}
		if (!rows.ok)
			finding_add(p->findings, FINDING_NOTE, "",
				    "source: %s cannot be counted: %s", plural, failure.text);
	}
	return true;
}

/* entry: from a list of databases or of tables. */
static bool has_table(const struct preflight *p, const char *entry, bool is_database)
{
	for (size_t i = 0; i < p->schema->table_count; i++) {
		const struct table *t = &p->schema->tables[i];

		if (is_database ? name_matches_database(entry, t->schema) :
				  name_matches_table(entry, t->schema, t->name))
			return true;
	}
	return false;
}

/* information_schema hides tables on which the account has no privilege. */
static void warn_of_missing_names(struct preflight *p)
{
	const struct string_list *databases = &p->options->databases.whitelist;
	const struct string_list *tables = &p->options->tables.whitelist;
	static const char remedy[] = "correct the name, or GRANT SELECT on it";

	for (size_t i = 0; i < databases->count; i++)
		if (!has_table(p, databases->items[i], true))
			finding_add(p->findings, FINDING_WARNING, remedy,
				    "source: Databases.Whitelist names %s, and no table of it is "
				    "there to be copied",
				    databases->items[i]);
	for (size_t i = 0; i < tables->count; i++)
		if (!has_table(p, tables->items[i], false))
			finding_add(p->findings, FINDING_WARNING, remedy,
				    "source: Tables.Whitelist names %s, and no such table is there "
				    "to be copied",
				    tables->items[i]);
}

static bool are_all_named(const struct string_list *whitelist)
{
	for (size_t i = 0; i < whitelist->count; i++)
		if (whitelist->items[i][strcspn(whitelist->items[i], "*?")] != '\0')
			return false;
	return whitelist->count > 0;
}

/* With privileges on single tables, others of the database are not seen. */
static void warn_of_hidden_tables(struct preflight *p)
{
	const char *last = "";

	if (p->options->way_back.names || are_all_named(&p->options->tables.whitelist) ||
	    p->source.grants.is_partial)
		return;
	for (size_t i = 0; i < p->schema->table_count; i++) {
		const char *schema = p->schema->tables[i].schema;

		if (strcmp(schema, last) == 0)
			continue;
		last = schema;
		if (grants_allow(&p->source.grants, "SELECT", schema) != GRANTS_YES)
			finding_add(p->findings, FINDING_WARNING,
				    "GRANT SELECT on the whole database, or list the tables in "
				    "Tables.Whitelist",
				    "source: the account may read single tables of %s only; tables "
				    "it cannot see are not copied",
				    schema);
	}
}

bool not_moved_report(struct preflight *p, struct error *err)
{
	for (size_t i = 0; i < p->schema->view_count; i++)
		if (!object_kind_is_moved(p->options, OBJECT_VIEW))
			finding_add(p->findings, FINDING_NOTE, "",
				    "source: the view %s is not moved", p->schema->views[i]);
	warn_of_missing_names(p);
	warn_of_hidden_tables(p);
	return report_objects(p, err) && binlog_settings_check_filters(p, err);
}
