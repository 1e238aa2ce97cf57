/* A table of keys, like the configuration's; null leaves a key as it is, and 0 and "" stand for the
 * default. */
#include "control/throttle_json.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"

enum throttle_type { THROTTLE_NUMBER, THROTTLE_TEXT, THROTTLE_LIST, THROTTLE_DURATION };

#define AT(field) offsetof(struct throttle_limits, field)

static const struct throttle_key {
	const char *name;
	enum throttle_type type;
	size_t offset;
} keys[] = {
	{ "MaxBytesPerSecond", THROTTLE_NUMBER, AT(bytes_per_s) },
	{ "MaxLag", THROTTLE_NUMBER, AT(max_lag_s) },
	{ "MaxRowsPerSecond", THROTTLE_NUMBER, AT(rows_per_s) },
	{ "MaxSourceHistoryLength", THROTTLE_NUMBER, AT(max_history[THROTTLE_SOURCE]) },
	{ "MaxSourceThreadsRunning", THROTTLE_NUMBER, AT(max_threads[THROTTLE_SOURCE]) },
	{ "MaxTargetHistoryLength", THROTTLE_NUMBER, AT(max_history[THROTTLE_TARGET]) },
	{ "MaxTargetThreadsRunning", THROTTLE_NUMBER, AT(max_threads[THROTTLE_TARGET]) },
	{ "SourceQuery", THROTTLE_TEXT, AT(query[THROTTLE_SOURCE]) },
	{ "SourceQueryMax", THROTTLE_NUMBER, AT(query_max[THROTTLE_SOURCE]) },
	{ "SourceReplicas", THROTTLE_LIST, AT(replicas[THROTTLE_SOURCE]) },
	{ "TargetQuery", THROTTLE_TEXT, AT(query[THROTTLE_TARGET]) },
	{ "TargetQueryMax", THROTTLE_NUMBER, AT(query_max[THROTTLE_TARGET]) },
	{ "TargetReplicas", THROTTLE_LIST, AT(replicas[THROTTLE_TARGET]) },
	{ "UpdateInterval", THROTTLE_DURATION, AT(interval_ms) },
};

static cJSON *value_json(enum throttle_type type, const void *place)
{
	const struct string_list *list = place;
	const char *text;
	cJSON *value;
	char *ms;

	switch (type) {
	case THROTTLE_NUMBER:
		return json_new_u64(*(const uint64_t *)place);
	case THROTTLE_TEXT:
		text = *(const char *const *)place;
		return cJSON_CreateString(text ? text : "");
	case THROTTLE_DURATION:
		ms = mem_printf("%lldms", (long long)*(const int64_t *)place);
		value = cJSON_CreateString(ms);
		free(ms);
		return value;
	case THROTTLE_LIST:
		value = cJSON_CreateArray();
		for (size_t i = 0; i < list->count; i++)
			cJSON_AddItemToArray(value, cJSON_CreateString(list->items[i]));
		return value;
	}
	return NULL;
}

cJSON *throttle_json(const struct throttle_limits *limits)
{
	cJSON *object = cJSON_CreateObject();

	assert(object);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		cJSON_AddItemToObject(object, keys[i].name,
				      value_json(keys[i].type,
						 (const char *)limits + keys[i].offset));
	return object;
}

static bool read_list(const cJSON *node, struct string_list *list)
{
	const cJSON *item;

	if (!cJSON_IsArray(node))
		return false;
	cJSON_ArrayForEach(item, node) if (!cJSON_IsString(item)) return false;
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct string_list){ .items = mem_calloc((size_t)cJSON_GetArraySize(node) + 1,
							  sizeof(*list->items)) };
	cJSON_ArrayForEach(item, node) list->items[list->count++] = mem_strdup(item->valuestring);
	return true;
}

static bool read_duration(const cJSON *node, int64_t *ms)
{
	int64_t ns;

	if (!cJSON_IsString(node) ||
	    (*node->valuestring && !clock_parse_duration(node->valuestring, &ns)))
		return false;
	*ms = *node->valuestring ? ns / 1000000 + (ns % 1000000 > 0) : THROTTLE_INTERVAL_DEFAULT_MS;
	return true;
}

static bool read_text(const cJSON *node, const char **text)
{
	if (!cJSON_IsString(node))
		return false;
	free((void *)(uintptr_t)*text);
	*text = *node->valuestring ? mem_strdup(node->valuestring) : NULL;
	return true;
}

static bool read_value(const struct throttle_key *key, const cJSON *node,
		       struct throttle_limits *limits, struct error *err)
{
	static const char *const wanted[] = { "a whole number", "a string", "a list of strings",
					      "a duration like \"500ms\"" };
	void *place = (char *)limits + key->offset;
	bool ok = key->type == THROTTLE_NUMBER ? json_u64(node, place) :
		  key->type == THROTTLE_TEXT   ? read_text(node, place) :
		  key->type == THROTTLE_LIST   ? read_list(node, place) :
						 read_duration(node, place);

	return ok || error_set(err, ERROR_CONFIG, "Throttle.%s must be %s, not %s", key->name,
			       wanted[key->type],
			       cJSON_IsNumber(node) || cJSON_IsString(node) ? "one like this" :
									      json_type_name(node));
}

static bool read_all(const cJSON *object, struct throttle_limits *limits, struct error *err)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, object)
	{
		const struct throttle_key *key = NULL;

		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (strcasecmp(keys[i].name, item->string) == 0)
				key = &keys[i];
		if (!key)
			return error_set(err, ERROR_CONFIG, "json: unknown field \"Throttle.%s\"",
					 item->string);
		if (!cJSON_IsNull(item) && !read_value(key, item, limits, err))
			return false;
	}
	if (limits->max_lag_s == 0)
		limits->max_lag_s = THROTTLE_LAG_DEFAULT_S;
	if (limits->interval_ms == 0)
		limits->interval_ms = THROTTLE_INTERVAL_DEFAULT_MS;
	return throttle_limits_check(limits, err) || error_wrap(err, "Throttle");
}

bool throttle_json_read(const cJSON *object, struct throttle_limits *limits, struct error *err)
{
	struct throttle_limits changed;

	if (!cJSON_IsObject(object))
		return error_set(err, ERROR_CONFIG, "Throttle must be an object, not %s",
				 json_type_name(object));
	throttle_limits_copy(&changed, limits);
	bool ok = read_all(object, &changed, err);

	throttle_limits_release(ok ? limits : &changed);
	if (ok)
		*limits = changed;
	return ok;
}
