/* What a server knows of GTIDs, asked over an ordinary session, and what stands at the
 * head of its binlog files, read as a replica would: no further privilege is needed. */
#ifndef STREAM_GTID_SOURCE_H
#define STREAM_GTID_SOURCE_H

#include "stream/feed.h"
#include "decode/gtid_set.h"

/* Does every transaction from now on have one? MySQL: gtid_mode is ON; MariaDB: yes. */
bool gtid_source_has(struct db *db, bool *has, struct error *err) MUST_CHECK;

/* The end of the binlog and what lies before it. The set has no transaction that does
 * not; on MySQL it may lack some that are just being committed, as the server writes
 * them to its log before it counts them. The next file's head names them. */
bool gtid_source_current(struct db *db, struct binlog_position *position, struct gtid_set *before,
			 struct error *err) MUST_CHECK;

/* All that the server has done, itself or as a replica. */
bool gtid_source_executed(struct db *db, struct gtid_set *executed, struct error *err) MUST_CHECK;
/* What of that is in none of its binlog files: purged, or in the backup that it was made
 * from, or replicated without log_replica_updates. MariaDB: the last one of each domain of
 * which the log does not speak. */
bool gtid_source_unlogged(struct db *db, struct gtid_set *unlogged, struct error *err) MUST_CHECK;

/* The start of the newest binlog file before which there is nothing that is not in
 * applied. *found false: there is none; before is what lies before the oldest file. */
bool gtid_source_find(struct db *db, const struct binlog_feed_params *params,
		      const struct gtid_set *applied, struct binlog_position *start, bool *found,
		      struct gtid_set *before, struct error *err) MUST_CHECK;

/* The start of the file that follows the position's, and what was logged before it, asked
 * over a session of its own. *found false: there is none, or it does not say. */
bool gtid_source_next_file(const struct binlog_feed_params *params,
			   const struct binlog_position *position, struct binlog_position *next,
			   bool *found, struct gtid_set *before, struct error *err) MUST_CHECK;

#endif
