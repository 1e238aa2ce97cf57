/* Two values that the source tells apart may be one for a unique key of the target, when
 * its collation is another: the second row would then be left out, or push the first one
 * out. A binary NO PAD collation takes nothing for equal; under any other the values that
 * are there are compared. What comes later is noticed by owed_rows.h. */
#include "preflight_priv.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/collation.h"
#include "unique_values.h"

#define VALUE_BYTES 64 /* of memory, for each that is compared */

/* What the target has for the column that comes nearest to comparing bytes: MySQL has no
 * NO PAD for other character sets, and there blanks at the end still do not count. */
static void put_exact_collation(struct buf *out, const struct preflight *p,
				const struct column *column)
{
	const char *charset = strncmp(column->charset, "utf8", 4) == 0 ? "utf8mb4" : column->charset;

	if (db_version(p->target.db)->flavour == FLAVOUR_MARIADB)
		buf_printf(out, "%s_nopad_bin", charset);
	else
		buf_printf(out, "%s_%s", charset, strcmp(charset, "utf8mb4") == 0 ? "0900_bin" : "bin");
}

static bool is_over_expression(const struct table_index *index)
{
	for (unsigned i = 0; i < index->part_count; i++)
		if (index->parts[i].column == UINT_MAX)
			return true;
	return false;
}

/* Does the target's collation call values of it equal that the source's does not? */
static bool has_other_order(const struct preflight *p, const struct column *source,
			    const struct column *there)
{
	return there && there->collation[0] && source->collation[0] && source->member_count == 0 &&
	       !collation_is_exact(there->collation) &&
	       !collation_agrees(source->collation, db_version(p->source.db)->flavour,
				 there->collation, db_version(p->target.db)->flavour);
}

/* What the expression makes of which columns nobody says, so its values are not compared. */
static void warn_of_expression(struct preflight *p, const struct moved_table *t,
			       const struct table_index *index)
{
	const struct table *target = p->pairs.there[t->index];

	for (unsigned i = 0; i < t->source->column_count; i++) {
		const struct column *source = &t->source->columns[i];
		const struct column *there =
			target ? table_column_of_other(target, source) : source;

		if (!has_other_order(p, source, there))
			continue;
		finding_add(p->findings, PROBLEM_WARNING,
			    "give the column the source's collation on the target; else rows that "
			    "the key takes for equal there end the run at the cutover",
			    "target: the unique key %s of %s is over an expression, and %s has "
			    "another collation there: %s on the source, %s on the target; whether two "
			    "of its values are equal there is not looked at before the copy",
			    index->name, t->source->full_name, source->name, source->collation,
			    there->collation);
		return;
	}
}

/* The target's, by part; NULL for parts that are no texts. True: some of them calls values
 * equal that the source's does not. */
static bool other_orders(const struct preflight *p, const struct moved_table *t,
			 const struct table_index *index, const char **collations,
			 const struct column **first)
{
	const struct table *target = p->pairs.there[t->index];
	bool differs = false;

	for (unsigned i = 0; i < index->part_count; i++) {
		const struct column *source = &t->source->columns[index->parts[i].column];
		const struct column *there =
			target ? table_column_of_other(target, source) : source;

		collations[i] = NULL;
		if (!there || !there->collation[0] || !source->collation[0] ||
		    source->member_count > 0)
			continue;
		collations[i] = there->collation;
		if (!has_other_order(p, source, there))
			continue;
		if (!differs)
			*first = source;
		differs = true;
	}
	return differs;
}

static void refuse(struct preflight *p, const struct moved_table *t,
		   const struct table_index *index, const struct column *column,
		   const char *collation, const char *why)
{
	struct buf remedy = BUF_INIT, exact = BUF_INIT;

	put_exact_collation(&exact, p, column);
	if (p->pairs.there[t->index]) {
		buf_puts(&remedy, "give the column a binary collation on the target (repeat its "
				  "DEFAULT, if it has one): ALTER TABLE ");
		sql_table_name(&remedy, t->target_schema, t->target_name);
		buf_puts(&remedy, " MODIFY ");
		sql_name(&remedy, column->name);
		buf_printf(&remedy, " %s CHARACTER SET %.*s COLLATE %s%s", column->raw_type,
			   (int)strcspn(buf_text(&exact), "_"), buf_text(&exact),
			   buf_text(&exact), column->is_nullable ? "" : " NOT NULL");
	} else {
		buf_printf(&remedy,
			   "create the table on the target with a binary collation of the column "
			   "(COLLATE %s) and set AllowExistingTargetTable",
			   buf_text(&exact));
	}
	finding_add(p->findings, PROBLEM_ERROR, buf_text(&remedy),
		    "target: %s.%s is unique (key %s) under another collation: %s on the source, %s "
		    "on the target (%s); %s",
		    t->source->full_name, column->name, index->name, column->collation, collation,
		    flavour_name(db_version(p->target.db)->flavour), why);
	buf_release(&remedy);
	buf_release(&exact);
}

static bool check_index(struct preflight *p, const struct moved_table *t,
			const struct table_index *index, struct error *err)
{
	const char **collations = mem_calloc(index->part_count + 1, sizeof(*collations));
	const struct unique_values values = { .table = t->source,
					      .index = index,
					      .collations = collations,
					      .values_max = p->options->rows_bytes / VALUE_BYTES };
	const struct column *column = NULL;
	struct buf clashing = BUF_INIT, why = BUF_INIT;
	enum unique_answer answer = UNIQUE_APART;
	const char *collation = NULL;
	bool ok = true;

	if (other_orders(p, t, index, collations, &column)) {
		ok = unique_values_ask(&values, p->source.db, p->target.db, &answer, &clashing, err);
		for (unsigned i = 0; i < index->part_count; i++)
			if (&t->source->columns[index->parts[i].column] == column)
				collation = collations[i];
	}
	if (answer == UNIQUE_CLASHING)
		buf_printf(&why, "it takes %s for equal", buf_text(&clashing));
	else
		buf_puts(&why, answer == UNIQUE_TOO_MANY ? "there are too many values to compare them" :
							     "its values cannot be compared");
	if (ok && answer != UNIQUE_APART)
		refuse(p, t, index, column, collation, buf_text(&why));
	buf_release(&clashing);
	buf_release(&why);
	free(collations);
	return ok;
}

static bool check_table(struct preflight *p, const struct moved_table *t, struct error *err)
{
	for (unsigned i = 0; i < t->source->index_count; i++) {
		const struct table_index *index = &t->source->indexes[i];
		struct error failure = ERROR_INIT;

		if (index->is_unique && is_over_expression(index))
			warn_of_expression(p, t, index);
		else if (index->is_unique && !check_index(p, t, index, &failure) &&
		    !preflight_forgive(p, t->source->full_name, &failure, err))
			return false;
	}
	return true;
}

/* A collation that the target does not know is a problem already. */
bool unique_orders_check(struct preflight *p, struct error *err)
{
	for (size_t i = 0; i < p->tables->count; i++)
		if (!p->lacks_collation[i] &&
		    !check_table(p, p->tables->tables[i], err))
			return false;
	return true;
}
