/* The key a table is walked by and rows are addressed by, and the conditions
 * made of it. Order and comparison are always the server's. */
#ifndef DB_KEY_H
#define DB_KEY_H

#include "db/sql.h"

#define KEY_COLUMNS_MAX 16 /* the servers' limit for an index */

/* Which columns. Made once at start, read-only afterwards. */
struct key_columns {
	const struct table *table; /* borrowed */
	const char *index;	   /* its name for FORCE INDEX; NULL: no index of exactly this */
	unsigned count;
	unsigned columns[KEY_COLUMNS_MAX]; /* indexes in table->columns, in index order */
	bool descending[KEY_COLUMNS_MAX];
};

/* One key's values. Owned copy: key_release(). is_set false: "before the first". */
struct key {
	bool is_set;
	unsigned count;
	struct value values[KEY_COLUMNS_MAX]; /* into bytes */
	struct buf bytes;
};

#define KEY_INIT                                                                                   \
	{                                                                                          \
		.is_set = false                                                                    \
	}

bool key_has_column(const struct key_columns *key, unsigned column);

void key_release(struct key *key);
/* Copies values (never NULL ones). */
void key_set(struct key *key, const struct value *values, unsigned count);
void key_copy(struct key *to, const struct key *from);

/* "(`a` > 1 OR (`a` = 1 AND `b` > 2))", led by "`a` >= 1 AND" when composite so
 * that an index range is used; with directions per column. */
void sql_key_after(struct buf *sql, const struct key_columns *columns, const struct key *key);
/* The same with the key itself included and the other direction: at or before. */
void sql_key_up_to(struct buf *sql, const struct key_columns *columns, const struct key *key);
/* "`a`=1 AND `b`=2" */
void sql_key_equals(struct buf *sql, const struct key_columns *columns, const struct value *values);
/* "`a`, `b` DESC" */
void sql_key_order(struct buf *sql, const struct key_columns *columns);

#endif
