/* From a JSON tree into the struct that a group of options describes.
 *
 * Members are taken in the order of the file. Deprecated keys come last: they
 * override the key that replaced them, wherever each of the two stands, and one
 * that holds nothing (0, "", {}, null) does not count. */
#include "option_parse.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"

#define UNKNOWN_SHOWN_MAX 100
#define FILTER_KEY_MAX 16

size_t option_enter(struct option_parse *p, const char *key)
{
	size_t back = p->path.length;

	if (back > 0)
		buf_putc(&p->path, '.');
	buf_puts(&p->path, key);
	return back;
}

size_t option_enter_item(struct option_parse *p, size_t index)
{
	size_t back = p->path.length;

	buf_printf(&p->path, "[%zu]", index);
	return back;
}

static bool fail(struct option_parse *p, const char *finding)
{
	return error_set(p->err, ERROR_CONFIG, "%s: %s", buf_text(&p->path), finding);
}

/* "a string", or a number with its value. */
static void describe(struct buf *out, const cJSON *node)
{
	if (cJSON_IsNumber(node))
		json_print(out, node, 0);
	else
		buf_puts(out, json_type_name(node));
}

bool option_wrong(struct option_parse *p, const cJSON *node, const char *wanted)
{
	struct buf got = BUF_INIT;

	describe(&got, node);
	error_set(p->err, ERROR_CONFIG, "%s: %.60s is not %s", buf_text(&p->path), buf_text(&got),
		  wanted);
	buf_release(&got);
	return false;
}

bool option_parse_string(struct option_parse *p, const cJSON *node, char **text)
{
	if (!cJSON_IsString(node))
		return option_wrong(p, node, "a string");
	free(*text);
	*text = *node->valuestring ? mem_strdup(node->valuestring) : NULL;
	return true;
}

bool option_parse_number(struct option_parse *p, const cJSON *node, uint64_t min, uint64_t max,
			 uint64_t *number)
{
	char wanted[80];

	if (json_u64(node, number) && *number >= min && *number <= max)
		return true;
	snprintf(wanted, sizeof(wanted), "a whole number (%llu..%llu)", (unsigned long long)min,
		 (unsigned long long)max);
	return option_wrong(p, node, wanted);
}

static bool parse_bool(struct option_parse *p, const cJSON *node, bool *value)
{
	if (!cJSON_IsBool(node))
		return option_wrong(p, node, "true or false");
	*value = cJSON_IsTrue(node);
	return true;
}

/* 0 is let through: validation has Ghostferry's words for it. */
static bool parse_port(struct option_parse *p, const cJSON *node, uint16_t *port)
{
	uint64_t number;

	if (!json_u64(node, &number) || number > UINT16_MAX)
		return option_wrong(p, node, "a port (1..65535)");
	*port = (uint16_t)number;
	return true;
}

static bool parse_int(struct option_parse *p, const cJSON *node, unsigned *value)
{
	uint64_t number;

	if (!option_parse_number(p, node, 0, INT_MAX, &number))
		return false;
	*value = (unsigned)number;
	return true;
}

static bool parse_u32(struct option_parse *p, const cJSON *node, uint32_t *value)
{
	uint64_t number;

	if (!option_parse_number(p, node, 0, UINT32_MAX, &number))
		return false;
	*value = (uint32_t)number;
	return true;
}

static bool parse_state(struct option_parse *p, const cJSON *node, cJSON **state)
{
	if (!cJSON_IsObject(node))
		return option_wrong(p, node, "an object");
	cJSON_Delete(*state);
	*state = cJSON_Duplicate(node, true);
	return true;
}

static bool parse_group(struct option_parse *p, const struct option_group *group, void *object,
			const cJSON *tree);

static bool parse_value(struct option_parse *p, const struct config_option *option, void *place,
			const cJSON *node)
{
	switch (option->type) {
	case OPTION_STRING:
		return option_parse_string(p, node, place);
	case OPTION_BOOL:
		return parse_bool(p, node, place);
	case OPTION_PORT:
		return parse_port(p, node, place);
	case OPTION_INT:
		return parse_int(p, node, place);
	case OPTION_U32:
		return parse_u32(p, node, place);
	case OPTION_U64:
		return option_parse_number(p, node, 0, UINT64_MAX, place);
	case OPTION_DURATION:
		return option_parse_string(p, node, &((struct config_duration *)place)->text);
	case OPTION_LIST:
		return option_parse_list(p, node, place);
	case OPTION_MAP:
		return option_parse_map(p, node, option->depth, option->leaf, place);
	case OPTION_POINTS:
		return option_parse_points(p, node, place);
	case OPTION_OBJECT:
		return parse_group(p, option->group, place, node);
	case OPTION_STATE:
		return parse_state(p, node, place);
	case OPTION_REFUSED:
		return fail(p, option->help);
	case OPTION_IGNORED:
		config_warn(p->warnings, mem_printf("%s: %s", buf_text(&p->path), option->help));
		return true;
	}
	return false;
}

