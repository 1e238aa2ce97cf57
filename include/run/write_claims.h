/* Which rows of a table the copy and the stream's changes are being written to just now, so that
 * they do not meet in the target: InnoDB would end one of them as a deadlock's victim, again and
 * again. Nothing is lost without claims: a transaction without one, or with a wrong one, is rolled
 * back by the server and tried again.
 *
 * A claim lasts for one transaction. Threads: batch writers claim ranges, binlog writers
 * rows; no two of these have the same key, as one batch of a table is applied at a time. */
#ifndef RUN_WRITE_CLAIMS_H
#define RUN_WRITE_CLAIMS_H

#include "base/buf.h"
#include "base/stop.h"

struct change;

/* (low, high] in the order of key_order.h. Owned by the claiming thread; texts empty where open. */
struct range_claim {
	struct buf low;
	struct buf high;
	bool has_low;
	bool has_high;
	struct range_claim *next;
};

/* Sorted, in the array of who claims. */
struct row_claim {
	struct change **changes;
	size_t count;
	struct row_claim *next;
};

struct write_claims {
	struct mutex lock;
	struct condition changed;
	struct range_claim *ranges; /* guarded by lock: being written, or about to be */
	struct row_claim *rows;	    /* guarded by lock: being written */
	unsigned alone_waiting;	    /* guarded by lock */
	bool is_alone;		    /* guarded by lock */
};

void write_claims_init(struct write_claims *claims);
void write_claims_destroy(struct write_claims *claims);

/* Waits until no changed row in it is being written. False: the run ends. */
bool write_claims_take_range(struct write_claims *claims, struct range_claim *range,
			     struct stop *stop);
void write_claims_release_range(struct write_claims *claims, struct range_claim *range);

/* changes are sorted. Moves up to max of them that lie in no claimed range to the front and claims
 * these; both parts stay sorted. Waits while there are none. 0: the run ends. */
size_t write_claims_take_rows(struct write_claims *claims, struct row_claim *claim,
			      struct change **changes, size_t count, size_t max, struct stop *stop);
void write_claims_release_rows(struct write_claims *claims, struct row_claim *claim);

/* The whole table, for what has met with a deadlock: others wait meanwhile. */
bool write_claims_take_table(struct write_claims *claims, struct stop *stop);
void write_claims_release_table(struct write_claims *claims);

#endif
