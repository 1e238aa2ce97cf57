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
#define CHANGES_PER_QUERY 100

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

static size_t take_number(const char **at)
{
	struct value digits = take_value(at);
	size_t number = 0;

	for (size_t i = 0; i < digits.length; i++)
		number = number * 10 + (size_t)(digits.bytes[i] - '0');
	return number;
}

/* The next row that a scan has fetched, behind its number: its key and its links. */
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

/* Rows of the child that refer to what rows of the parent were, on the target, or are, on the
 * source. */
struct scan {
	struct cascade_list *list;
	const struct cascade *cascade;
	const struct parent_change *changes;
	size_t change_count;
	struct db *db;
	bool is_target;
	struct buf rows; /* the number of the change, the key's values, then the links', of each */
	size_t count;
	struct key last;
};

static void put_match(struct buf *sql, const struct scan *scan, size_t number)
{
	const struct parent_change *change = &scan->changes[number];

	cascade_put_match(sql, scan->cascade, scan->is_target ? change->before : change->after);
}

/* Which of the changes a row was found by: it matters where the row is followed further. The server
 * says so, which alone knows which values are equal. */
static void put_number(struct buf *sql, const struct scan *scan)
{
	size_t last = scan->is_target && scan->list->table->passes_cascades && scan->change_count ?
			      scan->change_count - 1 :
			      0;

	for (size_t i = 0; i < last; i++) {
		buf_puts(sql, i ? " WHEN " : "CASE WHEN ");
		put_match(sql, scan, i);
		buf_printf(sql, " THEN %zu", i);
	}
	buf_printf(sql, last ? " ELSE %zu END," : "%zu,", last);
}

static void put_columns(struct buf *sql, const struct scan *scan)
{
	const struct cascade_list *list = scan->list;

	put_number(sql, scan);
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
	put_columns(sql, scan);
	put_from(sql, table, scan->is_target);
	row_key_put_range(sql, table, in_order ? &scan->last : NULL, NULL);
	buf_puts(sql, table->where || (in_order && scan->last.is_set) ? " AND (" : " WHERE (");
	for (size_t i = 0; i < scan->change_count; i++) {
		buf_puts(sql, i ? " OR " : "");
		put_match(sql, scan, i);
	}
	buf_putc(sql, ')');
	if (in_order) {
		buf_puts(sql, " ORDER BY ");
		sql_key_order(sql, &table->key);
	}
	buf_printf(sql, " LIMIT %d", in_order ? PAGE_ROWS : PAGE_ROWS + 1);
}