static const struct config_option *find(const struct option_group *group, const char *key)
{
	for (size_t i = 0; i < group->count; i++)
		if (strcasecmp(group->options[i].key, key) == 0)
			return &group->options[i];
	return NULL;
}

/* "_comment" and the like are taken for one. */
static bool chooses_tables(const struct option_group *group, const char *key, const char *nearest)
{
	const struct config_option *meant = nearest ? find(group, nearest) : NULL;

	return isalpha((unsigned char)*key) &&
	       (group->is_filter || (meant && meant->group && meant->group->is_filter));
}

/* Most are only worth a warning. Without its filter a run would move what was to stay. */
static bool take_unknown(struct option_parse *p, const struct option_group *group, const char *key)
{
	const char *path = buf_text(&p->path);
	const char *nearest;

	/* What is not a configuration at all shall not take a minute and fill the log. (No
	 * filter's key is so long.) */
	if (++p->unknown > UNKNOWN_SHOWN_MAX && !group->is_filter && strlen(key) > FILTER_KEY_MAX)
		return true;
	nearest = options_nearest(group, key);

	bool is_error = chooses_tables(group, key, nearest);
	struct buf text = BUF_INIT;

	buf_printf(&text, "unknown key %s%s", path, is_error ? "" : " is ignored");
	if (nearest) /* same parents, other key */
		buf_printf(&text, ", did you mean %.*s%s?", (int)(p->path.length - strlen(key)),
			   path, nearest);
	if (is_error)
		error_set(p->err, ERROR_CONFIG, "%s", buf_text(&text));
	else if (p->unknown <= UNKNOWN_SHOWN_MAX)
		config_warn(p->warnings, mem_strdup(buf_text(&text)));
	buf_release(&text);
	return !is_error;
}

static bool holds_nothing(const cJSON *node)
{
	uint64_t number;

	if (cJSON_IsNull(node) || cJSON_IsFalse(node))
		return true;
	if (cJSON_IsString(node))
		return *node->valuestring == '\0';
	if (cJSON_IsArray(node) || cJSON_IsObject(node))
		return !node->child;
	return json_u64(node, &number) && number == 0;
}

static bool parse_member(struct option_parse *p, const struct option_group *group, void *object,
			 const cJSON *node, bool deprecated)
{
	const struct config_option *option = find(group, node->string);

	if (!option)
		return deprecated || take_unknown(p, group, node->string);
	if ((option->instead != NULL) != deprecated)
		return true;
	if (cJSON_IsNull(node))
		return !(option->flags & OPTION_NOT_NULL) || option_wrong(p, node, "an object");
	if (deprecated && holds_nothing(node))
		return true;
	if (deprecated)
		config_warn(p->warnings,
			    mem_printf("Config.%s is deprecated in favour of Config.%s",
				       option->key, option->instead));
	return parse_value(p, option, (char *)object + option->offset, node);
}

static bool parse_members(struct option_parse *p, const struct option_group *group, void *object,
			  const cJSON *tree, bool deprecated)
{
	for (const cJSON *node = tree->child; node; node = node->next) {
		size_t back = option_enter(p, node->string);

		if (!parse_member(p, group, object, node, deprecated))
			return false;
		buf_truncate(&p->path, back);
	}
	return true;
}

/* Two spellings of one key: which is meant? (Quadratic, but only in known keys.) */
static bool check_twins(struct option_parse *p, const struct option_group *group,
			const cJSON *tree)
{
	for (const cJSON *node = tree->child; node; node = node->next) {
		if (!find(group, node->string))
			continue;
		for (const cJSON *other = tree->child; other != node; other = other->next) {
			if (strcasecmp(other->string, node->string) != 0)
				continue;
			option_enter(p, node->string);
			return error_set(p->err, ERROR_CONFIG,
					 "%s: the key comes twice, before as \"%s\"",
					 buf_text(&p->path), other->string);
		}
	}
	return true;
}

static bool parse_group(struct option_parse *p, const struct option_group *group, void *object,
			const cJSON *tree)
{
	if (!cJSON_IsObject(tree))
		return option_wrong(p, tree, "an object");
	if (group->has_given)
		*(bool *)((char *)object + group->given) = true;
	return check_twins(p, group, tree) && parse_members(p, group, object, tree, false) &&
	       parse_members(p, group, object, tree, true);
}

bool options_parse(const struct option_group *group, void *object, const cJSON *tree,
		   struct config_warnings *warnings, struct error *err)
{
	struct option_parse p = { .path = BUF_INIT, .warnings = warnings, .err = err };
	bool ok;

	if (!cJSON_IsObject(tree))
		return error_set(err, ERROR_CONFIG, "the configuration must be an object, not %s",
				 json_type_name(tree));
	ok = parse_group(&p, group, object, tree);
	if (ok && p.unknown > UNKNOWN_SHOWN_MAX)
		config_warn(warnings, mem_printf("%zu more unknown keys are ignored",
						 p.unknown - UNKNOWN_SHOWN_MAX));
	buf_release(&p.path);
	return ok;
}
