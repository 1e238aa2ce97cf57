/* A change brings a row with a unique value that another row of the target still holds. That row's
 * image is stale, as the source has the value in the changed row, so it has to give way: its own
 * change comes later in the stream (src/README.md). REPLACE does that, but does not say which row
 * it removed, and fails where MariaDB implements a unique key by a hash and two rows are in the way
 * (1062 at READ COMMITTED). And should the two servers not agree about which values are equal,
 * there is no such change, and the row is lost. Hence, for tables in which it can happen
 * (moved_table.may_displace):
 *
 *   DELETE the keys of the batch, by their bytes
 *   INSERT the rows ... ON DUPLICATE KEY UPDATE a=a
 *
 * Usually all rows are inserted, and that is all. Where the server counts fewer, the missing ones
 * are inserted one by one within the same transaction, and each time the server says which row is
 * in the way: ON DUPLICATE KEY UPDATE puts its key into variables of the session. (Only the server
 * knows, for keys over expressions, prefixes or hashes.) That row is deleted by the bytes of its
 * key and is owed from then on (I9): it is put into the state, and the state saved, before the
 * commit.
 *
 * If we die before the commit, rows are owed that still exist: the check of owed rows finds them.
 * If we die after it, the changes come again and find nothing in the way, but the state has the
 * rows. A lost connection is the same. Rows of one batch that conflict with each other (only on the
 * target) displace each other, and the last one stays: the others are owed, too.
 *
 * Where only a part of the table is moved (Tables.Where), no row outside it is touched: the DELETE
 * does not match such a row, and if it stays in the way the run ends. */
#include "displacement.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "rows/owed_rows.h"
#include "rows/target_write.h"
#include "plan/key_condition.h"
#include "rows/row_lookup.h"

static const char log_tag[] = "binlog_writer";

#define TRIES_MAX 64 /* of one row: no table has more unique keys */

void displacement_init(struct displacement *d, struct run *run, const struct moved_table *table,
		       struct change *changes)
{
	*d = (struct displacement){ .run = run, .table = table, .changes = changes };
	map_init(&d->displaced);
}

void displacement_end(struct displacement *d)
{
	if (d->has_begun)
		owed_rows_displaced(d->run->owed, d->table, &d->displaced);
	map_release(&d->displaced);
}

/* --- one row ------------------------------------------------------------------------- */

/* Lower is better: how awkward it is to assign a column of the type to itself in an expression. */
static unsigned awkwardness(const struct column *column)
{
	switch (column->type) {
	case COLUMN_TINYINT:
	case COLUMN_SMALLINT:
	case COLUMN_MEDIUMINT:
	case COLUMN_INT:
	case COLUMN_BIGINT:
		return 0;
	case COLUMN_CHAR:
	case COLUMN_VARCHAR:
	case COLUMN_TEXT:
	case COLUMN_BINARY:
	case COLUMN_VARBINARY:
	case COLUMN_BLOB:
		return 1;
	case COLUMN_DECIMAL:
	case COLUMN_YEAR:
	case COLUMN_DATE:
	case COLUMN_TIME:
	case COLUMN_DATETIME:
	case COLUMN_TIMESTAMP:
		return 2;
	default:
		return 3;
	}
}

static const struct column *assigned_column(const struct moved_table *table)
{
	const struct column *best = &table->source->columns[table->written[0]];

	for (unsigned i = 1; i < table->written_count; i++) {
		const struct column *column = &table->source->columns[table->written[i]];

		if (awkwardness(column) < awkwardness(best))
			best = column;
	}
	return best;
}

/* As read by a session in UTC, whatever the time zone of this one. */
static void put_key_column(struct buf *sql, const struct moved_table *table,
			   const struct column *column)
{
	if (column->type != COLUMN_TIMESTAMP || !table->zone) {
		sql_select_column(sql, column);
		return;
	}
	buf_puts(sql, "CAST(DATE_ADD('1970-01-01', INTERVAL UNIX_TIMESTAMP(");
	sql_name(sql, column->name);
	buf_printf(sql, ") SECOND) AS DATETIME(%u))", column->fraction);
}

/* A length is never negative: the row stays as it is, but the variables get its key. (MySQL
 * optimizes an assignment away when it knows the result without it, as with IS NULL.) */
static void put_asking_tail(struct buf *sql, const struct moved_table *table)
{
	const struct column *column = assigned_column(table);

	buf_puts(sql, " ON DUPLICATE KEY UPDATE ");
	sql_name(sql, column->name);
	buf_puts(sql, "=IF(");
	for (unsigned i = 0; i < table->key.count; i++) {
		buf_printf(sql, "%sLENGTH(@ghostferry_key%u:=CAST(", i ? "+" : "", i);
		put_key_column(sql, table, &table->source->columns[table->key.columns[i]]);
		buf_puts(sql, " AS BINARY))");
	}
	buf_puts(sql, "<0,");
	sql_name(sql, column->name);
	buf_putc(sql, ',');
	sql_name(sql, column->name);
	buf_putc(sql, ')');
}

