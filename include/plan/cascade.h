/* Foreign keys by which the source changes rows of a child, when one of the parent changes,
 * without a word in its binlog (C1 to C6): which there are, which changes of a parent they follow,
 * and what becomes of the child. Made by the start-up checks, read-only afterwards. */
#ifndef PLAN_CASCADE_H
#define PLAN_CASCADE_H

#include "decode/table_map.h"
#include "plan/foreign_key.h"
#include "plan/moved_table.h"

struct cascade {
	const struct moved_table *child;
	const struct moved_table *parent;
	unsigned count;
	unsigned columns[KEY_COLUMNS_MAX];	  /* of child->source, in the key's order */
	unsigned parent_columns[KEY_COLUMNS_MAX]; /* of parent->source, beside them */
	enum foreign_key_action on_delete;
	enum foreign_key_action on_update;
	bool moves_key; /* an update of the parent gives children another key of their own */
};

/* Adds it to the tables. False: it cannot be carried, and why. */
bool cascade_add(struct moved_tables *tables, const struct moved_table *child,
		 const struct foreign_key *key, struct error *err) MUST_CHECK;

/* Does the target, where the child's column has this collation, find all children by a value that
 * the source finds? False: why not. */
bool cascade_is_found(const struct column *column, enum flavour of_source, const char *there,
		      enum flavour of_there, struct error *err) MUST_CHECK;

/* Images by column of the parent, NULL where there is none. What the key makes of children that
 * refer to before, FOREIGN_KEY_REFUSES: nothing. Bytes decide, not what a collation takes for
 * equal: the servers' engine sees it so, too. */
enum foreign_key_action cascade_judge(const struct cascade *cascade, const struct value *before,
				      const struct value *after);
/* What a child with this image, of columns that matter alone, has become then: writes after, and
 * is false where the row is gone. after and before of the parent as above. */
bool cascade_predict(const struct cascade *cascade, enum foreign_key_action action,
		     const struct value *parent_after, struct value *child);

/* Is the table a child, and a parent, of such keys? What it passes on depends on rows of its
 * own, which need to be as they were then. */
bool cascade_passes(const struct moved_tables *tables, const struct moved_table *table);
/* Marks the tables that are reached by keys of this one, by moved_table.index; not itself,
 * unless they lead back to it. */
void cascade_mark_below(const struct moved_tables *tables, const struct moved_table *table,
			bool *marks);

bool cascade_reaches_itself(const struct moved_tables *tables, const struct moved_table *table);
/* Have equal values of the column equal bytes? */
bool cascade_is_exact(const struct column *column);

/* " WHERE `fk` = literal AND ...", without the WHERE: children of the image, and the parent's own
 * row. */
void cascade_put_match(struct buf *sql, const struct cascade *cascade,
		       const struct value *parent_values);
void cascade_put_parent(struct buf *sql, const struct cascade *cascade,
			const struct value *parent_values);

#endif
