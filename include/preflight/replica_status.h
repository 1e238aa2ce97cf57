/* What a source that is a replica says about its replication: how far it has executed
 * its master's binlog, and what stops it. One round trip each, in the caller's thread. */
#ifndef PREFLIGHT_REPLICA_STATUS_H
#define PREFLIGHT_REPLICA_STATUS_H

#include "decode/position.h"
#include "db/db.h"

struct replica_status {
	struct binlog_position executed; /* in the master's files; all before it is committed */
	uint64_t master_id;		 /* server_id */
	char master[300];		 /* "host:port" */
	bool is_receiving;		 /* the thread that reads from the master */
	bool is_executing;		 /* the thread that executes what was read */
	bool is_broken;			 /* one of them stopped with an error */
	char error[512];		 /* the replica's message; "": none */
	bool is_filtered;		 /* some Replicate_... rule leaves changes out */
	int64_t lag_s;			 /* -1: unknown, as it is not replicating */
	char channel[80];		 /* "": the default one */
};

/* The replication from the master with this server_id; 0: the first there is. *found says
 * whether there is one. ERROR_ACCESS: the account may not see it. */
bool replica_status_read(struct db *replica, uint64_t master_id, struct replica_status *replication,
			 bool *found, struct error *err) MUST_CHECK;

/* The channel that is furthest behind; one whose lag is unknown counts as that. */
bool replica_status_slowest(struct db *replica, struct replica_status *slowest, bool *found,
			    struct error *err) MUST_CHECK;

enum replicates { REPLICATES_NOT, REPLICATES, REPLICATES_UNKNOWN };

/* Does this server replicate from another one, now or when its replication is started?
 * UNKNOWN: the account may not see it (MariaDB: SLAVE MONITOR), and there are signs that it
 * did at some time. */
bool replica_status_check(struct db *server, enum replicates *answer, struct error *err) MUST_CHECK;
/* ReplicatedMasterPositionQuery: one row with a file and an offset. */
bool replica_status_query(struct db *replica, const char *query, struct binlog_position *executed,
			  struct error *err) MUST_CHECK;

/* Does a position mean that all before it is committed? Otherwise *err names the setting
 * and its remedy. by_query: the position is from ReplicatedMasterPositionQuery. */
bool replica_status_is_ordered(struct db *replica, bool by_query, struct error *err) MUST_CHECK;

#endif
