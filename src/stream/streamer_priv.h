/* The inside of struct binlog_streamer, for streamer.c, streamer_events.c,
 * streamer_gtids.c, streamer_kept.c, streamer_statements.c, streamer_tail.c and streamer_watch.c. All functions by the
 * streamer's thread. */
#ifndef STREAM_STREAMER_PRIV_H
#define STREAM_STREAMER_PRIV_H

#include "stream/streamer.h"
#include "xa.h"

enum group {
	GROUP_NONE,	   /* between transactions */
	GROUP_ANNOUNCED,   /* a GTID was seen: a statement or a transaction follows */
	GROUP_TRANSACTION, /* until XID, COMMIT, ROLLBACK or XA_PREPARE */
};

/* Of the open transaction: what had come when it was set. */
struct savepoint {
	char name[194];
	size_t kept;	    /* bytes */
	uint64_t handed_on; /* rows */
};

struct binlog_streamer {
	struct binlog_streamer_params params;
	struct thread thread;

	/* Owned by the streamer's thread once it runs. */
	struct binlog_feed *feed; /* NULL: to be opened at the last boundary */
	struct binlog_format format;
	struct binlog_position position; /* end of the last event that told */
	bool is_behind; /* of an event since then that told nothing */
	struct binlog_position group_start; /* the last place between groups */
	struct binlog_position skip_to;	 /* events that end at or before it were seen already */
	struct binlog_position cut_at;	 /* rows up to there were handed on without their commit
					  * when a connection, or an earlier run, ended; unset: none */
	enum group group;
	bool group_is_xa;
	bool group_has_rows; /* of copied tables, that were handed on */
	uint64_t group_rows; /* of them, handed on */
	struct map table_maps; /* table id (8 bytes) -> struct binlog_table_map */
	struct row_decoder *decoder;
	struct buf plain;  /* an uncompressed event */
	struct buf held;   /* events of copied tables in the open group, not yet handed on: all of
			    * an XA transaction, rows of others */
	struct savepoint *savepoints; /* owned; of the open group */
	size_t savepoint_count;
	struct buf xid;	   /* scratch */
	struct buf text;   /* beginning of the statement whose rows follow; watched streams */
	bool has_text;
	bool text_is_over; /* the statement's last rows were seen */
	struct xa_list undecided;
	bool follows_gtids;
	struct gtid gtid;	 /* of the open group */
	struct gtid open_gtid;	 /* the same of MariaDB, whether GTIDs are followed or not */
	struct gtid_set applied; /* at the start */
	bool is_passing;	 /* all groups so far were among them */
	bool passes_group;	 /* the open group is */
	struct gtid_set done;	 /* before the boundary and not yet handed on */
	struct gtid_set whole;	 /* applied at the start, or ended since */
	struct gtid_set begun;	 /* MariaDB: of these domains nothing can be missing */
	bool is_finished; /* reached the stop position */
	bool is_late;	  /* reached the final position */
	struct binlog_position late_after; /* rows up to there are not late, or were reported */

	/* Shared. */
	struct mutex lock;
	struct condition changed; /* is_final, has_ended */
	struct binlog_position boundary; /* guarded by lock: last one handed on */
	struct binlog_position passed; /* guarded by lock: the same, undecided XA or not */
	struct buf undecided_text; /* guarded by lock: those before passed */
	struct binlog_position final;	 /* guarded by lock; unset: none */
	bool is_final;			 /* guarded by lock: it is reached */
	bool has_ended;			 /* guarded by lock: the thread */
	struct binlog_position stop_at;	 /* guarded by lock; unset: go on */
	uint32_t last_timestamp;	 /* guarded by lock; 0: idle at the end */
};

/* streamer_events.c */

/* The position lies between transactions and everything before it was handed on. */
bool streamer_at_boundary(struct binlog_streamer *s, uint32_t timestamp,
			  struct error *err) MUST_CHECK;
/* One event as it came from the server: moves the position, hands on rows and
 * boundaries. */
bool streamer_dispatch(struct binlog_streamer *s, struct binlog_event *event,
		       struct error *err) MUST_CHECK;
void streamer_forget_table_maps(struct binlog_streamer *s);
/* Whatever was open is forgotten. */
void streamer_leave_group(struct binlog_streamer *s);
/* The open group ends here: a boundary; its GTID is done. */
bool streamer_end_group(struct binlog_streamer *s, const struct binlog_event *event,
			struct error *err) MUST_CHECK;
/* Rows handed on since the last boundary cannot be taken back: a group that turns
 * out not to be committed as logged is an error when it has any. */
bool streamer_refuse_if_rows(struct binlog_streamer *s, const char *what,
			     struct error *err) MUST_CHECK;
/* An XA transaction is committed: what it did happens now. */
bool streamer_hand_on_held(struct binlog_streamer *s, const struct buf *events,
			   struct error *err) MUST_CHECK;

/* Decodes and hands on. */
bool streamer_decode_rows(struct binlog_streamer *s, struct binlog_event *event,
			  struct error *err) MUST_CHECK;

/* streamer_gtids.c */

/* The open group has this event's GTID, or none. */
bool streamer_gtid_begins(struct binlog_streamer *s, const struct binlog_event *event,
			  struct error *err) MUST_CHECK;
/* The group that has it ends at a boundary. */
void streamer_gtid_done(struct binlog_streamer *s);
/* Between groups: all that the server had logged, or was told that it has, before the
 * file. */
bool streamer_gtid_list(struct binlog_streamer *s, const struct binlog_event *event,
			struct error *err) MUST_CHECK;

/* streamer_tail.c */

/* The file ends in the middle of an event: goes on in the next one if nothing is lost by
 * that; else *err says why the run cannot go on. */
bool streamer_pass_tail(struct binlog_streamer *s, struct error *err) MUST_CHECK;

/* streamer_kept.c */

/* Rows of a copied table. False: they have no room. */
bool streamer_keep(struct binlog_streamer *s, const struct binlog_event *event) MUST_CHECK;
bool streamer_hand_on_kept(struct binlog_streamer *s, struct error *err) MUST_CHECK;
void streamer_savepoint(struct binlog_streamer *s, const char *name);
/* Forgets what was kept since; an error where rows were handed on since. */
bool streamer_roll_back_to(struct binlog_streamer *s, const char *name,
			   struct error *err) MUST_CHECK;

/* streamer_statements.c */

/* Statements: the brackets of transactions, XA decisions, and what must end the run. */
bool streamer_on_query(struct binlog_streamer *s, struct binlog_event *event,
		       struct error *err) MUST_CHECK;

/* streamer_watch.c */

bool streamer_is_watched(const struct binlog_streamer *s);
/* ROWS_QUERY, ANNOTATE_ROWS: the statement whose rows follow. */
void streamer_take_text(struct binlog_streamer *s, const struct binlog_event *event);
/* Rows of a copied table. */
bool streamer_watch_rows(struct binlog_streamer *s, const struct binlog_event *event,
			 const struct binlog_table_map *map, struct error *err) MUST_CHECK;
/* A statement that may touch what is named. */
bool streamer_watch_statement(struct binlog_streamer *s, const char *verb, const char *hit,
			      const struct binlog_query *query, uint32_t timestamp,
			      struct error *err) MUST_CHECK;

#endif
