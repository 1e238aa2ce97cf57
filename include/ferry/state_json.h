/* The state as JSON: written in the layout of Ghostferry's "Interrupt and
 * resume" document, read in that layout and in the flat ones of other Ghostferry
 * versions. */
#ifndef FERRY_STATE_JSON_H
#define FERRY_STATE_JSON_H

#include "base/json.h"
#include "ferry/state_tracker.h"

/* A state read from a file, not yet matched with tables. */
struct saved_key {
	char *table;	  /* "schema.name" */
	struct key key;	  /* values by key column; kinds below */
	char *column;	  /* where the layout names it, else NULL */
};

struct saved_state {
	cJSON *tree;	     /* owned: the whole state, borrowed from below */
	const char *version; /* GhostferryVersion */
	struct saved_key *keys;
	size_t key_count;
	char **completed; /* full names */
	size_t completed_count;
	struct binlog_position position;
	const cJSON *schema_cache; /* object, or NULL */
	char run_id[RUN_ID_SIZE];  /* "" in states of other programs */
	char source_uuid[64];
	unsigned lock_count;
	bool is_done; /* the run it belongs to had finished */
};

/* Takes ownership of tree, also on failure. Messages name the dotted path. A
 * version newer than ours, a position without file, unknown key kinds and
 * missing parts are ERROR_CONFIG. */
bool saved_state_parse(cJSON *tree, struct saved_state *state, struct error *err) MUST_CHECK;
void saved_state_release(struct saved_state *state);

/* Is the schema that was read now the one the state was made with? Names the first
 * difference: ERROR_SCHEMA. */
bool saved_state_check_schema(const struct saved_state *state, const struct schema *schema,
			      struct error *err) MUST_CHECK;
/* Puts keys, completed tables, position, run id into the tracker. A key of a table
 * that is not (or no longer) chosen is an error. */
bool saved_state_apply(const struct saved_state *state, const struct ferry_tables *tables,
		       struct state_tracker *tracker, struct error *err) MUST_CHECK;

/* Appends the JSON text of a consistent snapshot, one space of indentation, no
 * newline at the end. schema may be NULL (not loaded yet, or not wanted): null. Any
 * thread; takes the tracker's lock only while copying. */
void state_json_write(struct state_tracker *tracker, const struct schema *schema, struct buf *out);

#endif
