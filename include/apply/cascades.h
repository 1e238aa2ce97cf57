/* Changes that foreign keys make in child rows and that the source's binlog does not have (C1 to
 * C6): carried behind the change of the parent that they follow. See cascades.c.
 *
 * Threads: the streamer's hands changes in and resolves them; the ferry's compares what is in
 * doubt; any may have the state. */
#ifndef APPLY_CASCADES_H
#define APPLY_CASCADES_H

#include "apply/binlog_writer.h"
#include "base/json.h"
#include "decode/position.h"

struct cascades; /* opaque */

struct cascades_hooks {
	/* As in struct recheck_rules. */
	bool (*catch_up)(void *context, struct db *source, struct error *err);
	void *context;
	bool is_target_in_use; /* nothing is written again there: such a change ends the run */
};

/* target is used during the call. stage: Cascades of the state that is resumed, NULL: it has
 * none; is_resumed: there was a state. verifier may be NULL. NULL and *err on failure. */
struct cascades *cascades_new(struct run *run, struct binlog_writer *writer,
			      struct verifier *verifier, struct db *target, const cJSON *stage,
			      bool is_resumed, const struct cascades_hooks *hooks,
			      struct error *err) MUST_CHECK;
void cascades_free(struct cascades *c);

/* Streamer's thread: in front of binlog_writer_add(), behind it, and in front of
 * binlog_writer_boundary(). */
bool cascades_before(struct cascades *c, const struct row_change *change,
		     struct error *err) MUST_CHECK;
bool cascades_after(struct cascades *c, const struct row_change *change,
		    struct error *err) MUST_CHECK;
bool cascades_boundary(struct cascades *c, struct error *err) MUST_CHECK;

/* The ferry's thread: all tables are copied, and the source's binlog ended here afterwards. */
void cascades_copied(struct cascades *c, const struct binlog_position *end);
/* The ferry's thread. before: while rows change, so that nothing is left. during: source and
 * target stand still; what cannot be made equal is ERROR_DIFFERENT. */
bool cascades_before_cutover(struct cascades *c, struct error *err) MUST_CHECK;
bool cascades_during_cutover(struct cascades *c, struct error *err) MUST_CHECK;

/* For the state; the caller's. To be called after the tracker's part was copied. NULL: there are
 * no such keys. */
cJSON *cascades_state(struct cascades *c);
/* The same of a run that begins where both servers are equal. */
cJSON *cascades_nothing_in_doubt(void);

#endif
