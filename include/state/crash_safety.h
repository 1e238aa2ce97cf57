/* What a server may forget when it crashes, or its machine loses power: commits that it has
 * confirmed and not yet put on its disk. */
#ifndef STATE_CRASH_SAFETY_H
#define STATE_CRASH_SAFETY_H

#include "db/db.h"

struct crash_safety {
	uint64_t flush_at_commit; /* innodb_flush_log_at_trx_commit */
	uint64_t flush_every_s;	  /* innodb_flush_log_at_timeout */
	uint64_t sync_binlog;
	bool has_binlog;
	uint64_t started; /* when the server was, by its own clock: seconds since 1970; 0: unknown */
	uint64_t up_s;	  /* since then; 0: unknown, or so */
};

bool crash_safety_ask(struct db *db, struct crash_safety *safety, struct error *err) MUST_CHECK;
/* Does a COMMIT that was answered last? */
bool crash_safety_is_full(const struct crash_safety *safety);
/* Does InnoDB put every commit on the disk? What else it has is a matter of the binlog. */
bool crash_safety_flushes(const struct crash_safety *safety);
/* The setting that is to blame: "innodb_flush_log_at_trx_commit is 2". */
void crash_safety_put_reason(struct buf *text, const struct crash_safety *safety);

/* Ends of InnoDB's log: what was written, and what of it is on the disk. */
struct redo_ends {
	bool is_known; /* else this account may not see them */
	bool is_late;  /* current may lack the last moments */
	uint64_t current;
	uint64_t on_disk;
};

bool crash_safety_ask_redo(struct db *db, struct redo_ends *ends, struct error *err) MUST_CHECK;

#endif
