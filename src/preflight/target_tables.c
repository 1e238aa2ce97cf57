/* What is on the target already, and whether it can stay. */
#include "preflight/preflight_priv.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "preflight/live_runs.h"
#include "create/definition_match.h"

enum { NAMES_SHOWN_MAX = 50 };

static void put_name(const struct preflight *p, struct buf *name, const char *schema,
		     const char *table)
{
	buf_clear(name);
	sql_table_name(name, schema, table);
	if (p->target_ignores_case)
		schema_fold_case(name->data);
}

const struct moved_table *preflight_wanted(const struct preflight *p, const char *schema,
					   const char *table)
{
	struct buf name = BUF_INIT;
	const struct moved_table *t;

	put_name(p, &name, schema, table);
	t = map_get(&p->wanted, name.data, name.length);
	buf_release(&name);
	return t;
}

/* Names equal byte by byte were found when the tables were made. */
static void want_all(struct preflight *p)
{
	const char *mode = preflight_variable(&p->target_variables, "lower_case_table_names");
	struct buf name = BUF_INIT;

	map_init(&p->wanted);
	p->target_ignores_case = mode && strcmp(mode, "0") != 0;
	for (size_t i = 0; i < p->tables->count; i++) {
		struct moved_table *t = p->tables->tables[i];
		const struct moved_table *other;

		put_name(p, &name, t->target_schema, t->target_name);
		other = map_put(&p->wanted, name.data, name.length, t);
		if (other && (strcmp(other->target_name, t->target_name) != 0 ||
			      strcmp(other->target_schema, t->target_schema) != 0))
			finding_add(
				p->findings, PROBLEM_ERROR, "change Tables.Rewrites",
				"%s and %s would be one table on the target, which ignores case "
				"in names",
				other->source->full_name, t->source->full_name);
	}
	buf_release(&name);
}

static bool is_wanted(void *context, const char *schema, const char *table)
{
	return preflight_wanted(context, schema, table) != NULL;
}

static bool load_existing(struct preflight *p, struct error *err)
{
	p->existing = mem_calloc(p->tables->count + 1, sizeof(*p->existing));
	p->is_refused = mem_calloc(p->tables->count + 1, sizeof(*p->is_refused));
	if (!schema_load(p->target, is_wanted, p, &p->on_target, err))
		return error_wrap(err, "load table definitions of the target");
	for (size_t i = 0; i < p->on_target.table_count; i++) {
		const struct table *table = &p->on_target.tables[i];

		p->existing[preflight_wanted(p, table->schema, table->name)->index] = table;
	}
	return true;
}

static void check_views(struct preflight *p)
{
	for (size_t i = 0; i < p->on_target.view_count; i++)
		finding_add(p->findings, PROBLEM_ERROR,
			    "give the table another name (Tables.Rewrites), or drop the view if "
			    "nobody uses it",
			    "target: %s is a view, and a table is to have its name",
			    p->on_target.views[i]);
}

static void put_existing(struct buf *names, const struct preflight *p, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_puts(names, i ? ", " : "");
		sql_table_name(names, p->on_target.tables[i].schema, p->on_target.tables[i].name);
	}
}

static bool take_any(void *context, const struct db_row *row UNUSED)
{
	*(bool *)context = true;
	return false;
}

static bool ask_rows(struct preflight *p, const struct table *table, bool *has_rows,
		     struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, "SELECT 1 FROM ");
	sql_table_name(&sql, table->schema, table->name);
	buf_puts(&sql, " LIMIT 1");
	*has_rows = false;
	ok = preflight_rows(p->target, sql.data, take_any, has_rows, err);
	buf_release(&sql);
	return ok;
}

/* A table that cannot be looked at may hold some. */
static bool all_are_empty(struct preflight *p)
{
	struct error ignored;
	bool has_rows;

	for (size_t i = 0; i < p->on_target.table_count; i++)
		if (!ask_rows(p, &p->on_target.tables[i], &has_rows, &ignored) || has_rows)
			return false;
	return true;
}

/* Tables with rows may be an application's by now, and those of a living run are being
 * filled: no advice to drop these. MariaDB drops no parent before its children, in one
 * statement neither. */
