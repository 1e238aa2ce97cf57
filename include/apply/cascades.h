/* Changes that foreign keys make in child rows and that are not in the source's binlog (C1 to C6):
 * carried over right after the change of the parent that causes them. See cascades.c.
 *
 * Threads: the streamer's delivers changes and resolves them; the ferry's compares tables in doubt;
 * any may read the state. */
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
	bool is_target_in_use; /* no row is rewritten there: such a change ends the run */
};

/* target is used during the call. stage: "Cascades" of the resumed state, NULL: it has none;
 * is_resumed: there was a state. verifier may be NULL. NULL and *err on failure. */
struct cascades *cascades_new(struct run *run, struct binlog_writer *writer,
			      struct verifier *verifier, struct db *target, const cJSON *stage,
			      bool is_resumed, const struct cascades_hooks *hooks,
			      struct error *err) MUST_CHECK;
void cascades_free(struct cascades *c);

/* Streamer's thread: before binlog_writer_add(), after it, and before binlog_writer_boundary(). */
bool cascades_before(struct cascades *c, const struct row_change *change,
		     struct error *err) MUST_CHECK;
bool cascades_after(struct cascades *c, const struct row_change *change,
		    struct error *err) MUST_CHECK;
bool cascades_boundary(struct cascades *c, struct error *err) MUST_CHECK;

/* The ferry's thread: all tables are copied, and the source's binlog ended here afterwards. */
void cascades_copied(struct cascades *c, const struct binlog_position *end);
/* The ferry's thread. before: while rows change, to leave nothing for the cutover. during: source
 * and target are quiesced; what cannot be made equal is ERROR_DIFFERENT. */
bool cascades_before_cutover(struct cascades *c, struct error *err) MUST_CHECK;
bool cascades_during_cutover(struct cascades *c, struct error *err) MUST_CHECK;

/* For the state; owned by the caller. To be called after the tracker's part was copied. NULL: there
 * are no such keys. */
cJSON *cascades_state(struct cascades *c);
/* The same for a run that begins with both servers equal. */
cJSON *cascades_nothing_in_doubt(void);

#endif
