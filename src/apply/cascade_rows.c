/* Top down, the target is queried for the rows that refer to the values that a parent had; bottom
 * up, they are written, so that what leads to them stays until they are done.
 *
 * A row's new content is read from the source (row_repair.h), and may be newer than the change that
 * is followed. The row itself loses nothing by that: later changes come again. But rows below it
 * are found only through it, as it was at each change. So where a table passes changes on, the new
 * content of its rows is compared with what the foreign key must have made of them: if it is
 * exactly that, they are what they were at that place in the stream; if not, they are ahead of it,
 * and run->rows_are_ahead says so (C4).
 *
 * A foreign key whose update changes the children's own key finds not only those that have the old
 * values on the target but also those that have the new ones on the source: otherwise a row that
 * was copied under neither of its keys would never arrive. */
#include "cascade_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/probe.h"
#include "rows/row_key.h"
#include "verify/verifier.h"

static const char log_tag[] = "cascades";

#define PAGE_ROWS 5000
#define BYTES_MAX (16 << 20) /* of conditions that are collected before some are written */
#define DEPTH_MAX 32	     /* the servers go no deeper than 15 */
#define KEYS_PER_QUERY 200

/* --- set-up ------------------------------------------------------------------------------- */

static void add_link(struct cascade_list *list, unsigned column)
{
	for (unsigned i = 0; i < list->link_count; i++)
		if (list->links[i] == column)
			return;
	list->links = mem_resize(list->links, list->link_count + 1, sizeof(*list->links));
	list->links[list->link_count++] = column;
}

static void init_list(struct cascade_list *list, const struct moved_tables *tables, size_t index)
{
	list->table = tables->tables[index];
	map_init(&list->predicted);
	for (size_t i = 0; list->table->passes_cascades && i < tables->cascade_count; i++) {
		const struct cascade *c = &tables->cascades[i];

		for (unsigned n = 0; n < c->count; n++) {
			if (c->child == list->table)
				add_link(list, c->columns[n]);
			if (c->parent == list->table)
				add_link(list, c->parent_columns[n]);
		}
	}
}

void cascade_rows_init(struct cascade_rows *r, struct run *run, struct verifier *verifier,
		       const struct repair_plan *plan)
{
	*r = (struct cascade_rows){ .run = run, .verifier = verifier };
	row_repair_init(&r->repair, plan, 0);
	r->repair.lock = run->locks.cascades;
	r->lists = mem_calloc(run->tables->count + 1, sizeof(*r->lists));
	for (size_t i = 0; i < run->tables->count; i++)
		init_list(&r->lists[i], run->tables, i);
}

static void clear_list(struct cascade_list *list)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&list->predicted, &cursor)))
		free(entry->value);
	map_clear(&list->predicted);
	buf_clear(&list->conditions);
	list->count = 0;
	list->depth = 0;
	list->is_unpredictable = false;
}

void cascade_rows_release(struct cascade_rows *r)
{
	for (size_t i = 0; i < r->run->tables->count; i++) {
		clear_list(&r->lists[i]);
		map_release(&r->lists[i].predicted);
		buf_release(&r->lists[i].conditions);
		free(r->lists[i].links);
	}
	free(r->lists);
	row_repair_release(&r->repair);
	db_close(r->source);
	buf_release(&r->sql);
}

struct db *cascade_rows_source(struct cascade_rows *r, struct error *err)
{
	if (!r->source)
		r->source = run_connect(r->run, NULL, r->run->options->read_attempts, log_tag, err);
	return r->source;
}

/* --- images -------------------------------------------------------------------------------- */

/* Values one after another; NULL has a length of its own. */
static void put_value(struct buf *out, struct value value)
{
	uint64_t length = value.bytes ? value.length : UINT64_MAX;

	buf_add(out, &length, sizeof(length));
	if (value.bytes)
		buf_add(out, value.bytes, value.length);
}

static struct value take_value(const char **at)
{
	struct value value = { *at + sizeof(uint64_t), 0 };
	uint64_t length;

