#include "plan/cascade.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/collation.h"

/* --- which there are ----------------------------------------------------------------------- */

static bool find_columns(const struct table *table, char names[][FOREIGN_KEY_NAME_MAX],
			 unsigned count, unsigned *columns, struct error *err)
{
	for (unsigned i = 0; i < count; i++) {
		const struct column *column = table_column(table, names[i]);

		if (!column)
			return error_set(err, ERROR_UNSUPPORTED, "%s has no column %s",
					 table->full_name, names[i]);
		columns[i] = column->position;
	}
	return true;
}

static bool changes_columns(const struct cascade *c)
{
	return c->on_update != FOREIGN_KEY_REFUSES || c->on_delete == FOREIGN_KEY_SETS_NULL;
}

/* Rows of a part must stay in it, which only the stream would notice. */
static bool check_part(const struct cascade *c, struct error *err)
{
	struct table_index index = { .part_count = 0 };

	if (!c->child->filter || !changes_columns(c))
		return true;
	/* Without the key's columns, are rows still known to lie on one side? */
	struct index_part *parts = mem_calloc(c->child->source->column_count, sizeof(*parts));

	for (unsigned i = 0; i < c->child->source->column_count; i++) {
		bool is_changed = false;

		for (unsigned n = 0; n < c->count; n++)
			is_changed |= c->columns[n] == i;
		if (!is_changed)
			parts[index.part_count++] = (struct index_part){ .column = i };
	}
	index.parts = parts;
	bool ok = row_filter_is_decided_by(c->child->filter, &index);

	free(parts);
	return ok || error_set(err, ERROR_UNSUPPORTED,
			       "it changes a column of the table's condition in Tables.Where");
}

static bool check(const struct cascade *c, struct error *err)
{
	if (c->child->key.count == 0)
		return error_set(err, ERROR_UNSUPPORTED, "the table has no key");
	if (c->child->source->is_system_versioned)
		return error_set(err, ERROR_UNSUPPORTED, "the table keeps the history of its rows");
	/* By which a row of the part that has to give way could not be told from one of others. */
	if (c->child->filter && table_unique_count(c->child->source) > 1)
		return error_set(err, ERROR_UNSUPPORTED,
				 "a part of the table is moved (Tables.Where), and it has several unique "
				 "keys");
	/* The binlog need not have them. */
	for (unsigned i = 0; i < c->count; i++)
		if (c->parent->source->columns[c->parent_columns[i]].generation != COLUMN_PLAIN)
			return error_set(err, ERROR_UNSUPPORTED, "it refers to a generated column");
	return check_part(c, err);
}

bool cascade_add(struct moved_tables *tables, const struct moved_table *child,
		 const struct foreign_key *key, struct error *err)
{
	const char *schema = *key->parent_schema ? key->parent_schema : child->source->schema;
	struct cascade c = { .child = child,
			     .parent = moved_tables_find(tables, schema, key->parent_table),
			     .count = key->column_count,
			     .on_delete = key->on_delete,
			     .on_update = key->on_update };

	if (!c.parent)
		return error_set(err, ERROR_UNSUPPORTED, "%s.%s is not moved", schema,
				 key->parent_table);
	if (c.count == 0 || c.count > KEY_COLUMNS_MAX || c.count != key->parent_column_count)
		return error_set(err, ERROR_UNSUPPORTED, "it has %u columns", c.count);
	if (!find_columns(child->source, (char(*)[FOREIGN_KEY_NAME_MAX])key->columns, c.count,
			  c.columns, err) ||
	    !find_columns(c.parent->source, (char(*)[FOREIGN_KEY_NAME_MAX])key->parent_columns,
			  c.count, c.parent_columns, err) ||
	    !check(&c, err))
		return false;
	for (unsigned i = 0; i < c.count; i++)
		c.moves_key |= key_has_column(&child->key, c.columns[i]);
	c.moves_key = c.moves_key && c.on_update != FOREIGN_KEY_REFUSES;
	tables->cascades =
		mem_resize(tables->cascades, tables->cascade_count + 1, sizeof(*tables->cascades));
	tables->cascades[tables->cascade_count++] = c;
	return true;
}

