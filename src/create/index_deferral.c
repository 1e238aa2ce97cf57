/* What a table needs while rows are written to it stays: all that is unique or that rows are
 * found by, what foreign keys are kept by (a server that misses an index for one makes its own
 * or refuses the table), what hands out AUTO_INCREMENT values. So do indexes of what the
 * server computes: they read expressions, and servers have had trouble with building them
 * while rows change. A table without a key has its rows found by any index there is.
 *
 * Foreign keys are read on both servers: children of a table may be on the target already. Any
 * index that begins with a column of one stays, which may be one too many. */
#include "index_deferral.h"

#include <limits.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "create/fulltext_keys.h"
#include "db/db_rows.h"
#include "state/run_state.h"

enum { SOURCE = 's', TARGET = 't' };

static char *column_key(char side, const char *schema, const char *table, const char *column)
{
	char *key = mem_printf("%c%s.%s.%s", side, schema, table, column);

	schema_fold_case(key);
	return key;
}

static void add_column(struct index_deferral *d, char side, const struct db_rows *rows,
		       unsigned first)
{
	char *key = column_key(side, db_rows_text(rows, first), db_rows_text(rows, first + 1),
			       db_rows_text(rows, first + 2));

	map_put_text(&d->foreign_columns, key, d);
	free(key);
}

static bool load_foreign_keys(struct index_deferral *d, struct db *db, char side, struct error *err)
{
	static const char sql[] =
		"SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA,"
		" REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME"
		" FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL";
	struct db_rows rows = db_rows_of(db, sql, err);

	while (db_rows_next(&rows)) {
		add_column(d, side, &rows, 0);
		add_column(d, side, &rows, 3);
	}
	return rows.ok || error_wrap(err, "read the foreign keys of the %s", db_label(db));
}

bool index_deferral_load(struct index_deferral *d, const struct move_options *options,
			 struct db *source, struct db *target, struct error *err)
{
	*d = (struct index_deferral){ .options = options };
	map_init(&d->foreign_columns);
	return !options->defer_indexes || (load_foreign_keys(d, source, SOURCE, err) &&
					   load_foreign_keys(d, target, TARGET, err));
}

void index_deferral_release(struct index_deferral *d)
{
	map_release(&d->foreign_columns);
}

static bool is_foreign(const struct index_deferral *d, const struct moved_table *t,
		       const struct column *column)
{
	const struct table *table = t->source;
	char *here = column_key(SOURCE, table->schema, table->name, column->name);
	char *there = column_key(TARGET, t->target_schema, t->target_name, column->name);
	bool found =
		map_get_text(&d->foreign_columns, here) || map_get_text(&d->foreign_columns, there);

	free(here);
	free(there);
	return found;
}

/* Is it the only one that begins with the AUTO_INCREMENT column, but for such as may go? */
static bool counts_up(const struct table *table, const struct table_index *index)
{
	unsigned column = index->parts[0].column;

	if (!table->columns[column].is_auto_increment)
		return false;
	for (unsigned i = 0; i < table->index_count; i++)
		if (table->indexes[i].is_unique && table->indexes[i].parts[0].column == column)
			return false;
	return true;
}

static bool is_computed(const struct table *table, const struct table_index *index)
{
	for (unsigned i = 0; i < index->part_count; i++)
		if (index->parts[i].column == UINT_MAX ||
		    table->columns[index->parts[i].column].generation != COLUMN_PLAIN)
			return true;
	return false;
}

static bool may_wait(const struct index_deferral *d, const struct moved_table *t,
		     const struct table_index *index)
{
	const struct table *table = t->source;
	const char *forced = map_get_text(&d->options->verify.force_index, table->full_name);

	if (index->is_unique || index->part_count == 0 || is_computed(table, index))
		return false;
	if ((t->key.index && strcasecmp(t->key.index, index->name) == 0) ||
	    (forced && strcasecmp(forced, index->name) == 0))
		return false;
	/* B-trees, FULLTEXT and SPATIAL: not of vectors. */
	return (index->is_ordered || index->is_fulltext ||
		table->columns[index->parts[0].column].type == COLUMN_GEOMETRY) &&
	       !counts_up(table, index) &&
	       !is_foreign(d, t, &table->columns[index->parts[0].column]) &&
	       !(index->is_fulltext && fulltext_keys_are_late(table));
}

uint64_t index_deferral_of(const struct index_deferral *d, const struct moved_table *t)
{
	const struct table *table = t->source;
	uint64_t indexes = 0;

	if (!d->options->defer_indexes || t->key.count == 0 || table->is_system_versioned)
		return 0;
	for (unsigned i = 0; i < table->index_count && i < DEFERRED_INDEXES_MAX; i++)
		if (may_wait(d, t, &table->indexes[i]))
			indexes |= UINT64_C(1) << i;
	return indexes;
}

bool index_set_has(const struct table *table, uint64_t indexes, const char *name)
{
	const struct table_index *index = table_index_named(table, name);

	return index && index - table->indexes < DEFERRED_INDEXES_MAX &&
	       indexes >> (index - table->indexes) & 1;
}