	memcpy(&length, *at, sizeof(length));
	*at += sizeof(length);
	if (length == UINT64_MAX)
		return (struct value){ NULL, 0 };
	value.length = (size_t)length;
	*at += length;
	return value;
}

/* The next row that a scan has fetched: its key and its links. */
static void take_image(const struct cascade_list *list, const char **at, struct value *image)
{
	for (unsigned i = 0; i < list->table->key.count; i++)
		image[list->table->key.columns[i]] = take_value(at);
	for (unsigned i = 0; i < list->link_count; i++)
		image[list->links[i]] = take_value(at);
}

/* As text without NUL bytes. */
static char *links_text(const struct cascade_list *list, const struct value *image)
{
	struct buf text = BUF_INIT;

	for (unsigned i = 0; i < list->link_count; i++) {
		struct value value = image[list->links[i]];

		if (value.bytes)
			buf_put_hex(&text, value.bytes, value.length);
		buf_putc(&text, value.bytes ? ',' : '-');
	}
	return buf_take(&text);
}

static void put_condition(struct buf *out, const struct moved_table *table,
			  const struct value *image)
{
	struct value key[KEY_COLUMNS_MAX];

	for (unsigned i = 0; i < table->key.count; i++)
		key[i] = image[table->key.columns[i]];
	sql_key_equals(out, &table->key, key);
}

/* --- querying ------------------------------------------------------------------------------- */

/* Rows of the child that refer to these values of the parent. */
struct scan {
	struct cascade_list *list;
	const struct cascade *cascade;
	const struct value *values; /* of the parent, by column */
	struct db *db;
	bool is_target;
	struct buf rows; /* the key's values, then the links', of each */
	size_t count;
	struct key last;
};

static void put_columns(struct buf *sql, const struct cascade_list *list)
{
	row_key_put_columns(sql, list->table);
	for (unsigned i = 0; i < list->link_count; i++) {
		buf_putc(sql, ',');
		sql_select_column(sql, &list->table->source->columns[list->links[i]]);
	}
}

static void put_from(struct buf *sql, const struct moved_table *table, bool is_target)
{
	buf_puts(sql, " FROM ");
	sql_table_name(sql, is_target ? table->target_schema : table->source->schema,
		       is_target ? table->target_name : table->source->name);
}

static void begin_query(struct cascade_rows *r, bool is_target)
{
	const struct move_options *options = r->run->options;

	buf_clear(&r->sql);
	sql_comment(&r->sql, is_target ? options->target.marginalia : options->source.marginalia);
	buf_puts(&r->sql, "SELECT ");
}

/* All at once if there are few, else page by page, each after the last row. Only pages are ordered:
 * an ORDER BY may make the server scan the whole table. */
static void put_query(struct cascade_rows *r, const struct scan *scan, bool in_order)
{
	const struct moved_table *table = scan->list->table;
	struct buf *sql = &r->sql;

	begin_query(r, scan->is_target);
	put_columns(sql, scan->list);
	put_from(sql, table, scan->is_target);
	row_key_put_range(sql, table, in_order ? &scan->last : NULL, NULL);
	buf_puts(sql, table->where || (in_order && scan->last.is_set) ? " AND " : " WHERE ");
	cascade_put_match(sql, scan->cascade, scan->values);
	if (in_order) {
		buf_puts(sql, " ORDER BY ");
		sql_key_order(sql, &table->key);
	}
	buf_printf(sql, " LIMIT %d", in_order ? PAGE_ROWS : PAGE_ROWS + 1);
}

static bool fetch(struct scan *scan, const struct buf *sql, struct error *err)
{
	unsigned count = scan->list->table->key.count + scan->list->link_count;
	enum db_fetch fetched;
	struct db_row row;

	buf_clear(&scan->rows);
	scan->count = 0;
	if (!db_ready(scan->db, err) || !db_query(scan->db, sql->data, sql->length, err))
		return false;
	while ((fetched = db_row_next(scan->db, &row, err)) == DB_ROW) {
		for (unsigned i = 0; i < count; i++)
			put_value(&scan->rows, (struct value){ row.values[i], row.lengths[i] });
		scan->count++;
	}
	return fetched == DB_END;
}

