/* Making the tables of a run out of the source's schema: names on the target, keys,
 * and the SQL that stays the same for every row, built once.
 *
 * A table that cannot be moved becomes a finding and stays in the list, so that a dry
 * run shows all of them; the run itself does not start while there are errors. */
#include "plan/moved_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "batch_size.h"
#include "key_choice.h"
#include "plan/name_filter.h"
#include "plan/findings.h"
#include "plan/key_condition.h"
#include "plan/statement_tag.h"

/* Of a table under its lock, to a target in the same network; measured. */
#define LOCKED_ROWS_PER_S 40000
#define LOCKED_BYTES_PER_S (UINT64_C(20) << 20)

/* Generated columns are never written: the target computes them. Those of the key
 * are read all the same, to know how far the copy has come. */
static void choose_columns(struct moved_table *t)
{
	const struct table *table = t->source;

	t->selected = mem_calloc(table->column_count + 1, sizeof(*t->selected));
	t->written = mem_calloc(table->column_count + 1, sizeof(*t->written));
	for (unsigned i = 0; i < table->column_count; i++)
		if (column_is_written(&table->columns[i]))
			t->selected[t->selected_count++] = t->written[t->written_count++] = i;
	for (unsigned i = 0; i < table->column_count; i++)
		if (!column_is_written(&table->columns[i]) && key_has_column(&t->key, i))
			t->selected[t->selected_count++] = i;
}

void moved_table_put_read_check(struct buf *sql, const struct moved_table *t)
{
	buf_printf(sql, "SELECT %s,", t->select_list);
	sql_table_name(sql, t->source->schema, t->source->name);
	buf_puts(sql, ".* FROM ");
	sql_table_name(sql, t->source->schema, t->source->name);
	buf_puts(sql, " LIMIT 0");
}

static void put_target(struct buf *sql, const struct moved_table *t, const char *comment,
		       const char *verb)
{
	buf_puts(sql, comment);
	buf_puts(sql, verb);
	sql_table_name(sql, t->target_schema, t->target_name);
}

static char *make_write_head(const struct moved_table *t, const char *comment, const char *verb)
{
	struct buf sql = BUF_INIT;

	put_target(&sql, t, comment, verb);
	buf_puts(&sql, " (");
	for (unsigned i = 0; i < t->written_count; i++) {
		if (i > 0)
			buf_putc(&sql, ',');
		sql_name(&sql, t->source->columns[t->written[i]].name);
	}
	buf_puts(&sql, ") VALUES ");
	return buf_take(&sql);
}

/* The comment is that of the other heads. */
void moved_table_put_replace(struct buf *sql, const struct moved_table *t, const bool *omitted)
{
	char *bare = make_write_head(t, "", "REPLACE INTO ");
	char separator = '(';

	buf_add(sql, t->replace_head, strlen(t->replace_head) - strlen(bare));
	free(bare);
	put_target(sql, t, "", "REPLACE INTO ");
	buf_putc(sql, ' ');
	for (unsigned i = 0; i < t->written_count; i++) {
		if (omitted[i])
			continue;
		buf_putc(sql, separator);
		sql_name(sql, t->source->columns[t->written[i]].name);
		separator = ',';
	}
	buf_puts(sql, separator == '(' ? "() VALUES " : ") VALUES ");
}

void moved_table_begin_where(struct buf *sql, const struct moved_table *t)
{
	if (t->where)
		buf_printf(sql, "%s AND (", t->where);
}

void moved_table_end_where(struct buf *sql, const struct moved_table *t)
{
	if (t->where)
		buf_putc(sql, ')');
}

