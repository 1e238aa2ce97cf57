/* The row copy: readers walk the source's tables chunk by chunk, batch writers write the rows to
 * the target. Reading and writing overlap: a reader goes on with the next chunk while a writer
 * works on the last. */
#ifndef COPY_DATA_ITERATOR_H
#define COPY_DATA_ITERATOR_H

#include "run/run.h"

struct data_iterator; /* opaque */
struct verifier;

/* Continues where the tracker says each table was left. packet_limit: the largest statement that
 * the target accepts (write_packet_limit()). verifier is borrowed; NULL: nothing is verified. */
struct data_iterator *data_iterator_new(struct run *run, struct verifier *verifier,
					uint64_t packet_limit);
/* Starts options->copy_workers readers and as many writers. */
void data_iterator_start(struct data_iterator *iterator);
/* Waits until all tables are copied, or the run was stopped. True: all copied. */
bool data_iterator_join(struct data_iterator *iterator);
void data_iterator_free(struct data_iterator *iterator);

/* Any thread: the largest key a table had when its copy began, unset before that. */
void data_iterator_target_key(struct data_iterator *iterator, const struct moved_table *table,
			      struct key *key);

/* Any thread: which side are the threads waiting for right now? */
enum slower_side data_iterator_limit(struct data_iterator *iterator);

#endif
