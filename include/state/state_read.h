/* A state that was read: in the layout of Ghostferry's "Interrupt and resume" document, or in
 * one of the flat ones of other Ghostferry versions. */
#ifndef STATE_STATE_READ_H
#define STATE_STATE_READ_H

#include "base/json.h"
#include "state/state_key.h"
#include "state/state_tracker.h"
#include "state/way_back.h"

/* What older versions must not pass over raises a state's format: 2 has "Recopied". */
enum { STATE_FORMAT = 1, STATE_FORMAT_RECOPIED = 2 };

struct saved_state {
	cJSON *tree;	     /* owned: the whole state, borrowed from below */
	const char *version; /* GhostferryVersion */
	/* Without tables, which are matched by saved_state_apply(). Its phase is done, or
	 * starting; cutover_unlocked where it is done, too. */
	struct run_state run;
	struct saved_key *keys; /* owned */
	size_t key_count;
	const char **completed; /* full names; the array is owned */
	size_t completed_count;
	const cJSON *schema_cache; /* object, or NULL */
	const cJSON *key_columns;  /* object: table -> ["a", "b DESC"], or NULL */
	const cJSON *deferred;	   /* object: table -> names of indexes, or NULL */
	const cJSON *copied;	   /* object: table -> Rows, Bytes, or NULL */
	const cJSON *filters;	   /* object: table -> condition of Tables.Where, or NULL */
	/* The members of these by name: cJSON looks through a list. */
	struct map schema_tables;
	struct map key_columns_of;
	struct map copied_of;
	/* Of the state in the StateFile, where that is of the same run; see ferry_line.c.
	 * Empty after saved_state_parse(). */
	struct state_line line_on_file;
	cJSON *owed_on_file; /* owned; object, or NULL: what that state owes may be owed here, too */
	const cJSON *verifier_stage; /* object, or NULL */
	const cJSON *owed_rows;	     /* object, or NULL: see owed_rows.h */
	const cJSON *cascades;	     /* object, or NULL: see cascades.h */
	struct way_back way_back;    /* of a run that goes back */
};

/* Takes ownership of tree, also on failure. Messages name the dotted path. A version newer than
 * ours, a position without file, unknown key kinds and missing parts are ERROR_CONFIG, and so is a
 * state that does not match its own StateChecksum. *state needs no release after a failure. */
bool saved_state_parse(cJSON *tree, struct saved_state *state, struct error *err) MUST_CHECK;
void saved_state_release(struct saved_state *state);

/* Has the tracker go on from there (state_tracker_resume()), at the keys of its tables. A key or a
 * completed table that is not (or no longer) chosen, and a key that does not suit the table's key
 * columns are ERROR_CONFIG, as is a table of which other rows were chosen. */
bool saved_state_apply(const struct saved_state *state, const struct moved_tables *tables,
		       struct state_tracker *tracker, struct error *err) MUST_CHECK;

/* Was the table, "schema.name", part of the run? */
bool saved_state_has_table(const struct saved_state *state, const char *table);

#endif
