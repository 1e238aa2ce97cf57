/* One pagination key in the state's JSON: written and read back.
 *
 *   200                                                      a single integer column
 *   {"type": "binary", "value": "<hex>", "column": "uuid"}   string or bytes
 *   {"type": "text", "value": "2024-01-01", "column": "d"}   any other type
 *   {"type": "composite", "columns": ["a", "b"],
 *    "values": [{"type": "int", "value": "-5"}, ...]}        several columns
 * and read only, from Ghostferry 1.2 on:
 *   {"type": "uint64", "value": 200, "column": "id"} */
#ifndef STATE_STATE_KEY_H
#define STATE_STATE_KEY_H

#include "base/json.h"
#include "plan/moved_table.h"

/* How a value stands in the file, which must suit its column. */
enum saved_kind {
	SAVED_INTEGER, /* a number, exact */
	SAVED_BYTES,   /* hex of what the server holds: strings and bytes */
	SAVED_TEXT,    /* as in db/sql.h: decimals, dates and times, BIT, ENUM, SET */
};

/* Read from a file, not yet matched with a table. */
struct saved_key {
	const char *table; /* "schema.name" */
	struct key key;	   /* owned; a value per key column */
	enum saved_kind kinds[KEY_COLUMNS_MAX];
	const char *columns[KEY_COLUMNS_MAX]; /* where the layout names them, else NULL */
};

enum saved_kind saved_kind_of(const struct column *column);
/* One value of a composite key, or of a key that is no integer. */
cJSON *saved_value_write(const struct column *column, struct value value);
/* The node is the caller's. key must be set. */
cJSON *saved_key_write(const struct key_columns *columns, const struct key *key);
/* ["a", "b DESC"]: what the key is made of, to notice another choice later. */
cJSON *saved_key_column_names(const struct key_columns *columns);

/* Fills *saved from the node; path is for messages. The caller releases saved->key,
 * also on failure. */
bool saved_key_read(const cJSON *node, const char *path, struct saved_key *saved,
		    struct error *err) MUST_CHECK;
/* Do kinds, number and names of the values suit the columns? */
bool saved_key_fits(const struct saved_key *saved, const struct key_columns *columns,
		    struct error *err) MUST_CHECK;

#endif