static void make_texts(struct moved_table *t, const char *comment)
{
	struct buf list = BUF_INIT, tail = BUF_INIT, delete = BUF_INIT;

	t->comment = mem_strdup(comment);
	for (unsigned i = 0; i < t->selected_count; i++) {
		if (i > 0)
			buf_putc(&list, ',');
		sql_select_column(&list, &t->source->columns[t->selected[i]]);
	}
	t->select_list = buf_take(&list);
	t->types_list = mem_strdup("");
	t->insert_head = make_write_head(t, comment, "INSERT INTO ");
	/* Without a key nothing shows that a row is there already. */
	if (t->written_count > 0 && t->key.count > 0) {
		const char *name = t->source->columns[t->written[0]].name;

		buf_puts(&tail, " ON DUPLICATE KEY UPDATE ");
		sql_name(&tail, name);
		buf_putc(&tail, '=');
		sql_name(&tail, name);
	}
	t->insert_tail = tail.length > 0 ? buf_take(&tail) : mem_strdup("");
	t->replace_head = make_write_head(t, comment, "REPLACE INTO ");
	put_target(&delete, t, comment, "DELETE FROM ");
	buf_puts(&delete, " WHERE ");
	moved_table_begin_where(&delete, t);
	t->delete_head = buf_take(&delete);
}

static void check_columns(const struct table *table, struct findings *findings)
{
	struct buf remedy = BUF_INIT;

	for (unsigned i = 0; i < table->column_count; i++) {
		const struct column *c = &table->columns[i];

		if (c->type != COLUMN_UNKNOWN)
			continue;
		buf_clear(&remedy);
		buf_puts(&remedy, "leave the table out (Tables.Blacklist), or convert the column: "
				  "ALTER TABLE ");
		sql_table_name(&remedy, table->schema, table->name);
		buf_puts(&remedy, " MODIFY ");
		sql_name(&remedy, c->name);
		buf_puts(&remedy, " ...");
		finding_add(findings, FINDING_ERROR, buf_text(&remedy),
			    "source: column %s.%s is of type %s, which cannot be carried exactly",
			    table->full_name, c->name, c->raw_type);
	}
	buf_release(&remedy);
}

/* Those whose rows are not in the table: another engine would take copies of them, or none. */
static bool stores_rows_elsewhere(const char *engine)
{
	static const char *const engines[] = { "FEDERATED", "CONNECT",	  "SPIDER",
					       "BLACKHOLE", "S3",	  "OQGRAPH",
					       "NDB",	    "NDBCLUSTER", "PERFORMANCE_SCHEMA" };

	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		if (strcasecmp(engines[i], engine) == 0)
			return true;
	return false;
}

bool engine_is_lockable(const char *engine)
{
	static const char *const engines[] = { "MyISAM", "Aria", "MEMORY" };

	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		if (strcasecmp(engines[i], engine) == 0)
			return true;
	return false;
}

bool locked_table_is_allowed(enum locked_tables which, const struct table *table)
{
	return which == LOCKED_ALL || (which == LOCKED_SMALL && table->is_small);
}

static void put_remedy(struct buf *remedy, const struct table *table)
{
	if (strcasecmp(table->engine, "MRG_MyISAM") == 0) {
		buf_puts(remedy,
			 "leave the table out (Tables.Blacklist): its rows are those of the "
			 "tables of its UNION, which are moved by themselves; when the move is "
			 "done make a view over them on the target: CREATE VIEW ");
		sql_table_name(remedy, table->schema, table->name);
		buf_puts(remedy, " AS SELECT * FROM ... UNION ALL SELECT * FROM ...");
	} else if (stores_rows_elsewhere(table->engine)) {
		buf_puts(remedy, "leave the table out (Tables.Blacklist), and make it on the target "
				 "when the move is done: it holds no rows of its own");
	} else {
		buf_puts(remedy, "ALTER TABLE ");
		sql_table_name(remedy, table->schema, table->name);
		buf_puts(remedy, " ENGINE=InnoDB");
		if (engine_is_lockable(table->engine))
			buf_puts(remedy, ", or set AllowNonTransactionalTables "
					 "(\"AllowNonTransactionalTables\": true), which keeps "
					 "writers from the table while it is copied");
	}
}

