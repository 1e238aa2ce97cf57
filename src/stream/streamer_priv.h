/* The inside of struct binlog_streamer, for streamer*.c. All functions are called by the
 * streamer's thread.
 *
 * An event's way: streamer.c reads it, streamer_events.c says by its type what it does,
 * streamer_rows.c buffers, decodes and delivers rows, streamer_boundary.c ends the
 * transaction. Each file uses only those behind it here: streamer_tail, streamer_events,
 * streamer_rows, streamer_boundary, streamer_statements, streamer_gtids, streamer_watch. */
#ifndef STREAM_STREAMER_PRIV_H
#define STREAM_STREAMER_PRIV_H

#include "statement.h"
#include "stream/streamer.h"
#include "transaction.h"
#include "xa.h"

struct binlog_streamer {
	struct binlog_streamer_params params;
	struct thread thread;

	/* Owned by the streamer's thread once it runs. */
	struct binlog_feed *feed; /* NULL: to be opened at the last boundary */
	struct binlog_format format;
	struct binlog_position position; /* end of the last event that has one */
	bool is_behind;			 /* of an event since then that has none */
	struct binlog_position begin;	 /* the last place between transactions */
	struct binlog_position skip_to;	 /* events that end at or before it were seen already */
	struct binlog_position cut_at;	 /* rows up to there were delivered without their commit
					  * when a connection, or an earlier run, ended; unset: none   */
	struct transaction transaction;
	struct row_decoder *decoder;
	struct buf plain; /* an uncompressed event */
	struct buf xid;	  /* scratch */
	struct xa_list undecided;
	bool follows_gtids;
	struct gtid_set applied;	   /* at the start */
	bool is_passing;		   /* all transactions so far were among them */
	struct gtid_set done;		   /* before the boundary and not yet delivered */
	struct gtid_set whole;		   /* applied at the start, or ended since */
	struct gtid_set begun;		   /* MariaDB: of these domains nothing can be missing */
	bool is_finished;		   /* reached the stop position */
	bool is_late;			   /* reached the final position */
	struct binlog_position late_after; /* rows up to there are not late, or were reported */

	/* Shared. */
	struct mutex lock;
	struct condition changed;	 /* is_final, has_ended */
	struct binlog_position boundary; /* guarded by lock: last one delivered */
	struct binlog_position passed;	 /* guarded by lock: the same, undecided XA or not */
	struct buf undecided_text;	 /* guarded by lock: those before passed */
	struct binlog_position final;	 /* guarded by lock; unset: none */
	bool is_final;			 /* guarded by lock: it is reached */
	bool has_ended;			 /* guarded by lock: the thread */
	struct binlog_position stop_at;	 /* guarded by lock; unset: go on */
	uint32_t last_timestamp;	 /* guarded by lock; 0: idle at the end */
};

/* streamer_tail.c */

/* The file ends in the middle of an event: goes on in the next one if nothing is lost by
 * that; else *err says why the run cannot go on. */
bool streamer_pass_tail(struct binlog_streamer *s, struct error *err) MUST_CHECK;

/* streamer_events.c */

/* Does what the event says; moves the position. */
bool streamer_dispatch(struct binlog_streamer *s, struct binlog_event *event,
		       struct error *err) MUST_CHECK;

/* streamer_rows.c */

bool streamer_on_table_map(struct binlog_streamer *s, struct binlog_event *event,
			   struct error *err) MUST_CHECK;
/* At the end of an XA transaction: could all of it be buffered? */
bool streamer_check_xa_size(struct binlog_streamer *s, struct error *err) MUST_CHECK;
bool streamer_on_rows(struct binlog_streamer *s, struct binlog_event *event,
		      struct error *err) MUST_CHECK;
bool streamer_on_compressed_rows(struct binlog_streamer *s, struct binlog_event *event,
				 struct error *err) MUST_CHECK;
/* Rows in a form that is not decoded. */
bool streamer_on_partial_rows(struct binlog_streamer *s, struct binlog_event *event,
			      struct error *err) MUST_CHECK;
/* The open transaction is committed: delivers the rows that were buffered. */
bool streamer_deliver_buffered(struct binlog_streamer *s, const char *verb,
			       struct error *err) MUST_CHECK;
/* An XA transaction is committed: what it did happens now. */
bool streamer_deliver_xa(struct binlog_streamer *s, const struct event_buffer *buffered,
			 struct error *err) MUST_CHECK;

/* streamer_boundary.c */

/* The position lies between transactions: reports it, unless it was seen already. */
bool streamer_at_boundary(struct binlog_streamer *s, uint32_t timestamp,
			  struct error *err) MUST_CHECK;
/* The open transaction ends here: a boundary; its GTID is done. */
bool streamer_end_transaction(struct binlog_streamer *s, const struct binlog_event *event,
			      struct error *err) MUST_CHECK;
/* Always false: the open transaction is not committed as logged, and delivered rows
 * cannot be taken back. */
bool streamer_refuse_delivered(struct binlog_streamer *s, const char *what,
			       struct error *err) MUST_CHECK;
/* Always false: an XA transaction that a commit ends is not followed by its PREPARE. */
bool streamer_refuse_unprepared(struct binlog_streamer *s, const char *verb,
				struct error *err) MUST_CHECK;

/* streamer_statements.c */

/* Is this transaction's part in the table older than its copy? */
bool streamer_is_older(const struct binlog_streamer *s, const char *schema, const char *name);
/* Whatever touches a copied table ends the run, or is reported on a stream that is
 * watched. */
bool streamer_check_statement(struct binlog_streamer *s, const struct statement *statement,
			      const struct binlog_query *query, uint32_t timestamp,
			      struct error *err) MUST_CHECK;
/* A statement that changes rows, where triggers or functions may change others. */
bool streamer_check_side_effects(struct binlog_streamer *s, const struct binlog_query *query,
				 struct error *err) MUST_CHECK;
/* From now on there are some, if the statement's beginning speaks of them. */
void streamer_notice_side_effects(struct binlog_streamer *s, const struct binlog_query *query);

/* streamer_gtids.c */

/* The open transaction has this event's GTID, or none. */
bool streamer_gtid_begins(struct binlog_streamer *s, const struct binlog_event *event,
			  struct error *err) MUST_CHECK;
/* The transaction that has it ends at a boundary. */
void streamer_gtid_done(struct binlog_streamer *s);
/* Between transactions: all that the server had logged, or was given as logged, before
 * the file. */
bool streamer_gtid_list(struct binlog_streamer *s, const struct binlog_event *event,
			struct error *err) MUST_CHECK;

/* streamer_watch.c */

bool streamer_is_watched(const struct binlog_streamer *s);
/* ROWS_QUERY, ANNOTATE_ROWS: the statement whose rows follow. */
void streamer_on_statement_text(struct binlog_streamer *s, const struct binlog_event *event);
/* Rows of a copied table. */
bool streamer_watch_rows(struct binlog_streamer *s, const struct binlog_event *event,
			 const struct binlog_table_map *map, struct error *err) MUST_CHECK;
/* A statement that may touch what is named. */
bool streamer_watch_statement(struct binlog_streamer *s, const char *verb, const char *hit,
			      const struct binlog_query *query, uint32_t timestamp,
			      struct error *err) MUST_CHECK;

#endif
