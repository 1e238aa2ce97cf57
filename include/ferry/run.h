/* What all workers of one migration share: borrowed pointers, set before any of
 * them starts. A worker ends by itself when stop is set, and ends the run by
 * calling fail() (the first error counts). */
#ifndef FERRY_RUN_H
#define FERRY_RUN_H

#include "ferry/state_tracker.h"
#include "ferry/throttler.h"

struct verifier;

struct run {
	const struct ferry_options *options;
	const struct ferry_tables *tables;
	struct state_tracker *tracker;
	struct throttler *throttler;
	struct stop *stop;
	struct verifier *verifier; /* NULL: nothing is verified */
	/* Rows per batch asked for at run time; 0: sized by bytes. */
	_Atomic uint64_t batch_rows;
	void (*fail)(void *context, const char *from, const struct error *err);
	void *fail_context;
};

#endif
