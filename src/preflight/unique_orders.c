/* Two values that differ on the source may be equal in a unique key of the target if its
 * collation is another: the second row would then be skipped, or displace the first one.
 * A binary NO PAD collation treats no two values as equal; under any other the existing values
 * are compared. Rows that come later are found by owed_watch.h, at the latest by
 * owed_check.h. */
#include "preflight_priv.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "create/create_statement.h"
#include "create/create_text.h"
#include "plan/collation.h"
#include "plan/collation_rewrite.h"
#include "unique_values.h"

static const char log_tag[] = "preflight";

#define ROWS_TO_TELL_OF 100000
#define VALUE_BYTES 32 /* of memory, for each value that is compared */

/* The target's collation for the column that comes nearest to comparing bytes: for other
 * character sets MySQL has no NO PAD, so trailing blanks still do not count there. */
static void put_exact_collation(struct buf *out, const struct preflight *p,
				const struct column *column)
{
	const char *charset = strncmp(column->charset, "utf8", 4) == 0 ? "utf8mb4" : column->charset;

	if (db_version(p->target.db)->flavour == FLAVOUR_MARIADB)
		buf_printf(out, "%s_nopad_bin", charset);
	else
		buf_printf(out, "%s_%s", charset,
			   strcmp(charset, "utf8mb4") == 0 ? "0900_bin" : "bin");
}

static bool is_over_expression(const struct table_index *index)
{
	for (unsigned i = 0; i < index->part_count; i++)
		if (index->parts[i].column == UINT_MAX)
			return true;
	return false;
}

static bool has_other_order(const struct preflight *p, const struct column *source,
			    const char *there)
{
	return there && collation_merges(source, db_version(p->source.db)->flavour, there,
					 db_version(p->target.db)->flavour);
}

/* The first column of the index with another order on the target, or NULL. An index over an
 * expression may depend on any column of the table. */
static const struct column *first_other(const struct preflight *p, const struct moved_table *t,
					const struct table_index *index)
{
	bool is_any = is_over_expression(index);
	unsigned count = is_any ? t->source->column_count : index->part_count;

	for (unsigned i = 0; i < count; i++) {
		const struct column *source =
			&t->source->columns[is_any ? i : index->parts[i].column];

		if (has_other_order(p, source, preflight_collation_there(p, t, source)))
			return source;
	}
	return NULL;
}

/* For an index whose values cannot be compared. */
static void warn_of_expression(struct preflight *p, const struct moved_table *t,
			       const struct table_index *index, const struct column *column)
{
	finding_add(p->findings, FINDING_WARNING,
		    "give the column the source's collation on the target; else rows that "
		    "the key takes for equal there end the run at the cutover",
		    "target: the unique key %s of %s is over an expression, and %s has "
		    "another collation there: %s on the source, %s on the target; whether two "
		    "of its values are equal there is not looked at before the copy",
		    index->name, t->source->full_name, column->name, column->collation,
		    preflight_collation_there(p, t, column));
}

/* The collation by which the target compares the expression: a row of NULLs shows it, too. */
static bool query_collation(struct preflight *p, const struct moved_table *t,
			    const char *expression, char **collation, struct error *err)
{
	struct buf sql = BUF_INIT, value = BUF_INIT;
	bool ok;

	buf_printf(&sql, "SELECT COLLATION(%s) FROM (SELECT 1 AS ghostferry_one) o LEFT JOIN ",
		   expression);
	sql_table_name(&sql, t->target_schema, t->target_name);
	buf_puts(&sql, " ON FALSE");
	ok = db_value(p->target.db, &value, NULL, err, "%s", buf_text(&sql));
	if (ok && value.length > 0 && strcmp(buf_text(&value), "binary") != 0)
		*collation = mem_strdup(buf_text(&value));
	buf_release(&sql);
	buf_release(&value);
	return ok;
}

/* The table, and for expressions the table as its columns are compared on the target. */
static void put_from(struct preflight *p, const struct moved_table *t,
		     const struct table_index *index, struct buf *from)
{
	if (!is_over_expression(index)) {
		sql_table_name(from, t->source->schema, t->source->name);
		return;
	}
	for (unsigned i = 0; i < t->source->column_count; i++) {
		const struct column *source = &t->source->columns[i];
		const char *there = preflight_collation_there(p, t, source);

		buf_puts(from, i ? "," : "(SELECT ");
		if (has_other_order(p, source, there)) {
			buf_puts(from, "CONVERT(");
			sql_name(from, source->name);
			buf_printf(from, " USING %.*s) COLLATE %s AS ", (int)strcspn(there, "_"),
				   there, there);
		}
		sql_name(from, source->name);
	}
	buf_puts(from, " FROM ");
	sql_table_name(from, t->source->schema, t->source->name);
	buf_puts(from, ") t");
}

/* What unique_values_ask() needs from the target. *is_known false: that cannot be determined. */
static bool read_parts(struct preflight *p, const struct moved_table *t,
		       const struct table_index *index, char **collations, char **expressions,
		       struct buf *definition, bool *is_known, struct error *err)
{
	struct buf shown = BUF_INIT;
	bool ok = true;

	*is_known = true;
	if (is_over_expression(index)) {
		ok = create_show_table(p->target.db, t->target_schema, t->target_name, &shown, err);
		*is_known = ok && create_unique_parts(shown.data, index, expressions, definition);
		buf_release(&shown);
	}
	for (unsigned i = 0; ok && *is_known && i < index->part_count; i++) {
		const struct column *source;
		const char *there;

		if (expressions[i]) {
			ok = query_collation(p, t, expressions[i], &collations[i], err);
			continue;
		}
		source = &t->source->columns[index->parts[i].column];
		there = preflight_collation_there(p, t, source);
		if (there && *there && source->collation[0] && source->member_count == 0)
			collations[i] = mem_strdup(there);
	}
	return ok;
}

