/* What is known about tables once they are loaded. */
#include "db/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "db/type_text.h"

static void table_release(struct table *table)
{
	for (unsigned i = 0; i < table->column_count; i++) {
		struct column *column = &table->columns[i];

		for (unsigned m = 0; m < column->member_count; m++) {
			free(column->members[m]);
			if (column->member_bytes)
				free(column->member_bytes[m]);
		}
		free(column->members);
		free(column->member_bytes);
		free(column->default_bytes);
		free(column->name);
		free(column->raw_type);
		free(column->charset);
		free(column->collation);
		free(column->extra);
		free(column->expression);
	}
	for (unsigned i = 0; i < table->index_count; i++) {
		free(table->indexes[i].name);
		free(table->indexes[i].expressions);
		free(table->indexes[i].parts);
	}
	free(table->columns);
	free(table->indexes);
	free(table->schema);
	free(table->name);
	free(table->full_name);
	free(table->engine);
	free(table->collation);
	free(table->row_format);
	free(table->checks);
}

void schema_release(struct schema *schema)
{
	for (size_t i = 0; i < schema->table_count; i++)
		table_release(&schema->tables[i]);
	for (size_t i = 0; i < schema->view_count; i++)
		free(schema->views[i]);
	free(schema->tables);
	free(schema->views);
	map_release(&schema->by_name);
	memset(schema, 0, sizeof(*schema));
}

void schema_fold_case(char *name)
{
	for (; *name; name++)
		if (*name >= 'A' && *name <= 'Z')
			*name = (char)(*name - 'A' + 'a');
}

struct table *schema_find(const struct schema *schema, const char *full_name)
{
	return map_get_text(&schema->by_name, full_name);
}

const struct column *table_column(const struct table *table, const char *name)
{
	for (unsigned i = 0; i < table->column_count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return &table->columns[i];
	return NULL;
}

const struct column *table_column_of_other(const struct table *table, const struct column *other)
{
	for (unsigned i = 0; i < table->column_count; i++)
		if (strcasecmp(table->columns[i].name, other->name) == 0)
			return &table->columns[i];
	return NULL;
}

const struct table_index *table_index_named(const struct table *table, const char *name)
{
	for (unsigned i = 0; i < table->index_count; i++)
		if (strcasecmp(table->indexes[i].name, name) == 0)
			return &table->indexes[i];
	return NULL;
}

const struct table_index *table_primary(const struct table *table)
{
	for (unsigned i = 0; i < table->index_count; i++)
		if (table->indexes[i].is_primary)
			return &table->indexes[i];
	return NULL;
}

unsigned table_unique_count(const struct table *table)
{
	unsigned count = 0;

	for (unsigned i = 0; i < table->index_count; i++)
		if (table->indexes[i].is_unique)
			count++;
	return count;
}

/* Does a '?' in the member's text replace something else? Where its bytes are not
 * known (MySQL 5.7) the text has to do. */
static bool may_be_replaced(const struct column *column, unsigned member)
{
	const char *text = column->members[member];
	struct buf hex = BUF_INIT;
	bool bent;

	if (!column->member_bytes || !strchr(text, '?'))
		return false;
	buf_put_hex(&hex, text, strlen(text));
	bent = strcasecmp(buf_text(&hex), column->member_bytes[member]) != 0;
	buf_release(&hex);
	return bent;
}

bool column_same_members(const struct column *a, const struct column *b, unsigned count)
{
	bool by_bytes = a->member_bytes && b->member_bytes && charset_equal(a->charset, b->charset);

	if (a->type != b->type || a->member_count < count || b->member_count < count)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (by_bytes ? strcmp(a->member_bytes[i], b->member_bytes[i]) != 0 :
			       strcmp(a->members[i], b->members[i]) != 0 || may_be_replaced(a, i) ||
				       may_be_replaced(b, i))
			return false;
	return true;
}

bool column_is_text(const struct column *column)
{
	return column->type == COLUMN_CHAR || column->type == COLUMN_VARCHAR ||
	       column->type == COLUMN_TEXT;
}

bool column_is_written(const struct column *column)
{
	return column->generation == COLUMN_PLAIN;
}
