/* The parts of a run that may end it, as its log and the error callback name them. */
#ifndef RUN_RUN_PART_H
#define RUN_RUN_PART_H

enum run_part {
	/* Of the start, before anything is moved. */
	PART_INITIALIZE,
	PART_START,
	PART_CREATE_TABLES,

	PART_DATA_ITERATOR,
	PART_DEFERRED_INDEXES,
	PART_BINLOG_STREAMER,
	PART_SCHEMA_CHANGE, /* any part: a table is to be copied again, by resuming at once */
	PART_BINLOG_WRITER,
	PART_INLINE_VERIFIER,
	PART_TARGET_VERIFIER,
	PART_RUN_LOCK,
	PART_DURABLE_STATE,
	PART_TARGET_FORGOT, /* the same: the target may have forgotten commits */
	PART_CUTOVER,
	PART_REPLICA,
	PART_VERIFIER,

	PART_USER_INTERRUPT,
	PART_SYSTEM, /* no memory, no threads */
};

/* "data_iterator": Ghostferry's names, where it has the part. */
const char *run_part_name(enum run_part part);

#endif
