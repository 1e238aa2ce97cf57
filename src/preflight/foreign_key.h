/* One foreign key, as SHOW CREATE TABLE prints it. */
#ifndef PREFLIGHT_FOREIGN_KEY_H
#define PREFLIGHT_FOREIGN_KEY_H

#include "base/attr.h"

#define FOREIGN_KEY_NAME_MAX 260 /* 64 characters of 4 bytes */

struct foreign_key {
	char name[FOREIGN_KEY_NAME_MAX];
	char parent_schema[FOREIGN_KEY_NAME_MAX]; /* "": the table's own */
	char parent_table[FOREIGN_KEY_NAME_MAX];
	bool changes_child; /* CASCADE, SET NULL or SET DEFAULT, on delete or update */
};

/* The next foreign key at or after *at in a CREATE TABLE statement, which *at moves
 * past; false when there is none. */
bool foreign_key_next(const char **at, struct foreign_key *key);

#endif
