/* What a batch of changes becomes. Of each key only the last change is kept: first every
 * key whose last change is "gone" is deleted, then the other rows are replaced.
 *
 * Why deletes go first: two keys that differ in bytes may be the same row for the
 * target's collation ('a', 'A'). At most one of them exists at the end of the batch,
 * and it is among the replaced.
 *
 * Where a row can have others in its way (a second unique key, texts in the key) all keys
 * of the batch are deleted, by their bytes, and the rows inserted: see displacement.c.
 *
 * Why the order of replaced rows does not matter: they are images of one moment of
 * the source, so no two of them share a value of any unique key; and a row they push
 * out of the target is stale: its own change stands later in the stream, or in this
 * very batch (README, How it works). Across batches the table's changes stay in order,
 * as one thread has the table at a time. */
#include "apply_script.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "key_condition.h"

#define STATEMENT_SLACK 4096
/* Conditions in one DELETE: MySQL gives up the index and scans the table when the
 * ranges take more than range_optimizer_max_mem_size (8 MiB, some 230 bytes each). */
#define DELETE_KEYS_MAX 1000

static struct write_statement *new_statement(struct apply_script *script, const char *head)
{
	script->statements = mem_resize(script->statements, script->count + 1,
					sizeof(*script->statements));

	struct write_statement *statement = &script->statements[script->count++];

	*statement = (struct write_statement){ .sql = BUF_INIT };
	buf_puts(&statement->sql, head);
	return statement;
}

/* Not copied: a statement for a large row alone. The change outlives the script. */
static struct write_statement *borrow_statement(struct apply_script *script,
						struct change *change)
{
	struct write_statement *statement = new_statement(script, "");

	buf_release(&statement->sql);
	statement->is_borrowed = true;
	statement->sql.data = change->bytes + change->key_length;
	statement->sql.length = change->head_length + change->image_length;
	return statement;
}

/* The statement to append `extra` bytes to: the last one, or a new one when that
 * would become too long for one packet or has a full batch already. */
static struct write_statement *room_for(struct apply_script *script, size_t first,
					const char *head, const char *separator, size_t extra,
					uint64_t rows_max)
{
	struct write_statement *last =
		script->count > first ? &script->statements[script->count - 1] : NULL;

	if (!last || last->is_borrowed || last->sql.length + extra + STATEMENT_SLACK > script->packet_limit ||
	    last->sql.length > script->batch_bytes || last->rows >= rows_max)
		return new_statement(script, head);
	buf_puts(&last->sql, separator);
	return last;
}

/* The last change per key; see above for why their order is free. */
static void keep_last(struct change *first, struct map *last)
{
	for (struct change *change = first; change; change = change->next)
		map_put(last, change_key(change), change->key_length, change);
}

static void put_deletes(struct apply_script *script, const struct ferry_table *table,
			const struct map *last)
{
	size_t cursor = 0;
	struct map_entry *entry;

	while ((entry = map_next(last, &cursor))) {
		const struct change *change = entry->value;

		if (!change->is_delete && !table->may_displace)
			continue;
		/* The literals stand there twice at most. */
		struct write_statement *statement =
			room_for(script, 0, table->delete_head, " OR ", 3 * change->key_length + 2,
				 DELETE_KEYS_MAX);
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
}

/* Rows that are there already stay, for displacement.c to see to. */
static void put_tails(struct apply_script *script, const struct ferry_table *table)
{
	for (size_t i = script->deletes; table->may_displace && i < script->count; i++)
		if (!script->statements[i].is_borrowed)
			buf_puts(&script->statements[i].sql, table->insert_tail);
}

static bool put_replaces(struct apply_script *script, const struct ferry_table *table,
			 const struct map *last, struct error *err)
{
	size_t first = script->count;
	size_t cursor = 0;
	struct map_entry *entry;

	while ((entry = map_next(last, &cursor))) {
		struct change *change = entry->value;

		if (change->is_delete)
			continue;
		if (change->image_length + STATEMENT_SLACK > script->packet_limit)
			return error_set(err, ERROR_DATA,
					 "table %s: a changed row takes %zu bytes as a statement, more "
					 "than the target's max_allowed_packet lets through; raise it: "
					 "SET GLOBAL max_allowed_packet = 1073741824",
					 table->source->full_name, change->image_length);
		struct write_statement *statement;

		if (change->head_length > 0) {
			statement = borrow_statement(script, change);
		} else {
			statement = room_for(script, first, change_head(table), ",",
					     change->image_length, UINT64_MAX);
			buf_add(&statement->sql, change_image(change), change->image_length);
		}
		statement->invalid_enums += change->invalid_enums;
		statement->rows++;
	}
	return true;
}

bool apply_script_make(struct apply_script *script, const struct ferry_table *table,
		       struct change *first, struct error *err)
{
	struct map last;

	map_init(&last);
	keep_last(first, &last);
	put_deletes(script, table, &last);

	bool ok = put_replaces(script, table, &last, err);

	put_tails(script, table);

	map_release(&last);
	return ok;
}

uint64_t apply_script_count_inserted(struct apply_script *script, uint64_t *inserted)
{
	uint64_t rows = 0;

	for (size_t i = script->deletes; i < script->count; i++) {
		script->statements[i].affected = inserted;
		rows += script->statements[i].rows;
	}
	return rows;
}

void apply_script_release(struct apply_script *script)
{
	for (size_t i = 0; i < script->count; i++)
		write_statement_release(&script->statements[i]);
	free(script->statements);
}