static bool is_rewritten(const struct move_options *options, const char *engine)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&options->engine_rewrites, &cursor)))
		if (strcasecmp(entry->key, engine) == 0)
			return true;
	return false;
}

static void report_lock(const struct moved_table *t, struct findings *findings)
{
	const struct table *table = t->source;
	uint64_t seconds = table->estimated_rows / LOCKED_ROWS_PER_S +
			   table->data_bytes / LOCKED_BYTES_PER_S + 1;

	finding_add(findings, FINDING_WARNING,
		    t->keeps_engine ? "EngineRewrites makes it InnoDB on the target for good" : "",
		    "source: table %s uses the engine %s, which has no transactions: it is copied in "
		    "one read, for which it is locked against writes for about %" PRIu64
		    " second%s (%" PRIu64 " MB); a run that is resumed copies it again%s",
		    table->full_name, table->engine, seconds, seconds == 1 ? "" : "s",
		    (table->data_bytes >> 20) + 1,
		    t->keeps_engine ? "; it is InnoDB on the target until the cutover" : "");
}

/* The copy relies on locking reads (I1), the writes on transactions. */
static void check_engine(const struct move_options *options, struct moved_table *t,
			 struct findings *findings)
{
	const struct table *table = t->source;
	struct buf remedy = BUF_INIT;

	if (strcasecmp(table->engine, "InnoDB") == 0)
		return;
	if (engine_is_lockable(table->engine) &&
	    locked_table_is_allowed(options->nontransactional, table)) {
		t->is_nontransactional = true;
		t->keeps_engine = !is_rewritten(options, table->engine);
		report_lock(t, findings);
		return;
	}
	put_remedy(&remedy, table);
	finding_add(findings, FINDING_ERROR, buf_text(&remedy),
		    "source: table %s uses the engine %s; only InnoDB tables can be copied while "
		    "they change",
		    table->full_name, *table->engine ? table->engine : "(unknown)");
	buf_release(&remedy);
}

static void choose_key(const struct move_options *options, struct moved_table *t,
		       struct findings *findings)
{
	struct error err = ERROR_INIT;
	struct key_choice choice;

	if (!key_choice_make(&choice, options, t->source, &err)) {
		choice.key.count = 0;
		/* ERROR_CONFIG: a column that does not exist was configured. */
		if (err.kind == ERROR_UNSUPPORTED &&
		    locked_table_is_allowed(options->without_key, t->source))
			finding_add(findings, FINDING_WARNING, "",
				    "source: table %s has no usable key: it is copied in one read, its "
				    "changes are applied by comparing whole rows, and a run that is "
				    "resumed copies it again",
				    t->source->full_name);
		else
			finding_add(findings, FINDING_ERROR, choice.remedy, "source: %s", err.text);
	} else if (choice.ignored_column) {
		finding_add(findings, FINDING_WARNING, "",
			    "source: the configured pagination column %s.%s has no UNIQUE index of "
			    "its own over NOT NULL values; the table's key %s is used in its place",
			    t->source->full_name, choice.ignored_column, choice.key.index);
	}
	t->key = choice.key;
	t->key_is_configured = choice.is_configured;
}

static bool is_generated(const struct table *table)
{
	for (unsigned i = 0; i < table->column_count; i++)
		if (column_is_written(&table->columns[i]))
			return false;
	return true;
}

/* No column of such rows could be written, and nothing distinguishes them. */
static void refuse_generated(const struct table *table, struct findings *findings)
{
	struct buf remedy = BUF_INIT;

	buf_puts(&remedy, "ALTER TABLE ");
	sql_table_name(&remedy, table->schema, table->name);
	buf_printf(&remedy,
		   " ADD ghostferry_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT %s, which can be "
		   "dropped when the move is done; or leave the table out (Tables.Blacklist)",
		   table_primary(table) ? "UNIQUE" : "PRIMARY KEY");
	finding_add(findings, FINDING_ERROR, buf_text(&remedy),
		    "source: all columns of table %s are generated", table->full_name);
	buf_release(&remedy);
}

