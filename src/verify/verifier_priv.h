/* What the parts of the verifier share: verifier.c (set-up, rows that are recorded, the
 * status), verifier_passes.c (passes over the pending rows), verifier_final.c (the verdict at
 * the cutover), verifier_on_demand.c. */
#ifndef VERIFY_VERIFIER_PRIV_H
#define VERIFY_VERIFIER_PRIV_H

#include "base/stop.h"
#include "compare/row_repair.h"
#include "compare/table_diff.h"
#include "rows/pending_rows.h"
#include "verify/verifier.h"

struct recheck_rules;

#define KEYS_PER_SLICE 2000

struct verified_table {
	bool is_ignored; /* constant once made */

	/* Guarded by the verifier's lock. */
	bool is_incorrect; /* by the newest verification; set by whoever ends it */
	bool is_displaced; /* a repair displaced rows: to be compared as a whole again; set by
			    * whoever repairs, taken by the ferry's thread */
	uint64_t repaired; /* rows; counted by the ferry's thread */
};

struct verifier {
	/* Constant once made. */
	struct run *run;
	enum verifier_type type;
	struct verifier_hooks hooks;
	struct table_diff diff;
	struct repair_plan plan;
	const struct repair_plan *repair; /* &plan; NULL: nothing is repaired */
	struct verified_table *tables;	  /* owned; by moved_table.index */

	struct pending_rows pending; /* locks itself */
	struct stop rounds_stop;
	struct stop stop;	 /* ends a verification on demand */
	struct thread rounds;	 /* Inline: over changed rows */
	struct thread on_demand; /* the newest verification on demand */

	/* Shared. */
	struct mutex lock;
	unsigned number; /* guarded by lock: of the verification whose result counts */
	enum verification_result result;   /* guarded by lock: of that one */
	char *message;			   /* guarded by lock; owned; NULL: none */
	struct verifier_finding *findings; /* guarded by lock; owned */
	size_t finding_count;		   /* guarded by lock */
	uint64_t different_rows;	   /* guarded by lock */
	unsigned on_demand_number;	   /* guarded by lock: of the newest one on demand */
	bool on_demand_compares; /* guarded by lock: it may go on when its result counts no more */
};

/* Rows that differ are to be compared again: a difference_found, context is the
 * verifier. */
void verifier_queue_difference(void *context, const struct row_hash *f,
			       const struct row_difference *difference);
/* Where the comparison of a table begins; a comparison's begin. */
bool verifier_begin_table(void *context, size_t table, struct key *low);
/* Tables with a key that are still to be compared as a whole. */
size_t verifier_uncompared(struct verifier *v);
/* Compares rows again that were taken from those that are pending. */
bool verifier_recheck(struct range_diff *c, const struct queued_key *keys, size_t count,
		      const struct recheck_rules *rules, struct row_repair *repair,
		      struct table_report *report, struct error *err) MUST_CHECK;

/* Adds to the number of repaired rows. */
void verifier_count_repaired(struct verifier *v, const struct table_report *report);
/* Were rows of any table displaced since the last call? Copies which; each table is named
 * once. */
bool verifier_take_displaced(struct verifier *v, bool *which);

/* verifier_passes.c: the body of Inline's own thread. */
void verifier_rounds_main(void *argument);

/* A verification begins; its number. The result of the newest one counts: one on demand gives
 * way to the verdict. */
unsigned verifier_begin(struct verifier *v);
/* It has ended. Takes message. */
void verifier_end(struct verifier *v, unsigned number, const struct diff_report *report,
		  enum verification_result result, char *message);
/* verifier_findings.c, under the lock: what the report found becomes the verifier's. NULL: it
 * has none any more. */
void verifier_set_findings(struct verifier *v, const struct diff_report *report);
void verifier_copy_findings(const struct verifier *v, struct verifier_status *status);
void verifier_findings_free(struct verifier_finding *findings, size_t count);
/* But for those that are ignored. */
size_t verifier_different_tables(const struct verifier *v, const struct diff_report *report);

#endif