static bool query(struct cascade_rows *r, struct scan *scan, const struct buf *sql,
		  struct error *err)
{
	for (struct retry retry = run_write_begin(r->run, "look for children", log_tag);
	     retry_next(&retry, err);)
		if (fetch(scan, sql, err))
			return true;
	return error_wrap(err, "look for rows of table %s that follow their parents",
			  scan->list->table->source->full_name);
}

/* Waits for the transaction that gave the parent's row these values: then all that the key made of
 * its children is visible, or has been changed again. */
static bool wait_for_parent(struct cascade_rows *r, struct scan *scan, struct error *err)
{
	const struct cascade *c = scan->cascade;
	bool ok;

	begin_query(r, false);
	buf_putc(&r->sql, '1');
	put_from(&r->sql, c->parent, false);
	buf_puts(&r->sql, " WHERE ");
	for (unsigned i = 0; i < c->count; i++) {
		const struct column *column = &c->parent->source->columns[c->parent_columns[i]];

		buf_puts(&r->sql, i ? " AND " : "");
		sql_name(&r->sql, column->name);
		buf_putc(&r->sql, '=');
		sql_key_literal(&r->sql, column, scan->values[c->parent_columns[i]]);
	}
	buf_printf(&r->sql, " %s", server_share_lock(db_version(scan->db)));
	for (struct retry retry = run_write_begin(r->run, "wait for a parent", log_tag);
	     (ok = retry_next(&retry, err)) &&
	     !(db_ready(scan->db, err) && db_exec(scan->db, r->sql.data, r->sql.length, err));)
		;
	return ok || error_wrap(err, "wait for a row of table %s", c->parent->source->full_name);
}

/* --- collecting ------------------------------------------------------------------------------- */

static bool collect_below(struct cascade_rows *r, const struct moved_table *parent,
			  const struct value *before, const struct value *after, unsigned depth,
			  struct error *err);

static void add_condition(struct cascade_rows *r, struct cascade_list *list,
			  const struct value *image, unsigned depth)
{
	size_t before = list->conditions.length;

	put_condition(&list->conditions, list->table, image);
	buf_putc(&list->conditions, '\0');
	list->count++;
	if (list->depth < depth)
		list->depth = depth;
	r->bytes += list->conditions.length - before;
}

/* Two foreign keys may lead to one row: the second one finds what the first made of it. */
static bool collect_passing(struct cascade_rows *r, const struct scan *scan,
			    const struct value *parent_after, const struct value *image,
			    unsigned depth, struct error *err)
{
	struct cascade_list *list = scan->list;
	const struct cascade *c = scan->cascade;
	enum foreign_key_action action = cascade_judge(c, scan->values, parent_after);
	unsigned column_count = list->table->source->column_count;
	struct value *after = mem_calloc(column_count, sizeof(*after));
	struct buf condition = BUF_INIT;
	bool ok = true;

	put_condition(&condition, list->table, image);
	memcpy(after, image, column_count * sizeof(*after));
	bool is_there = cascade_predict(c, action, parent_after, after);
	char *predicted = is_there ? links_text(list, after) : mem_strdup("");
	char *known = map_get(&list->predicted, condition.data, condition.length);

	if (action == FOREIGN_KEY_SETS_DEFAULT || (is_there && c->moves_key) || (known && *known))
		list->is_unpredictable = true;
	if (known && (!*known || strcmp(known, predicted) == 0)) {
		free(predicted);
	} else {
		free(map_put(&list->predicted, condition.data, condition.length, predicted));
		if (!known)
			add_condition(r, list, image, depth);
		ok = collect_below(r, list->table, image, is_there ? after : NULL, depth + 1, err);
	}
	buf_release(&condition);
	free(after);
	return ok;
}

