/* The binlog streamer: a thread that follows a server's binlog and finds transaction
 * boundaries. The source's is decoded: the rows of copied tables are delivered in
 * order, and everything that could change copied data in a way that is not decoded
 * fails the run. The target's is watched: whatever touches a copied table is
 * reported with the statement that did it, and no row is decoded. */
#ifndef STREAM_STREAMER_H
#define STREAM_STREAMER_H

#include "base/stop.h"
#include "base/thread.h"
#include "stream/feed.h"
#include "decode/gtid_set.h"
#include "decode/table_map.h"

/* What touched a copied table, on a stream that is watched. */
struct watched_statement {
	const char *what;  /* static: "WRITE_ROWS", "TRUNCATE", ... */
	const char *table; /* "schema.table", or what else may be touched */
	const char *text;  /* its beginning, not terminated; NULL: the server does not send it */
	size_t text_length;
	uint32_t timestamp;
	const struct binlog_position *after; /* the boundary in front of it */
};

/* Called from the streamer's thread only. Every bool one fails the run by
 * returning false with *err. */
struct binlog_handler {
	void *context;
	/* The copied table of that name on this server, or NULL (exact, case-sensitive). */
	const struct table *(*find_table)(void *context, const char *schema, const char *name);
	/* Would the filters choose a table or database of that name, were it created
	 * now? name NULL: any table of the database. */
	bool (*is_chosen)(void *context, const char *schema, const char *name);
	/* NULL: never. The table is copied from a later place on: what the transaction that begins
	 * behind this one does to it, or to its definition, is in the copy. name NULL: is that so
	 * of all copied tables of the database? */
	bool (*is_older)(void *context, const char *schema, const char *name,
			 const struct binlog_position *begin);
	/* NULL: no. May the change of a table's definition cost that table alone? Called for each
	 * table that the statement names (name NULL: for all of a database, which is dropped); if
	 * all may, the run ends as for any change, with ERROR_SCHEMA. is_stated: else rows came
	 * that do not fit, without a statement. */
	bool (*may_change)(void *context, const char *schema, const char *name, bool is_stated);
	/* NULL: never. TRUNCATE of a copied table, between transactions, whose event ends there.
	 * *is_taken: it is applied in its place among the rows; else it is as any other change of
	 * the definition. */
	bool (*truncate)(void *context, const struct table *table,
			 const struct binlog_position *end, bool *is_taken, struct error *err);
	/* A row of a copied table inside the open transaction. position is the end of
	 * the last boundary (for messages). */
	bool (*row)(void *context, const struct row_change *change, struct error *err);
	/* Behind the final position (binlog_streamer_set_final()): instead of row, for what
	 * is not to be applied any more. NULL where none is ever set. */
	bool (*late)(void *context, const struct row_change *change, struct error *err);
	/* Not NULL: the stream is watched. Then row is not called, and this is for each
	 * event that holds rows of a copied table and each statement that may touch one. */
	bool (*touched)(void *context, const struct watched_statement *statement, struct error *err);
	/* A transaction begins, none of its rows was delivered yet. NULL: it has no GTID,
	 * and from now on GTIDs are not followed. Not called when they are not. */
	void (*received)(void *context, const struct gtid *gtid);
	/* Everything up to position has been delivered, and position lies between
	 * transactions. Also called for transactions that touch no copied table,
	 * rotations and heartbeats. timestamp: of the last event, seconds of the
	 * source's clock, 0 when it has none (idle: the stream is at its end). gtids:
	 * transactions before position that were not reported yet; may be moved out. */
	bool (*boundary)(void *context, const struct binlog_position *position,
			 struct gtid_set *gtids, uint32_t timestamp, struct error *err);
	/* Ends the thread with an error; never called after a clean stop. */
	void (*failed)(void *context, const struct error *err);
};

struct binlog_streamer_params {
	struct binlog_feed_params feed;
	const char *tag;	      /* of log lines */
	struct binlog_position start; /* must be a boundary */
	/* Transactions that are applied already (copied; NULL: do not follow GTIDs). Those
	 * the stream begins with are passed over, up to the first one that is not among
	 * them: everything before it is applied, so that is the place to begin at. Later
	 * ones come again, as only the server knows what depends on what. */
	const struct gtid_set *applied;
	/* Rows up to here were delivered by an earlier run on this server: its binlog must
	 * still have them. Unset: none beyond the start. */
	struct binlog_position delivered;
	/* The start was found by them in the binlog of another server than theirs. */
	bool is_other_server;
	struct binlog_handler handler;
	/* The server has triggers or stored functions, or may have, or foreign keys that cascade into
	 * copied tables: a statement-format change of any table may then change a copied one too. */
	bool has_side_effects;
	/* Names in statements are found in lower case, whatever theirs (the server's
	 * lower_case_table_names). */
	bool ignores_case;
	uint64_t xa_bytes_max; /* of events buffered for undecided XA transactions; 0: no limit */
	/* Of rows buffered until the commit of their transaction: it may be rolled back. */
	uint64_t buffered_bytes_max;
	struct stop *stop; /* ends the thread at once (borrowed) */
};

struct binlog_streamer; /* opaque */

/* Opens the stream (so that a purged position or a missing privilege is seen at
 * once); nothing is delivered until binlog_streamer_start(). */
struct binlog_streamer *binlog_streamer_open(const struct binlog_streamer_params *params,
					     struct error *err) MUST_CHECK;
void binlog_streamer_start(struct binlog_streamer *streamer);
/* Any thread: go on to this position (at least) and end cleanly there. */
void binlog_streamer_stop_at(struct binlog_streamer *streamer,
			     const struct binlog_position *position);
/* Any thread: everything up to this position (at least) is delivered; the thread goes on
 * from there, but rows are late (struct binlog_handler) and neither boundaries nor GTIDs
 * are reported, so that a resumed run begins at the final position. */
void binlog_streamer_set_final(struct binlog_streamer *streamer,
			       const struct binlog_position *position);
/* Any thread: until the final position was reached; false: the thread has ended before. */
bool binlog_streamer_wait_final(struct binlog_streamer *streamer);
bool binlog_streamer_is_final(struct binlog_streamer *streamer);
/* Any thread: has everything up to this position been read? Then *undecided holds the
 * XA transactions with rows of copied tables that are prepared and not decided there, ""
 * for none. */
bool binlog_streamer_undecided(struct binlog_streamer *streamer,
			       const struct binlog_position *position, struct buf *undecided);
/* Any thread: a copy of the last boundary delivered. */
void binlog_streamer_position(struct binlog_streamer *streamer, struct binlog_position *position);
/* Any thread: seconds behind the server by event timestamps; 0 when idle at the
 * end of the binlog. now: by the clock that made these. */
double binlog_streamer_lag_s(struct binlog_streamer *streamer, double now);
/* Waits for the thread's end; true when it ended by reaching the stop position. */
bool binlog_streamer_join(struct binlog_streamer *streamer);
void binlog_streamer_free(struct binlog_streamer *streamer);

#endif
