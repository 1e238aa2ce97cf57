/* What exists on the target already, and whether it can stay. */
#include "preflight_priv.h"

#include <inttypes.h>
#include <string.h>

#include "create/definition_match.h"
#include "create/fulltext_keys.h"
#include "preflight/live_runs.h"

enum { NAMES_SHOWN_MAX = 50 };

/* Names that are equal byte by byte were found when the tables were loaded. */
static void check_name_case(struct preflight *p)
{
	for (size_t i = 0; i < p->tables->count; i++) {
		const struct moved_table *t = p->tables->tables[i];
		const struct moved_table *other =
			table_pairs_find(&p->pairs, t->target_schema, t->target_name);

		if (strcmp(other->target_name, t->target_name) != 0 ||
		    strcmp(other->target_schema, t->target_schema) != 0)
			finding_add(p->findings, FINDING_ERROR, "change Tables.Rewrites",
				    "%s and %s would be one table on the target, which ignores case "
				    "in names",
				    t->source->full_name, other->source->full_name);
	}
}

/* If only a part of it is moved, the table may exist, as the rest of it may be there. */
static const struct moved_table *moved_as(const struct preflight *p, const struct table *table)
{
	return table_pairs_find(&p->pairs, table->schema, table->name);
}

static void put_existing(struct buf *names, const struct preflight *p, size_t count)
{
	const char *separator = "";

	for (size_t i = 0; i < p->pairs.on_target.table_count && count > 0; i++) {
		const struct table *table = &p->pairs.on_target.tables[i];

		if (moved_as(p, table)->filter)
			continue;
		buf_puts(names, separator);
		sql_table_name(names, table->schema, table->name);
		separator = ", ";
		count--;
	}
}

/* Rows that are moved: others do not matter. */
static bool query_rows(struct preflight *p, const struct table *table, bool *has_rows,
		       struct error *err)
{
	const struct moved_table *t = moved_as(p, table);
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, "SELECT 1 FROM ");
	sql_table_name(&sql, table->schema, table->name);
	if (t->where)
		buf_printf(&sql, " WHERE %s", t->where);
	buf_puts(&sql, " LIMIT 1");
	ok = db_has_row(p->target.db, sql.data, has_rows, err);
	buf_release(&sql);
	return ok;
}

/* Existing tables of which all rows are moved. */
static size_t count_whole(const struct preflight *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->pairs.on_target.table_count; i++)
		count += !moved_as(p, &p->pairs.on_target.tables[i])->filter;
	return count;
}

/* A table that cannot be read may have rows. */
static bool all_are_empty(struct preflight *p)
{
	struct error ignored;
	bool has_rows;

	for (size_t i = 0; i < p->pairs.on_target.table_count; i++)
		if (!query_rows(p, &p->pairs.on_target.tables[i], &has_rows, &ignored) || has_rows)
			return false;
	return true;
}

/* Tables with rows may be in use by an application, and those of a live run are being
 * filled: do not advise dropping them. MariaDB drops no parent before its children, not even
 * in one statement. */
static void put_room_making(struct buf *remedy, struct preflight *p, uint64_t other_run)
{
	size_t count = count_whole(p);

	if (other_run) {
		buf_printf(remedy,
			   "another run is working on this target just now (connection %" PRIu64
			   "): leave them to it; if they are none of its own, wait until it has ended, "
			   "and look again",
			   other_run);
		return;
	}
	if (!all_are_empty(p)) {
		buf_puts(remedy,
			 "they hold rows, and may be in use: give the tables other names "
			 "(Databases.Rewrites, Tables.Rewrites), or set "
			 "AllowExistingTargetTable where their rows come from this source; what "
			 "an interrupted run has left is resumed, or removed by you");
		return;
	}
	if (count > 1 && db_version(p->target.db)->flavour == FLAVOUR_MARIADB)
		buf_puts(remedy, "SET foreign_key_checks = 0; ");
	buf_puts(remedy, "DROP TABLE ");
	put_existing(remedy, p, count);
	buf_puts(remedy, "; or set AllowExistingTargetTable (they are empty)");
}

