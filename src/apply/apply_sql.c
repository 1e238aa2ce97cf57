/* The SQL of one transaction: DELETEs by key, or REPLACEs of whole rows, in the order of the
 * changes, which is the index's: statements that lock rows in the same order cannot deadlock.
 *
 * Where other rows can be in a row's way (a second unique key, text in the key), all keys of the
 * batch are deleted, by their bytes, and then the rows are inserted: see displacement.c. */
#include "apply_sql.h"

#include <stdlib.h>

#include "base/mem.h"
#include "plan/key_condition.h"

/* Conditions in one DELETE: MySQL gives up the index and scans the table when the
 * ranges take more than range_optimizer_max_mem_size (8 MiB, some 230 bytes each). */
#define DELETE_KEYS_MAX 1000

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

	if (!last || last->is_borrowed ||
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

static bool put_replace(struct apply_sql *script, const struct moved_table *table,
			struct change *change, struct error *err)
{
	struct write_statement *statement;

	if (write_is_too_large(table, "a changed row", change->image_length, script->packet_limit,
			       err))
		return false;
	if (change->head_length > 0) {
		/* A large row has a statement of its own, which is not copied. */
		statement = new_statement(script, "");
		buf_release(&statement->sql);
		statement->is_borrowed = true;
		statement->sql.data = change->bytes + change->key_length;
		statement->sql.length = change->head_length + change->image_length;
	} else {
		statement = room_for(script, script->deletes, change_head(table), ",",
				     change->image_length, UINT64_MAX);
		buf_add(&statement->sql, change_image(change), change->image_length);
	}
	statement->zone = table->zone;
	statement->invalid_enums += change->invalid_enums;
	statement->rows++;
	return true;
}

bool apply_sql_make(struct apply_sql *script, const struct moved_table *table,
		    struct change *const *changes, size_t count, struct error *err)
{
	if (count > 0 && (changes[0]->is_delete || table->may_displace))
		put_deletes(script, table, changes, count);
	for (size_t i = 0; i < count; i++)
		if (!changes[i]->is_delete && !put_replace(script, table, changes[i], err))
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
