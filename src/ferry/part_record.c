/* A table per run, `_ghostferry`.`part_<run id>`, which is dropped with the run's line. All is done
 * under the lock for creating or dropping such tables, so of two runs that begin at the same time
 * the second one sees the first. A process that dies leaves its table, or none: the resumed run
 * comes here again. When a run is given up for good, its table must be dropped by hand. */
#include "part_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db_rows.h"
#include "db/sql.h"
#include "line_record.h"
#include "plan/name_filter.h"

static const char log_tag[] = "ferry";

#define PREFIX "part_"

static char *target_name(const struct moved_table *t)
{
	return mem_printf("%s.%s", t->target_schema, t->target_name);
}

static void put_part(struct buf *text, const struct run *run)
{
	cJSON *part = cJSON_CreateObject(), *tables;

	cJSON_AddStringToObject(part, "Marginalia", run->options->target.marginalia);
	tables = cJSON_AddObjectToObject(part, "Tables");
	for (size_t i = 0; i < run->tables->count; i++) {
		const struct moved_table *t = run->tables->tables[i];
		char *name = target_name(t);

		cJSON_AddStringToObject(tables, name, t->where ? t->where : "");
		free(name);
	}
	json_print(text, part, 0);
	cJSON_Delete(part);
}

static bool put(struct db *target, const struct run *run, struct error *err)
{
	struct buf text = BUF_INIT, sql = BUF_INIT;
	bool ok;

	put_part(&text, run);
	buf_printf(&sql, "REPLACE INTO " OWN_SCHEMA "." PREFIX "%s VALUES (1, ", run->run_id);
	sql_text(&sql, buf_text(&text));
	buf_putc(&sql, ')');
	ok = db_execf(target, err, "CREATE DATABASE IF NOT EXISTS " OWN_SCHEMA) &&
	     db_execf(target, err,
		      "CREATE TABLE IF NOT EXISTS " OWN_SCHEMA "." PREFIX
		      "%s (id INT PRIMARY KEY, part LONGTEXT CHARACTER SET utf8mb4 COLLATE "
		      "utf8mb4_bin NOT NULL) ENGINE=InnoDB",
		      run->run_id) &&
	     db_exec(target, sql.data, sql.length, err);
	buf_release(&text);
	buf_release(&sql);
	return ok;
}

static enum filter_overlap overlap_of(const struct moved_table *t, const char *other,
				      struct buf *example)
{
	enum filter_overlap overlap = FILTERS_UNKNOWN;
	struct error ignored = ERROR_INIT;
	struct row_filter *filter;

	if (!*other || !t->filter) {
		buf_puts(example, "any row");
		return FILTERS_OVERLAP;
	}
	filter = row_filter_parse(other, &ignored);
	if (filter && row_filter_bind(filter, t->source, &ignored))
		overlap = row_filter_overlap(t->filter, filter, t->source, example);
	row_filter_free(filter);
	return overlap;
}

static bool check_table(const struct moved_table *t, const char *record, const char *who,
			const char *other, struct error *err)
{
	struct buf example = BUF_INIT;
	enum filter_overlap overlap = overlap_of(t, other, &example);

	if (overlap == FILTERS_UNKNOWN)
		log_warn("table %s: whether its rows %s are disjoint from those of the run '%s' (%s) "
			 "is not known",
			 t->source->full_name, t->where, who, other);
	if (overlap == FILTERS_OVERLAP)
		error_set(err, ERROR_CONFIG,
			  "table %s: rows would be moved by two runs, such as %s: this one moves %s, and "
			  "the run '%s' moves %s; give each row to one of them, or, when that run is "
			  "never resumed, DROP TABLE " OWN_SCHEMA ".%s on the target",
			  t->source->full_name, buf_text(&example), t->where ? t->where : "all rows",
			  who, *other ? other : "all rows", record);
	buf_release(&example);
	return overlap != FILTERS_OVERLAP;
}

static bool check_part(const struct run *run, const char *record, const cJSON *part,
		       struct error *err)
{
	const cJSON *tables = cJSON_GetObjectItemCaseSensitive(part, "Tables");
	const char *who = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(part, "Marginalia"));
	struct map others;
	bool ok = true;

	map_init(&others);
	for (const cJSON *node = tables ? tables->child : NULL; node; node = node->next)
		if (cJSON_IsString(node))
			map_put_text(&others, node->string, node->valuestring);
	for (size_t i = 0; ok && i < run->tables->count; i++) {
		char *name = target_name(run->tables->tables[i]);
		const char *other = map_get_text(&others, name);

		ok = !other ||
		     check_table(run->tables->tables[i], record, who ? who : "", other, err);
		free(name);
	}
	map_release(&others);
	return ok;
}

/* A table without its row is that of a process that died: when resumed, it checks again. */
static bool check_record(struct db *target, const struct run *run, const char *record,
			 struct error *err)
{
	struct buf text = BUF_INIT;
	cJSON *part = NULL;
	bool found;
	bool ok = db_value(target, &text, &found, err,
			   "SELECT part FROM " OWN_SCHEMA ".%s WHERE id = 1", record);

	if (ok && found) {
		part = json_parse(text.data, text.length, err);
		ok = part && check_part(run, record, part, err);
	}
	cJSON_Delete(part);
	buf_release(&text);
	return ok;
}

static bool check_others(struct db *target, const struct run *run, struct error *err)
{
	struct db_rows rows =
		db_rows_of(target,
			   "SELECT TABLE_NAME FROM information_schema.TABLES WHERE "
			   "TABLE_SCHEMA = '" OWN_SCHEMA "' AND TABLE_NAME LIKE '" PREFIX "%'",
			   err);
	struct map records;
	const struct map_entry *entry;
	size_t cursor = 0;
	bool ok;

	map_init(&records);
	while (db_rows_next(&rows)) {
		const char *name = db_rows_text(&rows, 0);

		/* It becomes part of a query. */
		if (strcmp(name + strlen(PREFIX), run->run_id) != 0 &&
		    strspn(name + strlen(PREFIX), "0123456789abcdef") ==
			    strlen(name + strlen(PREFIX)))
			map_put_text(&records, name, &records);
	}
	ok = rows.ok;
	while (ok && (entry = map_next(&records, &cursor)))
		ok = check_record(target, run, entry->key, err);
	map_release(&records);
	return ok;
}

bool part_record_enter(struct db *target, const struct run *run, struct error *err)
{
	struct error ignored = ERROR_INIT;
	bool ok = own_schema_lock(target, err) && check_others(target, run, err) &&
		  put(target, run, err);

	/* The first error counts, and the lock ends with the connection. */
	if (!own_schema_unlock(target, ok ? err : &ignored))
		ok = false;
	return ok || error_wrap(err, "compare with the parts that other runs move");
}