/* definition: of a key over expressions, which keeps its collation until it is created again;
 * else "". */
static void refuse(struct preflight *p, const struct moved_table *t, const struct table_index *index,
		   const struct column *column, const char *definition, const char *why)
{
	struct buf remedy = BUF_INIT, exact = BUF_INIT;

	put_exact_collation(&exact, p, column);
	if (p->pairs.there[t->index]) {
		buf_puts(&remedy, "give the column a binary collation on the target (repeat its "
				  "DEFAULT, if it has one): ALTER TABLE ");
		sql_table_name(&remedy, t->target_schema, t->target_name);
		if (*definition) {
			buf_puts(&remedy, " DROP INDEX ");
			sql_name(&remedy, index->name);
			buf_printf(&remedy, ", ADD %s,", definition);
		}
		buf_puts(&remedy, " MODIFY ");
		sql_name(&remedy, column->name);
		buf_printf(&remedy, " %s CHARACTER SET %.*s COLLATE %s%s", column->raw_type,
			   (int)strcspn(buf_text(&exact), "_"), buf_text(&exact), buf_text(&exact),
			   column->is_nullable ? "" : " NOT NULL");
	} else {
		buf_printf(&remedy,
			   "create the table on the target with a binary collation of the column "
			   "(COLLATE %s) and set AllowExistingTargetTable",
			   buf_text(&exact));
	}
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
		    "target: %s.%s is unique (key %s) under another collation: %s on the source, %s "
		    "on the target (%s); %s",
		    t->source->full_name, column->name, index->name, column->collation,
		    preflight_collation_there(p, t, column),
		    flavour_name(db_version(p->target.db)->flavour), why);
	buf_release(&remedy);
	buf_release(&exact);
}

static bool compare(struct preflight *p, const struct moved_table *t,
		    const struct table_index *index, enum unique_answer *answer,
		    struct buf *clashing, uint64_t *merged, struct buf *definition,
		    struct error *err)
{
	char **collations = mem_calloc(index->part_count + 1, sizeof(*collations));
	char **expressions = mem_calloc(index->part_count + 1, sizeof(*expressions));
	struct buf from = BUF_INIT;
	bool is_known, ok;

	if (t->source->estimated_rows > ROWS_TO_TELL_OF)
		log_info("table %s: comparing the values of the unique key %s by the target's collation, "
			 "in about %" PRIu64 " rows",
			 t->source->full_name, index->name, t->source->estimated_rows);
	put_from(p, t, index, &from);
	*answer = UNIQUE_UNKNOWN;
	ok = read_parts(p, t, index, collations, expressions, definition, &is_known, err);
	if (ok && is_known) {
		const struct unique_values values = { .table = t->source,
						      .index = index,
						      .collations = collations,
						      .expressions = expressions,
						      .from = buf_text(&from),
						      .values_max =
							      p->options->rows_bytes / VALUE_BYTES,
						      .spill_beside =
							      p->options->verify.spill_beside };

		ok = unique_values_ask(&values, p->source.db, p->target.db, answer, clashing,
				       merged, err);
	}
	for (unsigned i = 0; i < index->part_count; i++) {
		free(collations[i]);
		free(expressions[i]);
	}
	free(collations);
	free(expressions);
	buf_release(&from);
	return ok;
}

/* The value of an expression under another collation may be unknown: then the move is not
 * refused, and owed_check.h finds rows that are missing. */
static bool check_index(struct preflight *p, struct moved_table *t, const struct table_index *index,
			struct error *err)
{
	const struct column *column = first_other(p, t, index);
	struct buf clashing = BUF_INIT, definition = BUF_INIT, why = BUF_INIT;
	enum unique_answer answer;
	uint64_t merged = 0;
	struct error failure = ERROR_INIT;
	bool ok = true;

	if (!column)
		return true;
	t->may_merge = true;
	if (!compare(p, t, index, &answer, &clashing, &merged, &definition, &failure)) {
		if (error_is_retryable(&failure) || !is_over_expression(index)) {
			ok = preflight_forgive(p, t->source->full_name, &failure, err);
			goto out;
		}
		answer = UNIQUE_UNKNOWN;
	}
	if (answer == UNIQUE_CLASHING)
		buf_printf(&why,
			   "it takes %s for equal, and %" PRIu64
			   " row%s in all would not find a place",
			   buf_text(&clashing), merged, merged == 1 ? "" : "s");
	else
		buf_puts(&why, "its values cannot be compared");
	if (is_over_expression(index) && answer != UNIQUE_CLASHING && answer != UNIQUE_APART)
		warn_of_expression(p, t, index, column);
	else if (answer != UNIQUE_APART)
		refuse(p, t, index, column, buf_text(&definition), buf_text(&why));
out:
	buf_release(&clashing);
	buf_release(&definition);
	buf_release(&why);
	return ok;
}

/* A collation that the target does not know is a finding already. */
bool unique_orders_check(struct preflight *p, struct error *err)
{
	for (size_t i = 0; i < p->tables->count; i++) {
		struct moved_table *t = p->tables->tables[i];

		for (unsigned n = 0; !p->lacks_collation[i] && n < t->source->index_count; n++)
			if (t->source->indexes[n].is_unique &&
			    !check_index(p, t, &t->source->indexes[n], err))
				return false;
	}
	return true;
}
