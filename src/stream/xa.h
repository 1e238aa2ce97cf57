/* Prepared XA transactions that are not decided yet. Their rows stand in the binlog at
 * PREPARE but take effect at XA COMMIT, or never: they are buffered here, undecoded, until
 * then. Owned by the streamer's thread. */
#ifndef STREAM_XA_H
#define STREAM_XA_H

#include "decode/gtid_set.h"
#include "decode/position.h"
#include "event_buffer.h"

struct xa_transaction {
	char *xid;		       /* owned; "x'..',x'..',1" in lower case */
	struct binlog_position before; /* boundary in front of it */
	struct event_buffer buffered;  /* table maps and rows of copied tables */
	/* Transactions from there up to the next undecided one, or the log's end: they are
	 * not before any position that is safe to go on from. */
	struct gtid_set gtids;
	struct xa_transaction *next;
};

/* In order of their PREPARE, oldest first. */
struct xa_list {
	struct xa_transaction *first;
};

/* Adds a prepared transaction; takes over its buffered events. */
void xa_prepare(struct xa_list *list, const char *xid, const struct binlog_position *before,
		struct event_buffer *buffered);
/* Removes the transaction of that xid, which the caller frees; NULL: there is none. Its
 * gtids go to the one before it, or to done. */
struct xa_transaction *xa_decide(struct xa_list *list, const char *xid, struct gtid_set *done);
/* The gtids of the newest transaction, or NULL when the list is empty. */
struct gtid_set *xa_newest_gtids(struct xa_list *list);
void xa_transaction_free(struct xa_transaction *transaction);
/* Of all their buffered events. */
size_t xa_list_bytes(const struct xa_list *list);
void xa_list_release(struct xa_list *list);

/* The xid of an XA_PREPARE event (mysql/binlog/event, XA_prepare_event: one phase 1,
 * format 4, gtrid length 4, bqual length 4, both texts), in the form of xid. */
bool xa_prepare_parse(struct binlog_event *event, struct buf *xid, bool *one_phase,
		      struct error *err) MUST_CHECK;
/* The xid of "XA COMMIT X'..',X'..',1" and "XA ROLLBACK ...". */
bool xa_statement_parse(const char *sql, size_t length, struct buf *xid,
			struct error *err) MUST_CHECK;

#endif
