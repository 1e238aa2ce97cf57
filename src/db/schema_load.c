/* Reading information_schema.
 *
 * The names of all tables come first, which costs the server little; the filter chooses, and only
 * what was chosen is read in full: MariaDB opens every table whose columns are queried, unless the
 * query names its schema (and table) by "=" (an IN list does not help there). So there is a scope
 * per schema, or per table where only a few of a schema were chosen, and three queries per scope,
 * whose rows find their table by name.
 *
 * The servers compare names in their own way ("=" may find `T` for `t`): rows of
 * tables that were not chosen are passed over here, by the bytes of the name. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/schema.h"
#include "db/sql.h"
#include "members.h"

enum { FEW_TABLES = 8 }; /* of one schema: queried one by one */

struct loader {
	struct db *db;
	struct schema *schema; /* under construction */
	schema_filter *chosen;
	void *context;
	struct table *last; /* of the row before: rows come table by table */
};

static uint64_t number_of(const struct db_row *row, unsigned i)
{
	return strtoull(db_row_text(row, i), NULL, 10);
}

static bool is(const char *text, const char *wanted)
{
	return strcmp(text, wanted) == 0;
}

/* Makes room for one more member: the room is the next power of two. */
static void *grow(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	return mem_resize(array, count ? count * 2 : 1, size);
}

/* Sequences and temporary tables are neither. */
static bool on_name(struct loader *l, const struct db_row *row, struct error *err UNUSED)
{
	struct schema *schema = l->schema;
	const char *type = db_row_text(row, 2);
	bool is_versioned = is(type, "SYSTEM VERSIONED");
	bool is_table = is(type, "BASE TABLE") || is_versioned;
	struct table *table;

	if (!is_table && !is(type, "VIEW"))
		return true;
	if (!l->chosen(l->context, db_row_text(row, 0), db_row_text(row, 1)))
		return true;
	if (!is_table) {
		schema->views = grow(schema->views, schema->view_count, sizeof(*schema->views));
		schema->views[schema->view_count++] =
			mem_printf("%s.%s", db_row_text(row, 0), db_row_text(row, 1));
		return true;
	}
	schema->tables = grow(schema->tables, schema->table_count, sizeof(*schema->tables));
	table = &schema->tables[schema->table_count++];
	memset(table, 0, sizeof(*table));
	table->schema = mem_strdup(db_row_text(row, 0));
	table->name = mem_strdup(db_row_text(row, 1));
	table->full_name = mem_printf("%s.%s", table->schema, table->name);
	table->engine = mem_strdup("");
	table->collation = mem_strdup("");
	table->row_format = mem_strdup("");
	table->is_system_versioned = is_versioned;
	return true;
}

static int compare_tables(const void *a, const void *b)
{
	const struct table *left = a;
	const struct table *right = b;
	int order = strcmp(left->schema, right->schema);

	return order ? order : strcmp(left->name, right->name);
}