static void put_room_making(struct buf *remedy, struct preflight *p, uint64_t other_run)
{
	size_t count = p->on_target.table_count;

	if (other_run) {
		buf_printf(remedy,
			   "another run is working on this target just now (connection %" PRIu64
			   "): leave them to it; if they are none of its own, wait until it has ended, "
			   "and look again",
			   other_run);
		return;
	}
	if (!all_are_empty(p)) {
		buf_puts(remedy, "they hold rows, and may be in use: give the tables other names "
				 "(Databases.Rewrites, Tables.Rewrites), or set "
				 "AllowExistingTargetTable where their rows come from this source; what "
				 "an interrupted run has left is resumed, or removed by you");
		return;
	}
	if (count > 1 && db_version(p->target)->flavour == FLAVOUR_MARIADB)
		buf_puts(remedy, "SET foreign_key_checks = 0; ");
	buf_puts(remedy, "DROP TABLE ");
	put_existing(remedy, p, count);
	buf_puts(remedy, "; or set AllowExistingTargetTable (they are empty)");
}

/* All in one problem, with what makes room for all. */
static bool refuse_existing(struct preflight *p, struct error *err)
{
	size_t count = p->on_target.table_count;
	struct buf names = BUF_INIT, remedy = BUF_INIT;
	uint64_t other_run;

	if (count == 0)
		return true;
	if (!live_runs_other(p->target, &other_run, err))
		return false;
	put_room_making(&remedy, p, other_run);
	put_existing(&names, p, count < NAMES_SHOWN_MAX ? count : NAMES_SHOWN_MAX);
	finding_add(p->findings, PROBLEM_ERROR, buf_text(&remedy),
		    "target: %zu table%s there already: %s%s", count, count == 1 ? " is" : "s are",
		    buf_text(&names), count > NAMES_SHOWN_MAX ? ", ..." : "");
	buf_release(&names);
	buf_release(&remedy);
	return true;
}

struct default_search {
	struct preflight *p;
	struct map without; /* see target_definition_check() */
};

/* MariaDB logs rows of such a table without the statement that wrote them. */
static void refuse_sequence(struct preflight *p, const char *schema, const char *table,
			    const char *column)
{
	const struct moved_table *t = preflight_wanted(p, schema, table);
	struct buf remedy = BUF_INIT;

	if (!t || !p->existing[t->index])
		return;
	buf_puts(&remedy, "ALTER TABLE ");
	sql_table_name(&remedy, schema, table);
	buf_puts(&remedy, " ALTER ");
	sql_name(&remedy, column);
	buf_puts(&remedy, " DROP DEFAULT until the cutover, and set the sequence to the source's value "
			  "then; or set SkipTargetVerification");
	finding_add(p->findings, p->options->watch_target ? PROBLEM_ERROR : PROBLEM_WARNING,
		    buf_text(&remedy),
		    "target: the column %s of %s.%s has its default from a SEQUENCE: rows written to "
		    "the table cannot be told from those of others, and the sequence's value is not "
		    "moved",
		    column, schema, table);
	buf_release(&remedy);
}

static bool take_default(void *context, const struct db_row *row)
{
	struct default_search *s = context;
	struct buf key = BUF_INIT;

	if (strstr(preflight_text(row, 3), "nextval(")) {
		refuse_sequence(s->p, preflight_text(row, 0), preflight_text(row, 1),
				preflight_text(row, 2));
		return true;
	}
	sql_table_name(&key, preflight_text(row, 0), preflight_text(row, 1));
	buf_putc(&key, '.');
	sql_name(&key, preflight_text(row, 2));
	map_put(&s->without, key.data, key.length, context);
	buf_release(&key);
	return true;
}

static bool check_definitions(struct preflight *p, struct error *err)
{
	static const char sql[] =
		"SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT"
		" FROM information_schema.COLUMNS"
		" WHERE ((COLUMN_DEFAULT IS NULL AND IS_NULLABLE = 'NO')"
		" OR COLUMN_DEFAULT LIKE '%nextval(%') AND TABLE_SCHEMA NOT IN"
		" ('mysql', 'information_schema', 'performance_schema', 'sys')";
	struct default_search s = { .p = p };
	bool ok;

	map_init(&s.without);
	ok = preflight_rows(p->target, sql, take_default, &s, err);
	for (size_t i = 0; ok && i < p->tables->count; i++)
		if (p->existing[i]) {
			moved_table_set_target(p->tables->tables[i], p->existing[i]);
			target_definition_check(p->tables->tables[i], p->existing[i], &s.without,
						p->findings);
		}
	map_release(&s.without);
	return ok;
}

