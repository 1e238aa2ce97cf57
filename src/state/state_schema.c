/* The schema that a state was made with: written, and compared with the one that is there now. A
 * run cannot go on with a table that changed meanwhile: rows copied and changes applied before and
 * after would have different columns. Wording that differs between server versions (display widths,
 * utf8 for utf8mb3) is no change. */
#include "state/state_schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/advice.h"
#include "base/json_sum.h"
#include "db/type_text.h"

#define STATE_INDENT 1

/* --- writing ---------------------------------------------------------------------- */

/* Ghostferry's numbers of column types, by COLUMN_TYPE text. */
static uint64_t type_code(const struct column *column)
{
	static const unsigned char codes[COLUMN_TYPE_COUNT] = {
		[COLUMN_UNKNOWN] = 5,	 [COLUMN_TINYINT] = 1,	[COLUMN_SMALLINT] = 1,
		[COLUMN_MEDIUMINT] = 13, [COLUMN_INT] = 1,	[COLUMN_BIGINT] = 1,
		[COLUMN_DECIMAL] = 12,	 [COLUMN_FLOAT] = 2,	[COLUMN_DOUBLE] = 2,
		[COLUMN_BIT] = 10,	 [COLUMN_YEAR] = 1,	[COLUMN_DATE] = 8,
		[COLUMN_TIME] = 9,	 [COLUMN_DATETIME] = 6, [COLUMN_TIMESTAMP] = 7,
		[COLUMN_CHAR] = 5,	 [COLUMN_VARCHAR] = 5,	[COLUMN_BINARY] = 14,
		[COLUMN_VARBINARY] = 14, [COLUMN_TEXT] = 5,	[COLUMN_BLOB] = 5,
		[COLUMN_ENUM] = 3,	 [COLUMN_SET] = 4,	[COLUMN_JSON] = 11,
		[COLUMN_GEOMETRY] = 5,	 [COLUMN_VECTOR] = 5,
	};

	if (column->type == COLUMN_GEOMETRY && strstr(column->raw_type, "point"))
		return 15;
	return codes[column->type];
}

static void add_members(cJSON *object, const char *key, const struct column *column,
			enum column_type type)
{
	cJSON *members;

	if (column->type != type) {
		cJSON_AddNullToObject(object, key);
		return;
	}
	members = cJSON_AddArrayToObject(object, key);
	for (unsigned i = 0; i < column->member_count; i++)
		cJSON_AddItemToArray(members, cJSON_CreateString(column->members[i]));
}

static cJSON *column_json(const struct column *column)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "Name", column->name);
	json_add_u64(object, "Type", type_code(column));
	cJSON_AddStringToObject(object, "Collation", column->collation);
	cJSON_AddStringToObject(object, "RawType", column->raw_type);
	cJSON_AddBoolToObject(object, "IsAuto", column->is_auto_increment);
	cJSON_AddBoolToObject(object, "IsUnsigned", column->is_unsigned);
	cJSON_AddBoolToObject(object, "IsVirtual", column->generation == COLUMN_VIRTUAL);
	cJSON_AddBoolToObject(object, "IsStored", column->generation == COLUMN_STORED);
	add_members(object, "EnumValues", column, COLUMN_ENUM);
	add_members(object, "SetValues", column, COLUMN_SET);
	return object;
}

static cJSON *index_json(const struct table *table, const struct table_index *index)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *columns, *cardinality;

	cJSON_AddStringToObject(object, "Name", index->name);
	columns = cJSON_AddArrayToObject(object, "Columns");
	cardinality = cJSON_AddArrayToObject(object, "Cardinality");
	for (unsigned i = 0; i < index->part_count; i++) {
		unsigned column = index->parts[i].column;
		const char *name = column < table->column_count ? table->columns[column].name : "";

		cJSON_AddItemToArray(columns, cJSON_CreateString(name));
		/* Ghostferry counts 1, 2, 3 here, whatever the real figures. */
		cJSON_AddItemToArray(cardinality, json_new_u64(i + 1));
	}
	return object;
}

static cJSON *table_json(const struct table *table)
{
	cJSON *object = cJSON_CreateObject();
	const struct table_index *primary;
	cJSON *columns, *indexes;

	cJSON_AddStringToObject(object, "Schema", table->schema);
	cJSON_AddStringToObject(object, "Name", table->name);
	columns = cJSON_AddArrayToObject(object, "Columns");
	for (unsigned i = 0; i < table->column_count; i++)
		cJSON_AddItemToArray(columns, column_json(&table->columns[i]));
	indexes = cJSON_AddArrayToObject(object, "Indexes");
	for (unsigned i = 0; i < table->index_count; i++)
		cJSON_AddItemToArray(indexes, index_json(table, &table->indexes[i]));
	primary = table_primary(table);
	if (primary) {
		columns = cJSON_AddArrayToObject(object, "PKColumns");
		for (unsigned i = 0; i < primary->part_count; i++)
			cJSON_AddItemToArray(columns, json_new_u64(primary->parts[i].column));
	} else {
		cJSON_AddNullToObject(object, "PKColumns");
	}
	cJSON_AddNullToObject(object, "UnsignedColumns");
	return object;
}

