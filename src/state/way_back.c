/* The names are kept, not computed again: rewrites of two databases into one have no inverse,
 * and the configuration may have changed since. */
#include "state/way_back.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool read_text(const cJSON *node, const char *key, const char **text, struct error *err)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, key);

	*text = cJSON_IsString(item) ? item->valuestring : "";
	return cJSON_IsString(item) || error_set(err, ERROR_CONFIG, "%s: must be a string", key);
}

static bool read_table(struct way_back *back, const char *schema, const cJSON *table,
		       struct name_pair *pair, struct error *err)
{
	const cJSON *old_schema = cJSON_GetArrayItem(table, 0);
	const cJSON *old_name = cJSON_GetArrayItem(table, 1);
	struct buf full_name = BUF_INIT;

	if (!cJSON_IsArray(table) || cJSON_GetArraySize(table) != 2 ||
	    !cJSON_IsString(old_schema) || !cJSON_IsString(old_name))
		return error_set(err, ERROR_CONFIG,
				 "Tables.%s.%s: must be a database and a table, [\"app\", \"orders\"]",
				 schema, table->string);
	*pair = (struct name_pair){ { schema, table->string },
				    { old_schema->valuestring, old_name->valuestring } };
	buf_printf(&full_name, "%s.%s", schema, table->string);
	map_put(&back->names, full_name.data, full_name.length, pair);
	buf_release(&full_name);
	return true;
}

static bool read_tables(struct way_back *back, const cJSON *tables, struct error *err)
{
	const cJSON *schema, *table;
	size_t count = 0;

	if (!cJSON_IsObject(tables))
		return error_set(err, ERROR_CONFIG, "Tables: must be an object");
	cJSON_ArrayForEach(schema, tables) count += (size_t)cJSON_GetArraySize(schema);
	back->pairs = mem_calloc(count + 1, sizeof(*back->pairs));
	count = 0;
	cJSON_ArrayForEach(schema, tables)
	{
		if (!cJSON_IsObject(schema))
			return error_set(err, ERROR_CONFIG, "Tables.%s: must be an object",
					 schema->string);
		cJSON_ArrayForEach(table, schema) if (!read_table(back, schema->string, table,
								  &back->pairs[count++],
								  err)) return false;
	}
	return true;
}

static bool read_all(const cJSON *node, struct way_back *back, struct error *err)
{
	const char *run_id, *old_source;

	if (!cJSON_IsObject(node))
		return error_set(err, ERROR_CONFIG, "must be an object");
	if (!read_text(node, "RunID", &run_id, err) ||
	    !read_text(node, "OldSource", &old_source, err) ||
	    !read_text(node, "Verifier", &back->verifier, err))
		return false;
	if (strlen(run_id) >= sizeof(back->run_id) || strlen(old_source) >= sizeof(back->old_source))
		return error_set(err, ERROR_CONFIG, "RunID or OldSource is too long");
	snprintf(back->run_id, sizeof(back->run_id), "%s", run_id);
	snprintf(back->old_source, sizeof(back->old_source), "%s", old_source);
	back->has_begun = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(node, "HasBegun"));
	return read_tables(back, cJSON_GetObjectItemCaseSensitive(node, "Tables"), err);
}

bool way_back_read(const cJSON *node, struct way_back *back, struct error *err)
{
	*back = (struct way_back){ .is_set = node != NULL };
	map_init(&back->names);
	return !node || read_all(node, back, err);
}

void way_back_release(struct way_back *back)
{
	map_release(&back->names);
	free(back->pairs);
	back->pairs = NULL;
}

cJSON *way_back_json(const struct way_back *back, const struct moved_tables *tables)
{
	cJSON *object = cJSON_CreateObject(), *list;

	cJSON_AddStringToObject(object, "RunID", back->run_id);
	cJSON_AddStringToObject(object, "OldSource", back->old_source);
	cJSON_AddStringToObject(object, "Verifier", back->verifier);
	cJSON_AddFalseToObject(object, "HasBegun");
	list = cJSON_AddObjectToObject(object, "Tables");
	for (size_t i = 0; i < tables->count; i++) {
		const struct moved_table *t = tables->tables[i];
		cJSON *schema = cJSON_GetObjectItemCaseSensitive(list, t->source->schema);
		cJSON *names;

		if (!schema)
			schema = cJSON_AddObjectToObject(list, t->source->schema);
		names = cJSON_AddArrayToObject(schema, t->source->name);
		cJSON_AddItemToArray(names, cJSON_CreateString(t->target_schema));
		cJSON_AddItemToArray(names, cJSON_CreateString(t->target_name));
	}
	return object;
}

cJSON *way_back_begun(const cJSON *node)
{
	cJSON *object = cJSON_Duplicate(node, true);

	cJSON_ReplaceItemInObjectCaseSensitive(object, "HasBegun", cJSON_CreateTrue());
	return object;
}