/* Every row of the page. */
static bool collect_page(struct cascade_rows *r, struct scan *scan,
			 const struct value *parent_after, unsigned depth, struct error *err)
{
	struct cascade_list *list = scan->list;
	const struct moved_table *table = list->table;
	struct value *image = mem_calloc(table->source->column_count, sizeof(*image));
	const char *at = scan->rows.data;
	bool ok = true;

	for (size_t i = 0; ok && i < scan->count; i++) {
		take_image(list, &at, image);
		if (i + 1 == scan->count) {
			struct value key[KEY_COLUMNS_MAX];

			for (unsigned n = 0; n < table->key.count; n++)
				key[n] = image[table->key.columns[n]];
			key_set(&scan->last, key, table->key.count);
		}
		if (scan->is_target && table->passes_cascades)
			ok = collect_passing(r, scan, parent_after, image, depth, err);
		else
			add_condition(r, list, image, depth);
	}
	free(image);
	return ok;
}

static bool collect_scan(struct cascade_rows *r, struct scan *scan,
			 const struct value *parent_after, unsigned depth, struct error *err)
{
	bool in_order = false, more = true, ok = true;

	while (ok && more) {
		put_query(r, scan, in_order);
		ok = query(r, scan, &r->sql, err);
		more = scan->count >= (size_t)PAGE_ROWS + !in_order;
		if (ok && more && !in_order) { /* again, from the first row */
			in_order = true;
			continue;
		}
		ok = ok && collect_page(r, scan, parent_after, depth, err);
		if (ok && r->bytes > BYTES_MAX)
			ok = cascade_rows_write(r, err);
	}
	buf_release(&scan->rows);
	key_release(&scan->last);
	return ok;
}

static bool has_values(const struct cascade *c, const struct value *image)
{
	for (unsigned i = 0; i < c->count; i++)
		if (!image[c->parent_columns[i]].bytes)
			return false;
	return true;
}

static bool collect_children(struct cascade_rows *r, const struct cascade *c,
			     const struct value *before, const struct value *after, unsigned depth,
			     struct error *err)
{
	struct cascade_list *list = &r->lists[c->child->index];
	struct scan on_target = { .list = list, .cascade = c, .values = before, .is_target = true };
	struct scan on_source = { .list = list, .cascade = c, .values = after };

	on_target.db = row_repair_target(&r->repair, err);
	if (!on_target.db || !collect_scan(r, &on_target, after, depth, err))
		return false;
	if (!c->moves_key || !after || !has_values(c, after))
		return true;
	/* Even if none is found: there may have been some that are gone by now. */
	list->is_unpredictable = true;
	on_source.db = cascade_rows_source(r, err);
	return on_source.db && wait_for_parent(r, &on_source, err) &&
	       collect_scan(r, &on_source, after, depth, err);
}

static bool collect_below(struct cascade_rows *r, const struct moved_table *parent,
			  const struct value *before, const struct value *after, unsigned depth,
			  struct error *err)
{
	const struct moved_tables *tables = r->run->tables;

	for (size_t i = 0; i < tables->cascade_count; i++) {
		const struct cascade *c = &tables->cascades[i];

		if (c->parent != parent || cascade_judge(c, before, after) == FOREIGN_KEY_REFUSES)
			continue;
		/* Rows outside the moved part are not on the target to lead further. */
		if (depth > DEPTH_MAX || (c->child->filter && c->child->passes_cascades)) {
			r->is_in_doubt = true;
			if (depth > DEPTH_MAX)
				continue;
		}
		if (!collect_children(r, c, before, after, depth, err))
			return false;
	}
	return true;
}

bool cascade_rows_add(struct cascade_rows *r, const struct moved_table *parent,
		      const struct value *before, const struct value *after, struct error *err)
{
	return collect_below(r, parent, before, after, 1, err);
}

/* --- writing ------------------------------------------------------------------------------------ */

