#include "compare/diff_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "base/json.h"
#include "base/mem.h"
#include "db/sql.h"

void diff_report_init(struct diff_report *r, const struct row_hash *hashes, size_t count)
{
	r->tables = mem_calloc(count + 1, sizeof(*r->tables));
	r->count = count;
	for (size_t i = 0; i < count; i++)
		r->tables[i].f = &hashes[i];
}

static void free_row(const struct diff_report_row *row)
{
	free(row->key);
	free(row->typed);
	free(row->where);
}

void table_report_reset(struct table_report *t)
{
	for (size_t k = 0; k < t->shown_count; k++)
		free_row(&t->shown[k]);
	free(t->shown);
	*t = (struct table_report){ .f = t->f, .repaired = t->repaired, .shown_max = t->shown_max };
}

void diff_report_release(struct diff_report *r)
{
	for (size_t i = 0; i < r->count; i++)
		table_report_reset(&r->tables[i]);
	free(r->tables);
	*r = (struct diff_report){ .tables = NULL };
}

void diff_report_add(struct table_report *t, const struct diff_report_row *row)
{
	/* It may have been found in two ways. */
	for (size_t i = 0; i < t->shown_count; i++) {
		if (strcmp(t->shown[i].key, row->key) == 0) {
			free_row(row);
			return;
		}
	}
	t->different++;
	if (t->shown_count == (t->shown_max > 0 ? t->shown_max : REPORT_KEYS_SHOWN)) {
		free_row(row);
		return;
	}
	t->shown = mem_resize(t->shown, t->shown_count + 1, sizeof(*t->shown));
	t->shown[t->shown_count++] = *row;
}

void diff_report_add_whole(struct table_report *t)
{
	uint64_t source = t->rows[SIDE_SOURCE], target = t->rows[SIDE_TARGET];
	uint64_t least = source > target ? source - target : target - source;

	t->different = least ? least : 1;
}

bool table_report_repeats_ids(const struct table_report *t)
{
	return t->next_id[SIDE_TARGET] > 0 && t->next_id[SIDE_TARGET] < t->next_id[SIDE_SOURCE];
}

bool table_report_is_different(const struct table_report *t)
{
	return t->different > 0 || t->f->finding || table_report_repeats_ids(t);
}

size_t diff_report_different_tables(const struct diff_report *r)
{
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++)
		count += table_report_is_different(&r->tables[i]);
	return count;
}

uint64_t diff_report_unsettled(const struct diff_report *r)
{
	uint64_t count = 0;

	for (size_t i = 0; i < r->count; i++)
		count += r->tables[i].unsettled;
	return count;
}

static bool is_equal(const struct table_report *t)
{
	return t->is_compared && !table_report_is_different(t) && t->unsettled == 0;
}

static const char *name_of(const struct table_report *t)
{
	return t->f->table->source->full_name;
}

static bool has_no_key(const struct table_report *t)
{
	return t->f->table->key.count == 0;
}

void table_report_message(struct buf *out, const struct table_report *t)
{
	buf_printf(out, "%s [", name_of(t));
	if (t->f->finding)
		buf_printf(out, "%s ", t->f->finding);
	else
		buf_puts(out, has_no_key(t) ? "no key: " : "PKs: ");
	for (size_t k = 0; k < t->shown_count; k++) {
		const struct diff_report_row *row = &t->shown[k];

		buf_printf(out, "%s (type: %s", row->key, difference_kind_name(row->kind));
		if (row->kind == ROW_DIFFERS)
			buf_printf(out, ", source: %s, target: %s", row->print[SIDE_SOURCE],
				   row->print[SIDE_TARGET]);
		buf_puts(out, ") ");
	}
	if (t->different > t->shown_count)
		buf_printf(out, "and %" PRIu64 " more ", t->different - t->shown_count);
	buf_puts(out, "] ");
}

void diff_report_message(struct buf *out, const struct diff_report *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (table_report_is_different(&r->tables[i]))
			table_report_message(out, &r->tables[i]);
}

/* Prints a query that shows the row, if it is there, in any client. */
static void put_select(struct buf *out, const struct table_report *t, enum side side,
		       const char *where)
{
	const struct moved_table *table = t->f->table;
	const struct key_columns *key = &table->key;

	/* Times are compared as the program's sessions see them. */
	for (unsigned i = 0; i < key->count; i++) {
		if (key->table->columns[key->columns[i]].type == COLUMN_TIMESTAMP) {
			buf_puts(out, "SET time_zone = '+00:00'; ");
			break;
		}
	}
	buf_puts(out, "SELECT * FROM ");
	if (side == SIDE_SOURCE)
		sql_table_name(out, table->source->schema, table->source->name);
	else
		sql_table_name(out, table->target_schema, table->target_name);
	buf_printf(out, " WHERE %s", where);
}

static void put_row_text(struct buf *out, const struct table_report *t,
			 const struct diff_report_row *row)
{
	static const char *const sides[] = { [SIDE_SOURCE] = "source", [SIDE_TARGET] = "target" };
	struct buf sql = BUF_INIT;

	buf_puts(out, "  key ");
	printable_put(out, row->key);
	buf_printf(out, ": %s\n", difference_kind_name(row->kind));
	for (unsigned side = 0; row->where && side < SIDE_COUNT; side++) {
		buf_clear(&sql);
		put_select(&sql, t, side, row->where);
		buf_printf(out, "    %s: ", sides[side]);
		printable_put(out, buf_text(&sql));
		buf_puts(out, ";\n");
	}
	buf_release(&sql);
}