static int compare_views(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool index_names(struct loader *l, struct error *err)
{
	struct schema *schema = l->schema;

	if (schema->table_count > 0)
		qsort(schema->tables, schema->table_count, sizeof(*schema->tables), compare_tables);
	if (schema->view_count > 0)
		qsort(schema->views, schema->view_count, sizeof(*schema->views), compare_views);
	for (size_t i = 0; i < schema->table_count; i++) {
		struct table *table = &schema->tables[i];

		table->index = i;
		/* `a.b`.`c` and `a`.`b.c`: the name is the key of the state and of the
		 * configuration, so one would be mistaken for the other. */
		if (map_put_text(&schema->by_name, table->full_name, table))
			return error_set(err, ERROR_UNSUPPORTED,
					 "two tables are both called %s: choose only one of them",
					 table->full_name);
	}
	return true;
}

/* The chosen table the row belongs to (schema and name are its first columns), or
 * NULL. */
static struct table *table_of(struct loader *l, const struct db_row *row)
{
	const char *schema = db_row_text(row, 0);
	const char *name = db_row_text(row, 1);
	char *full_name;

	if (l->last && is(l->last->schema, schema) && is(l->last->name, name))
		return l->last;
	full_name = mem_printf("%s.%s", schema, name);
	l->last = schema_find(l->schema, full_name);
	free(full_name);
	if (l->last && !is(l->last->schema, schema))
		l->last = NULL;
	return l->last;
}

static void replace_text(char **text, const char *with)
{
	free(*text);
	*text = mem_strdup(with);
}

/* The joined texts are only searched for names. */
static void append_text(char **texts, const char *text)
{
	char *all = mem_printf("%s%s%s", *texts ? *texts : "", *texts ? " " : "", text);

	free(*texts);
	*texts = all;
}

static bool on_facts(struct loader *l, const struct db_row *row, struct error *err UNUSED)
{
	struct table *table = table_of(l, row);

	if (!table)
		return true;
	replace_text(&table->engine, db_row_text(row, 2));
	replace_text(&table->collation, db_row_text(row, 3));
	table->estimated_rows = number_of(row, 4);
	table->data_bytes = number_of(row, 5);
	table->avg_row_bytes = number_of(row, 6);
	replace_text(&table->row_format, db_row_text(row, 7));
	return true;
}

static bool on_column(struct loader *l, const struct db_row *row, struct error *err UNUSED)
{
	struct table *table = table_of(l, row);
	struct column *column;

	if (!table)
		return true;
	table->columns = grow(table->columns, table->column_count, sizeof(*table->columns));
	column = &table->columns[table->column_count];
	memset(column, 0, sizeof(*column));
	column->position = table->column_count++;
	column->name = mem_strdup(db_row_text(row, 2));
	column->raw_type = mem_strdup(db_row_text(row, 4));
	column->charset = mem_strdup(db_row_text(row, 5));
	column->collation = mem_strdup(db_row_text(row, 6));
	column->extra = mem_strdup(db_row_text(row, 7));
	column->is_nullable = is(db_row_text(row, 8), "YES");
	column->expression = mem_strdup(db_row_text(row, 10));
	column_parse_type(column, db_row_text(row, 3));
	if (column_is_text(column) || column->type == COLUMN_BLOB)
		column->max_octets = number_of(row, 9);
	return true;
}

/* The index the row belongs to: rows come index by index. */
static struct table_index *index_of(struct table *table, const struct db_row *row)
{
	const char *name = db_row_text(row, 2), *kind = db_row_text(row, 9);
	struct table_index *index;

	if (table->index_count > 0 && is(table->indexes[table->index_count - 1].name, name))
		return &table->indexes[table->index_count - 1];
	table->indexes = grow(table->indexes, table->index_count, sizeof(*table->indexes));
	index = &table->indexes[table->index_count++];
	memset(index, 0, sizeof(*index));
	index->name = mem_strdup(name);
	index->is_unique = number_of(row, 3) == 0;
	index->is_primary = is(name, "PRIMARY");
	index->is_visible = is(db_row_text(row, 10), "YES");
	/* MariaDB 11.8 shows a PRIMARY KEY as it was declared; InnoDB has no other tree. */
	index->is_ordered = index->is_primary || is(kind, "BTREE");
	index->is_hashed = index->is_unique && !index->is_ordered && is(kind, "HASH");
	index->is_fulltext = is(kind, "FULLTEXT");
	return index;
}

static bool on_index_part(struct loader *l, const struct db_row *row, struct error *err)
{
	struct table *table = table_of(l, row);
	struct index_part part = { .column = UINT_MAX };
	struct table_index *index;

	if (!table)
		return true;
	index = index_of(table, row);
	if (row->values[4]) {
		const struct column *column = table_column(table, row->values[4]);

		if (!column)
			return error_set(err, ERROR_SCHEMA,
					 "%s: the server does not show the column %s of index %s: "
					 "the account lacks SELECT on it, or it was just made; "
					 "GRANT SELECT on the table, or leave it out",
					 table->full_name, row->values[4], index->name);
		part.column = column->position;
	}
	part.prefix = (unsigned)number_of(row, 5);
	part.descending = is(db_row_text(row, 6), "D");
	if (part.column == UINT_MAX || part.prefix > 0)
		index->has_expression = true;
	if (row->values[11])
		append_text(&index->expressions, row->values[11]);
	if (is(db_row_text(row, 8), "YES"))
		index->is_nullable = true;
	/* Of the last part: of the whole index. */
	index->cardinality = number_of(row, 7);
	index->parts = grow(index->parts, index->part_count, sizeof(*index->parts));
	index->parts[index->part_count++] = part;
	return true;
}

static bool on_check(struct loader *l, const struct db_row *row, struct error *err UNUSED)
{
	struct table *table = table_of(l, row);

	if (table)
		append_text(&table->checks, db_row_text(row, 2));
	return true;
}

/* Hands the rows of a query, of so many columns, to take one by one. */
static bool load_rows(struct loader *l, const struct buf *sql, unsigned columns,
		      bool (*take)(struct loader *, const struct db_row *, struct error *),
		      struct error *err)
{
	enum db_fetch fetched;
	struct db_row row;

	l->last = NULL;
	if (!db_query(l->db, sql->data, sql->length, err) || !db_check_columns(l->db, columns, err))
		return false;
	while ((fetched = db_row_next(l->db, &row, err)) == DB_ROW) {
		if (!take(l, &row, err)) {
			db_row_finish(l->db);
			return false;
		}
	}
	return fetched == DB_END;
}

static bool load_scope(struct loader *l, const char *schema, const char *table, struct error *err)
{
	const struct server_version *version = db_version(l->db);
	/* How the server says whether the optimizer may use an index. */
	const char *visibility =
		server_is_from(version, 80000, SERVER_NEVER)  ? "IS_VISIBLE" :
		server_is_from(version, SERVER_NEVER, 100600) ? "IF(IGNORED = 'NO', 'YES', 'NO')" :
								"'YES'";
	struct buf scope = BUF_INIT, sql = BUF_INIT;
	bool ok;

	buf_puts(&scope, " WHERE TABLE_SCHEMA = ");
	sql_text(&scope, schema);
	if (table) {
		buf_puts(&scope, " AND TABLE_NAME = ");
		sql_text(&scope, table);
	}

	buf_printf(&sql,
		   "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE, TABLE_COLLATION, TABLE_ROWS,"
		   " DATA_LENGTH, AVG_ROW_LENGTH, ROW_FORMAT FROM information_schema.TABLES%s",
		   scope.data);
	ok = load_rows(l, &sql, 8, on_facts, err);

	buf_clear(&sql);
	buf_printf(&sql,
		   "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE,"
		   " CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, IS_NULLABLE,"
		   " CHARACTER_OCTET_LENGTH, %s FROM information_schema.COLUMNS%s"
		   " ORDER BY TABLE_NAME, ORDINAL_POSITION",
		   server_is_from(version, 50706, 100205) ? "GENERATION_EXPRESSION" : "NULL",
		   scope.data);
	ok = ok && load_rows(l, &sql, 11, on_column, err);

	buf_clear(&sql);
	buf_printf(&sql,
		   "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART,"
		   " COLLATION, CARDINALITY, NULLABLE, INDEX_TYPE, %s, %s"
		   " FROM information_schema.STATISTICS%s"
		   " ORDER BY TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX",
		   visibility, server_is_from(version, 80013, SERVER_NEVER) ? "EXPRESSION" : "NULL",
		   scope.data);
	ok = ok && load_rows(l, &sql, 12, on_index_part, err);

	buf_clear(&sql);
	buf_printf(&sql,
		   "SELECT TABLE_SCHEMA, TABLE_NAME, CHECK_CLAUSE"
		   " FROM information_schema.TABLE_CONSTRAINTS"
		   " JOIN information_schema.CHECK_CONSTRAINTS"
		   " USING (CONSTRAINT_SCHEMA, CONSTRAINT_NAME)%s AND ENFORCED = 'YES'",
		   scope.data);
	/* MariaDB's are not looked at while rows are written (session.c). */
	if (ok && server_is_from(version, 80016, SERVER_NEVER))
		ok = load_rows(l, &sql, 3, on_check, err);

	buf_release(&sql);
	buf_release(&scope);
	return ok;
}

static bool load_details(struct loader *l, struct error *err)
{
	const struct schema *schema = l->schema;

	for (size_t first = 0, end; first < schema->table_count; first = end) {
		const char *name = schema->tables[first].schema;

		for (end = first; end < schema->table_count && is(schema->tables[end].schema, name);)
			end++;
		if (end - first > FEW_TABLES && !load_scope(l, name, NULL, err))
			return false;
		for (size_t i = first; end - first <= FEW_TABLES && i < end; i++)
			if (!load_scope(l, name, schema->tables[i].name, err))
				return false;
	}
	/* A table dropped in between, or columns the account may not see. */
	for (size_t i = 0; i < schema->table_count; i++)
		if (schema->tables[i].column_count == 0)
			return error_set(err, ERROR_SCHEMA,
					 "%s: the server shows no columns: the table is gone, or"
					 " the account lacks privileges on it",
					 schema->tables[i].full_name);
	return true;
}

bool schema_load(struct db *db, schema_filter *chosen, void *context, struct schema *schema,
		 struct error *err)
{
	static const char names[] =
		"SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES"
		" WHERE TABLE_SCHEMA NOT IN"
		" ('mysql', 'information_schema', 'performance_schema', 'sys')";
	struct loader l = { .db = db, .schema = schema, .chosen = chosen, .context = context };
	struct buf sql = BUF_INIT;
	bool ok;

	memset(schema, 0, sizeof(*schema));
	map_init(&schema->by_name);
	buf_puts(&sql, names);
	ok = load_rows(&l, &sql, 3, on_name, err) && index_names(&l, err) &&
	     load_details(&l, err) && members_load(db, schema, err);
	buf_release(&sql);
	if (ok)
		return true;
	schema_release(schema);
	return error_wrap(err, "reading the table definitions");
}

bool schema_ignores_case(struct db *db, bool *ignores_case, struct error *err)
{
	struct buf mode = BUF_INIT;
	bool ok = db_value(db, &mode, NULL, err, "SELECT @@lower_case_table_names");

	*ignores_case = strcmp(buf_text(&mode), "0") != 0;
	buf_release(&mode);
	return ok;
}
