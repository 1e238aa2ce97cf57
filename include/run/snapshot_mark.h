/* Where the snapshot that a table without a key is copied from lies in the source's
 * binlog, and how far its changes were received. One per table; unused where there is a
 * key.
 *
 * Threads: whoever copies the table begins and places the snapshot (the data iterator, later
 * perhaps a binlog writer); the streamer checks every change; the binlog writers check again before
 * they apply one. */
#ifndef RUN_SNAPSHOT_MARK_H
#define RUN_SNAPSHOT_MARK_H

#include "base/thread.h"
#include "decode/position.h"

struct snapshot_mark {
	struct mutex lock;
	bool is_begun;		      /* guarded by lock: it may be taken at any moment */
	struct binlog_position place; /* guarded by lock; unset: not known yet */

	/* Owned by the streamer's thread: the last change that was received. */
	struct binlog_position received;
	uint64_t received_number;

	/* Owned by whoever copies the table, set before threads start on a resume: what
	 * the target's table holds was written by this run. */
	bool is_ours;
};

void snapshot_mark_init(struct snapshot_mark *mark);
void snapshot_mark_destroy(struct snapshot_mark *mark);

/* Before the snapshot is requested. */
void snapshot_mark_begin(struct snapshot_mark *mark);
/* It was taken: it holds exactly the changes that end at or before place. */
void snapshot_mark_place(struct snapshot_mark *mark, const struct binlog_position *place);

/* Does the snapshot hold a change that was just received, whose event ends there? False
 * as well where it is not known yet. */
bool snapshot_mark_holds_received(struct snapshot_mark *mark, const struct binlog_position *end);
/* The same for a change that waited until the copy was done. */
bool snapshot_mark_holds(struct snapshot_mark *mark, const char *file, uint64_t offset);
/* Streamer's thread: was this change received before (number: of the row in its
 * transaction)? Remembers it. */
bool snapshot_mark_is_repeated(struct snapshot_mark *mark, const struct binlog_position *end,
			       uint64_t number);

#endif
