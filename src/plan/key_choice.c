/* Which key a table is walked by.
 *
 * One key serves for everything: chunks are cut by it, a change finds its row by it, and I3 and I5
 * need the server to notice that a row is there already. Hence only a key that a UNIQUE index over
 * NOT NULL columns enforces will do. Ghostferry takes any configured column on trust; that it holds
 * no duplicate now says nothing about the next insert, which would make two rows one on the target.
 *
 * Order: the configured column when it is such a key, the primary key, another
 * unique key. Ghostferry's reason to configure a column is mostly that it cannot
 * walk composite keys; so where the column will not do and the table has a proper
 * key, that one is taken and the copy comes out the same. The fallback column is for
 * tables that have neither. */
#include "key_choice.h"

#include <stdio.h>
#include <string.h>

#include "db/sql.h"

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

/* The first part that rules out walking by the index, or NULL. */
static const struct column *unfit_part(const struct table *table, const struct table_index *index)
{
	for (unsigned i = 0; i < index->part_count; i++) {
		const struct column *column = &table->columns[index->parts[i].column];

		if (unfit_type(column))
			return column;
	}
	return NULL;
}

/* Cost of walking by the index, less is better: parts, then parts that are computed,
 * then parts that are no integers. */
static unsigned breadth(const struct table *table, const struct table_index *index)
{
	unsigned cost = index->part_count * 10000;

	for (unsigned i = 0; i < index->part_count; i++) {
		const struct column *column = &table->columns[index->parts[i].column];

		cost += column->generation != COLUMN_PLAIN ? 100 : 0;
		cost += column->type < COLUMN_TINYINT || column->type > COLUMN_BIGINT;
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
static bool append_column(struct key_columns *key, const struct column *column)
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

static bool fail_configured(struct key_choice *choice, const struct column *column,
			    struct error *err)
{
	const struct table *table = choice->key.table;
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
	snprintf(choice->remedy, sizeof(choice->remedy),
		 "ALTER TABLE `%s`.`%s` %sADD UNIQUE KEY (`%s`), or set AllowTablesWithoutKey "
		 "(\"AllowTablesWithoutKey\": true)",
		 table->schema, table->name, not_null, column->name);
	return error_set(err, ERROR_UNSUPPORTED,
			 "Pagination Key `%s` for `%s`.`%s` has no UNIQUE index of its own over NOT "
			 "NULL values, and the table has no other key to identify rows by",
			 column->name, table->schema, table->name);
}

static bool fail_no_key(struct key_choice *choice, struct error *err)
{
	const struct table *table = choice->key.table;
	const struct table_index *primary = table_primary(table);
	const struct column *unfit;
	struct buf name = BUF_INIT;

	sql_table_name(&name, table->schema, table->name);
	snprintf(choice->remedy, sizeof(choice->remedy),
		 "ALTER TABLE %s ADD %s (...), or set AllowTablesWithoutKey "
		 "(\"AllowTablesWithoutKey\": true)",
		 buf_text(&name), primary ? "UNIQUE KEY" : "PRIMARY KEY");
	buf_release(&name);
	if (!primary)
		return error_set(err, ERROR_UNSUPPORTED,
				 "`%s`.`%s` has no Primary Key to default to for Pagination "
				 "purposes, nor a UNIQUE key over NOT NULL columns",
				 table->schema, table->name);
	unfit = primary->has_expression ? NULL : unfit_part(table, primary);
	return error_set(err, ERROR_UNSUPPORTED,
			 "the primary key of `%s`.`%s` %s%s%s%s, so the table cannot be walked by "
			 "it, and it has no other UNIQUE key over NOT NULL columns",
			 table->schema, table->name, unfit ? "has the column `" : "",
			 unfit ? unfit->name : "has a prefix part", unfit ? "`, which is " : "",
			 unfit ? unfit_type(unfit) : "");
}

/* column_name, as configured, where it is a key; false with *err: it does not exist. */
static bool try_configured(struct key_choice *choice, const char *column_name,
			   const struct column **column, struct error *err)
{
	const struct table *table = choice->key.table;

	*column = table_column(table, column_name);
	if (!*column)
		return error_set(err, ERROR_CONFIG, "Pagination Key `%s` for `%s`.`%s` non existent",
				 column_name, table->schema, table->name);
	choice->is_configured = append_column(&choice->key, *column);
	return true;
}

bool key_choice_make(struct key_choice *choice, const struct move_options *options,
		     const struct table *table, struct error *err)
{
	const char *wanted = map_get_text(&options->keys.per_table, table->full_name);
	const struct table_index *primary = table_primary(table), *own = primary;
	const struct column *column = NULL;

	if (!primary || !identifies_rows(primary) || unfit_part(table, primary))
		own = narrowest_unique(table);
	*choice = (struct key_choice){ .key.table = table };
	if (wanted && !try_configured(choice, wanted, &column, err))
		return false;
	if (choice->is_configured)
		return true;
	if (own) {
		choice->key.index = own->name;
		choice->key.count = own->part_count;
		for (unsigned i = 0; i < own->part_count; i++) {
			choice->key.columns[i] = own->parts[i].column;
			choice->key.descending[i] = own->parts[i].descending;
		}
		choice->ignored_column = wanted;
		return true;
	}
	if (!column && options->keys.fallback &&
	    !try_configured(choice, options->keys.fallback, &column, err))
		return false;
	if (choice->is_configured)
		return true;
	return column ? fail_configured(choice, column, err) : fail_no_key(choice, err);
}
