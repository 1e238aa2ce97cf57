/* The open transaction: table maps, savepoints, and its end. */
#include "transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"

void transaction_init(struct transaction *t)
{
	map_init(&t->maps);
}

void transaction_release(struct transaction *t)
{
	transaction_forget_maps(t);
	map_release(&t->maps);
	buf_release(&t->buffered.bytes);
	buf_release(&t->statement);
	free(t->savepoints);
}

void transaction_reset(struct transaction *t)
{
	t->state = TRANSACTION_NONE;
	t->is_xa = t->is_unfinished = t->is_applied = t->has_statement = false;
	t->delivered = t->unbuffered = 0;
	t->gtid.kind = t->mariadb.kind = GTID_NONE;
	t->savepoint_count = 0;
	buf_clear(&t->buffered.bytes);
	transaction_forget_maps(t);
}

static void free_map(struct binlog_table_map *map)
{
	if (map)
		binlog_table_map_release(map);
	free(map);
}

void transaction_add_map(struct transaction *t, struct binlog_table_map *map)
{
	free_map(map_put(&t->maps, &map->table_id, sizeof(map->table_id), map));
}

void transaction_forget_maps(struct transaction *t)
{
	size_t cursor = 0;
	struct map_entry *entry;

	while ((entry = map_next(&t->maps, &cursor)))
		free_map(entry->value);
	map_clear(&t->maps);
}

void transaction_set_savepoint(struct transaction *t, const char *name)
{
	t->savepoints = mem_resize(t->savepoints, t->savepoint_count + 1, sizeof(*t->savepoints));

	struct savepoint *savepoint = &t->savepoints[t->savepoint_count++];

	savepoint->buffered = t->buffered.bytes.length;
	savepoint->delivered = t->delivered;
	snprintf(savepoint->name, sizeof(savepoint->name), "%s", name);
}

/* To the last one of that name, as a replica would; case does not matter. */
bool transaction_roll_back_to(struct transaction *t, const char *name)
{
	for (size_t i = t->savepoint_count; *name && i > 0; i--) {
		const struct savepoint *savepoint = &t->savepoints[i - 1];

		if (strcasecmp(savepoint->name, name) != 0)
			continue;
		t->savepoint_count = i;
		if (savepoint->delivered != t->delivered)
			return false;
		buf_truncate(&t->buffered.bytes, savepoint->buffered);
		return true;
	}
	return false;
}
