/* Which key a table is walked by.
 *
 * One key serves for everything: chunks are cut by it, a change finds its row by it,
 * and I3 and I5 need the server to notice that a row is there already. Hence
 * only a key that a UNIQUE index over NOT NULL columns enforces will do. Ghostferry
 * takes any configured column on trust; that it holds no duplicate now says nothing
 * of the next insert, which would make two rows one on the target.
 *
 * Order: the configured column when it is such a key, the primary key, another
 * unique key. Ghostferry's reason to configure a column is mostly that it cannot
 * walk composite keys; so where the column will not do and the table has a proper
 * key, that one is taken and the copy comes out the same. The fallback column is for
 * tables that have neither. */
#include "plan/moved_table.h"

#include <stdio.h>
#include <string.h>

/* NULL: fine. Columns whose values cannot be compared exactly by a literal, or that
 * can only be indexed by a prefix. */
static const char *unfit_type(const struct column *column)
{
	if (column->is_compressed)
		return "compressed";
	switch (column->type) {
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE:
		return "a floating point number, which does not compare exactly";
	case COLUMN_TEXT:
	case COLUMN_BLOB:
		return "a TEXT or BLOB, which is indexed by a prefix only";
	case COLUMN_JSON:
	case COLUMN_GEOMETRY:
	case COLUMN_VECTOR:
	case COLUMN_UNKNOWN:
		return "of a type that has no order";
	default:
		return NULL;
	}
}

static bool identifies_rows(const struct table_index *index)
{
	return index->is_unique && !index->is_nullable && !index->has_expression &&
	       index->part_count > 0 && index->part_count <= KEY_COLUMNS_MAX;
}

/* The first part that stands against walking by the index, or NULL. */
static const struct column *unfit_part(const struct table *table, const struct table_index *index)
{
	for (unsigned i = 0; i < index->part_count; i++) {
		const struct column *column = &table->columns[index->parts[i].column];

		if (unfit_type(column))
			return column;
	}
	return NULL;
}

static bool is_integer(const struct column *column)
{
	return column->type >= COLUMN_TINYINT && column->type <= COLUMN_BIGINT;
}

/* Cost of walking by the index, less is better: parts, then parts that are computed,
 * then parts that are no integers. */
static unsigned breadth(const struct table *table, const struct table_index *index)
{
	unsigned cost = index->part_count * 10000;

	for (unsigned i = 0; i < index->part_count; i++) {
		const struct column *column = &table->columns[index->parts[i].column];

		cost += column->generation != COLUMN_PLAIN ? 100 : 0;
		cost += is_integer(column) ? 0 : 1;
	}
	return cost;
}

static const struct table_index *narrowest_unique(const struct table *table)
{
	const struct table_index *best = NULL;

	for (unsigned i = 0; i < table->index_count; i++) {
		const struct table_index *index = &table->indexes[i];
		unsigned cost, best_cost;

		if (!identifies_rows(index) || !index->is_visible || !index->is_ordered ||
		    unfit_part(table, index))
			continue;
		cost = breadth(table, index);
		best_cost = best ? breadth(table, best) : 0;
		if (!best || cost < best_cost ||
		    (cost == best_cost && strcmp(index->name, best->name) < 0))
			best = index;
	}
	return best;
}

/* The table's own best key: the primary key, else the narrowest unique one. */
static const struct table_index *own_key(const struct table *table)
{
	const struct table_index *primary = table_primary(table);

	if (primary && identifies_rows(primary) && !unfit_part(table, primary))
		return primary;
	return narrowest_unique(table);
}

static void take_index(struct key_columns *key, const struct table_index *index)
{
	key->index = index->name;
	key->count = index->part_count;
	for (unsigned i = 0; i < index->part_count; i++) {
		key->columns[i] = index->parts[i].column;
		key->descending[i] = index->parts[i].descending;
	}
}

static bool covers_just(const struct table_index *index, const struct column *column)
{
	return index->part_count == 1 && index->parts[0].column == column->position &&
	       !index->has_expression && index->parts[0].prefix == 0;
}

/* Any index of exactly the column that the optimizer may use. */
static const struct table_index *index_of(const struct table *table, const struct column *column)
{
	for (unsigned i = 0; i < table->index_count; i++)
		if (table->indexes[i].is_visible && table->indexes[i].is_ordered &&
		    covers_just(&table->indexes[i], column))
			return &table->indexes[i];
	return NULL;
}

