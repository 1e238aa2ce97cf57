/* A start of what was moved already, as the state of that move says: by the same source,
 * with all tables that are chosen now, and these are on the target. Whatever is in them by
 * now is in use, so nothing is to be done, or advised. */
#include "ferry_priv.h"

#include <string.h>

#include "db/sql.h"
#include "preflight/preflight_priv.h"

struct names {
	struct map map; /* "`schema`.`table`" of the target */
	bool ignores_case;
};

static void put_name(const struct names *names, struct buf *name, const char *schema,
		     const char *table)
{
	buf_clear(name);
	sql_table_name(name, schema, table);
	if (names->ignores_case)
		schema_fold_case(name->data);
}

static bool take_name(void *context, const struct db_row *row)
{
	struct names *names = context;
	struct buf name = BUF_INIT;

	put_name(names, &name, preflight_text(row, 0), preflight_text(row, 1));
	map_put(&names->map, name.data, name.length, names);
	buf_release(&name);
	return true;
}

static bool load_names(struct ferry *f, struct names *names, struct error *err)
{
	bool ok = schema_ignores_case(f->target, &names->ignores_case, err) &&
		  preflight_rows(f->target,
				 "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES",
				 take_name, names, err);

	return ok || error_wrap(err, "look for the tables of the finished move on the target");
}

static bool was_moved(const struct saved_state *finished, const struct moved_table *t)
{
	return map_get_text(&finished->key_columns_of, t->source->full_name) != NULL;
}

/* Not f->tracker's: it is not known where the source is not fit for a move, which it need
 * not be any more. */
static bool is_same_source(struct ferry *f, bool *same, struct error *err)
{
	struct db_identity identity;

	if (!db_ask_identity(f->source, &identity, err))
		return error_wrap(err, "ask the source who it is");
	*same = strcmp(f->finished->run.source_uuid, identity.text) == 0;
	return true;
}

bool ferry_check_finished(struct ferry *f, struct error *err)
{
	struct names names = { .ignores_case = false };
	struct buf name = BUF_INIT;
	bool ok = true;

	if (!f->finished || f->tables.count == 0)
		return true;
	if (!is_same_source(f, &f->is_finished, err))
		return false;
	for (size_t i = 0; f->is_finished && i < f->tables.count; i++)
		f->is_finished = was_moved(f->finished, f->tables.tables[i]);
	if (!f->is_finished)
		return true;
	map_init(&names.map);
	ok = load_names(f, &names, err);
	for (size_t i = 0; ok && f->is_finished && i < f->tables.count; i++) {
		const struct moved_table *t = f->tables.tables[i];

		put_name(&names, &name, t->target_schema, t->target_name);
		f->is_finished = map_get(&names.map, name.data, name.length) != NULL;
	}
	map_release(&names.map);
	buf_release(&name);
	return ok;
}
