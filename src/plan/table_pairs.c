#include "plan/table_pairs.h"

#include <stdlib.h>

#include "base/mem.h"
#include "db/sql.h"

static void put_name(const struct table_pairs *pairs, struct buf *name, const char *schema,
		     const char *table)
{
	buf_clear(name);
	sql_table_name(name, schema, table);
	if (pairs->ignores_case)
		schema_fold_case(name->data);
}

struct moved_table *table_pairs_find(const struct table_pairs *pairs, const char *schema,
				     const char *table)
{
	struct buf name = BUF_INIT;
	struct moved_table *found;

	put_name(pairs, &name, schema, table);
	found = map_get(&pairs->by_target, name.data, name.length);
	buf_release(&name);
	return found;
}

static bool is_wanted(void *context, const char *schema, const char *table)
{
	return table_pairs_find(context, schema, table) != NULL;
}

bool table_pairs_load(struct table_pairs *pairs, const struct moved_tables *tables,
		      struct db *target, struct error *err)
{
	struct buf name = BUF_INIT;
	bool ok;

	*pairs = (struct table_pairs){ .tables = tables };
	ok = schema_ignores_case(target, &pairs->ignores_case, err);
	pairs->there = mem_calloc(tables->count + 1, sizeof(*pairs->there));
	map_init(&pairs->by_target);
	for (size_t i = 0; i < tables->count; i++) {
		struct moved_table *t = tables->tables[i];

		put_name(pairs, &name, t->target_schema, t->target_name);
		map_put(&pairs->by_target, name.data, name.length, t);
	}
	buf_release(&name);
	ok = ok && schema_load(target, is_wanted, pairs, &pairs->on_target, err);
	for (size_t i = 0; ok && i < pairs->on_target.table_count; i++) {
		const struct table *table = &pairs->on_target.tables[i];

		pairs->there[table_pairs_find(pairs, table->schema, table->name)->index] = table;
	}
	return ok || error_wrap(err, "load table definitions of the target");
}

void table_pairs_release(struct table_pairs *pairs)
{
	schema_release(&pairs->on_target);
	map_release(&pairs->by_target);
	free(pairs->there);
	*pairs = (struct table_pairs){ .tables = NULL };
}
