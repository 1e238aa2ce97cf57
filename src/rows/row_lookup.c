#include "rows/row_lookup.h"

#include "rows/row_key.h"

#define KEYS_PER_QUERY 500

static bool find(struct db *target, const struct moved_table *table, const struct buf *sql,
		 struct map *found, struct error *err)
{
	struct value values[KEY_COLUMNS_MAX];
	struct buf condition = BUF_INIT;
	enum db_fetch fetched = DB_FAILED;
	struct db_row row;

	if (db_query(target, sql->data, sql->length, err))
		while ((fetched = db_row_next(target, &row, err)) == DB_ROW) {
			if (!row_key_take(table, &row, values, err)) {
				db_row_finish(target);
				break;
			}
			buf_clear(&condition);
			sql_key_equals(&condition, &table->key, values);
			map_put(found, condition.data, condition.length, found);
		}
	buf_release(&condition);
	return fetched == DB_END;
}

bool row_lookup_missing(struct db *target, const struct moved_table *table, struct map *rows,
			struct error *err)
{
	const struct map_entry *entry;
	struct buf sql = BUF_INIT;
	size_t cursor = 0, count = 0;
	struct map found;
	bool ok = true;

	map_init(&found);
	while (ok && (entry = map_next(rows, &cursor))) {
		if (sql.length == 0) {
			buf_puts(&sql, "SELECT ");
			row_key_put_columns(&sql, table);
			buf_puts(&sql, " FROM ");
			sql_table_name(&sql, table->target_schema, table->target_name);
			buf_puts(&sql, " WHERE ");
			moved_table_begin_where(&sql, table);
		}
		buf_puts(&sql, count % KEYS_PER_QUERY ? " OR (" : "(");
		buf_add(&sql, entry->key, entry->key_length);
		buf_putc(&sql, ')');
		if (++count % KEYS_PER_QUERY && count < rows->count)
			continue;
		moved_table_end_where(&sql, table);
		ok = find(target, table, &sql, &found, err);
		buf_clear(&sql);
	}
	buf_release(&sql);
	for (cursor = 0; ok && (entry = map_next(&found, &cursor));)
		map_remove(rows, entry->key, entry->key_length);
	map_release(&found);
	return ok;
}
