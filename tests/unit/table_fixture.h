/* Tables made by hand for unit tests: a builder over struct schema, so that a test
 * reads like a CREATE TABLE. Everything is freed by fixture_release(). */
#ifndef TESTS_UNIT_TABLE_FIXTURE_H
#define TESTS_UNIT_TABLE_FIXTURE_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/schema.h"

enum { FIXTURE_TABLES_MAX = 8, FIXTURE_COLUMNS_MAX = 16, FIXTURE_INDEXES_MAX = 8 };

struct fixture {
	struct schema schema;
};

static UNUSED void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	map_init(&f->schema.by_name);
	f->schema.tables = mem_calloc(FIXTURE_TABLES_MAX, sizeof(struct table));
}

static UNUSED struct table *fixture_table(struct fixture *f, const char *schema, const char *name)
{
	struct table *t = &f->schema.tables[f->schema.table_count];

	t->index = f->schema.table_count++;
	t->schema = mem_strdup(schema);
	t->name = mem_strdup(name);
	t->full_name = mem_printf("%s.%s", schema, name);
	t->engine = mem_strdup("InnoDB");
	t->collation = mem_strdup("utf8mb4_general_ci");
	t->columns = mem_calloc(FIXTURE_COLUMNS_MAX, sizeof(struct column));
	t->indexes = mem_calloc(FIXTURE_INDEXES_MAX, sizeof(struct table_index));
	map_put_text(&f->schema.by_name, t->full_name, t);
	return t;
}

/* collation "": none, and no charset; nullable unless told otherwise by the caller. */
static UNUSED struct column *fixture_column(struct table *t, const char *name, enum column_type type,
					    const char *raw_type, const char *collation)
{
	struct column *c = &t->columns[t->column_count];
	const char *underscore = strchr(collation, '_');

	c->position = t->column_count++;
	c->name = mem_strdup(name);
	c->raw_type = mem_strdup(raw_type);
	c->collation = mem_strdup(collation);
	c->charset = underscore ? mem_memdup(collation, (size_t)(underscore - collation)) :
				  mem_strdup(collation);
	c->extra = mem_strdup("");
	c->expression = mem_strdup("");
	c->type = type;
	c->is_unsigned = strstr(raw_type, "unsigned") != NULL;
	return c;
}

static UNUSED void fixture_part(struct table *t, struct table_index *index, const char *name)
{
	const struct column *column = table_column(t, name);
	struct index_part *part = &index->parts[index->part_count++];

	part->column = column->position;
	index->is_nullable |= column->is_nullable;
}

/* columns: "a,b" */
static UNUSED struct table_index *fixture_index(struct table *t, const char *name, bool is_unique,
						const char *columns)
{
	struct table_index *index = &t->indexes[t->index_count++];
	char *list = mem_strdup(columns), *rest = NULL;

	index->name = mem_strdup(name);
	index->is_unique = is_unique;
	index->is_primary = strcmp(name, "PRIMARY") == 0;
	index->is_visible = true;
	index->is_ordered = true;
	index->parts = mem_calloc(FIXTURE_COLUMNS_MAX, sizeof(struct index_part));
	for (char *at = strtok_r(list, ",", &rest); at; at = strtok_r(NULL, ",", &rest))
		fixture_part(t, index, at);
	free(list);
	return index;
}

/* "abc.t1": id, uuid, name (NULL allowed), score (DOUBLE), and no index yet. */
static UNUSED struct table *fixture_keyless_table(struct fixture *f)
{
	struct table *t = fixture_table(f, "abc", "t1");

	fixture_column(t, "id", COLUMN_BIGINT, "bigint(20)", "");
	fixture_column(t, "uuid", COLUMN_BINARY, "binary(16)", "");
	fixture_column(t, "name", COLUMN_VARCHAR, "varchar(16)", "utf8mb4_bin")->is_nullable = true;
	fixture_column(t, "score", COLUMN_DOUBLE, "double", "");
	return t;
}

static UNUSED void fixture_table_release(struct table *t)
{
	for (unsigned i = 0; i < t->column_count; i++) {
		free(t->columns[i].name);
		free(t->columns[i].raw_type);
		free(t->columns[i].collation);
		free(t->columns[i].charset);
		free(t->columns[i].extra);
		free(t->columns[i].expression);
	}
	for (unsigned i = 0; i < t->index_count; i++) {
		free(t->indexes[i].name);
		free(t->indexes[i].parts);
	}
	free(t->columns);
	free(t->indexes);
	free(t->schema);
	free(t->name);
	free(t->full_name);
	free(t->engine);
	free(t->collation);
}

static UNUSED void fixture_release(struct fixture *f)
{
	for (size_t i = 0; i < f->schema.table_count; i++)
		fixture_table_release(&f->schema.tables[i]);
	free(f->schema.tables);
	map_release(&f->schema.by_name);
}

#endif
