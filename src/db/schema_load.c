/* Reading information_schema.
 *
 * The names of all tables come first, which costs the server little; the filter
 * chooses, and only what was chosen is looked at closer: MariaDB opens every
 * table whose columns are asked for, unless the query names its schema (and
 * table) by "=" (an IN list does not help there). So there is a scope per schema,
 * or per table where only a few of a schema were chosen, and three queries per
 * scope, whose rows find their table by name.
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

enum { FEW_TABLES = 8 }; /* of one schema: asked for one by one */

struct loader {
	struct db *db;
	struct schema *schema; /* under construction */
	schema_filter *chosen;
	void *context;
	struct table *last; /* of the row before: rows come table by table */
};

/* One schema, or one table of it. */
struct scope {
	const char *schema;
	const char *table; /* NULL: the whole schema */
};

static const char *text_of(const struct db_row *row, unsigned i)
{
	return row->values[i] ? row->values[i] : "";
}

static uint64_t number_of(const struct db_row *row, unsigned i)
{
	return row->values[i] ? strtoull(row->values[i], NULL, 10) : 0;
}

static bool is(const char *text, const char *wanted)
{
	return strcmp(text, wanted) == 0;
}

/* Hands the open result's rows, of so many columns, to take one by one. */
static bool take_rows(struct loader *l, unsigned columns,
		      bool (*take)(struct loader *, const struct db_row *, struct error *),
		      struct error *err)
{
	struct db_row row;
	enum db_fetch fetched;

	if (!db_check_columns(l->db, columns, err))
		return false;
	while ((fetched = db_row_next(l->db, &row, err)) == DB_ROW) {
		if (!take(l, &row, err)) {
			db_row_finish(l->db);
			return false;
		}
	}
	return fetched == DB_END;
}

/* Makes room for one more member: the room is the next power of two. */
static void *grow(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	return mem_resize(array, count ? count * 2 : 1, size);
}

static void add_table(struct loader *l, const struct db_row *row)
{
	struct schema *schema = l->schema;
	struct table *table;

	schema->tables = grow(schema->tables, schema->table_count, sizeof(*schema->tables));
	table = &schema->tables[schema->table_count++];
	memset(table, 0, sizeof(*table));
	table->schema = mem_strdup(text_of(row, 0));
	table->name = mem_strdup(text_of(row, 1));
	table->full_name = mem_printf("%s.%s", table->schema, table->name);
	table->engine = mem_strdup("");
	table->collation = mem_strdup("");
	table->row_format = mem_strdup("");
	table->is_system_versioned = is(text_of(row, 2), "SYSTEM VERSIONED");
}

static void add_view(struct loader *l, const struct db_row *row)
{
	struct schema *schema = l->schema;

	schema->views = grow(schema->views, schema->view_count, sizeof(*schema->views));
	schema->views[schema->view_count++] =
		mem_printf("%s.%s", text_of(row, 0), text_of(row, 1));
}

/* Sequences and temporary tables are neither. */
static bool take_name(struct loader *l, const struct db_row *row, struct error *err UNUSED)
{
	const char *type = text_of(row, 2);
	bool is_table = is(type, "BASE TABLE") || is(type, "SYSTEM VERSIONED");
	bool is_view = is(type, "VIEW");

	if (!is_table && !is_view)
		return true;
	if (!l->chosen(l->context, text_of(row, 0), text_of(row, 1)))
		return true;
	if (is_table)
		add_table(l, row);
	else
		add_view(l, row);
	return true;
}

