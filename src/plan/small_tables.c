/* What the lock of such a table costs is no more than what a batch of another one costs while it
 * has so few rows. It may grow while the run lasts: its changes are applied all the same; a run
 * that is resumed counts again, as it locks and reads it again. */
#include "plan/small_tables.h"

#include <strings.h>

#include "db/sql.h"
#include "key_choice.h"
#include "plan/moved_table.h"

#define SMALL_ROWS 10000
#define SMALL_BYTES (UINT64_C(4) << 20)

static bool size_decides(const struct move_options *options, const struct table *table)
{
	struct key_choice choice;
	struct error ignored = ERROR_INIT;

	if (table->data_bytes > SMALL_BYTES)
		return false;
	if (strcasecmp(table->engine, "InnoDB") != 0)
		return options->nontransactional == LOCKED_SMALL &&
		       engine_is_lockable(table->engine);
	return options->without_key == LOCKED_SMALL &&
	       !key_choice_make(&choice, options, table, &ignored) &&
	       ignored.kind == ERROR_UNSUPPORTED;
}

static bool count_rows(struct table *table, struct db *source, struct error *err)
{
	struct error failure = ERROR_INIT;
	struct buf name = BUF_INIT, more = BUF_INIT;
	bool found;

	sql_table_name(&name, table->schema, table->name);
	bool ok = db_value(source, &more, &found, &failure, "SELECT 1 FROM %s LIMIT %d, 1",
			   buf_text(&name), SMALL_ROWS);
	table->is_small = ok && !found;
	if (!ok && error_is_retryable(&failure)) {
		*err = failure;
		error_wrap(err, "count the rows of table %s", table->full_name);
	} else {
		ok = true;
	}
	buf_release(&more);
	buf_release(&name);
	return ok;
}

bool small_tables_find(struct schema *schema, const struct move_options *options, struct db *source,
		       struct error *err)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		struct table *table = &schema->tables[i];

		if (size_decides(options, table) && !count_rows(table, source, err))
			return false;
	}
	return true;
}