static bool fetch(struct scan *scan, const struct buf *sql, struct error *err)
{
	unsigned count = 1 + scan->list->table->key.count + scan->list->link_count;
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

static bool lock_parents(struct cascade_rows *r, const struct scan *scan, size_t first,
			 size_t count, const char *lock, struct error *err)
{
	const struct cascade *c = scan->cascade;

	begin_query(r, false);
	buf_putc(&r->sql, '1');
	put_from(&r->sql, c->parent, false);
	buf_puts(&r->sql, " WHERE ");
	for (size_t i = first; i < first + count; i++) {
		buf_puts(&r->sql, i > first ? " OR " : "");
		cascade_put_parent(&r->sql, c, scan->changes[i].after);
	}
	buf_printf(&r->sql, " %s", lock);
	return db_ready(scan->db, err) && db_exec(scan->db, r->sql.data, r->sql.length, err);
}

/* Waits for the transactions that gave the parent's rows their values: then all that the key made
 * of the children is visible, or has been changed again. While one row is waited for no other is
 * locked, as in row_reader.c. */
static bool wait_for_parents(struct cascade_rows *r, const struct scan *scan, struct error *err)
{
	const char *nowait = server_share_lock_nowait(db_version(scan->db));
	struct error busy = ERROR_INIT;
	bool ok = true;

	if (scan->change_count > 1 && nowait &&
	    lock_parents(r, scan, 0, scan->change_count, nowait, &busy))
		return true;
	for (size_t i = 0; ok && i < scan->change_count; i++)
		for (struct retry retry = run_write_begin(r->run, "wait for a parent", log_tag);
		     (ok = retry_next(&retry, err)) &&
		     !lock_parents(r, scan, i, 1, server_share_lock(db_version(scan->db)), err);)
			;
	return ok || error_wrap(err, "wait for a row of table %s",
				scan->cascade->parent->source->full_name);
}

/* --- collecting ------------------------------------------------------------------------------- */

static bool collect_below(struct cascade_rows *r, const struct moved_table *parent,
			  const struct parent_change *changes, size_t count, unsigned depth,
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

static void note_last(struct scan *scan, const struct value *image)
{
	const struct key_columns *key = &scan->list->table->key;
	struct value values[KEY_COLUMNS_MAX];

	for (unsigned i = 0; i < key->count; i++)
		values[i] = image[key->columns[i]];
	key_set(&scan->last, values, key->count);
}

/* Is it to be followed? *there: it becomes after, else it is gone. Two foreign keys may lead to one
 * row: the second one finds what the first made of it. */
static bool collect_passing(struct cascade_rows *r, const struct scan *scan,
			    const struct parent_change *change, const struct value *image,
			    struct value *after, bool *there, unsigned depth)
{
	struct cascade_list *list = scan->list;
	const struct cascade *c = scan->cascade;
	enum foreign_key_action action = cascade_judge(c, change->before, change->after);
	struct buf condition = BUF_INIT;

	put_condition(&condition, list->table, image);
	memcpy(after, image, list->table->source->column_count * sizeof(*after));
	*there = cascade_predict(c, action, change->after, after);
	char *predicted = *there ? links_text(list, after) : mem_strdup("");
	char *known = map_get(&list->predicted, condition.data, condition.length);
	bool is_followed = !known || (*known && strcmp(known, predicted) != 0);

	if ((*there && c->moves_key) || (known && *known))
		list->is_unpredictable = true;
	if (!known)
		add_condition(r, list, image, depth);
	if (is_followed)
		predicted = map_put(&list->predicted, condition.data, condition.length, predicted);
	free(predicted);
	buf_release(&condition);
	return is_followed;
}

/* Every row of the page. Those that pass changes on are followed some at a time: the rows below
 * all of these are looked for by one query. */
static bool collect_page(struct cascade_rows *r, struct scan *scan, unsigned depth,
			 struct error *err)
{
	struct cascade_list *list = scan->list;
	const struct moved_table *table = list->table;
	bool is_passing = scan->is_target && table->passes_cascades, ok = true, there;
	size_t width = table->source->column_count, count = 0;
	size_t limit = scan->count < CHANGES_PER_QUERY ? scan->count : CHANGES_PER_QUERY;
	struct value *images = mem_calloc(2 * width * (limit + 1), sizeof(*images));
	struct parent_change *changes = mem_calloc(limit + 1, sizeof(*changes));
	const char *at = scan->rows.data;

	for (size_t i = 0; ok && i < scan->count; i++) {
		struct value *image = images + 2 * width * count;
		size_t number = take_number(&at);

		take_image(list, &at, image);
		if (i + 1 == scan->count)
			note_last(scan, image);
		if (!is_passing)
			add_condition(r, list, image, depth);
		else if (collect_passing(r, scan, &scan->changes[number], image, image + width,
					 &there, depth))
			changes[count++] =
				(struct parent_change){ image, there ? image + width : NULL };
		if (count > 0 && (count == limit || i + 1 == scan->count)) {
			ok = collect_below(r, table, changes, count, depth + 1, err);
			count = 0;
		}
	}
	free(images);
	free(changes);
	return ok;
}

/* Of one change that has more rows than a page. */
static bool collect_pages(struct cascade_rows *r, struct scan *scan, unsigned depth,
			  struct error *err)
{
	bool more = true, ok = true;

	while (ok && more) {
		put_query(r, scan, true);
		ok = query(r, scan, &r->sql, err);
		more = scan->count >= PAGE_ROWS;
		ok = ok && collect_page(r, scan, depth, err);
		if (ok && r->bytes > BYTES_MAX)
			ok = cascade_rows_write(r, err);
	}
	key_release(&scan->last);
	return ok;
}

/* Halves changes that have more than a page together. */
static bool collect_scan(struct cascade_rows *r, struct scan *scan, unsigned depth,
			 struct error *err)
{
	struct scan half = *scan;

	put_query(r, scan, false);
	bool ok = query(r, scan, &r->sql, err);

	if (ok && scan->count > PAGE_ROWS && scan->change_count > 1) {
		half.change_count = scan->change_count / 2;
		ok = collect_scan(r, &half, depth, err);
		half.changes += half.change_count;
		half.change_count = scan->change_count - half.change_count;
		ok = ok && collect_scan(r, &half, depth, err);
	} else if (ok && scan->count > PAGE_ROWS) {
		ok = collect_pages(r, scan, depth, err); /* again, from the first row */
	} else if (ok) {
		ok = collect_page(r, scan, depth, err);
		if (ok && r->bytes > BYTES_MAX)
			ok = cascade_rows_write(r, err);
	}
	buf_release(&scan->rows);
	return ok;
}

static bool has_values(const struct cascade *c, const struct value *image)
{
	for (unsigned i = 0; i < c->count; i++)
		if (!image[c->parent_columns[i]].bytes)
			return false;
	return true;
}

/* Of children whose own key changes with the parent's: those that have it by now. */
static bool collect_moved(struct cascade_rows *r, const struct cascade *c,
			  const struct parent_change *changes, size_t count, unsigned depth,
			  struct error *err)
{
	struct parent_change *moved = mem_calloc(count, sizeof(*moved));
	struct scan scan = { .list = &r->lists[c->child->index],
			     .cascade = c,
			     .changes = moved,
			     .db = cascade_rows_source(r, err) };
	bool ok = scan.db != NULL;

	for (size_t i = 0; i < count; i++)
		if (changes[i].after && has_values(c, changes[i].after))
			moved[scan.change_count++] = changes[i];
	if (ok && scan.change_count > 0) {
		/* Even if none is found: there may have been some that are gone by now. */
		scan.list->is_unpredictable = true;
		ok = wait_for_parents(r, &scan, err) && collect_scan(r, &scan, depth, err);
	}
	free(moved);
	return ok;
}

static bool collect_children(struct cascade_rows *r, const struct cascade *c,
			     const struct parent_change *changes, size_t count, unsigned depth,
			     struct error *err)
{
	struct scan scan = { .list = &r->lists[c->child->index],
			     .cascade = c,
			     .changes = changes,
			     .change_count = count,
			     .is_target = true,
			     .db = row_repair_target(&r->repair, err) };

	return scan.db && collect_scan(r, &scan, depth, err) &&
	       (!c->moves_key || collect_moved(r, c, changes, count, depth, err));
}

/* Those of the changes that the key follows. */
static bool collect_by_key(struct cascade_rows *r, const struct cascade *c,
			   const struct parent_change *changes, size_t count, unsigned depth,
			   struct error *err)
{
	struct parent_change some[CHANGES_PER_QUERY];
	size_t n = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++) {
		if (cascade_judge(c, changes[i].before, changes[i].after) != FOREIGN_KEY_REFUSES)
			some[n++] = changes[i];
		if (n == 0 || (n < CHANGES_PER_QUERY && i + 1 < count))
			continue;
		/* Rows outside the moved part are not on the target to lead further. */
		r->is_in_doubt |=
			depth > DEPTH_MAX || (c->child->filter && c->child->passes_cascades);
		ok = depth > DEPTH_MAX || collect_children(r, c, some, n, depth, err);
		n = 0;
	}
	return ok;
}

static bool collect_below(struct cascade_rows *r, const struct moved_table *parent,
			  const struct parent_change *changes, size_t count, unsigned depth,
			  struct error *err)
{
	const struct moved_tables *tables = r->run->tables;
	bool ok = true;

	for (size_t i = 0; ok && i < tables->cascade_count; i++)
		if (tables->cascades[i].parent == parent)
			ok = collect_by_key(r, &tables->cascades[i], changes, count, depth, err);
	return ok;
}

bool cascade_rows_add(struct cascade_rows *r, const struct moved_table *parent,
		      const struct parent_change *changes, size_t count, struct error *err)
{
	return collect_below(r, parent, changes, count, 1, err);
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
	put_columns(&r->sql, &scan);
	put_from(&r->sql, table, true);
	buf_printf(&r->sql, " WHERE %s", where->data);
	bool ok = scan.db && query(r, &scan, &r->sql, err);
	const char *at = scan.rows.data;

	for (size_t i = 0; ok && i < scan.count; i++) {
		take_number(&at);
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
