/* Two steps: information_schema lists the objects, then SHOW CREATE returns each one's statement
 * and the settings it was created with. Objects dropped in between are left out. */
#include "objects/object_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "create/create_text.h"
#include "db/db_rows.h"
#include "db/sql.h"

#define NO_DEFINER 1449
#define NO_EXECUTE 1370 /* MariaDB */

/* One entry per kind. The query selects name, type, table, definer, status, and what both flavours
 * report identically. Then the columns of SHOW CREATE; 0: it has none. */
static const struct kind {
	const char *select;
	const char *schema_column;
	const char *name_column;
	const char *order;
	unsigned statement, sql_mode, time_zone, client;
} kinds[OBJECT_KINDS] = {
	[OBJECT_SEQUENCE] = { "TABLE_NAME, 'SEQUENCE', '', '', '', '' FROM information_schema.TABLES"
			      " WHERE TABLE_TYPE = 'SEQUENCE' AND ",
			      "TABLE_SCHEMA", "TABLE_NAME", "TABLE_NAME", 1, 0, 0, 0 },
	[OBJECT_ROUTINE] = { "ROUTINE_NAME, ROUTINE_TYPE, '', DEFINER, '', CONCAT_WS('\\n',"
			     " IS_DETERMINISTIC, SQL_DATA_ACCESS, SECURITY_TYPE,"
			     " ROUTINE_COMMENT, DATA_TYPE) FROM information_schema.ROUTINES WHERE ",
			     "ROUTINE_SCHEMA", "ROUTINE_NAME", "ROUTINE_TYPE, ROUTINE_NAME", 2, 1,
			     0, 3 },
	[OBJECT_VIEW] = { "TABLE_NAME, 'VIEW', '', DEFINER, '', CONCAT_WS('\\n', SECURITY_TYPE,"
			  " CHECK_OPTION) FROM information_schema.VIEWS WHERE ",
			  "TABLE_SCHEMA", "TABLE_NAME", "TABLE_NAME", 1, 0, 0, 2 },
	/* In the order in which a table's triggers fire. */
	[OBJECT_TRIGGER] = { "TRIGGER_NAME, 'TRIGGER', EVENT_OBJECT_TABLE, DEFINER, '',"
			     " CONCAT_WS('\\n', EVENT_OBJECT_TABLE, ACTION_TIMING,"
			     " EVENT_MANIPULATION, ACTION_ORDER)"
			     " FROM information_schema.TRIGGERS WHERE ",
			     "TRIGGER_SCHEMA", "TRIGGER_NAME",
			     "EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER",
			     2, 1, 0, 3 },
	[OBJECT_EVENT] = { "EVENT_NAME, 'EVENT', '', DEFINER, STATUS, CONCAT_WS('\\n',"
			   " EVENT_TYPE, EXECUTE_AT, INTERVAL_VALUE, INTERVAL_FIELD,"
			   " STARTS, ENDS, ON_COMPLETION, EVENT_COMMENT)"
			   " FROM information_schema.EVENTS WHERE ",
			   "EVENT_SCHEMA", "EVENT_NAME", "EVENT_NAME", 3, 1, 2, 4 },
};

void object_kind_put_count(struct buf *sql, enum object_kind kind)
{
	const struct kind *k = &kinds[kind];

	buf_printf(sql, "SELECT %s, COUNT(*)%s%s <> '' GROUP BY 1", k->schema_column,
		   strstr(k->select, " FROM "), k->schema_column);
}

/* --- the list --------------------------------------------------------------------- */

static void add(struct object_list *list, enum object_kind kind, const char *schema,
		const struct db_rows *rows)
{
	const char *status = db_rows_text(rows, 4);

	list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct object){
		.kind = kind,
		.status = strcmp(status, "ENABLED") == 0 ? OBJECT_ENABLED :
			  strstr(status, "SIDE")	 ? OBJECT_ENABLED_ELSEWHERE :
							   OBJECT_DISABLED,
		.type = mem_strdup(db_rows_text(rows, 1)),
		.source_schema = mem_strdup(schema),
		.schema = mem_strdup(schema),
		.name = mem_strdup(db_rows_text(rows, 0)),
		.full_name = mem_printf("%s.%s", schema, db_rows_text(rows, 0)),
		.table = mem_strdup(db_rows_text(rows, 2)),
		.definer = mem_strdup(db_rows_text(rows, 3)),
		.sql_mode = mem_strdup(""),
		.time_zone = mem_strdup(""),
		.client = mem_strdup(""),
		.collation = mem_strdup(""),
		.database_collation = mem_strdup(""),
		.created = BUF_INIT,
		.likeness = mem_strdup(db_rows_text(rows, 5)),
	};
}

static void release(struct object *o)
{
	char *const texts[] = { o->type,      o->source_schema, o->schema,    o->name,
				o->full_name, o->table,		o->definer,   o->sql_mode,
				o->time_zone, o->client,	o->collation, o->database_collation,
				o->likeness,  o->columns,	o->broken };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	buf_release(&o->created);
}

void object_list_release(struct object_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		release(&list->items[i]);
	free(list->items);
	*list = (struct object_list){ .count = 0 };
}

struct object *object_list_find(const struct object_list *list, const struct object *like)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].kind == like->kind &&
		    strcmp(list->items[i].type, like->type) == 0 &&
		    strcmp(list->items[i].name, like->name) == 0)
			return &list->items[i];
	return NULL;
}

