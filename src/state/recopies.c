/* Few tables at a time, so the list is looked through. One that was made again stays listed until
 * the run is past the place from which its changes count: up to there a resumed run meets older
 * ones again. */
#include "state/recopies.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct recopy *recopies_find(const struct recopies *list, const char *table)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].table, table) == 0)
			return &list->items[i];
	return NULL;
}

bool recopies_is_pending(const struct recopies *list, const char *table)
{
	const struct recopy *found = recopies_find(list, table);

	return found && found->is_pending;
}

size_t recopies_pending(const struct recopies *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].is_pending;
	return count;
}

static struct recopy *add(struct recopies *list, const char *table)
{
	struct recopy *added;

	list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
	added = &list->items[list->count++];
	*added = (struct recopy){ .table = mem_strdup(table) };
	return added;
}

struct recopy *recopies_want(struct recopies *list, const char *table)
{
	struct recopy *found = recopies_find(list, table);

	if (!found)
		found = add(list, table);
	found->is_pending = true;
	return found;
}

void recopies_copy(struct recopies *to, const struct recopies *from)
{
	*to = (struct recopies){ .items = mem_calloc(from->count + 1, sizeof(*to->items)),
				 .count = from->count };
	for (size_t i = 0; i < from->count; i++) {
		to->items[i] = from->items[i];
		to->items[i].table = mem_strdup(from->items[i].table);
	}
}

void recopies_release(struct recopies *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].table);
	free(list->items);
	*list = (struct recopies){ .items = NULL };
}

static void add_place(cJSON *object, const char *name, const struct binlog_position *place)
{
	cJSON *added;

	if (!binlog_position_is_set(place))
		return;
	added = cJSON_AddObjectToObject(object, name);
	cJSON_AddStringToObject(added, "Name", place->file);
	json_add_u64(added, "Pos", place->offset);
}

/* A watch of the target that resumes may come to our own DROP TABLE again, however far the source
 * was followed. */
static bool is_over(const struct recopy *r, const struct binlog_position *position,
		    const struct binlog_position *watched)
{
	return !r->is_pending && binlog_position_compare(&r->from, position) <= 0 &&
	       (!binlog_position_is_set(&r->dropped) || !binlog_position_is_set(watched) ||
		binlog_position_compare(&r->dropped, watched) <= 0);
}

cJSON *recopies_json(const struct recopies *list, const struct binlog_position *position,
		     const struct binlog_position *watched)
{
	cJSON *object = NULL, *added;

	for (size_t i = 0; i < list->count; i++) {
		const struct recopy *r = &list->items[i];

		if (is_over(r, position, watched))
			continue;
		if (!object)
			object = cJSON_CreateObject();
		added = cJSON_AddObjectToObject(object, r->table);
		if (r->is_pending)
			cJSON_AddTrueToObject(added, "IsPending");
		else
			add_place(added, "From", &r->from);
		add_place(added, "TargetDropped", &r->dropped);
	}
	return object;
}

static bool read_place(const cJSON *object, const char *name, struct binlog_position *place,
		       struct error *err)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, name);
	const cJSON *file = cJSON_GetObjectItemCaseSensitive(node, "Name");
	uint64_t offset;

	if (!node)
		return true;
	if (!cJSON_IsString(file) ||
	    !json_u64(cJSON_GetObjectItemCaseSensitive(node, "Pos"), &offset))
		return error_set(err, ERROR_CONFIG, "%s: must be a place in a binlog", name);
	if (binlog_position_set(place, file->valuestring, strlen(file->valuestring), offset, err))
		return true;
	err->kind = ERROR_CONFIG;
	return error_wrap(err, "%s", name);
}

static bool read_one(const cJSON *node, struct recopy *r, struct error *err)
{
	if (!cJSON_IsObject(node))
		return error_set(err, ERROR_CONFIG, "must be an object");
	r->is_ours = r->is_pending =
		cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node, "IsPending"));
	if (!read_place(node, "From", &r->from, err) ||
	    !read_place(node, "TargetDropped", &r->dropped, err))
		return false;
	return r->is_pending || binlog_position_is_set(&r->from) ||
	       error_set(err, ERROR_CONFIG, "has neither From nor IsPending");
}

bool recopies_read(const cJSON *node, struct recopies *list, struct error *err)
{
	const cJSON *table;

	*list = (struct recopies){ .items = NULL };
	if (node && !cJSON_IsObject(node))
		return error_set(err, ERROR_CONFIG, "Recopied: must be an object");
	cJSON_ArrayForEach(table, node)
	{
		if (read_one(table, add(list, table->string), err))
			continue;
		recopies_release(list);
		return error_wrap(err, "Recopied.%s", table->string);
	}
	return true;
}
