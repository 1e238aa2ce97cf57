/* The transaction that is open in a stream: what has been seen of it, and its rows as far
 * as they are buffered. Owned by the streamer's thread.
 *
 * A server may log a transaction that it rolls back, or rolls back in part, rows and all:
 * when it changed a table without transactions too, or, on MariaDB, when it dropped a
 * temporary table. So rows are buffered until the commit, and those that were rolled back
 * are dropped. A transaction too large for that is delivered as it comes; if it is rolled
 * back then, the run has to end. */
#ifndef STREAM_TRANSACTION_H
#define STREAM_TRANSACTION_H

#include "base/map.h"
#include "decode/gtid_set.h"
#include "decode/table_map.h"
#include "event_buffer.h"

enum transaction_state {
	TRANSACTION_NONE,      /* between transactions */
	TRANSACTION_ANNOUNCED, /* a GTID was seen: a statement or a transaction follows */
	TRANSACTION_OPEN,      /* until XID, COMMIT, ROLLBACK or XA_PREPARE */
};

/* What had come when it was set. */
struct savepoint {
	char name[194];
	size_t buffered;    /* bytes */
	uint64_t delivered; /* rows */
};

struct transaction {
	enum transaction_state state;
	bool is_xa;	     /* all of it, with its table maps, is buffered until it is decided */
	bool is_unfinished;  /* an ALTER TABLE of MariaDB's that has begun, or is given up */
	bool is_applied;     /* before the start: it is passed over */
	uint64_t delivered;  /* rows of copied tables, so far */
	struct gtid gtid;    /* when GTIDs are followed */
	struct gtid mariadb; /* the same of MariaDB, whether they are followed or not */
	struct map maps;     /* table id (8 bytes) -> struct binlog_table_map, owned */
	struct event_buffer buffered; /* rows of copied tables */
	/* Bytes of an XA transaction that were too many to be buffered: its end says how many
	 * all of them are, and ends the run. */
	uint64_t unbuffered;
	struct savepoint *savepoints; /* owned */
	size_t savepoint_count;
	/* Watched streams: the beginning of the statement whose rows follow. */
	struct buf statement;
	bool has_statement;
	bool is_statement_over; /* its last rows were seen */
};

/* Rows of copied tables that were not delivered. */
static inline bool transaction_has_rows(const struct transaction *t)
{
	return t->buffered.bytes.length > 0 || t->unbuffered > 0;
}

/* *t is all zeros. */
void transaction_init(struct transaction *t);
void transaction_release(struct transaction *t);
/* Between transactions again: everything is forgotten. */
void transaction_reset(struct transaction *t);

/* Takes over the map, in place of an older one with its id. */
void transaction_add_map(struct transaction *t, struct binlog_table_map *map);
void transaction_forget_maps(struct transaction *t);

void transaction_set_savepoint(struct transaction *t, const char *name);
/* Drops what was buffered since. False: there is no such savepoint, or rows were delivered
 * since. */
bool transaction_roll_back_to(struct transaction *t, const char *name) MUST_CHECK;

#endif
