/* Internals of struct data_iterator, for data_iterator.c and batch_writer.c. */
#ifndef COPY_DATA_ITERATOR_PRIV_H
#define COPY_DATA_ITERATOR_PRIV_H

#include "base/channel.h"
#include "base/thread.h"
#include "chunk_plan.h"
#include "copy/data_iterator.h"
#include "rows/row_batch.h"

/* After this many batches that LOAD DATA could not store exactly, a table is written by INSERT. */

/* Rows on their way from a reader to a batch writer, which frees them. */
struct chunk_batch {
	struct row_batch *rows; /* owned */
	struct chunk *chunk;	/* borrowed: it outlives the batch */
	uint64_t reserved;	/* bytes of the run's budget for rows */
};

/* A reader or a batch writer. */
struct worker {
	struct data_iterator *iterator;
	struct thread thread;
	unsigned number;
};

struct data_iterator {
	/* Constant once started. */
	struct run *run;
	unsigned worker_count;
	struct verifier *verifier; /* NULL: nothing is verified */
	struct worker *readers;	   /* owned */
	struct worker *writers;	   /* owned */
	uint64_t packet_limit;	   /* of the target */
	struct channel batches;	   /* of struct chunk_batch *, from readers to writers */
	_Atomic unsigned writing;  /* batches on their way to the target */

	/* Shared. */
	struct mutex lock;
	struct condition changed; /* a plan is free again, exhausted, or readers ended */
	struct chunk_plan *plans; /* guarded by lock; by moved_table.index */
	struct key *target_keys;  /* guarded by lock; by moved_table.index */
	size_t plan_count;
	size_t unread;		  /* guarded by lock: plans not exhausted */
	size_t first_unread;	  /* guarded by lock: all plans before it are exhausted */
	unsigned readers_running; /* guarded by lock */
};

/* Called by the batch writers. */

/* The batch is on the target: records what has become certain, ends its ticket. */
void data_iterator_batch_done(struct data_iterator *it, const struct chunk_batch *batch);
/* Frees it and its share of the run's budget for rows. */
void data_iterator_batch_free(struct data_iterator *it, struct chunk_batch *batch);

/* batch_writer.c: a batch writer's thread; the argument is its struct worker. */
void batch_writer_main(void *argument);

#endif
