/* The state as JSON: written in the layout of Ghostferry's "Interrupt and
 * resume" document, read in that layout and in the flat ones of other Ghostferry
 * versions. */
#ifndef STATE_STATE_WRITE_H
#define STATE_STATE_WRITE_H

#include "base/json.h"
#include "state/state_tracker.h"

/* How a value stands in the file, which must suit its column. */
enum saved_kind {
	SAVED_INTEGER, /* a number, exact */
	SAVED_BYTES,   /* hex of what the server holds: strings and bytes */
	SAVED_TEXT,    /* as in db/sql.h: decimals, dates and times, BIT, ENUM, SET */
};

/* A state read from a file, not yet matched with tables. */
struct saved_key {
	const char *table; /* "schema.name" */
	struct key key;	   /* owned; a value per key column */
	enum saved_kind kinds[KEY_COLUMNS_MAX];
	const char *columns[KEY_COLUMNS_MAX]; /* where the layout names them, else NULL */
};

struct saved_state {
	cJSON *tree;	     /* owned: the whole state, borrowed from below */
	const char *version; /* GhostferryVersion */
	struct saved_key *keys; /* owned */
	size_t key_count;
	const char **completed; /* full names; the array is owned */
	size_t completed_count;
	struct binlog_position position;
	struct binlog_position streamed; /* rows up to there may be on the target; unset: none
					  * beyond position */
	struct binlog_position target_position; /* watched up to there; unset: it was not */
	bool has_gtids; /* as in the tracker */
	struct gtid_set applied;
	struct gtid_set received;
	const cJSON *schema_cache; /* object, or NULL */
	const cJSON *key_columns;  /* object: table -> ["a", "b DESC"], or NULL */
	/* The members of both by name: cJSON looks through a list. */
	struct map schema_tables;
	struct map key_columns_of;
	char run_id[RUN_ID_SIZE];  /* "" in states of other programs */
	struct state_line line; /* empty in states of other programs */
	/* Of the state in the StateFile, where that is of the same run; see ferry_line.c.
	 * Empty after saved_state_parse(). */
	struct state_line line_on_file;
	char source_uuid[64];
	unsigned lock_count;
	uint64_t source_started; /* as in the tracker */
	const cJSON *verifier_stage; /* object, or NULL */
	const cJSON *owed_rows; /* object, or NULL: see owed_rows.h */
	bool is_done; /* the run it belongs to had finished */
	bool cutover_unlocked; /* the same, or CutoverUnlock may have been called */
};

/* Takes ownership of tree, also on failure. Messages name the dotted path. A
 * version newer than ours, a position without file, unknown key kinds and
 * missing parts are ERROR_CONFIG, and so is a state that does not say what its own
 * StateChecksum is of. *state needs no release after a failure. */
bool saved_state_parse(cJSON *tree, struct saved_state *state, struct error *err) MUST_CHECK;
void saved_state_release(struct saved_state *state);

/* Is the schema that was read now the one the state was made with? Names the first
 * difference: ERROR_SCHEMA. A state without a schema cache is not compared. */
bool saved_state_check_schema(const struct saved_state *state, const struct schema *schema,
			      struct error *err) MUST_CHECK;
/* Puts keys, completed tables and position into the tracker, and run id, source and
 * lock count as state_tracker_begin() would; the source is the tracker's own when it
 * knows it (see start_position.h). A key or a completed table that is not (or no longer)
 * chosen, and a key that does not suit the table's key columns are ERROR_CONFIG. */
bool saved_state_apply(const struct saved_state *state, const struct moved_tables *tables,
		       struct state_tracker *tracker, struct error *err) MUST_CHECK;

/* Was the table part of the run? */
bool saved_state_has_table(const struct saved_state *state, const struct moved_table *table);

/* The schema as it stands in every state, made once: with tens of thousands of tables it
 * is most of the text. */
struct state_schema {
	char *text; /* owned */
	uint64_t sum; /* json_sum() of it */
};

void state_json_schema(struct state_schema *made, const struct schema *schema);
void state_schema_release(struct state_schema *made);
/* What a state says, for its StateChecksum: all of it but that member. */
uint64_t state_json_sum(const cJSON *state);

/* Appends the JSON text of a consistent snapshot, one space of indentation, no
 * newline at the end. schema: what state_json_schema() gave, or NULL (not loaded yet, or
 * not wanted): null. Any thread; takes the tracker's lock only while copying.
 * What belongs to the verifier and to owed_rows.h, which may be NULL, is had after that. */
struct state_part {
	cJSON *(*get)(void *context);
	void *context;
};
void state_json_write(struct state_tracker *tracker, const struct state_schema *schema,
		      const struct state_part *verification, const struct state_part *owed,
		      struct buf *out);

/* Appends a state that was written a moment ago, text, with what is owed by now beside what
 * was owed then (owed_rows.h; taken over). */
void state_json_owe(struct state_tracker *tracker, const struct buf *text, cJSON *owed,
		    struct buf *out);

#endif
