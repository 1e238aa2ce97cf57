/* Builds "INSERT INTO t (...) VALUES (...),(...) ON DUPLICATE KEY UPDATE a=a" from
 * a result set. The no-op update is I3: a copied row never overwrites one
 * that is there, and errors in the data stay errors (INSERT IGNORE would turn them
 * into warnings). */
#include "rows/row_batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sql_json.h"
#include "rows/load_text.h"
#include "rows/row_hash.h"
#include "rows/row_prints.h"
#include "rows/row_sql.h"

struct row_batch *row_batch_new(const struct moved_table *table, uint64_t ticket)
{
	struct row_batch *batch = mem_calloc(1, sizeof(*batch));

	batch->table = table;
	batch->ticket = ticket;
	batch->head = table->insert_head;
	batch->tail = table->insert_tail;
	batch->has_sum = true;
	return batch;
}

void row_batch_clear(struct row_batch *batch)
{
	for (size_t i = 0; i < batch->statement_count; i++)
		write_statement_release(&batch->statements[i]);
	free(batch->statements);
	batch->statements = NULL;
	batch->statement_count = 0;
	batch->rows = 0;
	batch->bytes = 0;
	buf_clear(&batch->text);
	batch->sum = 0;
	batch->has_sum = true;
	if (batch->prints)
		row_prints_clear(batch->prints);
	key_release(&batch->last);
	buf_clear(&batch->keys);
}

void row_batch_free(struct row_batch *batch)
{
	if (!batch)
		return;
	row_batch_clear(batch);
	key_release(&batch->low);
	key_release(&batch->high);
	buf_release(&batch->documents);
	buf_release(&batch->text);
	buf_release(&batch->keys);
	free(batch);
}

static void complete(struct row_batch *batch)
{
	if (batch->statement_count == 0)
		return;

	struct write_statement *statement = &batch->statements[batch->statement_count - 1];

	buf_puts(&statement->sql, batch->tail);
	batch->bytes += statement->sql.length;
}

static struct write_statement *begin(struct row_batch *batch, uint64_t statement_bytes)
{
	complete(batch);
	batch->statements = mem_resize(batch->statements, batch->statement_count + 1,
				       sizeof(*batch->statements));

	struct write_statement *statement = &batch->statements[batch->statement_count++];

	*statement = (struct write_statement){ .sql = BUF_INIT, .zone = batch->table->zone };
	buf_reserve(&statement->sql, statement_bytes + statement_bytes / 8);
	buf_puts(&statement->sql, batch->head);
	return statement;
}

static bool remember_key(struct row_batch *batch, const struct value *values, struct error *err)
{
	const struct key_columns *columns = &batch->table->key;
	struct value key[KEY_COLUMNS_MAX];

	if (columns->count == 0)
		return true;
	for (unsigned i = 0; i < columns->count; i++) {
		key[i] = values[columns->columns[i]];
		if (!key[i].bytes)
			return error_set(err, ERROR_UNSUPPORTED,
					 "table %s: NULL in the pagination key column %s; the key must "
					 "be NOT NULL",
					 batch->table->source->full_name,
					 batch->table->source->columns[columns->columns[i]].name);
	}
	key_set(&batch->last, key, columns->count);
	for (unsigned i = 0; i < columns->count; i++) {
		buf_add(&batch->keys, &key[i].length, sizeof(key[i].length));
		buf_add(&batch->keys, key[i].bytes, key[i].length);
	}
	return true;
}

bool row_batch_next_key(const struct row_batch *batch, size_t *at, struct value *values)
{
	if (*at >= batch->keys.length)
		return false;
	for (unsigned i = 0; i < batch->table->key.count; i++) {
		memcpy(&values[i].length, batch->keys.data + *at, sizeof(values[i].length));
		*at += sizeof(values[i].length);
		values[i].bytes = batch->keys.data + *at;
		*at += values[i].length;
	}
	return true;
}

/* Puts the types that were read beside a document behind its text, which is the form
 * of db/sql_json.h. Most documents have none. */
static bool join_types(struct row_batch *batch, const struct db_row *row, unsigned i,
		       struct value *value)
{
	struct value selected = { row->values[i], row->lengths[i] };
	struct value types;
	size_t start = batch->documents.length;

	if (!value->bytes)
		return true;
	if (!sql_json_types(selected, &types))
		return false;
	if (types.length == 0)
		return true;
	buf_add(&batch->documents, value->bytes, value->length);
	buf_putc(&batch->documents, '\0');
	buf_add(&batch->documents, types.bytes, types.length);
	*value = (struct value){ batch->documents.data + start, batch->documents.length - start };
	return true;
}

static bool join_all_types(struct row_batch *batch, const struct db_row *row, struct value *values,
			   struct error *err)
{
	const struct moved_table *table = batch->table;
	unsigned next = table->selected_count;
	size_t bytes = 0;

	if (table->types_count == 0)
		return true;
	/* Room for all of them first: values point into it. */
	for (unsigned i = 0; i < row->count; i++)
		bytes += row->lengths[i] + 1;
	buf_clear(&batch->documents);
	buf_reserve(&batch->documents, bytes);
	for (unsigned i = 0; i < table->selected_count; i++) {
		unsigned column = table->selected[i];

		if (table->source->columns[column].type == COLUMN_JSON &&
		    !join_types(batch, row, next++, &values[column]))
			return error_set(err, ERROR_DATA,
					 "table %s: the source did not list all types inside the JSON "
					 "column %s",
					 table->source->full_name,
					 table->source->columns[column].name);
	}
	return true;
}