static void check_missing(struct preflight *p)
{
	for (size_t i = 0; i < p->tables->count; i++) {
		const struct moved_table *t = p->tables->tables[i];

		if (!p->existing[i])
			finding_add(p->findings, PROBLEM_ERROR, "start anew, without the state",
				    "target: table %s.%s is gone (or hidden from the account), and "
				    "the run that is resumed has copied into it",
				    t->target_schema, t->target_name);
	}
}

/* They could not be told from those that are copied. */
static void refuse_rows(struct preflight *p, const struct table *table)
{
	struct buf remedy = BUF_INIT;

	buf_puts(&remedy, "DELETE FROM ");
	sql_table_name(&remedy, table->schema, table->name);
	finding_add(p->findings, PROBLEM_ERROR, buf_text(&remedy),
		    "target: table %s holds rows already, and must be empty, as it has no key on "
		    "the source",
		    table->full_name);
	buf_release(&remedy);
}

static bool warn_of_rows(struct preflight *p, struct error *err)
{
	bool ok = true;

	for (size_t i = 0; ok && i < p->on_target.table_count; i++) {
		const struct table *table = &p->on_target.tables[i];
		struct error failure = ERROR_INIT;
		bool has_rows;

		if (!ask_rows(p, table, &has_rows, &failure))
			ok = preflight_forgive(p, table->full_name, &failure, err);
		if (has_rows && preflight_wanted(p, table->schema, table->name)->key.count == 0)
			refuse_rows(p, table);
		else if (has_rows)
			finding_add(
				p->findings, PROBLEM_WARNING,
				"empty it, unless its rows come from this source",
				"target: table %s holds rows already; they stay, and are replaced "
				"only when they change on the source",
				table->full_name);
	}
	return ok;
}

static bool take_trigger(void *context, const struct db_row *row)
{
	struct preflight *p = context;
	const char *schema = preflight_text(row, 0), *table = preflight_text(row, 1);
	const struct moved_table *t = preflight_wanted(p, schema, table);
	struct buf remedy = BUF_INIT;

	if (!t || !p->existing[t->index])
		return true;
	buf_puts(&remedy, "DROP TRIGGER ");
	sql_table_name(&remedy, schema, preflight_text(row, 2));
	finding_add(p->findings, PROBLEM_ERROR, buf_text(&remedy),
		    "target: the trigger %s on %s.%s would change rows as they are written",
		    preflight_text(row, 2), schema, table);
	buf_release(&remedy);
	return true;
}

/* information_schema shows triggers to accounts with the privilege TRIGGER alone. */
static void warn_of_hidden_triggers(struct preflight *p)
{
	const char *last = "";

	for (size_t i = 0; i < p->on_target.table_count; i++) {
		const char *schema = p->on_target.tables[i].schema;
		struct buf remedy = BUF_INIT;

		if (strcmp(schema, last) == 0)
			continue;
		last = schema;
		if (grants_allow(&p->target_grants, "TRIGGER", schema) != GRANTS_NO)
			continue;
		buf_puts(&remedy, "GRANT TRIGGER ON ");
		sql_name(&remedy, schema);
		buf_printf(&remedy, ".* TO %s", p->target_grants.account);
		finding_add(p->findings, PROBLEM_WARNING, buf_text(&remedy),
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
	struct error failure = ERROR_INIT;

	warn_of_hidden_triggers(p);
	return preflight_rows(p->target, sql, take_trigger, p, &failure) ||
	       preflight_forgive(p, "target: triggers cannot be listed", &failure, err);
}

static bool check_existing(struct preflight *p, struct error *err)
{
	check_views(p);
	if (!p->is_resuming && !p->options->allow_existing_target_table) {
		return refuse_existing(p, err);
	}
	if (p->is_resuming)
		check_missing(p);
	else if (!warn_of_rows(p, err))
		return false;
	return check_definitions(p, err) && check_triggers(p, err);
}

bool preflight_target_tables(struct preflight *p, struct error *err)
{
	want_all(p);
	return load_existing(p, err) && check_existing(p, err);
}
