/* What else the table knows to do with a struct: defaults, JSON, freeing. */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "option_parse.h"

static void *place_of(const struct config_option *option, void *object)
{
	return (char *)object + option->offset;
}

static const void *value_of(const struct config_option *option, const void *object)
{
	return (const char *)object + option->offset;
}

/* Defaults are our own texts, so anything odd in them is a bug. */
static void set_text(const struct config_option *option, void *place, const char *text)
{
	uint64_t number = strtoull(text, NULL, 10);
	char **string = place;

	switch (option->type) {
	case OPTION_DURATION:
		string = &((struct config_duration *)place)->text;
		/* fallthrough */
	case OPTION_STRING:
		free(*string);
		*string = mem_strdup(text);
		break;
	case OPTION_BOOL:
		*(bool *)place = strcmp(text, "true") == 0;
		break;
	case OPTION_PORT:
		*(uint16_t *)place = (uint16_t)number;
		break;
	case OPTION_INT:
		*(unsigned *)place = (unsigned)number;
		break;
	case OPTION_U32:
		*(uint32_t *)place = (uint32_t)number;
		break;
	case OPTION_U64:
		*(uint64_t *)place = number;
		break;
	default:
		assert(false && "an option of this type cannot have a default");
	}
}

static bool is_nothing(const struct config_option *option, const void *value)
{
	switch (option->type) {
	case OPTION_DURATION:
		return !((const struct config_duration *)value)->text;
	case OPTION_STRING:
		return !*(char *const *)value;
	case OPTION_PORT:
		return *(const uint16_t *)value == 0;
	case OPTION_INT:
		return *(const unsigned *)value == 0;
	case OPTION_U32:
		return *(const uint32_t *)value == 0;
	case OPTION_U64:
		return *(const uint64_t *)value == 0;
	default:
		return false;
	}
}

void options_preset(const struct option_group *group, void *object)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct config_option *option = &group->options[i];

		if (option->type == OPTION_OBJECT)
			options_preset(option->group, place_of(option, object));
		else if (option->preset)
			set_text(option, place_of(option, object), option->preset);
	}
}

void options_fallback(const struct option_group *group, void *object)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct config_option *option = &group->options[i];
		void *place = place_of(option, object);

		if (option->type == OPTION_OBJECT)
			options_fallback(option->group, place);
		else if (option->fallback && is_nothing(option, place))
			set_text(option, place, option->fallback);
	}
}

static void release_value(const struct config_option *option, void *place)
{
	switch (option->type) {
	case OPTION_STRING:
		free(*(char **)place);
		break;
	case OPTION_DURATION:
		free(((struct config_duration *)place)->text);
		break;
	case OPTION_LIST:
		option_list_release(place);
		break;
	case OPTION_MAP:
		option_map_release(place, option->depth, option->leaf);
		break;
	case OPTION_POINTS:
		option_points_release(place);
		break;
	case OPTION_OBJECT:
		options_release(option->group, place);
		break;
	case OPTION_STATE:
		cJSON_Delete(*(cJSON **)place);
		break;
	default:
		break;
	}
}

/* A deprecated key shares its place with the one that is freed. */
static bool has_place(const struct config_option *option)
{
	return !option->instead && option->type < OPTION_REFUSED;
}

void options_release(const struct option_group *group, void *object)
{
	for (size_t i = 0; i < group->count; i++)
		if (has_place(&group->options[i]))
			release_value(&group->options[i], place_of(&group->options[i], object));
}

static cJSON *string_to_json(const struct config_option *option, const char *text)
{
	if (text && option->flags & OPTION_SECRET)
		text = "<masked>";
	return cJSON_CreateString(text ? text : "");
}

static cJSON *object_to_json(const struct config_option *option, const void *value)
{
	const struct option_group *group = option->group;

	if (group->has_given && !*(const bool *)((const char *)value + group->given))
		return cJSON_CreateNull();
	return options_to_json(group, value);
}

static cJSON *value_to_json(const struct config_option *option, const void *value)
{
	switch (option->type) {
	case OPTION_STRING:
		return string_to_json(option, *(char *const *)value);
	case OPTION_DURATION:
		return string_to_json(option, ((const struct config_duration *)value)->text);
	case OPTION_BOOL:
		return cJSON_CreateBool(*(const bool *)value);
	case OPTION_PORT:
		return json_new_u64(*(const uint16_t *)value);
	case OPTION_INT:
		return json_new_u64(*(const unsigned *)value);
	case OPTION_U32:
		return json_new_u64(*(const uint32_t *)value);
	case OPTION_U64:
		return json_new_u64(*(const uint64_t *)value);
	case OPTION_LIST:
		return option_list_to_json(value);
	case OPTION_MAP:
		return option_map_to_json(value, option->depth, option->leaf);
	case OPTION_POINTS:
		return option_points_to_json(value);
	case OPTION_OBJECT:
		return object_to_json(option, value);
	default:
		return NULL;
	}
}

cJSON *options_to_json(const struct option_group *group, const void *object)
{
	cJSON *tree = cJSON_CreateObject();

	for (size_t i = 0; i < group->count; i++) {
		const struct config_option *option = &group->options[i];

		if (has_place(option) && option->type != OPTION_STATE)
			cJSON_AddItemToObject(tree, option->key,
					      value_to_json(option, value_of(option, object)));
	}
	return tree;
}
