/* Servers print definitions in utf8mb3: a member that has no form there becomes '?', and two
 * different ones of cp932 may become one text. Nothing shows their bytes; but the first part
 * of a recursive query gives the result its types, so what the second part puts into that
 * column is stored as in the table's: number n becomes member n. No row is read. (MariaDB
 * gives a SET one byte there, so members from the ninth on cannot be read.) */
#include "members.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sql.h"

/* Servers end a recursion at 1000, MariaDB silently. */
#define MEMBERS_AT_ONCE 500

static bool has_plain_members(const struct column *column)
{
	for (unsigned i = 0; i < column->member_count; i++)
		for (const char *c = column->members[i]; *c; c++)
			if (*c < 0x20 || *c > 0x7e || *c == '?')
				return false;
	return true;
}

static void put_query(struct buf *sql, const struct table *table, const struct column *column,
		      unsigned first, unsigned end)
{
	buf_puts(sql, "WITH RECURSIVE c AS (SELECT t.");
	sql_name(sql, column->name);
	buf_printf(sql, " AS e, %u AS n FROM (SELECT 1) one LEFT JOIN ", first);
	sql_table_name(sql, table->schema, table->name);
	buf_printf(sql,
		   " t ON FALSE UNION ALL SELECT %s, n + 1 FROM c WHERE n < %u)"
		   " SELECT n, HEX(CAST(e AS BINARY)) FROM c WHERE n > %u AND e + 0 = %s",
		   column->type == COLUMN_SET ? "1 << n" : "n + 1", end, first,
		   column->type == COLUMN_SET ? "1 << (n - 1)" : "n");
}

static bool ask(struct db *db, const struct table *table, const struct column *column, char **bytes,
		struct error *err)
{
	struct buf sql = BUF_INIT;
	enum db_fetch fetched = DB_END;
	struct db_row row;

	for (unsigned first = 0; fetched == DB_END && first < column->member_count;
	     first += MEMBERS_AT_ONCE) {
		unsigned left = column->member_count - first;

		buf_clear(&sql);
		put_query(&sql, table, column, first,
			  first + (left < MEMBERS_AT_ONCE ? left : MEMBERS_AT_ONCE));
		if (!db_query(db, sql.data, sql.length, err)) {
			fetched = DB_FAILED;
			break;
		}
		while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
			unsigned long n = strtoul(db_row_text(&row, 0), NULL, 10);

			if (n < 1 || n > column->member_count || row.count < 2 || !row.values[1])
				continue;
			free(bytes[n - 1]);
			bytes[n - 1] = mem_strdup(row.values[1]);
		}
	}
	buf_release(&sql);
	return fetched == DB_END;
}

/* NULL without a default, and where the server does not say (for NOT NULL it needs a row). */
static bool query_default(struct db *db, const struct table *table, struct column *column,
			  struct error *err)
{
	struct buf name = BUF_INIT, at = BUF_INIT, value = BUF_INIT;
	struct error failure = ERROR_INIT;
	bool found = false, ok;

	sql_name(&name, column->name);
	sql_table_name(&at, table->schema, table->name);
	ok = db_value(db, &value, &found, &failure,
		      "SELECT HEX(CAST(DEFAULT(t.%s) AS BINARY)) FROM (SELECT 1) one"
		      " LEFT JOIN %s t ON TRUE LIMIT 1",
		      name.data, at.data);
	if (ok && found)
		column->default_bytes = buf_take(&value);
	buf_release(&name);
	buf_release(&at);
	buf_release(&value);
	if (!ok && error_is_retryable(&failure)) {
		*err = failure;
		return false;
	}
	return true;
}

static bool load_column(struct db *db, const struct table *table, struct column *column,
			struct error *err)
{
	char **bytes = mem_calloc(column->member_count, sizeof(*bytes));
	struct error failure = ERROR_INIT;
	bool ok = ask(db, table, column, bytes, &failure);

	for (unsigned i = 0; ok && i < column->member_count; i++)
		ok = bytes[i] != NULL;
	if (ok) {
		column->member_bytes = bytes;
		return query_default(db, table, column, err);
	}
	for (unsigned i = 0; i < column->member_count; i++)
		free(bytes[i]);
	free(bytes);
	if (!error_is_retryable(&failure))
		return true;
	*err = failure;
	return error_wrap(err, "read the members of %s.%s", table->full_name, column->name);
}

bool members_load(struct db *db, const struct schema *schema, struct error *err)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		const struct table *table = &schema->tables[i];

		for (unsigned c = 0; c < table->column_count; c++) {
			struct column *column = &table->columns[c];

			if (column->member_count > 0 && !has_plain_members(column) &&
			    !load_column(db, table, column, err))
				return false;
		}
	}
	return true;
}