/* The fingerprint goes by the key that was just remembered. */
static bool add_sum(struct row_batch *batch, const struct db_row *row, struct error *err)
{
	struct value sum = { row->values[row->count - 1], row->lengths[row->count - 1] };

	if (batch->prints)
		return row_prints_add(batch->prints, batch->last.values, batch->last.count, sum) ||
		       error_set(err, ERROR_DATA,
				 "table %s: the source makes no fingerprint of a row",
				 batch->table->source->full_name);
	if (batch->sums_values)
		batch->sum ^= row_hash_of_values(row, batch->table->selected_count);
	else if (batch->sum_expression && sum.bytes)
		batch->sum ^= strtoull(sum.bytes, NULL, 10);
	else
		batch->has_sum = false;
	return true;
}

static bool put_row(struct row_batch *batch, const struct value *values, struct error *err)
{
	const struct moved_table *table = batch->table;
	uint64_t invalid_enums = 0;
	struct write_statement *statement =
		batch->statement_count ? &batch->statements[batch->statement_count - 1] : NULL;

	if (!statement || statement->is_alone || statement->sql.length >= batch->statement_bytes)
		statement = begin(batch, batch->statement_bytes);
	else
		buf_putc(&statement->sql, ',');

	size_t start = statement->sql.length;

	if (!row_sql_tuple(&statement->sql, table, values, &invalid_enums, err))
		return false;
	/* A large row gets a statement of its own rather than bursting the packet. */
	if (statement->rows > 0 && !write_fits(statement->sql.length, batch->packet_limit)) {
		struct buf tuple = BUF_INIT;

		buf_add(&tuple, statement->sql.data + start, statement->sql.length - start);
		buf_truncate(&statement->sql, start - 1);
		statement = begin(batch, tuple.length);
		buf_add(&statement->sql, tuple.data, tuple.length);
		buf_release(&tuple);
	}
	if (write_is_too_large(table, "a row", statement->sql.length, batch->packet_limit, err))
		return false;
	statement->rows++;
	statement->invalid_enums += invalid_enums;
	return true;
}

static bool put_rows_of_text(struct row_batch *batch, struct error *err)
{
	struct value values[SERVER_COLUMNS_MAX] = { { NULL, 0 } };
	struct buf bytes = BUF_INIT;
	size_t at = 0;
	bool ok = true;

	while (ok && load_text_next_row(&batch->text, &at, batch->table, &bytes, values))
		ok = put_row(batch, values, err);
	buf_release(&bytes);
	buf_release(&batch->text);
	batch->is_text = false;
	return ok;
}

bool row_batch_make_statements(struct row_batch *batch, struct error *err)
{
	batch->bytes = 0;
	if (!put_rows_of_text(batch, err))
		return false;
	row_batch_finish(batch);
	return true;
}

/* False: the row has to be a statement. One that takes up the target's packet would not get
 * there as a change either, and is refused by name. */
static bool put_row_of_text(struct row_batch *batch, const struct value *values)
{
	size_t before = batch->text.length;

	if (!load_text_put_row(&batch->text, batch->table, values))
		return false;
	if (write_fits(batch->text.length - before, batch->packet_limit))
		return true;
	buf_truncate(&batch->text, before);
	return false;
}

bool row_batch_add(struct row_batch *batch, const struct db_row *row, uint64_t statement_bytes,
		   uint64_t packet_limit, struct error *err)
{
	const struct moved_table *table = batch->table;
	struct value values[SERVER_COLUMNS_MAX];
	unsigned selected =
		table->selected_count + table->types_count + (batch->sum_expression != NULL);

	batch->statement_bytes = statement_bytes;
	batch->packet_limit = packet_limit;
	if (row->count != selected || table->source->column_count > SERVER_COLUMNS_MAX)
		return error_set(err, ERROR_SCHEMA, "table %s: %u columns selected, %u received",
				 table->source->full_name, selected, row->count);
	for (unsigned i = 0; i < table->selected_count; i++)
		values[table->selected[i]] =
			(struct value){ .bytes = row->values[i], .length = row->lengths[i] };
	if (!join_all_types(batch, row, values, err) || !remember_key(batch, values, err) ||
	    !add_sum(batch, row, err))
		return false;
	if (batch->omits_empty && row_sql_has_empty(table, values)) {
		struct write_statement *statement = begin(batch, 0);

		buf_clear(&statement->sql);
		statement->is_alone = true;
		statement->rows = 1;
		batch->rows++;
		return row_sql_without_empty(&statement->sql, table, values,
					     &statement->invalid_enums, err);
	}
	if (batch->is_text && !put_row_of_text(batch, values) && !put_rows_of_text(batch, err))
		return false;
	if (!batch->is_text && !put_row(batch, values, err))
		return false;
	batch->rows++;
	return true;
}

void row_batch_finish(struct row_batch *batch)
{
	complete(batch);
	if (batch->is_text)
		batch->bytes = batch->text.length;
}
