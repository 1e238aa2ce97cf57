/* One line for each part. */
#include "run/run_part.h"

const char *run_part_name(enum run_part part)
{
	static const char *const names[] = {
		[PART_INITIALIZE] = "ferry.initialize",
		[PART_START] = "ferry.start",
		[PART_CREATE_TABLES] = "ferry.createDatabasesAndTables",
		[PART_DATA_ITERATOR] = "data_iterator",
		[PART_DEFERRED_INDEXES] = "deferred_indexes",
		[PART_BINLOG_STREAMER] = "binlog_streamer",
		[PART_SCHEMA_CHANGE] = "schema_change",
		[PART_BINLOG_WRITER] = "binlog_writer",
		[PART_INLINE_VERIFIER] = "inline_verifier",
		[PART_TARGET_VERIFIER] = "target_verifier",
		[PART_RUN_LOCK] = "run_lock",
		[PART_DURABLE_STATE] = "durable_state",
		[PART_TARGET_FORGOT] = "target_forgot",
		[PART_CUTOVER] = "cutover",
		[PART_REPLICA] = "wait_replica",
		[PART_VERIFIER] = "verifier",
		[PART_USER_INTERRUPT] = "user_interrupt",
		[PART_SYSTEM] = "system",
	};

	return names[part];
}
