/* Transactions that are open on a server and may have changed copied tables: they would commit
 * after the final position of a cutover. The caller's thread. */
#ifndef FERRY_OPEN_TRANSACTIONS_H
#define FERRY_OPEN_TRANSACTIONS_H

#include "db/db.h"
#include "plan/moved_table.h"

struct open_transaction {
	uint64_t connection;
	char started[32]; /* identifies it, with the connection */
	uint64_t rows;	  /* changed so far */
	char table[400];  /* one of the copied tables it may change; "": not known which */
};

struct open_transactions {
	struct open_transaction *items; /* owned */
	size_t count;
};

#define OPEN_TRANSACTIONS_INIT                                                                     \
	{                                                                                          \
		.count = 0                                                                         \
	}

void open_transactions_release(struct open_transactions *list);
/* ERROR_ACCESS: the account lacks PROCESS. */
bool open_transactions_read(struct db *db, const struct moved_tables *tables,
			    struct open_transactions *list, struct error *err) MUST_CHECK;
/* Removes from list those that are not in now. */
void open_transactions_keep(struct open_transactions *list, const struct open_transactions *now);
/* "connection 12 (3 rows changed, abc.t)", a few of them. */
void open_transactions_text(const struct open_transactions *list, struct buf *text);

#endif
