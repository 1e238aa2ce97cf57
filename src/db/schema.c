/* What is known about tables once they are loaded. */
#include "db/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void column_release(struct column *column)
{
	for (unsigned i = 0; i < column->member_count; i++)
		free(column->members[i]);
	free(column->members);
	free(column->name);
	free(column->raw_type);
	free(column->charset);
	free(column->collation);
	free(column->extra);
	free(column->expression);
}

static void table_release(struct table *table)
{
	for (unsigned i = 0; i < table->column_count; i++)
		column_release(&table->columns[i]);
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

bool column_is_written(const struct column *column)
{
	return column->generation == COLUMN_PLAIN;
}
