/* What the state of a run that goes back says of the move that it undoes: member "WayBack".
 *
 *   { "RunID": "…", "OldSource": "…", "Verifier": "Inline", "HasBegun": false,
 *     "Tables": { "shop": { "orders": ["app", "orders"] } } }
 *
 * The tables are by their names on the new server, and hold those on the old one. */
#ifndef STATE_WAY_BACK_H
#define STATE_WAY_BACK_H

#include "base/json.h"
#include "plan/moved_table.h"
#include "state/run_state.h"

struct way_back {
	bool is_set;		  /* else the state is that of a move */
	char run_id[RUN_ID_SIZE]; /* of the move */
	char old_source[64];	  /* its source, as in run_state.source_uuid */
	const char *verifier;	  /* its VerifierType; "": the two sides were not compared */
	bool has_begun;		  /* rows of the old source may have been written */
	struct map names;	  /* as in struct way_back_options */
	struct name_pair *pairs;  /* owned */
};

/* node NULL: none. It is borrowed. */
bool way_back_read(const cJSON *node, struct way_back *back, struct error *err) MUST_CHECK;
void way_back_release(struct way_back *back);
/* Of a move: run_id, old_source and verifier are those of back; tables are of the way back. */
cJSON *way_back_json(const struct way_back *back, const struct moved_tables *tables);
/* Of a state that was read, from now on: it has begun. */
cJSON *way_back_begun(const cJSON *node);

#endif
