/* One foreign key, as SHOW CREATE TABLE prints it. */
#ifndef PLAN_FOREIGN_KEY_H
#define PLAN_FOREIGN_KEY_H

#include "db/key.h"

#define FOREIGN_KEY_NAME_MAX 260 /* 64 characters of 4 bytes */

/* What becomes of the children of a parent that goes, or gets other values. */
enum foreign_key_action {
	FOREIGN_KEY_REFUSES, /* RESTRICT, NO ACTION, SET DEFAULT: the parent's statement fails */
	FOREIGN_KEY_CASCADES,
	FOREIGN_KEY_SETS_NULL,
};

struct foreign_key {
	char name[FOREIGN_KEY_NAME_MAX];
	char parent_schema[FOREIGN_KEY_NAME_MAX]; /* "": the table's own */
	char parent_table[FOREIGN_KEY_NAME_MAX];
	/* Of all columns; the names of the first KEY_COLUMNS_MAX of them. */
	unsigned column_count;
	unsigned parent_column_count;
	char columns[KEY_COLUMNS_MAX][FOREIGN_KEY_NAME_MAX];
	char parent_columns[KEY_COLUMNS_MAX][FOREIGN_KEY_NAME_MAX];
	enum foreign_key_action on_delete;
	enum foreign_key_action on_update;
};

/* May a change of the parent change the child? */
static inline bool foreign_key_changes_child(const struct foreign_key *key)
{
	return key->on_delete != FOREIGN_KEY_REFUSES || key->on_update != FOREIGN_KEY_REFUSES;
}

/* The next foreign key at or after *at in a CREATE TABLE statement, which *at moves
 * past; false when there is none. */
bool foreign_key_next(const char **at, struct foreign_key *key);

#endif