/* All in one finding, with the remedy for all. */
static bool refuse_existing(struct preflight *p, struct error *err)
{
	size_t count = count_whole(p);
	struct buf names = BUF_INIT, remedy = BUF_INIT;
	uint64_t other_run;

	if (!live_runs_other(p->target.db, &other_run, err))
		return false;
	put_room_making(&remedy, p, other_run);
	put_existing(&names, p, count < NAMES_SHOWN_MAX ? count : NAMES_SHOWN_MAX);
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
		    "target: %zu table%s there already: %s%s", count, count == 1 ? " is" : "s are",
		    buf_text(&names), count > NAMES_SHOWN_MAX ? ", ..." : "");
	buf_release(&names);
	buf_release(&remedy);
	return true;
}

/* MariaDB logs rows of such a table without the statement that wrote them. */
static void refuse_sequence(struct preflight *p, const char *schema, const char *table,
			    const char *column)
{
	struct buf remedy = BUF_INIT;

	buf_puts(&remedy, "ALTER TABLE ");
	sql_table_name(&remedy, schema, table);
	buf_puts(&remedy, " ALTER ");
	sql_name(&remedy, column);
	buf_puts(&remedy,
		 " DROP DEFAULT until the cutover, and set the sequence to the source's value "
		 "then; or set SkipTargetVerification");
	finding_add(p->findings, p->options->watch_target ? FINDING_ERROR : FINDING_WARNING,
		    buf_text(&remedy),
		    "target: the column %s of %s.%s has its default from a SEQUENCE: rows written to "
		    "the table cannot be told from those of others, and the sequence's value is not "
		    "moved",
		    column, schema, table);
	buf_release(&remedy);
}

static bool is_there(const struct preflight *p, const char *schema, const char *table)
{
	const struct moved_table *t = table_pairs_find(&p->pairs, schema, table);

	return t && p->pairs.there[t->index];
}

/* without: see target_definition_check(). */
static bool load_defaults(struct preflight *p, struct map *without, struct error *err)
{
	static const char sql[] = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT"
				  " FROM information_schema.COLUMNS"
				  " WHERE ((COLUMN_DEFAULT IS NULL AND IS_NULLABLE = 'NO')"
				  " OR COLUMN_DEFAULT LIKE '%nextval(%') AND TABLE_SCHEMA NOT IN"
				  " ('mysql', 'information_schema', 'performance_schema', 'sys')";
	struct db_rows rows = db_rows_of(p->target.db, sql, err);
	struct buf key = BUF_INIT;

	while (db_rows_next(&rows)) {
		const char *schema = db_rows_text(&rows, 0), *table = db_rows_text(&rows, 1);
		const char *column = db_rows_text(&rows, 2);

		if (!is_there(p, schema, table))
			continue;
		if (strstr(db_rows_text(&rows, 3), "nextval(")) {
			refuse_sequence(p, schema, table, column);
			continue;
		}
		buf_clear(&key);
		sql_table_name(&key, schema, table);
		buf_putc(&key, '.');
		sql_name(&key, column);
		map_put(without, key.data, key.length, p);
	}
	buf_release(&key);
	return rows.ok;
}

/* No index is left out of an existing table; but one that an earlier attempt has created may lack
 * those that it left out, without a state that says so. */
static void warn_of_lacking(struct preflight *p, const struct moved_table *t,
			    const struct table *existing)
{
	for (unsigned i = 0; i < t->source->index_count; i++) {
		const struct table_index *index = &t->source->indexes[i];

		if (!index->is_unique && !table_index_named(existing, index->name))
			finding_add(p->findings, FINDING_WARNING,
				    "add it there, or drop the table and have it created",
				    "target: %s lacks the source's index %s, and was not made by this "
				    "run, which does not add it",
				    existing->full_name, index->name);
	}
}