bool cascade_is_found(const struct column *column, enum flavour of_source, const char *there,
		      enum flavour of_there, struct error *err)
{
	return !collation_splits(column, of_source, there, of_there) ||
	       error_set(err, ERROR_UNSUPPORTED,
			 "column %s has the collation %s on %s, and %s on the target (%s)",
			 column->name, column->collation, flavour_name(of_source), there,
			 flavour_name(of_there));
}

bool cascade_passes(const struct moved_tables *tables, const struct moved_table *table)
{
	bool is_child = false, is_parent = false;

	for (size_t i = 0; i < tables->cascade_count; i++) {
		is_child |= tables->cascades[i].child == table;
		is_parent |= tables->cascades[i].parent == table;
	}
	return is_child && is_parent;
}

void cascade_mark_below(const struct moved_tables *tables, const struct moved_table *table,
			bool *marks)
{
	for (size_t i = 0; i < tables->cascade_count; i++) {
		const struct cascade *c = &tables->cascades[i];

		if (c->parent != table || marks[c->child->index])
			continue;
		marks[c->child->index] = true;
		cascade_mark_below(tables, c->child, marks);
	}
}

bool cascade_is_exact(const struct column *column)
{
	return !column_is_text(column) && column->type != COLUMN_FLOAT &&
	       column->type != COLUMN_DOUBLE;
}

bool cascade_reaches_itself(const struct moved_tables *tables, const struct moved_table *table)
{
	bool *marks = mem_calloc(tables->count + 1, sizeof(*marks));

	cascade_mark_below(tables, table, marks);
	bool reaches = marks[table->index];

	free(marks);
	return reaches;
}

/* --- what they do ---------------------------------------------------------------------------- */

enum foreign_key_action cascade_judge(const struct cascade *c, const struct value *before,
				      const struct value *after)
{
	bool is_same = after != NULL;

	if (!before)
		return FOREIGN_KEY_REFUSES;
	for (unsigned i = 0; i < c->count; i++) {
		unsigned at = c->parent_columns[i];

		if (!before[at].bytes) /* nobody refers to it */
			return FOREIGN_KEY_REFUSES;
		is_same = is_same && value_equal(&before[at], &after[at]);
	}
	if (is_same)
		return FOREIGN_KEY_REFUSES;
	return after ? c->on_update : c->on_delete;
}

bool cascade_predict(const struct cascade *c, enum foreign_key_action action,
		     const struct value *parent_after, struct value *child)
{
	static const struct value null = { NULL, 0 };

	if (action == FOREIGN_KEY_CASCADES && !parent_after)
		return false;
	for (unsigned i = 0; i < c->count; i++)
		child[c->columns[i]] =
			action == FOREIGN_KEY_CASCADES ? parent_after[c->parent_columns[i]] : null;
	return true;
}

/* Of the parent's column at each place of the key, or the child's. */
static void put_values(struct buf *sql, const struct cascade *c, bool is_parent,
		       const struct value *values)
{
	for (unsigned i = 0; i < c->count; i++) {
		const struct column *column = &c->parent->source->columns[c->parent_columns[i]];
		const struct column *child = &c->child->source->columns[c->columns[i]];

		buf_puts(sql, i ? " AND " : "");
		sql_name(sql, is_parent ? column->name : child->name);
		buf_putc(sql, '=');
		sql_key_literal(sql, column, values[c->parent_columns[i]]);
	}
}

void cascade_put_match(struct buf *sql, const struct cascade *c, const struct value *values)
{
	put_values(sql, c, false, values);
}

void cascade_put_parent(struct buf *sql, const struct cascade *c, const struct value *values)
{
	put_values(sql, c, true, values);
}
