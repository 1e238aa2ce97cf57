/* MySQL's JSON columns. From MySQL to MySQL the types inside the documents travel along:
 * the binlog has them, and the copy asks for them beside each document. MariaDB keeps
 * JSON as text, so there the text is all there is. */
#include <stdlib.h>

#include "base/mem.h"
#include "db/sql_json.h"
#include "plan/moved_table.h"
#include "plan/findings.h"

enum { JSON_TABLE_FROM = 80004 }; /* MySQL's first version with JSON_TABLE() */

static char *make_types_list(const struct moved_table *t)
{
	struct buf sql = BUF_INIT;

	for (unsigned i = 0; i < t->selected_count; i++) {
		const struct column *column = &t->source->columns[t->selected[i]];

		if (column->type != COLUMN_JSON)
			continue;
		buf_putc(&sql, ',');
		sql_json_select_types(&sql, t->source, column);
	}
	return buf_take(&sql);
}

void moved_tables_set_json(struct moved_tables *tables, const struct move_options *options,
			   const struct server_version *source, const struct server_version *target,
			   struct findings *findings)
{
	for (size_t i = 0; i < tables->count; i++) {
		tables->tables[i]->target_is_mysql = target->flavour == FLAVOUR_MYSQL;
		tables->tables[i]->is_between_flavours = target->flavour != source->flavour;
	}
	if (target->flavour == FLAVOUR_MARIADB || options->allow_inexact_json)
		return;
	for (size_t i = 0; i < tables->count; i++) {
		struct moved_table *t = tables->tables[i];
		unsigned count = 0;

		for (unsigned c = 0; c < t->written_count; c++)
			count += t->source->columns[t->written[c]].type == COLUMN_JSON;
		if (count == 0)
			continue;
		if (source->number < JSON_TABLE_FROM) {
			finding_add(findings, FINDING_ERROR,
				    "set AllowInexactJSON if its documents were written as text, "
				    "with none of the server's DECIMAL, temporal or binary values in "
				    "them",
				    "source: MySQL %s cannot list the types inside the JSON documents "
				    "of %s",
				    source->text, t->source->full_name);
			continue;
		}
		t->json_is_typed = true;
		t->types_count = count;
		free(t->types_list);
		t->types_list = make_types_list(t);
	}
}

void moved_table_set_target(struct moved_table *t, const struct table *target)
{
	for (unsigned i = 0; i < t->source->column_count; i++) {
		const struct column *column = &t->source->columns[i];
		const struct column *there = table_column_of_other(target, column);

		if (column->type != COLUMN_TEXT || !there || there->type != COLUMN_JSON)
			continue;
		if (!t->as_json)
			t->as_json = mem_calloc(t->source->column_count, sizeof(*t->as_json));
		t->as_json[i] = true;
	}
}
