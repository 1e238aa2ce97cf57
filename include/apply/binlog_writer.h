/* Applies the source's row changes to the target, by key and as whole rows (I5): insert and update
 * become "make the row with this key be this image", delete becomes "no row with this key".
 *
 * Threads: the streamer adds changes and boundaries; apply_workers threads write them; any thread
 * may query the counters. */
#ifndef APPLY_BINLOG_WRITER_H
#define APPLY_BINLOG_WRITER_H

#include "decode/table_map.h"
#include "run/run.h"

struct binlog_writer; /* opaque */
struct verifier;

/* From now until it is freed, every ticket that ends wakes its threads. verifier is borrowed; NULL:
 * nothing is verified. */
struct binlog_writer *binlog_writer_new(struct run *run, struct verifier *verifier);
void binlog_writer_start(struct binlog_writer *writer);

/* Streamer's thread. Takes a copy; waits while options->queue_bytes are queued.
 * False with ERROR_STOPPED when the run ends meanwhile. */
bool binlog_writer_add(struct binlog_writer *writer, const struct row_change *change,
		       struct error *err) MUST_CHECK;
/* Streamer's thread: the table, which has a key and is moved as a whole, is emptied between what
 * was added before and what is added later. */
bool binlog_writer_truncate(struct binlog_writer *writer, const struct table *source,
			    struct error *err) MUST_CHECK;
/* Streamer's thread: everything added so far lies before position, and position lies between
 * transactions. The tracker's position becomes this one when all of it is applied (I6), and the
 * gtids, which are moved from here, then count as applied. */
void binlog_writer_boundary(struct binlog_writer *writer, const struct binlog_position *position,
			    struct gtid_set *gtids, uint32_t timestamp);

/* Streamer's thread. Waits until all changes added for these tables (by moved_table.index) are
 * applied, and all their tickets issued so far have ended (C1). */
bool binlog_writer_settle(struct binlog_writer *writer, const bool *tables,
			  struct error *err) MUST_CHECK;
/* Any thread: changes received but not yet applied. */
uint64_t binlog_writer_queued(struct binlog_writer *writer);
/* Any thread: all changes received, and the memory that those in the queue take. */
uint64_t binlog_writer_received(struct binlog_writer *writer, uint64_t *queued_bytes);
/* Any thread: is the streamer waiting for room that the target is slow to make? Not where nothing
 * is being applied: then all changes wait at the fence, for a read of the source. */
bool binlog_writer_is_full(struct binlog_writer *writer);
/* Any thread: seconds between the oldest change not yet applied and now by the
 * source's clock; 0 when there is none. */
double binlog_writer_lag_s(struct binlog_writer *writer, double source_now);

/* Nothing will be added any more: threads end when the queues are empty. Joins
 * them; true when everything was applied. */
bool binlog_writer_finish(struct binlog_writer *writer);
void binlog_writer_free(struct binlog_writer *writer);

#endif
