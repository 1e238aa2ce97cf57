/* What the parts of the verifier share: verifier.c (set-up, rows that are noted, the
 * status), verifier_passes.c (passes over the queue), verifier_final.c (the verdict at
 * the cutover), verifier_on_demand.c (a verification that was asked for). */
#ifndef VERIFY_VERIFIER_PRIV_H
#define VERIFY_VERIFIER_PRIV_H

#include "base/stop.h"
#include "compare/row_repair.h"
#include "compare/table_diff.h"
#include "verify/verifier.h"
#include "rows/pending_rows.h"

#define KEYS_PER_SLICE 2000

struct verifier {
	/* Constant once made. */
	struct run *run;
	enum verifier_type type;
	struct verifier_hooks hooks;
	struct table_diff verification;
	struct repair_plan repair; /* run NULL: nothing is repaired */
	bool *is_ignored; /* owned; by moved_table.index */

	struct pending_rows queue; /* locks itself */
	struct stop rounds_stop;
	struct stop stop; /* ends a verification that was asked for */
	struct thread rounds;	   /* Inline: over changed rows */
	struct thread asked;	   /* a verification that was asked for */

	/* Shared. */
	struct mutex lock;
	bool is_running;    /* guarded by lock: a verification that gives a result */
	unsigned number;    /* guarded by lock: of the verification whose result counts */
	unsigned asked_number; /* guarded by lock: of the one that was asked for last */
	bool asked_compares; /* guarded by lock: it may go on when its result counts no more */
	bool has_started;   /* guarded by lock */
	bool is_done;	    /* guarded by lock */
	bool has_failed;    /* guarded by lock */
	bool data_correct;  /* guarded by lock */
	char *message;	    /* guarded by lock; owned; NULL: none */
	bool *is_incorrect; /* guarded by lock; owned; by moved_table.index */
	bool *is_displaced; /* guarded by lock; owned; by moved_table.index: to be compared
			      * as a whole again, after a repair */
	uint64_t *repaired; /* guarded by lock; owned; by moved_table.index: rows */
};

/* Rows that differ are to be looked at again: a difference_found, context is the
 * verifier. */
void verifier_queue_difference(void *context, const struct row_hash *f,
			       const struct row_difference *difference);
/* For rows that may still be on their way: a recheck's catch_up. */
bool verifier_catch_up(void *context, struct db *source, struct error *err);
/* Where the comparison of a table begins; a comparison's begin. */
bool verifier_begin_table(void *context, size_t table, struct key *low);
/* Tables with a key that are still to be compared as a whole. */
size_t verifier_uncompared(struct verifier *v);

/* The plan, or NULL. */
const struct repair_plan *verifier_repair(const struct verifier *v);
/* Adds to the number of repaired rows. */
void verifier_count_repaired(struct verifier *v, const struct table_report *verdict);
/* Was any table pushed out of since it was last asked? Copies which; a table is told
 * once. */
bool verifier_take_displaced(struct verifier *v, bool *which);

/* verifier_passes.c: the body of Inline's own thread. */
void verifier_rounds_main(void *argument);

/* verifier_final.c: results. The newest verification counts: its number is the one
 * that was given out last. */
unsigned verifier_set_running(struct verifier *v);
/* Takes message. */
void verifier_set_result(struct verifier *v, unsigned number, const struct diff_report *verdict,
			 bool failed, bool correct, char *message);
size_t verifier_different_tables(const struct verifier *v, const struct diff_report *verdict);

#endif