static bool is_enforced(const struct table *table, const struct column *column)
{
	for (unsigned i = 0; i < table->index_count; i++)
		if (table->indexes[i].is_unique && covers_just(&table->indexes[i], column))
			return true;
	return false;
}

/* Takes the column as key; false when it cannot serve as one by itself. */
static bool take_column(struct key_columns *key, const struct column *column)
{
	const struct table_index *index;

	if (column->is_nullable || unfit_type(column) || !is_enforced(key->table, column))
		return false;
	index = index_of(key->table, column);
	key->index = index ? index->name : NULL;
	key->count = 1;
	key->columns[0] = column->position;
	key->descending[0] = index && index->parts[0].descending;
	return true;
}

static bool fail_missing(const struct table *table, const char *column, struct error *err)
{
	return error_set(err, ERROR_CONFIG, "Pagination Key `%s` for `%s`.`%s` non existent",
			 column, table->schema, table->name);
}

static bool fail_configured(const struct table *table, const struct column *column,
			    struct error *err)
{
	const char *unfit = unfit_type(column);
	char not_null[400] = "";

	if (unfit)
		return error_set(err, ERROR_UNSUPPORTED,
				 "Pagination Key `%s` for `%s`.`%s` is %s, and the table has no "
				 "other key; configure another column or add a PRIMARY KEY",
				 column->name, table->schema, table->name, unfit);
	if (column->is_nullable)
		snprintf(not_null, sizeof(not_null), "MODIFY `%s` %.80s NOT NULL, ", column->name,
			 column->raw_type);
	return error_set(
		err, ERROR_UNSUPPORTED,
		"Pagination Key `%s` for `%s`.`%s` has no UNIQUE index of its own over NOT "
		"NULL values, and the table has no other key to tell rows apart; "
		"ALTER TABLE `%s`.`%s` %sADD UNIQUE KEY (`%s`), or set AllowTablesWithoutKey",
		column->name, table->schema, table->name, table->schema, table->name, not_null,
		column->name);
}

static bool fail_no_key(const struct table *table, struct error *err)
{
	const struct table_index *primary = table_primary(table);
	const struct column *unfit;

	if (!primary)
		return error_set(err, ERROR_UNSUPPORTED,
				 "`%s`.`%s` has no Primary Key to default to for Pagination "
				 "purposes, nor a UNIQUE key over NOT NULL columns; "
				 "ALTER TABLE `%s`.`%s` ADD PRIMARY KEY (...), or set "
				 "AllowTablesWithoutKey",
				 table->schema, table->name, table->schema, table->name);
	unfit = primary->has_expression ? NULL : unfit_part(table, primary);
	return error_set(err, ERROR_UNSUPPORTED,
			 "the primary key of `%s`.`%s` %s%s%s%s, so the table cannot be walked by "
			 "it, and it has no other UNIQUE key over NOT NULL columns; "
			 "ALTER TABLE `%s`.`%s` ADD UNIQUE KEY (...), or set AllowTablesWithoutKey",
			 table->schema, table->name, unfit ? "has the column `" : "",
			 unfit ? unfit->name : "has a prefix part", unfit ? "`, which is " : "",
			 unfit ? unfit_type(unfit) : "", table->schema, table->name);
}

/* column_name, as configured, where it is a key; false with *err: it does not exist. */
static bool try_configured(struct key_columns *key, const char *column_name,
			   const struct column **column, bool *taken, struct error *err)
{
	*column = table_column(key->table, column_name);
	if (!*column)
		return fail_missing(key->table, column_name, err);
	*taken = take_column(key, *column);
	return true;
}

bool ferry_key_choose(const struct ferry_options *options, const struct table *table,
		      struct key_columns *key, bool *is_configured, const char **ignored_column,
		      struct error *err)
{
	const char *wanted = map_get_text(&options->keys.per_table, table->full_name);
	const struct table_index *own = own_key(table);
	const struct column *column = NULL;

	*key = (struct key_columns){ .table = table };
	*is_configured = false;
	if (ignored_column)
		*ignored_column = NULL;
	if (wanted && !try_configured(key, wanted, &column, is_configured, err))
		return false;
	if (*is_configured)
		return true;
	if (own) {
		take_index(key, own);
		if (ignored_column)
			*ignored_column = wanted;
		return true;
	}
	if (!column && options->keys.fallback &&
	    !try_configured(key, options->keys.fallback, &column, is_configured, err))
		return false;
	if (*is_configured)
		return true;
	return column ? fail_configured(table, column, err) : fail_no_key(table, err);
}
