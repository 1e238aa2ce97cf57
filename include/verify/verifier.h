/* Verification as part of a move (VerifierType).
 *
 * ChecksumTable: all tables are compared during the cutover. Iterative: they are
 * compared before it, while rows change; rows that differed or changed meanwhile are
 * compared again, at last during the cutover. Inline: each copied batch is compared
 * right after its commit, changed rows every now and then, and what is left during the
 * cutover.
 *
 * A difference found before the cutover is only a row to be compared again: it may be
 * on its way. The verdict is what remains when source and target stand still. */
#ifndef VERIFY_VERIFIER_H
#define VERIFY_VERIFIER_H

#include "base/json.h"
#include "run/run.h"
#include "compare/range_diff.h"

struct verifier; /* opaque */
struct row_batch;

struct verifier_hooks {
	/* Waits until the target has all that the source has now. */
	bool (*catch_up)(void *context, struct db *source, struct error *err);
	void *context;
};

/* target is only used during the call, to read definitions. stage: VerifierStage of the
 * state that is resumed, or NULL; is_resumed: there was a state. NULL and *err on
 * failure. */
struct verifier *verifier_new(struct run *run, struct db *target, const cJSON *stage,
			      bool is_resumed, const struct verifier_hooks *hooks,
			      struct error *err) MUST_CHECK;
void verifier_free(struct verifier *v);

/* Inline: rows that change are compared from now on, in a thread of its own. */
void verifier_start(struct verifier *v);

/* Any thread: a change of this row was applied. */
void verifier_record(struct verifier *v, const struct moved_table *table, const char *condition,
		     size_t length);
/* Any thread: whatever was found equal is to be compared again. */
void verifier_invalidate_all(struct verifier *v);
/* Inline, a batch writer's thread with a comparer of its own: the batch was committed. Its
 * rows were summed up as they were read, in the way that verifier_begin_batch() put into
 * it. v may be NULL. */
bool verifier_wants_batches(const struct verifier *v);
void verifier_begin_batch(const struct verifier *v, struct row_batch *batch);
bool verifier_open_comparer(struct verifier *v, struct range_diff *c, struct error *err) MUST_CHECK;
bool verifier_batch(struct verifier *v, struct range_diff *c, const struct row_batch *batch,
		    struct error *err) MUST_CHECK;

/* The ferry's thread. before: everything that can be done while rows change. during:
 * the verdict; source and target stand still. ERROR_DIFFERENT names tables and keys. */
bool verifier_before_cutover(struct verifier *v, struct error *err) MUST_CHECK;
bool verifier_during_cutover(struct verifier *v, struct error *err) MUST_CHECK;

/* Any thread, does not wait: compares everything now, only to report. False when that
 * is not possible, and why. */
bool verifier_request(struct verifier *v, struct error *err) MUST_CHECK;

/* What is known of the newest verification. */
enum verification_result {
	VERIFICATION_NONE, /* there was none */
	VERIFICATION_RUNNING,
	VERIFICATION_FAILED, /* ended with an error */
	VERIFICATION_EQUAL,
	VERIFICATION_DIFFERENT,
};

/* A row that differs, or a table: then without a key. */
struct verifier_finding {
	const char *table; /* borrowed */
	char *key;	   /* owned: for display; "" */
	char *kind;	   /* owned: "rows checksum difference", or what else is wrong */
};

#define VERIFIER_FINDINGS_MAX 200 /* that are kept of one verification */

struct verifier_status {
	const char *type;  /* "Inline" */
	bool is_available; /* on demand */
	enum verification_result result;
	char *message;		 /* owned; never NULL; why it has failed, too */
	char **incorrect_tables; /* owned, each borrowed */
	size_t incorrect_count;
	struct verifier_finding *findings; /* owned; the first of the different rows */
	size_t finding_count;
	uint64_t different_rows; /* all of them */
	uint64_t queued;
	uint64_t repaired; /* rows, in this process */
};

void verifier_status(struct verifier *v, struct verifier_status *status);
void verifier_status_release(struct verifier_status *status);
/* For the state; the caller's. To be called after the tracker's part was copied: a row
 * whose change lies before that position is in here, or was verified since. */
cJSON *verifier_state(struct verifier *v);

#endif
