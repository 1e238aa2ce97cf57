#include "rows/row_key.h"

void row_key_put_columns(struct buf *sql, const struct moved_table *table)
{
	for (unsigned i = 0; i < table->key.count; i++) {
		if (i > 0)
			buf_putc(sql, ',');
		sql_select_column(sql, &table->source->columns[table->key.columns[i]]);
	}
}

void row_key_put_range(struct buf *sql, const struct moved_table *table, const struct key *low,
		       const struct key *high)
{
	const char *word = " WHERE (";

	if (table->where) {
		buf_printf(sql, " WHERE %s", table->where);
		word = " AND (";
	}
	if (low && low->is_set) {
		buf_puts(sql, word);
		sql_key_after(sql, &table->key, low);
		buf_putc(sql, ')');
		word = " AND (";
	}
	if (high && high->is_set) {
		buf_puts(sql, word);
		sql_key_up_to(sql, &table->key, high);
		buf_putc(sql, ')');
	}
}

bool row_key_take(const struct moved_table *table, const struct db_row *row,
		  struct value values[KEY_COLUMNS_MAX], struct error *err)
{
	if (row->count != table->key.count)
		return error_set(err, ERROR_SCHEMA, "%u key columns expected, %u received",
				 table->key.count, row->count);
	for (unsigned i = 0; i < row->count; i++) {
		if (!row->values[i])
			return error_set(err, ERROR_UNSUPPORTED, "NULL in a key column");
		values[i] = (struct value){ row->values[i], row->lengths[i] };
	}
	return true;
}
