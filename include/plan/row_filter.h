/* Tables.Where: which rows of a table are moved. A condition is parsed into a small tree, and
 * both what the servers evaluate and what rows of the binlog are judged by is made from that
 * tree, never from the configuration's text: so the two cannot understand it differently.
 *
 *   condition  = condition OR condition | condition AND condition | NOT condition
 *              | ( condition ) | test
 *   test       = what = literal   (also <> != < <= > >=)
 *              | what [NOT] BETWEEN literal AND literal
 *              | what [NOT] IN ( literal, ... )
 *              | column IS [NOT] NULL
 *   what       = column | MOD(column, n) | column % n | column MOD n
 *              | BINARY column | CAST(column AS BINARY)
 *   literal    = 12 | -12 | 'ascii text' | x'00ff'
 *
 * Only what is exact on both sides is taken: columns of integers, within the range of their
 * type, and texts that are equal byte by byte, or not. All else is refused by name. A row
 * belongs to the part when the condition is true: neither when it is false nor when it is
 * unknown because of a NULL. Pure functions. */
#ifndef PLAN_ROW_FILTER_H
#define PLAN_ROW_FILTER_H

#include "db/key.h"

struct row_filter; /* opaque */

/* NULL: *err says what, and where. Tables and columns are not known yet. */
struct row_filter *row_filter_parse(const char *text, struct error *err);
void row_filter_free(struct row_filter *filter);
/* Before anything below: do the columns exist, and is the condition exact for their types? */
bool row_filter_bind(struct row_filter *filter, const struct table *table,
		     struct error *err) MUST_CHECK;
/* Do rows with the same values of the index lie on the same side? */
bool row_filter_is_decided_by(const struct row_filter *filter, const struct table_index *index);
/* In parentheses; a condition again, which means the same. Equal for equal trees, whatever
 * blanks and cases the text had. */
void row_filter_put(struct buf *sql, const struct row_filter *filter);

enum filter_overlap { FILTERS_DISJOINT, FILTERS_OVERLAP, FILTERS_UNKNOWN };

/* Can a row belong to both, of the same table? Of what would take too long to find out nothing
 * is known. *example: the values of such a row, "`a`=1, `b` IS NULL". */
enum filter_overlap row_filter_overlap(const struct row_filter *a, const struct row_filter *b,
				       const struct table *table, struct buf *example);

enum row_part {
	ROW_INSIDE,
	ROW_OUTSIDE,
	ROW_CROSSES, /* the border, from one image to the other */
};

/* Images as in struct row_change: NULL where there is none. */
enum row_part row_filter_judge(const struct row_filter *filter, const struct value *before,
			       const struct value *after);

#endif