static bool check_definitions(struct preflight *p, struct error *err)
{
	struct map without_default;
	bool ok;

	map_init(&without_default);
	ok = load_defaults(p, &without_default, err);
	for (size_t i = 0; ok && i < p->tables->count; i++) {
		struct moved_table *t = p->tables->tables[i];

		if (!p->pairs.there[i])
			continue;
		moved_table_set_target(t, p->pairs.there[i]);
		target_definition_check(t, p->pairs.there[i], &without_default, p->findings);
		if (p->options->defer_indexes && !p->is_resuming)
			warn_of_lacking(p, t, p->pairs.there[i]);
	}
	map_release(&without_default);
	return ok;
}

static void check_missing(struct preflight *p)
{
	for (size_t i = 0; i < p->tables->count; i++) {
		const struct moved_table *t = p->tables->tables[i];

		if (!p->pairs.there[i] && !recopies_is_pending(p->resumed, t->source->full_name))
			finding_add(p->findings, FINDING_ERROR,
				    "start from scratch, without the state",
				    "target: table %s.%s is gone (or hidden from the account), and "
				    "the run that is resumed has copied into it",
				    t->target_schema, t->target_name);
	}
}

/* They could not be distinguished from those that are copied. */
static void refuse_rows(struct preflight *p, const struct table *table)
{
	const struct moved_table *t = moved_as(p, table);
	struct buf remedy = BUF_INIT;

	buf_puts(&remedy, "DELETE FROM ");
	sql_table_name(&remedy, table->schema, table->name);
	if (t->where) {
		buf_printf(&remedy,
			   " WHERE %s, or set AllowExistingTargetTable where these rows come "
			   "from this source, and by no run that goes on",
			   t->where);
		finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
			    "target: table %s holds rows already that are to be moved (Tables.Where "
			    "%s): another run may be moving the same",
			    table->full_name, t->where);
		buf_release(&remedy);
		return;
	}
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
		    "target: table %s holds rows already, and must be empty, as it has no key on "
		    "the source",
		    table->full_name);
	buf_release(&remedy);
}

static bool warn_of_rows(struct preflight *p, struct error *err)
{
	bool ok = true;

	for (size_t i = 0; ok && i < p->pairs.on_target.table_count; i++) {
		const struct table *table = &p->pairs.on_target.tables[i];
		struct error failure = ERROR_INIT;
		bool has_rows;

		if (!query_rows(p, table, &has_rows, &failure))
			ok = preflight_forgive(p, table->full_name, &failure, err);
		bool must_be_empty = moved_as(p, table)->key.count == 0 ||
				     !p->options->allow_existing_target_table;

		if (has_rows && must_be_empty)
			refuse_rows(p, table);
		else if (has_rows)
			finding_add(p->findings, FINDING_WARNING,
				    "empty it, unless its rows come from this source",
				    "target: table %s holds rows already; they stay, and are replaced "
				    "only when they change on the source",
				    table->full_name);
	}
	return ok;
}

/* information_schema shows triggers only to accounts with the privilege TRIGGER. */
static void warn_of_hidden_triggers(struct preflight *p)
{
	const char *last = "";

	for (size_t i = 0; i < p->pairs.on_target.table_count; i++) {
		const char *schema = p->pairs.on_target.tables[i].schema;
		struct buf remedy = BUF_INIT;

		if (strcmp(schema, last) == 0)
			continue;
		last = schema;
		if (grants_allow(&p->target.grants, "TRIGGER", schema) != GRANTS_NO)
			continue;
		buf_puts(&remedy, "GRANT TRIGGER ON ");
		sql_name(&remedy, schema);
		buf_printf(&remedy, ".* TO %s", p->target.grants.account);
		finding_add(p->findings, FINDING_WARNING, buf_text(&remedy),
			    "target: the account cannot see whether existing tables of %s have "
			    "triggers, which would change rows",
			    schema);
		buf_release(&remedy);
	}
}

