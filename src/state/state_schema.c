/* Comparing the schema a state was made with and the one that is there now. A table
 * that changed meanwhile cannot be gone on with: rows copied and changes applied before
 * and after would have different columns. Wording that differs between server versions
 * (display widths, utf8 for utf8mb3) is no change. */
#include "state/state_write.h"

#include <string.h>

#include "db/type_text.h"

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
				 "it had %d columns and has %u now: column `%s` was not there", count,
				 now->column_count, now->columns[i].name);
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
	cJSON_ArrayForEach (column, columns)
		if (!check_column(column, &now->columns[i++], err))
			return false;
	return true;
}

static bool same_primary(const cJSON *then, const struct table_index *now)
{
	unsigned count = now ? now->part_count : 0;
	const cJSON *part = cJSON_IsArray(then) ? then->child : NULL;
	uint64_t column;

	for (unsigned i = 0; i < count; i++, part = part->next)
		if (!part || !json_u64(part, &column) || column != now->parts[i].column)
			return false;
	return !part;
}

static bool check_table(const cJSON *then, const struct table *now, struct error *err)
{
	if (!check_columns(then, now, err))
		return false;
	if (!same_primary(cJSON_GetObjectItemCaseSensitive(then, "PKColumns"), table_primary(now)))
		return error_set(err, ERROR_SCHEMA, "its primary key is another one now");
	return true;
}

/* Both ways: no table may be gone, none may have come. */
static bool check_known(const cJSON *cache, const struct schema *schema, struct error *err)
{
	const cJSON *then;

	cJSON_ArrayForEach (then, cache) {
		const struct table *now = schema_find(schema, then->string);

		if (!now)
			return error_set(err, ERROR_SCHEMA,
					 "table %s is no longer there, or no longer chosen",
					 then->string);
		if (!check_table(then, now, err))
			return error_wrap(err, "table %s", then->string);
	}
	return true;
}

static bool check_new(const struct map *known, const struct schema *schema, struct error *err)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		const char *name = schema->tables[i].full_name;

		if (!map_get_text(known, name))
			return error_set(err, ERROR_SCHEMA,
					 "table %s was not there, or not chosen; leave it out "
					 "(Tables.Blacklist) or start anew",
					 name);
	}
	return true;
}

bool saved_state_check_schema(const struct saved_state *state, const struct schema *schema,
			      struct error *err)
{
	const cJSON *cache = state->schema_cache;

	if (!cache ||
	    (check_known(cache, schema, err) && check_new(&state->schema_tables, schema, err)))
		return true;
	return error_wrap(err, "the schema is not the one the state was made with");
}
