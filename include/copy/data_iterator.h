/* The row copy: readers walk the source's tables chunk by chunk, batch writers put
 * the rows on the target. Reading and writing overlap: a reader goes on with the
 * next chunk while a writer works on the last. */
#ifndef COPY_DATA_ITERATOR_H
#define COPY_DATA_ITERATOR_H

#include "run/run.h"

struct data_iterator; /* opaque */
struct verifier;

/* Takes over from the tracker where tables were left. packet_limit: rows are cut to
 * statements that the target takes (write_packet_limit()). verifier is borrowed; NULL:
 * nothing is verified. */
struct data_iterator *data_iterator_new(struct run *run, struct verifier *verifier,
					uint64_t packet_limit);
/* Starts options->copy_workers readers and as many writers. */
void data_iterator_start(struct data_iterator *iterator);
/* Waits until all tables are copied, or the run was stopped. True: all copied. */
bool data_iterator_join(struct data_iterator *iterator);
void data_iterator_free(struct data_iterator *iterator);

/* Any thread: the largest key a table had when it was begun, unset before that. */
void data_iterator_target_key(struct data_iterator *iterator, const struct moved_table *table,
			      struct key *key);

/* Any thread: which side do threads wait for just now? */
enum slower_side data_iterator_limit(struct data_iterator *iterator);

#endif