static bool write_list(struct cascade_rows *r, struct cascade_list *list, struct error *err)
{
	const char **conditions = mem_calloc(list->count + 1, sizeof(*conditions));
	const char *at = list->conditions.data;

	for (size_t i = 0; i < list->count; i++, at += strlen(at) + 1)
		conditions[i] = at;
	probe("before_cascade_write", "%s %zu", list->table->source->full_name, list->count);
	bool ok = (throttler_wait(r->run->throttler, THROTTLED_WRITE, r->run->stop) ||
		   error_set(err, ERROR_STOPPED, "stopped")) &&
		  row_repair_rows(&r->repair, r->source, list->table, conditions, list->count, err);

	for (size_t i = 0; ok && r->verifier && i < list->count; i++)
		verifier_record(r->verifier, list->table, conditions[i], strlen(conditions[i]));
	if (ok) {
		r->written += list->count;
		probe("after_cascade_write", "%s %zu", list->table->source->full_name, list->count);
	}
	free(conditions);
	return ok;
}

/* Removes the rows found from the map, and checks that each is as predicted. */
static bool check_slice(struct cascade_rows *r, struct cascade_list *list, const struct buf *where,
			bool *is_as_predicted, struct error *err)
{
	struct scan scan = { .list = list, .db = row_repair_target(&r->repair, err) };
	const struct moved_table *table = list->table;
	struct value *image = mem_calloc(table->source->column_count, sizeof(*image));
	struct buf condition = BUF_INIT;

	begin_query(r, true);
	put_columns(&r->sql, list);
	put_from(&r->sql, table, true);
	buf_printf(&r->sql, " WHERE %s", where->data);
	bool ok = scan.db && query(r, &scan, &r->sql, err);
	const char *at = scan.rows.data;

	for (size_t i = 0; ok && i < scan.count; i++) {
		take_image(list, &at, image);
		buf_clear(&condition);
		put_condition(&condition, table, image);
		char *predicted = map_remove(&list->predicted, condition.data, condition.length);
		char *found = links_text(list, image);

		*is_as_predicted &= predicted && strcmp(predicted, found) == 0;
		free(predicted);
		free(found);
	}
	buf_release(&condition);
	buf_release(&scan.rows);
	free(image);
	return ok;
}

/* Rows not found must have been predicted to be gone. */
static bool check_list(struct cascade_rows *r, struct cascade_list *list, struct error *err)
{
	bool is_as_predicted = !list->is_unpredictable;
	const char *at = list->conditions.data;
	struct buf where = BUF_INIT;
	struct map_entry *entry;
	size_t cursor = 0;
	bool ok = true;

	for (size_t i = 0; ok && is_as_predicted && i < list->count; i++, at += strlen(at) + 1) {
		buf_printf(&where, "%s(%s)", where.length ? " OR " : "", at);
		if ((i + 1) % KEYS_PER_QUERY && i + 1 < list->count)
			continue;
		buf_putc(&where, '\0');
		ok = check_slice(r, list, &where, &is_as_predicted, err);
		buf_clear(&where);
	}
	while ((entry = map_next(&list->predicted, &cursor)))
		is_as_predicted &= *(char *)entry->value == '\0';
	if (ok && !is_as_predicted)
		atomic_store(&r->run->rows_are_ahead, true);
	buf_release(&where);
	return ok;
}

bool cascade_rows_write(struct cascade_rows *r, struct error *err)
{
	size_t table_count = r->run->tables->count;
	unsigned depth = 0;
	bool ok = cascade_rows_source(r, err) != NULL;

	/* Rows through which others are found were copied again elsewhere meanwhile. */
	r->is_in_doubt |= atomic_load(&r->run->rows_are_ahead);
	for (size_t i = 0; i < table_count; i++)
		if (r->lists[i].count > 0 && depth < r->lists[i].depth)
			depth = r->lists[i].depth;
	for (; ok && depth > 0; depth--)
		for (size_t i = 0; ok && i < table_count; i++)
			if (r->lists[i].count > 0 && r->lists[i].depth == depth)
				ok = write_list(r, &r->lists[i], err);
	for (size_t i = 0; ok && i < table_count; i++)
		if (r->lists[i].count > 0 || r->lists[i].is_unpredictable)
			ok = !r->lists[i].table->passes_cascades || check_list(r, &r->lists[i], err);
	for (size_t i = 0; i < table_count; i++)
		clear_list(&r->lists[i]);
	r->bytes = 0;
	return ok;
}
