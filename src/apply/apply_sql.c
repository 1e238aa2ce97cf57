/* The SQL of one transaction: DELETEs by key, or REPLACEs of whole rows (by LOAD DATA where they
 * are many and it is exact), in the order of the changes, which is the index's: statements that
 * lock rows in the same order cannot deadlock.
 *
 * Where other rows can be in a row's way (a second unique key, text in the key), all keys of the
 * batch are deleted, by their bytes, and then the rows are inserted: see displacement.c. */
#include "apply_sql.h"

#include <stdlib.h>

#include "base/mem.h"
#include "plan/key_condition.h"
#include "rows/load_text.h"
#include "rows/row_sql.h"

/* Conditions in one DELETE: MySQL gives up the index and scans the table when the
 * ranges take more than range_optimizer_max_mem_size (8 MiB, some 230 bytes each). */
#define DELETE_KEYS_MAX 1000
#define LOAD_ROWS_MIN 16

static struct write_statement *new_statement(struct apply_sql *script, const char *head)
{
	script->statements =
		mem_resize(script->statements, script->count + 1, sizeof(*script->statements));

	struct write_statement *statement = &script->statements[script->count++];

	*statement = (struct write_statement){ .sql = BUF_INIT };
	buf_puts(&statement->sql, head);
	return statement;
}

/* The statement to append `extra` bytes to: the last one, or a new one when that
 * would become too long for one packet or has a full batch already. */
static struct write_statement *room_for(struct apply_sql *script, size_t first, const char *head,
					const char *separator, size_t extra, uint64_t rows_max)
{
	struct write_statement *last =
		script->count > first ? &script->statements[script->count - 1] : NULL;

	if (!last || last->is_borrowed || last->is_unsuited ||
	    !write_fits(last->sql.length + extra, script->packet_limit) ||
	    last->sql.length > script->batch_bytes || last->rows >= rows_max)
		return new_statement(script, head);
	buf_puts(&last->sql, separator);
	return last;
}

static void put_deletes(struct apply_sql *script, const struct moved_table *table,
			struct change *const *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct change *change = changes[i];
		/* The literals stand there twice at most. */
		struct write_statement *statement =
			room_for(script, 0, table->delete_head, " OR ", 3 * change->key_length + 2,
				 DELETE_KEYS_MAX);
		if (table->deletes_in_zone)
			statement->zone = table->zone;
		buf_putc(&statement->sql, '(');
		if (table->may_displace)
			key_condition_put_exact(&statement->sql, &table->key, change_key(change),
						change->key_length);
		else
			buf_add(&statement->sql, change_key(change), change->key_length);
		buf_putc(&statement->sql, ')');
		statement->rows++;
	}
	script->deletes = script->count;
	for (size_t i = 0; i < script->deletes; i++)
		moved_table_end_where(&script->statements[i].sql, table);
}

static void put_line(struct apply_sql *script, const struct moved_table *table,
		     const struct change *change)
{
	struct write_statement *last =
		script->count > script->deletes ? &script->statements[script->count - 1] : NULL;

	if (!last || !last->is_unsuited) {
		last = new_statement(script, "");
		load_text_put_statement(&last->sql, table, table->comment, true);
		last->is_unsuited = &script->is_unsuited;
	}
	buf_add(&last->text, change_image(change), change->image_length);
	last->rows++;
}

static void put_tuple(struct apply_sql *script, const struct moved_table *table, const char *image,
		      size_t length, uint64_t invalid_enums)
{
	struct write_statement *statement =
		room_for(script, script->deletes, change_head(table), ",", length, UINT64_MAX);

	buf_add(&statement->sql, image, length);
	statement->zone = table->zone;
	statement->invalid_enums += invalid_enums;
	statement->rows++;
}

/* A large row has a statement of its own, which is not copied. */
static void put_borrowed(struct apply_sql *script, const struct moved_table *table,
			 struct change *change)
{
	struct write_statement *statement = new_statement(script, "");

	buf_release(&statement->sql);
	statement->is_borrowed = true;
	statement->sql.data = change->bytes + change->key_length;
	statement->sql.length = change->head_length + change->image_length;
	statement->zone = table->zone;
	statement->invalid_enums = change->invalid_enums;
	statement->rows = 1;
}

/* What LOAD DATA did not take. */
static bool put_parsed(struct apply_sql *script, const struct moved_table *table,
		       struct change *change, struct error *err)
{
	const struct buf text = { .data = change->bytes + change->key_length,
				  .length = change->image_length };
	struct value *values = mem_calloc(table->source->column_count, sizeof(*values));
	struct buf bytes = BUF_INIT, tuple = BUF_INIT;
	uint64_t invalid_enums = 0;
	size_t at = 0;
	bool ok = load_text_next_row(&text, &at, table, &bytes, values) &&
		  row_sql_tuple(&tuple, table, values, &invalid_enums, err) &&
		  !write_is_too_large(table, "a changed row", tuple.length, script->packet_limit,
				      err);

	if (ok)
		put_tuple(script, table, tuple.data, tuple.length, invalid_enums);
	buf_release(&tuple);
	buf_release(&bytes);
	free(values);
	return ok;
}

static bool put_row(struct apply_sql *script, const struct moved_table *table,
		    struct change *change, bool loads, struct error *err)
{
	if (change->is_text && !loads)
		return put_parsed(script, table, change, err);
	if (change->is_text) {
		put_line(script, table, change);
		return true;
	}
	if (write_is_too_large(table, "a changed row", change->image_length, script->packet_limit,
			       err))
		return false;
	if (change->head_length > 0)
		put_borrowed(script, table, change);
	else
		put_tuple(script, table, change_image(change), change->image_length,
			  change->invalid_enums);
	return true;
}

/* It costs one more round trip, and less of the target's time for each row. */
static bool is_worth_a_load(const struct apply_sql *script, struct change *const *changes,
			    size_t count)
{
	size_t rows = 0;

	for (size_t i = 0; i < count && rows < LOAD_ROWS_MIN; i++)
		rows += changes[i]->is_text;
	return rows >= LOAD_ROWS_MIN && !script->avoids_load;
}

bool apply_sql_make(struct apply_sql *script, const struct moved_table *table,
		    struct change *const *changes, size_t count, struct error *err)
{
	bool loads = is_worth_a_load(script, changes, count);

	if (count > 0 && (changes[0]->is_delete || table->may_displace))
		put_deletes(script, table, changes, count);
	for (size_t i = 0; i < count; i++)
		if (!changes[i]->is_delete && !put_row(script, table, changes[i], loads, err))
			return false;
	/* Rows already on the target stay: displacement.c deals with them. */
	for (size_t i = script->deletes; table->may_displace && i < script->count; i++)
		if (!script->statements[i].is_borrowed)
			buf_puts(&script->statements[i].sql, table->insert_tail);
	return true;
}

uint64_t apply_sql_count_inserted(struct apply_sql *script, uint64_t *inserted)
{
	uint64_t rows = 0;

	for (size_t i = script->deletes; i < script->count; i++) {
		script->statements[i].affected = inserted;
		rows += script->statements[i].rows;
	}
	return rows;
}

void apply_sql_release(struct apply_sql *script)
{
	for (size_t i = 0; i < script->count; i++)
		write_statement_release(&script->statements[i]);
	free(script->statements);
}