/* Table by table: a tree of all would be many times the text. */
void state_schema_make(struct state_schema *made, const struct schema *schema)
{
	struct buf text = BUF_INIT;
	uint64_t members = 0;

	buf_putc(&text, '{');
	for (size_t i = 0; i < schema->table_count; i++) {
		cJSON *name = cJSON_CreateStringReference(schema->tables[i].full_name);
		cJSON *table = table_json(&schema->tables[i]);

		buf_puts(&text, i ? ",\n  " : "\n  ");
		json_print(&text, name, 0);
		buf_puts(&text, ": ");
		json_print_within(&text, table, STATE_INDENT, 2);
		members += json_sum_member(schema->tables[i].full_name, json_sum(table));
		cJSON_Delete(name);
		cJSON_Delete(table);
	}
	buf_puts(&text, schema->table_count ? "\n }" : "}");
	made->text = buf_take(&text);
	made->sum = json_sum_object(members);
}

void state_schema_release(struct state_schema *made)
{
	free(made->text);
	*made = (struct state_schema){ .text = NULL };
}

/* --- comparing -------------------------------------------------------------------- */

static const char *text_of(const cJSON *object, const char *name)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(node) ? node->valuestring : "";
}

static bool flag_differs(const cJSON *object, const char *name, bool now)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsBool(node) && cJSON_IsTrue(node) != now;
}

static bool check_column(const cJSON *then, const struct column *now, struct error *err)
{
	const char *name = text_of(then, "Name");
	const char *type = text_of(then, "RawType");
	const char *collation = text_of(then, "Collation");

	if (strcmp(name, now->name) != 0)
		return error_set(err, ERROR_SCHEMA, "column %u was `%.200s` and is `%s` now",
				 now->position + 1, name, now->name);
	if (!type_text_equal(type, now->raw_type))
		return error_set(err, ERROR_SCHEMA, "column `%s` was %.300s and is %.300s now",
				 name, type, now->raw_type);
	if (!collation_equal(collation, now->collation))
		return error_set(err, ERROR_SCHEMA,
				 "column `%s` had the collation \"%.100s\" and has \"%s\" now",
				 name, collation, now->collation);
	if (flag_differs(then, "IsVirtual", now->generation == COLUMN_VIRTUAL) ||
	    flag_differs(then, "IsStored", now->generation == COLUMN_STORED))
		return error_set(err, ERROR_SCHEMA, "column `%s` is generated otherwise now", name);
	return true;
}

/* Columns came or went: names the first one. */
static bool fail_count(const cJSON *columns, int count, const struct table *now, struct error *err)
{
	const cJSON *then = count > 0 ? columns->child : NULL;
	unsigned i = 0;

	while (then && i < now->column_count &&
	       strcmp(text_of(then, "Name"), now->columns[i].name) == 0) {
		then = then->next;
		i++;
	}
	if (i < now->column_count && (unsigned)count < now->column_count)
		return error_set(err, ERROR_SCHEMA,
				 "it had %d columns and has %u now: column `%s` was not there",
				 count, now->column_count, now->columns[i].name);
	return error_set(err, ERROR_SCHEMA,
			 "it had %d columns and has %u now: column `%.200s` is gone", count,
			 now->column_count, then ? text_of(then, "Name") : "");
}

static bool check_columns(const cJSON *then, const struct table *now, struct error *err)
{
	const cJSON *columns = cJSON_GetObjectItemCaseSensitive(then, "Columns");
	int count = cJSON_IsArray(columns) ? cJSON_GetArraySize(columns) : 0;
	const cJSON *column;
	unsigned i = 0;

	if (count < 0 || (unsigned)count != now->column_count)
		return fail_count(columns, count, now, err);
	cJSON_ArrayForEach(column,
			   columns) if (!check_column(column, &now->columns[i++], err)) return false;
	return true;
}

static bool check_table(const cJSON *then, const struct table *now, struct error *err)
{
	const cJSON *primary = cJSON_GetObjectItemCaseSensitive(then, "PKColumns");
	const cJSON *part = cJSON_IsArray(primary) ? primary->child : NULL;
	const struct table_index *index = table_primary(now);
	uint64_t column;
	bool same = true;

	if (!check_columns(then, now, err))
		return false;
	for (unsigned i = 0; same && i < (index ? index->part_count : 0); i++) {
		same = part && json_u64(part, &column) && column == index->parts[i].column;
		part = part ? part->next : NULL;
	}
	return (same && !part) || error_set(err, ERROR_SCHEMA, "its primary key is another one now");
}

/* Both ways: no table may be gone, none may have come. */
static bool check_tables(const struct saved_state *state, const struct schema *schema,
			 state_schema_remedy *remedy, void *context, struct error *err)
{
	const cJSON *then;

	cJSON_ArrayForEach(then, state->schema_cache)
	{
		const struct table *now = schema_find(schema, then->string);
		bool is_same = now ? check_table(then, now, err) ||
					       error_wrap(err, "table %s", then->string) :
				     error_set(err, ERROR_SCHEMA,
					       "table %s is no longer there, or no longer chosen",
					       then->string);

		if (!is_same && !remedy(context, then->string, err))
			return advice_may_recopy() &&
			       error_wrap(err, "resume with -recopy %s", then->string);
	}
	for (size_t i = 0; i < schema->table_count; i++) {
		const char *name = schema->tables[i].full_name;

		if (map_get_text(&state->schema_tables, name))
			continue;
		error_set(err, ERROR_SCHEMA,
			  "table %s was not there, or not chosen; resume with -recopy %s, leave it "
			  "out (Tables.Blacklist) or start from scratch",
			  name, name);
		if (!remedy(context, name, err))
			return false;
	}
	return true;
}

bool state_schema_check(const struct saved_state *state, const struct schema *schema,
			state_schema_remedy *remedy, void *context, struct error *err)
{
	return !state->schema_cache || check_tables(state, schema, remedy, context, err) ||
	       error_wrap(err, "the schema is not the one the state was made with");
}