static void put_asking_insert(struct buf *sql, const struct moved_table *table,
			      const struct change *change)
{
	size_t length = change->image_length;

	/* A large image is a whole statement already. */
	if (change->head_length > 0)
		length -= strlen(table->insert_tail);
	buf_puts(sql, table->insert_head);
	buf_add(sql, change_image(change), length);
	put_asking_tail(sql, table);
}

static bool query_holders(const struct moved_table *table, struct db *target, struct buf *condition,
			  struct error *err)
{
	struct buf sql = BUF_INIT;
	struct value values[KEY_COLUMNS_MAX];
	struct db_row row;
	enum db_fetch fetched = DB_FAILED;
	bool is_known = true;

	for (unsigned i = 0; i < table->key.count; i++)
		buf_printf(&sql, "%s@ghostferry_key%u", i ? "," : "SELECT ", i);
	bool ok = db_query(target, sql.data, sql.length, err);

	buf_release(&sql);
	if (ok)
		fetched = db_row_next(target, &row, err);
	if (fetched != DB_ROW)
		return false;
	for (unsigned i = 0; i < table->key.count; i++) {
		is_known = is_known && i < row.count && row.values[i];
		if (is_known)
			values[i] = (struct value){ row.values[i], row.lengths[i] };
	}
	buf_clear(condition);
	if (is_known)
		sql_key_equals(condition, &table->key, values);
	db_row_finish(target);
	return is_known || error_set(err, ERROR_DATA,
				     "a row is in the way of a changed one, and the target does not "
				     "say which");
}

static bool delete_exactly(const struct moved_table *table, struct db *target,
			   const struct buf *condition, uint64_t *deleted, struct error *err)
{
	struct write_statement statement = { .sql = BUF_INIT,
					     .rows = 1,
					     .zone = table->deletes_in_zone ? table->zone : NULL,
					     .affected = deleted };

	*deleted = 0;
	buf_puts(&statement.sql, table->delete_head);
	key_condition_put_exact(&statement.sql, &table->key, condition->data, condition->length);
	moved_table_end_where(&statement.sql, table);
	bool ok = write_statement_execute(target, &statement, err);

	write_statement_release(&statement);
	return ok;
}

/* Deletes one more row that is in the way. */
static bool displace(struct displacement *d, struct db *target, struct error *err)
{
	const struct moved_table *table = d->table;
	struct buf condition = BUF_INIT;
	uint64_t deleted = 0;
	bool ok = query_holders(table, target, &condition, err);

	if (ok) {
		map_put(&d->displaced, condition.data, condition.length, d);
		ok = delete_exactly(table, target, &condition, &deleted, err);
	}
	if (ok && deleted != 1 && table->where)
		ok = error_set(err, ERROR_UNSUPPORTED,
			       "the row with %s is in the way of a changed one, and does not belong to "
			       "the rows that are moved (Tables.Where %s), so it is left as it is: if "
			       "another run moves it, its change may be under way, so wait, then "
			       "resume; else the two cannot be in one table",
			       buf_text(&condition), table->where);
	else if (ok && deleted != 1)
		ok = error_set(err, ERROR_DATA,
			       "the row with %s is in the way of a changed one, and cannot be "
			       "deleted by its key",
			       buf_text(&condition));
	buf_release(&condition);
	return ok;
}

static bool insert_one(struct displacement *d, struct db *target, const struct change *change,
		       struct error *err)
{
	struct write_statement statement = { .sql = BUF_INIT,
					     .rows = 1,
					     .zone = d->table->zone,
					     .invalid_enums = change->invalid_enums };
	bool ok = true;
	uint64_t inserted = 0;

	put_asking_insert(&statement.sql, d->table, change);
	statement.affected = &inserted;
	for (unsigned i = 0; ok && inserted == 0 && i < TRIES_MAX; i++) {
		ok = write_statement_execute(target, &statement, err) &&
		     (inserted > 0 || displace(d, target, err));
	}
	if (ok && inserted != 1)
		ok = error_set(err, ERROR_DATA,
			       "the row with %.*s cannot be written, as others stay in its way",
			       (int)change->key_length, change_key(change));
	write_statement_release(&statement);
	return ok;
}

/* --- the batch ------------------------------------------------------------------------- */

/* The last change of each key whose row must exist. */
static void keep_rows(const struct displacement *d, struct map *rows)
{
	for (struct change *change = d->changes; change; change = change->next)
		if (change->is_delete)
			map_remove(rows, change_key(change), change->key_length);
		else
			map_put(rows, change_key(change), change->key_length, change);
}

bool displacement_resolve(struct displacement *d, struct db *target, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0;
	struct map rows;

	if (d->inserted == d->rows)
		return true;
	map_init(&rows);
	keep_rows(d, &rows);
	owed_rows_begin(d->run->owed, &d->has_begun);
	bool ok = row_lookup_missing(target, d->table, &rows, err);

	while (ok && (entry = map_next(&rows, &cursor)))
		ok = insert_one(d, target, entry->value, err);
	map_release(&rows);
	if (ok && d->displaced.count > 0) {
		log_debug("table %s: %zu rows give way to changed ones and are looked for later",
			  d->table->source->full_name, d->displaced.count);
		ok = owed_rows_displacing(d->run->owed, d->table, &d->displaced, err);
	}
	return ok;
}
