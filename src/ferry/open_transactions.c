/* InnoDB lists its transactions, and how many rows each has changed, to accounts with PROCESS; but
 * not which tables these are in. A transaction holds metadata locks on its tables to its end, and
 * these can be read where performance_schema records them (MySQL by default, MariaDB when both it
 * and its instrument are switched on). Nothing is known about a session that has a transaction but
 * no such lock in the list: it counts.
 *
 * A statement that has not changed anything yet (an UPDATE that looks for its rows) counts while it
 * runs and holds locks. Prepared XA transactions without a session are not looked for here: the
 * stream knows them, and their rows. */
#include "open_transactions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NAMED_MAX 5

static const char transactions_query[] =
	"SELECT trx_mysql_thread_id, trx_started, trx_rows_modified"
	" FROM information_schema.INNODB_TRX"
	" WHERE trx_mysql_thread_id NOT IN (0, CONNECTION_ID())"
	" AND (trx_rows_modified > 0 OR (trx_query IS NOT NULL AND trx_lock_structs > 0))";

static const char locks_query[] =
	"SELECT t.PROCESSLIST_ID, l.OBJECT_SCHEMA, l.OBJECT_NAME"
	" FROM performance_schema.metadata_locks l"
	" JOIN performance_schema.threads t ON t.THREAD_ID = l.OWNER_THREAD_ID"
	" WHERE l.OBJECT_TYPE = 'TABLE' AND l.LOCK_STATUS = 'GRANTED'"
	" AND l.LOCK_TYPE NOT IN ('SHARED', 'SHARED_HIGH_PRIO', 'SHARED_READ')"
	" AND t.PROCESSLIST_ID IS NOT NULL";

/* What is known of a session's metadata locks. */
struct session_locks {
	uint64_t connection;
	char table[400]; /* the first copied one; "": none of its tables is */
};

struct lock_list {
	struct session_locks *items;
	size_t count;
};

void open_transactions_release(struct open_transactions *list)
{
	free(list->items);
	*list = (struct open_transactions)OPEN_TRANSACTIONS_INIT;
}

static bool read_transactions(struct db *db, struct open_transactions *list, struct error *err)
{
	enum db_fetch fetched;
	struct db_row row;

	if (!db_query(db, transactions_query, strlen(transactions_query), err))
		return false;
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));

		struct open_transaction *item = &list->items[list->count++];

		*item = (struct open_transaction){
			.connection = strtoull(db_row_text(&row, 0), NULL, 10),
			.rows = strtoull(db_row_text(&row, 2), NULL, 10),
		};
		snprintf(item->started, sizeof(item->started), "%s", db_row_text(&row, 1));
	}
	return fetched == DB_END;
}

static struct session_locks *find_session(struct lock_list *locks, uint64_t connection)
{
	for (size_t i = 0; i < locks->count; i++)
		if (locks->items[i].connection == connection)
			return &locks->items[i];
	return NULL;
}

static void add_lock(struct lock_list *locks, const struct moved_tables *tables,
		     const struct db_row *row)
{
	uint64_t connection = strtoull(db_row_text(row, 0), NULL, 10);
	struct session_locks *session = find_session(locks, connection);
	const struct moved_table *table =
		moved_tables_find(tables, db_row_text(row, 1), db_row_text(row, 2));

	if (!session) {
		locks->items = mem_resize(locks->items, locks->count + 1, sizeof(*locks->items));
		session = &locks->items[locks->count++];
		*session = (struct session_locks){ .connection = connection };
	}
	if (table && !session->table[0])
		snprintf(session->table, sizeof(session->table), "%s", table->source->full_name);
}

/* A list that the server does not have, or does not show, is empty. */
static bool read_locks(struct db *db, const struct moved_tables *tables, struct lock_list *locks,
		       struct error *err)
{
	enum db_fetch fetched = DB_FAILED;
	struct db_row row;

	if (db_query(db, locks_query, strlen(locks_query), err))
		while ((fetched = db_row_next(db, &row, err)) == DB_ROW)
			add_lock(locks, tables, &row);
	return fetched == DB_END || !error_is_retryable(err);
}

bool open_transactions_read(struct db *db, const struct moved_tables *tables,
			    struct open_transactions *list, struct error *err)
{
	struct lock_list locks = { .count = 0 };
	size_t kept = 0;

	open_transactions_release(list);
	if (!read_transactions(db, list, err))
		return error_wrap(err, "look for open transactions");

	bool ok = list->count == 0 || read_locks(db, tables, &locks, err);

	for (size_t i = 0; ok && i < list->count; i++) {
		const struct session_locks *session =
			find_session(&locks, list->items[i].connection);

		if (session && !session->table[0])
			continue;
		list->items[kept] = list->items[i];
		if (session)
			memcpy(list->items[kept].table, session->table, sizeof(session->table));
		kept++;
	}
	list->count = kept;
	free(locks.items);
	return ok || error_wrap(err, "look for the tables of open transactions");
}

static bool holds(const struct open_transactions *list, const struct open_transaction *one)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].connection == one->connection &&
		    strcmp(list->items[i].started, one->started) == 0)
			return true;
	return false;
}

void open_transactions_keep(struct open_transactions *list, const struct open_transactions *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (holds(now, &list->items[i]))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

void open_transactions_text(const struct open_transactions *list, struct buf *text)
{
	size_t shown = list->count < NAMED_MAX ? list->count : NAMED_MAX;

	for (size_t i = 0; i < shown; i++) {
		const struct open_transaction *item = &list->items[i];

		buf_printf(text, "%sconnection %" PRIu64 " (%" PRIu64 " rows changed, %s)",
			   i ? ", " : "", item->connection, item->rows,
			   item->table[0] ? item->table : "in which tables is not known");
	}
	if (list->count > shown)
		buf_printf(text, " and %zu more", list->count - shown);
}
