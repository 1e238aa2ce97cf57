/* Lists, maps of maps and control points: from JSON, to JSON, and freed.
 *
 * A map of depth 1 goes from names to leaves; each further level is a map whose
 * values are maps on the heap. Names of databases and tables are compared exactly,
 * unlike the keys of the configuration itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "option_parse.h"

void option_list_release(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct config_list){ NULL, 0 };
}

bool option_parse_list(struct option_parse *p, const cJSON *node, struct config_list *list)
{
	option_list_release(list);
	if (!cJSON_IsArray(node))
		return option_wrong(p, node, "a list of strings");
	list->items = mem_calloc((size_t)cJSON_GetArraySize(node), sizeof(*list->items));
	for (const cJSON *item = node->child; item; item = item->next) {
		size_t back = option_enter_item(p, list->count);

		if (!cJSON_IsString(item))
			return option_wrong(p, item, "a string");
		list->items[list->count++] = mem_strdup(item->valuestring);
		buf_truncate(&p->path, back);
	}
	return true;
}

cJSON *option_list_to_json(const struct config_list *list)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < list->count; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(list->items[i]));
	return array;
}

static void free_leaf(void *value, enum option_leaf leaf)
{
	if (leaf == LEAF_LIST)
		option_list_release(value);
	free(value);
}

void option_map_release(struct map *map, unsigned depth, enum option_leaf leaf)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(map, &cursor))) {
		if (depth > 1) {
			option_map_release(entry->value, depth - 1, leaf);
			free(entry->value);
		} else {
			free_leaf(entry->value, leaf);
		}
	}
	map_release(map);
}

static bool parse_text_leaf(struct option_parse *p, const cJSON *node, void **value)
{
	/* Unlike an option, an entry that is "" is kept: it is there. */
	if (!cJSON_IsString(node))
		return option_wrong(p, node, "a string");
	*value = mem_strdup(node->valuestring);
	return true;
}

/* *value is set when there is something to free, also after a failure. */
static bool parse_leaf(struct option_parse *p, const cJSON *node, enum option_leaf leaf,
		       void **value)
{
	switch (leaf) {
	case LEAF_STRING:
		return parse_text_leaf(p, node, value);
	case LEAF_U64:
		*value = mem_calloc(1, sizeof(uint64_t));
		return option_parse_number(p, node, 0, UINT64_MAX, *value);
	case LEAF_LIST:
		*value = mem_calloc(1, sizeof(struct config_list));
		return option_parse_list(p, node, *value);
	case LEAF_NOTHING:
		*value = mem_calloc(1, 1);
		return cJSON_IsObject(node) || option_wrong(p, node, "{}");
	}
	return false;
}

static bool parse_entry(struct option_parse *p, const cJSON *node, unsigned depth,
			enum option_leaf leaf, struct map *map)
{
	void *value = NULL;
	bool ok;

	if (depth > 1) {
		value = mem_calloc(1, sizeof(struct map));
		ok = option_parse_map(p, node, depth - 1, leaf, value);
	} else {
		ok = parse_leaf(p, node, leaf, &value);
	}
	if (value)
		map_put_text(map, node->string, value);
	return ok;
}

bool option_parse_map(struct option_parse *p, const cJSON *node, unsigned depth,
		      enum option_leaf leaf, struct map *map)
{
	option_map_release(map, depth, leaf);
	if (!cJSON_IsObject(node))
		return option_wrong(p, node, "an object");
	for (const cJSON *item = node->child; item; item = item->next) {
		size_t back = option_enter(p, item->string);

		if (!parse_entry(p, item, depth, leaf, map))
			return false;
		buf_truncate(&p->path, back);
	}
	return true;
}

static cJSON *leaf_to_json(const void *value, enum option_leaf leaf)
{
	switch (leaf) {
	case LEAF_STRING:
		return cJSON_CreateString(value);
	case LEAF_U64:
		return json_new_u64(*(const uint64_t *)value);
	case LEAF_LIST:
		return option_list_to_json(value);
	case LEAF_NOTHING:
		break;
	}
	return cJSON_CreateObject();
}

cJSON *option_map_to_json(const struct map *map, unsigned depth, enum option_leaf leaf)
{
	cJSON *object = cJSON_CreateObject();
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(map, &cursor)))
		cJSON_AddItemToObject(object, entry->key,
				      depth > 1 ? option_map_to_json(entry->value, depth - 1, leaf)
						: leaf_to_json(entry->value, leaf));
	return object;
}

void option_points_release(struct config_points *points)
{
	free(points->items);
	*points = (struct config_points){ NULL, 0 };
}

/* JSON has no numbers as keys, so they come as strings. */
static bool parse_row_size(struct option_parse *p, const char *text, uint64_t *row_size)
{
	char *end;

	errno = 0;
	*row_size = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0)
		return true;
	return error_set(p->err, ERROR_CONFIG, "%s: the key is not a row size in bytes",
			 buf_text(&p->path));
}

static int compare_points(const void *left, const void *right)
{
	const struct config_point *a = left, *b = right;

	return (a->row_size > b->row_size) - (a->row_size < b->row_size);
}

bool option_parse_points(struct option_parse *p, const cJSON *node, struct config_points *points)
{
	option_points_release(points);
	if (!cJSON_IsObject(node))
		return option_wrong(p, node, "an object");
	points->items = mem_calloc((size_t)cJSON_GetArraySize(node), sizeof(*points->items));
	for (const cJSON *item = node->child; item; item = item->next) {
		struct config_point *point = &points->items[points->count];
		size_t back = option_enter(p, item->string);

		if (!parse_row_size(p, item->string, &point->row_size) ||
		    !option_parse_number(p, item, 0, UINT64_MAX, &point->batch_size))
			return false;
		points->count++;
		buf_truncate(&p->path, back);
	}
	qsort(points->items, points->count, sizeof(*points->items), compare_points);
	for (size_t i = 1; i < points->count; i++) /* "100" and "0100" */
		if (points->items[i].row_size == points->items[i - 1].row_size)
			return error_set(p->err, ERROR_CONFIG, "%s: row size %llu comes twice",
					 buf_text(&p->path),
					 (unsigned long long)points->items[i].row_size);
	return true;
}

cJSON *option_points_to_json(const struct config_points *points)
{
	cJSON *object = cJSON_CreateObject();
	char key[24];

	for (size_t i = 0; i < points->count; i++) {
		snprintf(key, sizeof(key), "%llu", (unsigned long long)points->items[i].row_size);
		json_add_u64(object, key, points->items[i].batch_size);
	}
	return object;
}
