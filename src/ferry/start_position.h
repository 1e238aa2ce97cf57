/* Where the stream of changes must begin, and what is known to be applied there: at the source's
 * end for a new run, at the state's position for a resumed one, and by GTID when that is resumed on
 * another server. Ferry's thread. */
#ifndef FERRY_START_POSITION_H
#define FERRY_START_POSITION_H

#include "base/stop.h"
#include "stream/feed.h"
#include "state/state_read.h"

struct start_position {
	struct binlog_position position;
	bool has_gtids;
	struct gtid_set applied;
	struct gtid_set received;
	bool is_other_server; /* on another server than the state's */
};

/* identity: the server's, see db_ask_identity(). resume may be NULL. If the server's binlog cannot
 * continue where the state ends: ERROR_CONFIG, or ERROR_PURGED where the binlog is gone. */
bool start_position_choose(struct start_position *start, struct db *source, const char *identity,
			   const struct binlog_feed_params *feed, const struct saved_state *resume,
			   struct stop *stop, struct error *err) MUST_CHECK;
void start_position_release(struct start_position *start);

#endif