static bool check_triggers(struct preflight *p, struct error *err)
{
	static const char sql[] = "SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME"
				  " FROM information_schema.TRIGGERS";
	bool is_foreseen = p->options->way_back.is_foreseen;
	struct error failure = ERROR_INIT;
	struct buf remedy = BUF_INIT;
	struct db_rows rows;

	warn_of_hidden_triggers(p);
	rows = db_rows_of(p->target.db, sql, &failure);
	while (db_rows_next(&rows)) {
		const char *schema = db_rows_text(&rows, 0), *table = db_rows_text(&rows, 1);
		const char *trigger = db_rows_text(&rows, 2);

		if (!is_there(p, schema, table))
			continue;
		/* Created by an earlier process of the run; dropped before rows are written. */
		if (p->is_resuming && objects_have_trigger(p, schema, trigger))
			continue;
		buf_clear(&remedy);
		buf_puts(&remedy, "DROP TRIGGER ");
		sql_table_name(&remedy, schema, trigger);
		if (is_foreseen)
			buf_puts(&remedy, " after the cutover, before -back");
		finding_add(p->findings, is_foreseen ? FINDING_WARNING : FINDING_ERROR,
			    buf_text(&remedy),
			    "target: the trigger %s on %s.%s would change rows as they are written",
			    trigger, schema, table);
	}
	buf_release(&remedy);
	return rows.ok || preflight_forgive(p, "target: triggers cannot be listed", &failure, err);
}

/* Existing tables that are to be created again are dropped, if they were the run's. */
static void pass_over_pending(struct preflight *p)
{
	for (size_t i = 0; i < p->tables->count; i++) {
		const struct moved_table *t = p->tables->tables[i];
		const struct recopy *r = recopies_find(p->resumed, t->source->full_name);

		if (!r || !r->is_pending)
			continue;
		if (p->pairs.there[i] && !r->is_ours)
			finding_add(p->findings, FINDING_ERROR,
				    "drop it, or give the table another name (Tables.Rewrites)",
				    "target: table %s.%s is there already, and %s, which came to the "
				    "source in mid-run, is to have its name",
				    t->target_schema, t->target_name, t->source->full_name);
		p->pairs.there[i] = NULL;
	}
}

/* FULLTEXT keys over FTS_DOC_ID are refused, as the run drops and adds them. Equal values of a
 * unique key must be in the same part, or a value that moves from one part to another
 * conflicts with the row that had it; nothing is overwritten then, but the run ends
 * (displacement.c). */
static void check_parts(struct preflight *p)
{
	for (size_t i = 0; i < p->tables->count; i++) {
		const struct moved_table *t = p->tables->tables[i];

		if (!t->filter)
			continue;
		if (fulltext_keys_are_late(t->source))
			finding_add(p->findings, FINDING_ERROR, "change Tables.Where",
				    "source: the rows of table %s cannot be chosen by Tables.Where: it "
				    "has a FULLTEXT key and FTS_DOC_ID",
				    t->source->full_name);
		for (unsigned n = 0; n < t->source->index_count; n++)
			if (t->source->indexes[n].is_unique &&
			    !row_filter_is_decided_by(t->filter, &t->source->indexes[n]))
				finding_add(p->findings, FINDING_NOTE, "",
					    "source: the unique key %s of %s does not have all columns "
					    "of its Tables.Where: where the target's table has other "
					    "rows, a value of theirs is never overwritten, but ends "
					    "the run",
					    t->source->indexes[n].name, t->source->full_name);
	}
}

bool target_tables_check(struct preflight *p, struct error *err)
{
	if (p->is_resuming)
		pass_over_pending(p);
	check_name_case(p);
	for (size_t i = 0; i < p->pairs.on_target.view_count; i++)
		finding_add(p->findings, FINDING_ERROR,
			    "give the table another name (Tables.Rewrites), or drop the view if "
			    "nobody uses it",
			    "target: %s is a view, and a table is to have its name",
			    p->pairs.on_target.views[i]);
	check_parts(p);
	if (!p->is_resuming && !p->options->allow_existing_target_table && count_whole(p) > 0)
		return refuse_existing(p, err);
	if (p->is_resuming)
		check_missing(p);
	else if (!warn_of_rows(p, err))
		return false;
	return check_definitions(p, err) && check_triggers(p, err);
}
