/* The schema of the source in a state: written once, and compared when it is resumed. */
#ifndef STATE_STATE_SCHEMA_H
#define STATE_STATE_SCHEMA_H

#include "state/state_read.h"

/* As it stands in every state: with tens of thousands of tables it is most of the text. */
struct state_schema {
	char *text;   /* owned */
	uint64_t sum; /* json_sum() of it */
};

void state_schema_make(struct state_schema *made, const struct schema *schema);
void state_schema_release(struct state_schema *made);

/* Handles a table that differs; *err says how. True: handled. */
typedef bool state_schema_remedy(void *context, const char *table, const struct error *err);
/* Is the schema that was read now the one the state was made with? Names the first difference that
 * the remedy does not handle: ERROR_SCHEMA. A state without a schema cache is not compared. */
bool state_schema_check(const struct saved_state *state, const struct schema *schema,
			state_schema_remedy *remedy, void *context, struct error *err) MUST_CHECK;

#endif
