#include "rows/row_lookup.h"

#include "base/mem.h"

#define KEYS_PER_QUERY 500

static bool take_row(const struct moved_table *table, const struct db_row *row,
		     struct buf *condition, struct map *found, struct error *err)
{
	struct value values[KEY_COLUMNS_MAX];

	if (row->count != table->key.count)
		return error_set(err, ERROR_CORRUPT, "table %s: %u key columns selected, %u received",
				 table->source->full_name, table->key.count, row->count);
	for (unsigned i = 0; i < row->count; i++) {
		if (!row->values[i])
			return error_set(err, ERROR_UNSUPPORTED, "NULL in a key column of table %s",
					 table->source->full_name);
		values[i] = (struct value){ row->values[i], row->lengths[i] };
	}
	buf_clear(condition);
	sql_key_equals(condition, &table->key, values);
	map_put(found, condition->data, condition->length, found);
	return true;
}

static bool ask(struct db *target, const struct moved_table *table, const struct buf *sql,
		struct map *found, struct error *err)
{
	struct buf condition = BUF_INIT;
	struct db_row row;
	enum db_fetch fetched;
	bool ok = db_query(target, sql->data, sql->length, err);

	while (ok && (fetched = db_row_next(target, &row, err)) != DB_END) {
		ok = fetched == DB_ROW && take_row(table, &row, &condition, found, err);
		if (!ok && fetched == DB_ROW)
			db_row_finish(target);
	}
	buf_release(&condition);
	return ok;
}

static void put_select(struct buf *sql, const struct moved_table *table)
{
	buf_puts(sql, "SELECT ");
	for (unsigned i = 0; i < table->key.count; i++) {
		buf_puts(sql, i ? "," : "");
		sql_select_column(sql, &table->source->columns[table->key.columns[i]]);
	}
	buf_puts(sql, " FROM ");
	sql_table_name(sql, table->target_schema, table->target_name);
}

bool row_lookup(struct db *target, const struct moved_table *table, const char *const *conditions,
		size_t count, struct map *found, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++) {
		if (sql.length == 0)
			put_select(&sql, table);
		buf_puts(&sql, i % KEYS_PER_QUERY ? " OR (" : " WHERE (");
		buf_puts(&sql, conditions[i]);
		buf_putc(&sql, ')');
		if ((i + 1) % KEYS_PER_QUERY && i + 1 < count)
			continue;
		ok = ask(target, table, &sql, found, err);
		buf_clear(&sql);
	}
	buf_release(&sql);
	return ok;
}