static void put_table_text(struct buf *out, const struct table_report *t)
{
	printable_put(out, name_of(t));
	buf_puts(out, ": ");
	if (t->f->finding) {
		buf_puts(out, "DIFFERENT, ");
		printable_put(out, t->f->finding);
		buf_putc(out, '\n');
		return;
	}
	buf_puts(out, table_report_is_different(t) ? "DIFFERENT, " :
		      is_equal(t)		   ? "equal, " :
		      t->is_compared		   ? "not known, " :
						     "not compared to its end, ");
	buf_printf(out, "%" PRIu64 " rows", t->rows[SIDE_SOURCE]);
	if (t->rows[SIDE_SOURCE] != t->rows[SIDE_TARGET])
		buf_printf(out, " on the source and %" PRIu64 " on the target",
			   t->rows[SIDE_TARGET]);
	if (t->different > 0)
		buf_printf(out, ", %s%" PRIu64 " differ", has_no_key(t) ? "at least " : "",
			   t->different);
	if (table_report_repeats_ids(t))
		buf_printf(out,
			   ", AUTO_INCREMENT is %" PRIu64 " on the source and %" PRIu64
			   " on the target: values would be handed out twice",
			   t->next_id[SIDE_SOURCE], t->next_id[SIDE_TARGET]);
	if (has_no_key(t))
		buf_puts(out, ", compared by their sums as there is no key");
	if (t->unsettled > 0)
		buf_printf(out, ", %" PRIu64 " changed whenever they were looked at", t->unsettled);
	if (t->f->note) {
		buf_puts(out, "; not compared: ");
		printable_put(out, t->f->note);
	}
	buf_putc(out, '\n');
	for (size_t k = 0; k < t->shown_count; k++)
		put_row_text(out, t, &t->shown[k]);
	if (t->different > t->shown_count)
		buf_printf(out, "  and %" PRIu64 " more\n", t->different - t->shown_count);
}

void diff_report_text(struct buf *out, const struct diff_report *r)
{
	size_t different = diff_report_different_tables(r);

	for (size_t i = 0; i < r->count; i++)
		put_table_text(out, &r->tables[i]);
	buf_printf(out, "%zu table%s compared, ", r->count, r->count == 1 ? "" : "s");
	if (different > 0)
		buf_printf(out, "%zu different\n", different);
	else
		buf_puts(out, diff_report_unsettled(r) ? "none found different\n" : "all equal\n");
}

static cJSON *row_json(const struct table_report *t, const struct diff_report_row *row)
{
	static const char *const names[] = {
		[SIDE_SOURCE] = "SourceSQL", [SIDE_TARGET] = "TargetSQL"
	};
	cJSON *object = cJSON_CreateObject();
	struct buf sql = BUF_INIT;

	cJSON_AddStringToObject(object, "Key", row->key);
	if (row->typed)
		cJSON_AddRawToObject(object, "TypedKey", row->typed);
	cJSON_AddStringToObject(object, "Kind", difference_kind_name(row->kind));
	for (unsigned side = 0; row->where && side < SIDE_COUNT; side++) {
		buf_clear(&sql);
		put_select(&sql, t, side, row->where);
		cJSON_AddStringToObject(object, names[side], buf_text(&sql));
	}
	buf_release(&sql);
	return object;
}

static cJSON *table_json(const struct table_report *t)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *keys;

	cJSON_AddStringToObject(object, "Table", name_of(t));
	cJSON_AddBoolToObject(object, "Equal", is_equal(t));
	json_add_u64(object, "SourceRows", t->rows[SIDE_SOURCE]);
	json_add_u64(object, "TargetRows", t->rows[SIDE_TARGET]);
	json_add_u64(object, "DifferentRows", t->different);
	json_add_u64(object, "UnsettledRows", t->unsettled);
	if (table_report_repeats_ids(t)) {
		json_add_u64(object, "SourceAutoIncrement", t->next_id[SIDE_SOURCE]);
		json_add_u64(object, "TargetAutoIncrement", t->next_id[SIDE_TARGET]);
	}
	if (t->f->finding)
		cJSON_AddStringToObject(object, "Problem", t->f->finding);
	if (t->f->note)
		cJSON_AddStringToObject(object, "NotCompared", t->f->note);
	keys = cJSON_AddArrayToObject(object, "Differences");
	for (size_t k = 0; k < t->shown_count; k++)
		cJSON_AddItemToArray(keys, row_json(t, &t->shown[k]));
	return object;
}

void diff_report_json(struct buf *out, const struct diff_report *r)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *tables;

	cJSON_AddBoolToObject(object, "Equal",
			      diff_report_different_tables(r) == 0 && diff_report_unsettled(r) == 0);
	tables = cJSON_AddArrayToObject(object, "Tables");
	for (size_t i = 0; i < r->count; i++)
		cJSON_AddItemToArray(tables, table_json(&r->tables[i]));
	json_print(out, object, 1);
	buf_putc(out, '\n');
	cJSON_Delete(object);
}
