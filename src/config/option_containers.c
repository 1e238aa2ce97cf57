/* Lists, maps and control points from JSON.
 *
 * Maps of maps become one map of dotted names. Names of databases and tables are compared
 * exactly, unlike the keys of the configuration itself. */
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "option_parse.h"

bool option_parse_list(struct option_parse *p, const cJSON *node, struct string_list *list)
{
	if (!cJSON_IsArray(node))
		return option_wrong(p, node, "a list of strings");
	*list = (struct string_list){
		.items = config_keep(p->config, mem_calloc((size_t)cJSON_GetArraySize(node),
							   sizeof(*list->items))),
	};
	for (const cJSON *item = node->child; item; item = item->next) {
		size_t back = p->path.length;

		buf_printf(&p->path, "[%zu]", list->count);
		if (!cJSON_IsString(item))
			return option_wrong(p, item, "a string");
		list->items[list->count++] = item->valuestring;
		buf_truncate(&p->path, back);
	}
	return true;
}

/* Unlike an option, an entry that is "" is kept: it is there. */
static bool parse_leaf(struct option_parse *p, cJSON *node, enum option_leaf leaf, struct buf *name,
		       struct map *map)
{
	struct string_list names;
	size_t back = name->length;
	void *value = node;

	switch (leaf) {
	case LEAF_STRING:
	case LEAF_ALGORITHM:
		if (!cJSON_IsString(node))
			return option_wrong(p, node, "a string");
		if (leaf == LEAF_STRING)
			value = node->valuestring;
		break;
	case LEAF_U64:
		value = config_keep(p->config, mem_calloc(1, sizeof(uint64_t)));
		if (!option_parse_number(p, node, UINT64_MAX, value))
			return false;
		break;
	case LEAF_LIST:
		value = config_keep(p->config, mem_calloc(1, sizeof(struct string_list)));
		if (!option_parse_list(p, node, value))
			return false;
		break;
	case LEAF_NAMES:
		if (!option_parse_list(p, node, &names))
			return false;
		for (size_t i = 0; i < names.count; i++) {
			buf_printf(name, ".%s", names.items[i]);
			map_put(map, name->data, name->length, names.items[i]);
			buf_truncate(name, back);
		}
		return true;
	case LEAF_NOTHING:
		if (!cJSON_IsObject(node))
			return option_wrong(p, node, "{}");
		break;
	}
	map_put(map, name->data, name->length, value);
	return true;
}

/* depth: levels from here on. */
static bool parse_level(struct option_parse *p, const cJSON *node,
			const struct config_option *option, unsigned depth, struct buf *name,
			struct map *map)
{
	if (!cJSON_IsObject(node))
		return option_wrong(p, node, "an object");
	for (cJSON *item = node->child; item; item = item->next) {
		size_t back = option_enter(p, item->string), name_back = name->length;
		bool ok;

		buf_printf(name, "%s%s", depth < option->depth ? "." : "", item->string);
		ok = depth > 1 ? parse_level(p, item, option, depth - 1, name, map) :
				 parse_leaf(p, item, option->leaf, name, map);
		if (!ok)
			return false;
		buf_truncate(name, name_back);
		buf_truncate(&p->path, back);
	}
	return true;
}

bool option_parse_map(struct option_parse *p, const cJSON *node, const struct config_option *option,
		      struct map *map)
{
	struct buf name = BUF_INIT;
	bool ok;

	map_release(map);
	map_init(map);
	ok = parse_level(p, node, option, option->depth, &name, map);
	buf_release(&name);
	return ok;
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
	const struct batch_point *a = left, *b = right;

	return (a->row_bytes > b->row_bytes) - (a->row_bytes < b->row_bytes);
}

bool option_parse_points(struct option_parse *p, const cJSON *node, struct batch_points *points)
{
	struct batch_point *items;
	size_t count = 0;

	if (!cJSON_IsObject(node))
		return option_wrong(p, node, "an object");
	items = config_keep(p->config, mem_calloc((size_t)cJSON_GetArraySize(node), sizeof(*items)));
	for (const cJSON *item = node->child; item; item = item->next) {
		size_t back = option_enter(p, item->string);

		if (!parse_row_size(p, item->string, &items[count].row_bytes) ||
		    !option_parse_number(p, item, UINT64_MAX, &items[count].rows))
			return false;
		count++;
		buf_truncate(&p->path, back);
	}
	qsort(items, count, sizeof(*items), compare_points);
	for (size_t i = 1; i < count; i++) /* "100" and "0100" */
		if (items[i].row_bytes == items[i - 1].row_bytes)
			return error_set(p->err, ERROR_CONFIG, "%s: row size %llu comes twice",
					 buf_text(&p->path), (unsigned long long)items[i].row_bytes);
	points->items = items;
	points->count = count;
	return true;
}