/* The entry that means this table; *others: one more does. */
static const struct map_entry *find_where(const struct map *where, const struct table *source,
					  bool *others)
{
	const struct map_entry *entry, *found = NULL;
	size_t cursor = 0;

	*others = false;
	while ((entry = map_next(where, &cursor)))
		if (name_matches_table(entry->key, source->schema, source->name)) {
			*others = found != NULL;
			found = entry;
		}
	return found;
}

static void refuse_where(const struct table *source, const char *why, struct findings *findings)
{
	finding_add(findings, FINDING_ERROR, "change Tables.Where",
		    "source: the rows of table %s cannot be chosen by Tables.Where: %s",
		    source->full_name, why);
}

/* Of a table without a key the snapshot is emptied before it is made, and rows are told apart
 * by all of their values: nothing keeps the two parts of it apart. */
static void choose_rows(const struct move_options *options, struct moved_table *t,
			struct findings *findings)
{
	const struct table *source = t->source;
	struct error err = ERROR_INIT;
	struct buf sql = BUF_INIT;
	bool others;
	const struct map_entry *entry = find_where(&options->tables.where, source, &others);

	if (!entry)
		return;
	if (others) {
		refuse_where(source, "two entries mean it", findings);
		return;
	}
	if (t->key.count == 0) {
		refuse_where(source, "it has no usable key", findings);
		return;
	}
	t->filter = row_filter_parse(entry->value, &err);
	if (!t->filter || !row_filter_bind(t->filter, source, &err)) {
		refuse_where(source, err.text, findings);
		row_filter_free(t->filter);
		t->filter = NULL;
		return;
	}
	row_filter_put(&sql, t->filter);
	t->where = buf_take(&sql);
}

static struct moved_table *table_new(const struct move_options *options, const char *comment,
				     const struct table *source, struct findings *findings)
{
	struct moved_table *t = mem_calloc(1, sizeof(*t));
	const uint64_t *rows = map_get_text(&options->batch_rows_per_table, source->full_name);
	const struct table_name there = name_on_target(options, source->schema, source->name);

	t->source = source;
	t->target_schema = there.schema;
	t->target_name = there.name;
	t->batch_rows = rows ? *rows : batch_size_for(&options->batch_points, source->avg_row_bytes);
	check_engine(options, t, findings);
	/* History rows have no place in the binlog, and their times cannot be written. */
	if (source->is_system_versioned)
		finding_add(findings, FINDING_ERROR, "leave the table out (Tables.Blacklist)",
			    "source: table %s is WITH SYSTEM VERSIONING; its history cannot be "
			    "copied",
			    source->full_name);
	check_columns(source, findings);
	if (is_generated(source))
		refuse_generated(source, findings);
	else if (!t->is_nontransactional)
		choose_key(options, t, findings);
	choose_rows(options, t, findings);
	t->may_displace = t->key.count > 0 && (table_unique_count(source) > 1 || t->filter ||
					       key_condition_is_vague(&t->key));
	choose_columns(t);
	make_texts(t, comment);
	return t;
}

static void table_free(struct moved_table *t)
{
	free(t->selected);
	free(t->written);
	free(t->zone);
	free(t->zone_offsets);
	free(t->comment);
	free(t->select_list);
	free(t->types_list);
	free(t->as_json);
	free(t->insert_head);
	free(t->insert_tail);
	free(t->replace_head);
	free(t->delete_head);
	free(t->where);
	row_filter_free(t->filter);
	free(t);
}

static int largest_first(const void *a, const void *b)
{
	const struct moved_table *const *left = a, *const *right = b;
	uint64_t left_bytes = (*left)->source->data_bytes;
	uint64_t right_bytes = (*right)->source->data_bytes;

	if (left_bytes != right_bytes)
		return left_bytes > right_bytes ? -1 : 1;
	return strcmp((*left)->source->full_name, (*right)->source->full_name);
}