static bool load_names(struct loader *l, struct error *err)
{
	static const char sql[] =
		"SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES"
		" WHERE TABLE_SCHEMA NOT IN"
		" ('mysql', 'information_schema', 'performance_schema', 'sys')";

	return db_query(l->db, sql, strlen(sql), err) && take_rows(l, 3, take_name, err);
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
		qsort(schema->tables, schema->table_count, sizeof(*schema->tables),
		      compare_tables);
	if (schema->view_count > 0)
		qsort(schema->views, schema->view_count, sizeof(*schema->views), compare_views);
	for (size_t i = 0; i < schema->table_count; i++) {
		struct table *table = &schema->tables[i];

		table->index = i;
		/* `a.b`.`c` and `a`.`b.c`: the name is the key of the state and of the
		 * configuration, so one of them would be taken for the other. */
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
	const char *schema = text_of(row, 0);
	const char *name = text_of(row, 1);
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

/* What is put together is looked for names in, no more. */
static void append_text(char **texts, const char *text)
{
	char *all = mem_printf("%s%s%s", *texts ? *texts : "", *texts ? " " : "", text);

	free(*texts);
	*texts = all;
}

static bool take_facts(struct loader *l, const struct db_row *row, struct error *err UNUSED)
{
	struct table *table = table_of(l, row);

	if (!table)
		return true;
	replace_text(&table->engine, text_of(row, 2));
	replace_text(&table->collation, text_of(row, 3));
	table->estimated_rows = number_of(row, 4);
	table->data_bytes = number_of(row, 5);
	table->avg_row_bytes = number_of(row, 6);
	replace_text(&table->row_format, text_of(row, 7));
	return true;
}

static bool has_octets(enum column_type type)
{
	return type == COLUMN_CHAR || type == COLUMN_VARCHAR || type == COLUMN_TEXT ||
	       type == COLUMN_BLOB;
}

static bool take_column(struct loader *l, const struct db_row *row, struct error *err UNUSED)
{
	struct table *table = table_of(l, row);
	struct column *column;

	if (!table)
		return true;
	table->columns = grow(table->columns, table->column_count, sizeof(*table->columns));
	column = &table->columns[table->column_count];
	memset(column, 0, sizeof(*column));
	column->position = table->column_count++;
	column->name = mem_strdup(text_of(row, 2));
	column->raw_type = mem_strdup(text_of(row, 4));
	column->charset = mem_strdup(text_of(row, 5));
	column->collation = mem_strdup(text_of(row, 6));
	column->extra = mem_strdup(text_of(row, 7));
	column->is_nullable = is(text_of(row, 8), "YES");
	column->expression = mem_strdup(text_of(row, 10));
	column_parse_type(column, text_of(row, 3));
	if (has_octets(column->type))
		column->max_octets = number_of(row, 9);
	return true;
}

static struct table_index *add_index(struct table *table, const struct db_row *row)
{
	struct table_index *index;

	table->indexes = grow(table->indexes, table->index_count, sizeof(*table->indexes));
	index = &table->indexes[table->index_count++];
	memset(index, 0, sizeof(*index));
	index->name = mem_strdup(text_of(row, 2));
	index->is_unique = number_of(row, 3) == 0;
	index->is_primary = is(index->name, "PRIMARY");
	index->is_visible = is(text_of(row, 10), "YES");
	/* MariaDB 11.8 shows a PRIMARY KEY as it was declared; InnoDB has no other tree. */
	index->is_ordered = index->is_primary || is(text_of(row, 9), "BTREE");
	index->is_hashed = index->is_unique && !index->is_ordered && is(text_of(row, 9), "HASH");
	index->is_fulltext = is(text_of(row, 9), "FULLTEXT");
	return index;
}

static struct table_index *index_of(struct table *table, const struct db_row *row)
{
	if (table->index_count > 0) {
		struct table_index *last = &table->indexes[table->index_count - 1];

		if (is(last->name, text_of(row, 2)))
			return last;
	}
	return add_index(table, row);
}

static bool take_index_part(struct loader *l, const struct db_row *row, struct error *err)
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
	part.descending = is(text_of(row, 6), "D");
	if (part.column == UINT_MAX || part.prefix > 0)
		index->has_expression = true;
	if (row->values[11])
		append_text(&index->expressions, row->values[11]);
	if (is(text_of(row, 8), "YES"))
		index->is_nullable = true;
	/* Of the last part: of the whole index. */
	index->cardinality = number_of(row, 7);
	index->parts = grow(index->parts, index->part_count, sizeof(*index->parts));
	index->parts[index->part_count++] = part;
	return true;
}

static bool query_scope(struct loader *l, const struct scope *scope, const char *select,
			const char *order, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_puts(&sql, select);
	buf_puts(&sql, " WHERE TABLE_SCHEMA = ");
	sql_text(&sql, scope->schema);
	if (scope->table) {
		buf_puts(&sql, " AND TABLE_NAME = ");
		sql_text(&sql, scope->table);
	}
	buf_puts(&sql, order);
	ok = db_query(l->db, sql.data, sql.length, err);
	buf_release(&sql);
	l->last = NULL;
	return ok;
}

static bool load_facts(struct loader *l, const struct scope *scope, struct error *err)
{
	static const char select[] =
		"SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE, TABLE_COLLATION, TABLE_ROWS,"
		" DATA_LENGTH, AVG_ROW_LENGTH, ROW_FORMAT FROM information_schema.TABLES";

	return query_scope(l, scope, select, "", err) && take_rows(l, 8, take_facts, err);
}

/* Since when the servers have generated columns. */
static const char *generation(const struct server_version *version)
{
	unsigned from = version->flavour == FLAVOUR_MARIADB ? 100205 : 50706;

	return version->number >= from ? "GENERATION_EXPRESSION" : "NULL";
}

static bool load_columns(struct loader *l, const struct scope *scope, struct error *err)
{
	char *select = mem_printf(
		"SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE,"
		" CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, IS_NULLABLE,"
		" CHARACTER_OCTET_LENGTH, %s FROM information_schema.COLUMNS",
		generation(db_version(l->db)));
	bool ok = query_scope(l, scope, select, " ORDER BY TABLE_NAME, ORDINAL_POSITION", err);

	free(select);
	return ok && take_rows(l, 11, take_column, err);
}

/* How the server says whether the optimizer may use an index. */
static const char *visibility(const struct server_version *version)
{
	if (version->flavour == FLAVOUR_MARIADB)
		return version->number >= 100600 ? "IF(IGNORED = 'NO', 'YES', 'NO')" : "'YES'";
	return version->number >= 80000 ? "IS_VISIBLE" : "'YES'";
}

static bool is_mysql_from(const struct server_version *version, unsigned number)
{
	return version->flavour == FLAVOUR_MYSQL && version->number >= number;
}

static bool take_check(struct loader *l, const struct db_row *row, struct error *err UNUSED)
{
	struct table *table = table_of(l, row);

	if (table)
		append_text(&table->checks, text_of(row, 2));
	return true;
}

/* MariaDB's are not looked at while rows are written (session.c). */
static bool load_checks(struct loader *l, const struct scope *scope, struct error *err)
{
	static const char select[] =
		"SELECT TABLE_SCHEMA, TABLE_NAME, CHECK_CLAUSE"
		" FROM information_schema.TABLE_CONSTRAINTS"
		" JOIN information_schema.CHECK_CONSTRAINTS"
		" USING (CONSTRAINT_SCHEMA, CONSTRAINT_NAME)";

	if (!is_mysql_from(db_version(l->db), 80016))
		return true;
	return query_scope(l, scope, select, " AND ENFORCED = 'YES'", err) &&
	       take_rows(l, 3, take_check, err);
}

static bool load_indexes(struct loader *l, const struct scope *scope, struct error *err)
{
	static const char order[] =
		" ORDER BY TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX";
	const struct server_version *version = db_version(l->db);
	char *select = mem_printf(
		"SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART,"
		" COLLATION, CARDINALITY, NULLABLE, INDEX_TYPE, %s, %s"
		" FROM information_schema.STATISTICS",
		visibility(version), is_mysql_from(version, 80013) ? "EXPRESSION" : "NULL");
	bool ok = query_scope(l, scope, select, order, err);

	free(select);
	return ok && take_rows(l, 12, take_index_part, err);
}

static bool load_scope(struct loader *l, const struct scope *scope, struct error *err)
{
	return load_facts(l, scope, err) && load_columns(l, scope, err) &&
	       load_indexes(l, scope, err) && load_checks(l, scope, err);
}

/* The tables from first on that belong to the same schema, up to end. */
static size_t schema_end(const struct schema *schema, size_t first)
{
	size_t end = first + 1;

	while (end < schema->table_count &&
	       is(schema->tables[end].schema, schema->tables[first].schema))
		end++;
	return end;
}

static bool load_details(struct loader *l, struct error *err)
{
	const struct schema *schema = l->schema;

	for (size_t first = 0, end; first < schema->table_count; first = end) {
		struct scope scope = { schema->tables[first].schema, NULL };

		end = schema_end(schema, first);
		if (end - first > FEW_TABLES) {
			if (!load_scope(l, &scope, err))
				return false;
			continue;
		}
		for (size_t i = first; i < end; i++) {
			scope.table = schema->tables[i].name;
			if (!load_scope(l, &scope, err))
				return false;
		}
	}
	return true;
}

/* A table dropped in between, or columns the account may not see. */
static bool check_complete(const struct schema *schema, struct error *err)
{
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
	struct loader l = { .db = db, .schema = schema, .chosen = chosen, .context = context };

	memset(schema, 0, sizeof(*schema));
	map_init(&schema->by_name);
	if (load_names(&l, err) && index_names(&l, err) && load_details(&l, err) &&
	    check_complete(schema, err) && members_load(db, schema, err))
		return true;
	schema_release(schema);
	return error_wrap(err, "reading the table definitions");
}