static bool list_names(struct object_list *list, struct db *db, enum object_kind kind,
		       const char *schema, const char *name, struct error *err)
{
	const struct kind *k = &kinds[kind];
	struct buf sql = BUF_INIT;

	buf_printf(&sql, "SELECT %s%s = ", k->select, k->schema_column);
	sql_text(&sql, schema);
	if (name) {
		buf_printf(&sql, " AND %s = ", k->name_column);
		sql_text(&sql, name);
	}
	buf_printf(&sql, " ORDER BY %s", k->order);

	struct db_rows rows = db_rows_of(db, buf_text(&sql), err);

	while (db_rows_next(&rows))
		add(list, kind, schema, &rows);
	buf_release(&sql);
	return rows.ok;
}

/* --- one of them ------------------------------------------------------------------- */

static void take(char **text, const struct db_row *row, unsigned column)
{
	if (column == 0 || column >= row->count)
		return;
	free(*text);
	*text = mem_strdup(db_row_text(row, column));
}

/* The statement's head is the server's own, with every name in quotes. */
static void disable(struct buf *created)
{
	const char *at = create_find(buf_text(created), " PRESERVE ");
	const char *end = at;
	struct buf text = BUF_INIT;

	if (!at)
		return;
	end += create_begins(end, "DISABLE") ? strlen("DISABLE") : strlen("ENABLE");
	if (create_begins(end, " ON SLAVE") || create_begins(end, " ON REPLICA"))
		end += 4 + strcspn(end + 4, " ");
	buf_add(&text, created->data, (size_t)(at - created->data));
	buf_puts(&text, "DISABLE");
	buf_add(&text, end, (size_t)(created->data + created->length - end));
	buf_release(created);
	*created = text;
}

static void take_shown(struct object *o, const struct db_row *row)
{
	const struct kind *k = &kinds[o->kind];

	if (row->count > k->statement && row->values[k->statement])
		buf_add(&o->created, row->values[k->statement], row->lengths[k->statement]);
	take(&o->sql_mode, row, k->sql_mode);
	take(&o->time_zone, row, k->time_zone);
	take(&o->client, row, k->client);
	take(&o->collation, row, k->client ? k->client + 1 : 0);
	take(&o->database_collation, row, k->sql_mode ? k->client + 2 : 0);
	if (o->kind == OBJECT_EVENT)
		disable(&o->created);
}

static bool is_gone(const struct error *err)
{
	static const unsigned codes[] = { 1146, 1305, 1360, 1539, 4091 };

	return error_has_code_of(err, codes, ARRAY_LEN(codes));
}

static bool show(struct object *o, struct db *db, bool *found, struct error *err)
{
	struct buf sql = BUF_INIT;
	struct error failure = ERROR_INIT;

	buf_printf(&sql, "SHOW CREATE %s ", o->type);
	sql_table_name(&sql, o->schema, o->name);

	struct db_rows rows = db_rows_of(db, buf_text(&sql), &failure);

	*found = false;
	while (db_rows_next(&rows)) {
		take_shown(o, &rows.row);
		*found = true;
	}
	buf_release(&sql);
	if (rows.ok || is_gone(&failure))
		return true;
	*found = failure.kind == ERROR_ACCESS;
	if (!*found)
		*err = failure;
	return *found;
}

/* Servers print the same view in different ways; its columns have the same names. */
static bool show_columns(struct object *o, struct db *db, struct error *err)
{
	struct buf sql = BUF_INIT, columns = BUF_INIT;
	struct error failure = ERROR_INIT;

	buf_puts(&sql, "SHOW COLUMNS FROM ");
	sql_table_name(&sql, o->schema, o->name);

	struct db_rows rows = db_rows_of(db, buf_text(&sql), &failure);

	while (db_rows_next(&rows))
		buf_printf(&columns, "%s\n", db_rows_text(&rows, 0));
	if (rows.ok)
		o->columns = buf_take(&columns);
	else if (failure.server_code != NO_DEFINER)
		o->broken = mem_strdup(failure.text);
	o->lacks_execute = !rows.ok && failure.server_code == NO_EXECUTE;
	buf_release(&sql);
	buf_release(&columns);
	if (!rows.ok && error_is_retryable(&failure)) {
		*err = failure;
		return false;
	}
	return true;
}

/* MariaDB takes `name`.`name`() for a package's routine first. */
static bool find_packages(struct db *db, const char *schema, bool *found, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	*found = false;
	if (db_version(db)->flavour != FLAVOUR_MARIADB)
		return true;
	buf_puts(&sql, "SELECT 1 FROM information_schema.ROUTINES WHERE ROUTINE_TYPE = 'PACKAGE'"
		       " AND ROUTINE_SCHEMA = ");
	sql_text(&sql, schema);
	ok = db_has_row(db, buf_text(&sql), found, err);
	buf_release(&sql);
	return ok;
}

bool object_list_load(struct object_list *list, struct db *db, enum object_kind kind,
		      const char *schema, const char *name, struct error *err)
{
	size_t first = list->count, kept = first;
	struct buf use = BUF_INIT;
	struct error failure = ERROR_INIT;
	bool ok, has_packages = false;

	buf_puts(&use, "USE ");
	sql_name(&use, schema);
	ok = db_exec(db, use.data, use.length, &failure);
	buf_release(&use);
	if (!ok && failure.server_code == 1049)
		return true;
	if (!ok)
		*err = failure;
	ok = ok && list_names(list, db, kind, schema, name, err) &&
	     (kind == OBJECT_VIEW || kind == OBJECT_SEQUENCE ||
	      find_packages(db, schema, &has_packages, err));
	for (size_t i = first; i < list->count; i++) {
		struct object *o = &list->items[i];
		bool found = false;

		o->has_packages = has_packages;
		ok = ok && show(o, db, &found, err) &&
		     (kind != OBJECT_VIEW || !found || show_columns(o, db, err));
		if (found)
			list->items[kept++] = *o;
		else
			release(o);
	}
	list->count = kept;
	return ok || error_wrap(err, "read the %s of database %s", object_kind_name(kind), schema);
}