static void check_target_names(const struct moved_tables *tables, struct findings *findings)
{
	struct map seen;
	struct buf name = BUF_INIT;

	map_init(&seen);
	for (size_t i = 0; i < tables->count; i++) {
		struct moved_table *t = tables->tables[i];
		const struct moved_table *other;

		buf_clear(&name);
		sql_table_name(&name, t->target_schema, t->target_name);
		other = map_put_text(&seen, buf_text(&name), t);
		if (other)
			finding_add(findings, FINDING_ERROR,
				    "change Databases.Rewrites or Tables.Rewrites",
				    "%s and %s would both become %s on the target",
				    other->source->full_name, t->source->full_name, buf_text(&name));
	}
	buf_release(&name);
	map_release(&seen);
}

/* "a.b"."c" and "a"."b.c" are one name in the state and in the maps. */
static void index_by_source(struct moved_tables *tables, struct findings *findings)
{
	for (size_t i = 0; i < tables->count; i++) {
		struct moved_table *t = tables->tables[i];

		t->index = (unsigned)i;
		if (map_put_text(&tables->by_source, t->source->full_name, t))
			finding_add(findings, FINDING_ERROR, "move one of them in a run of its own",
				    "source: two tables are both called %s, as their names hold "
				    "dots",
				    t->source->full_name);
	}
}

/* A typo would move the whole table. */
static void check_where(const struct move_options *options, const struct schema *schema,
			struct moved_tables *tables, struct findings *findings)
{
	const struct map_entry *entry;
	size_t cursor = 0;
	bool others;

	for (size_t i = 0; i < tables->count; i++)
		tables->refused_conditions +=
			!tables->tables[i]->filter &&
			find_where(&options->tables.where, tables->tables[i]->source, &others);
	while ((entry = map_next(&options->tables.where, &cursor))) {
		bool is_used = false;

		for (size_t i = 0; i < schema->table_count && !is_used; i++)
			is_used = name_matches_table(entry->key, schema->tables[i].schema,
						     schema->tables[i].name);
		if (!is_used)
			finding_add(findings, FINDING_ERROR, "change Tables.Where",
				    "source: Tables.Where has %s, which is no table that is moved",
				    entry->key);
	}
}

void moved_tables_make(const struct move_options *options, const char *run_id,
		       const struct schema *schema, struct moved_tables *tables,
		       struct findings *findings)
{
	struct buf comment = BUF_INIT;

	statement_tag_put(&comment, options->target.marginalia, run_id);
	*tables = (struct moved_tables){ .count = schema->table_count };
	map_init(&tables->by_source);
	tables->tables = mem_calloc(schema->table_count + 1, sizeof(struct moved_table *));
	tables->of_source = mem_calloc(schema->table_count + 1, sizeof(struct moved_table *));
	for (size_t i = 0; i < schema->table_count; i++)
		tables->tables[i] = tables->of_source[i] =
			table_new(options, buf_text(&comment), &schema->tables[i], findings);
	buf_release(&comment);
	if (tables->count > 1)
		qsort(tables->tables, tables->count, sizeof(struct moved_table *), largest_first);
	index_by_source(tables, findings);
	check_target_names(tables, findings);
	check_where(options, schema, tables, findings);
}

void moved_tables_release(struct moved_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++)
		table_free(tables->tables[i]);
	free(tables->tables);
	free(tables->of_source);
	map_release(&tables->by_source);
	free(tables->cascades);
	*tables = (struct moved_tables){ .count = 0 };
}

struct moved_table *moved_tables_of(const struct moved_tables *tables, const struct table *source)
{
	return tables->of_source[source->index];
}

struct moved_table *moved_tables_find(const struct moved_tables *tables, const char *schema,
				      const char *name)
{
	struct buf full = BUF_INIT;
	struct moved_table *found;

	buf_printf(&full, "%s.%s", schema, name);
	found = map_get(&tables->by_source, full.data, full.length);
	buf_release(&full);
	return found;
}
