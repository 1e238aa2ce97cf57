/* From a JSON tree into the struct that a group of options describes.
 *
 * Members are taken in the order of the file. Deprecated keys come last: they
 * override the key that replaced them, wherever each of the two stands, and one
 * that holds nothing (0, "", {}, null) does not count. */
#include "option_parse.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "driver_params.h"

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

bool option_wrong(struct option_parse *p, const cJSON *node, const char *wanted)
{
	struct buf got = BUF_INIT;

	p->node = node;
	if (cJSON_IsNumber(node) && !p->is_secret)
		json_print(&got, node, 0);
	else
		buf_puts(&got, json_type_name(node));
	error_set(p->err, ERROR_CONFIG, "%s: %.60s is not %s", buf_text(&p->path), buf_text(&got),
		  wanted);
	buf_release(&got);
	p->is_secret = false;
	return false;
}

bool option_parse_number(struct option_parse *p, const cJSON *node, uint64_t max, uint64_t *number)
{
	char wanted[80];

	if (json_u64(node, number) && *number <= max)
		return true;
	snprintf(wanted, sizeof(wanted), "a whole number (0..%llu)", (unsigned long long)max);
	return option_wrong(p, node, wanted);
}

static void remember_unread(struct config *config, const void *place, const char *text)
{
	config->unread =
		mem_resize(config->unread, config->unread_count + 1, sizeof(*config->unread));
	config->unread[config->unread_count++] = (struct config_unread){ place, text };
}

/* Which of the names, or 0: then the text is kept for config_validate(). */
static unsigned choose(struct config *config, const struct config_option *option, const void *place,
		       const char *text)
{
	for (unsigned i = 0; text && option->names[i]; i++)
		if (strcmp(option->names[i], text) == 0)
			return i;
	if (text)
		remember_unread(config, place, text);
	return 0;
}

/* Rounded up: only 0 is 0. */
static int64_t milliseconds(struct config *config, const void *place, const char *text)
{
	int64_t ns;

	if (!text)
		return 0;
	if (clock_parse_duration(text, &ns) && ns >= 0)
		return ns / 1000000 + (ns % 1000000 > 0);
	remember_unread(config, place, text);
	return 0;
}

/* The text, which must live as long as config, of the file or of a default. NULL: "". */
static void set_text(struct config *config, const struct config_option *option, void *place,
		     const char *text)
{
	switch (option->type) {
	case OPTION_STRING:
		*(const char **)place = text;
		break;
	case OPTION_BOOL:
		*(bool *)place = strcmp(text, "true") == 0;
		break;
	case OPTION_PORT:
	case OPTION_U32:
		*(unsigned *)place = (unsigned)strtoul(text, NULL, 10);
		break;
	case OPTION_U64:
		*(uint64_t *)place = strtoull(text, NULL, 10);
		break;
	case OPTION_EITHER:
		*(bool *)place = choose(config, option, place, text) == 1;
		break;
	case OPTION_CHOICE:
	case OPTION_LOCKED:
		*(unsigned *)place = choose(config, option, place, text);
		break;
	case OPTION_DURATION:
		*(int64_t *)place = milliseconds(config, place, text);
		break;
	default:
		assert(false && "an option of this type cannot have a default");
	}
}

void options_preset(const struct option_group *group, struct config *config, void *object)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct config_option *option = &group->options[i];
		const char *text = option->preset ? option->preset : option->fallback;
		void *place = (char *)object + option->offset;

		if (option->group)
			options_preset(option->group, config, place);
		else if (text)
			set_text(config, option, place, text);
	}
}

/* All but maps is in what config keeps. */
void options_release(const struct option_group *group, void *object)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct config_option *option = &group->options[i];
		void *place = (char *)object + option->offset;

		if (option->group)
			options_release(option->group, place);
		else if (option->type == OPTION_MAP && !option->instead)
			map_release(place);
	}
}

static bool parse_number(struct option_parse *p, const struct config_option *option, void *place,
			 const cJSON *node)
{
	uint64_t number;

	/* 0 is let through: validation has Ghostferry's words for it. */
	if (option->type == OPTION_PORT && (!json_u64(node, &number) || number > UINT16_MAX))
		return option_wrong(p, node, "a port (1..65535)");
	if (option->type != OPTION_PORT && !option_parse_number(p, node, option->max, &number))
		return false;
	if (number == 0 && option->fallback)
		set_text(p->config, option, place, option->fallback);
	else if (option->type == OPTION_U64)
		*(uint64_t *)place = number;
	else
		*(unsigned *)place = (unsigned)number;
	return true;
}

static bool parse_group(struct option_parse *p, const struct option_group *group, void *object,
			const cJSON *tree);

static bool parse_value(struct option_parse *p, const struct config_option *option, void *object,
			const cJSON *node)
{
	void *place = (char *)object + option->offset;

	switch (option->type) {
	case OPTION_STRING:
	case OPTION_EITHER:
	case OPTION_CHOICE:
	case OPTION_DURATION:
		p->is_secret = option->is_secret;
		if (!cJSON_IsString(node))
			return option_wrong(p, node, "a string");
		p->is_secret = false;
		set_text(p->config, option, place,
			 *node->valuestring ? node->valuestring : option->fallback);
		return true;
	case OPTION_BOOL:
		if (!cJSON_IsBool(node))
			return option_wrong(p, node, "true or false");
		*(bool *)place = cJSON_IsTrue(node);
		return true;
	case OPTION_LOCKED:
		if (!cJSON_IsBool(node) &&
		    !(cJSON_IsString(node) && strcmp(node->valuestring, "small") == 0))
			return option_wrong(p, node, "true, false or \"small\"");
		set_text(p->config, option, place,
			 cJSON_IsString(node) ? node->valuestring :
			 cJSON_IsTrue(node)   ? "true" :
						"false");
		return true;
	case OPTION_PORT:
	case OPTION_U32:
	case OPTION_U64:
		return parse_number(p, option, place, node);
	case OPTION_LIST:
		return option_parse_list(p, node, place);
	case OPTION_MAP:
		return option_parse_map(p, node, option, place);
	case OPTION_POINTS:
		return option_parse_points(p, node, place);
	case OPTION_OBJECT:
		if (!cJSON_IsObject(node))
			return option_wrong(p, node, "an object");
		if (option->given)
			*(bool *)((char *)object + option->given) = true;
		return parse_group(p, option->group, place, node);
	case OPTION_STATE:
		if (!cJSON_IsObject(node))
			return option_wrong(p, node, "an object");
		*(const cJSON **)place = node;
		return true;
	case OPTION_REFUSED:
		return error_set(p->err, ERROR_CONFIG, "%s: %s", buf_text(&p->path), option->help);
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

const char *options_nearest(const struct option_group *group, const char *key)
{
	struct nearest nearest;

	nearest_init(&nearest, key);
	for (size_t i = 0; i < group->count; i++)
		if (!group->options[i].instead && group->options[i].type < OPTION_REFUSED)
			nearest_try(&nearest, group->options[i].key);
	return nearest.name;
}

/* "_comment" and the like are taken for one. */
static bool chooses_tables(const struct option_group *group, const char *key, const char *nearest)
{
	const struct config_option *meant = nearest ? find(group, nearest) : NULL;

	return isalpha((unsigned char)*key) &&
	       (group->is_filter || (meant && meant->group && meant->group->is_filter));
}

/* Most are only worth a warning. Without its filter a run would move what was to stay. */
static bool handle_unknown(struct option_parse *p, const struct option_group *group, const char *key)
{
	const char *path = buf_text(&p->path);
	const char *nearest;

	/* A file that is no configuration at all must not take a minute and fill the log. (No
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
		return deprecated || handle_unknown(p, group, node->string);
	if ((option->instead != NULL) != deprecated)
		return true;
	if (cJSON_IsNull(node))
		return !option->not_null || option_wrong(p, node, "an object");
	if (deprecated && holds_nothing(node))
		return true;
	if (deprecated)
		config_warn(p->warnings, mem_printf("Config.%s is deprecated in favour of Config.%s",
						    option->key, option->instead));
	return parse_value(p, option, object, node);
}

/* One that is wrong does not hide the next. */
static void parse_members(struct option_parse *p, const struct option_group *group, void *object,
			  const cJSON *tree, bool deprecated)
{
	for (const cJSON *node = tree->child; node; node = node->next) {
		size_t back = option_enter(p, node->string), own = p->path.length;

		p->node = node;
		if (!parse_member(p, group, object, node, deprecated)) {
			buf_truncate(&p->path, own);
			config_set_unusable(p->config, buf_text(&p->path));
			config_add_error(p->config, CONFIG_PARSING, p->err, p->node, NULL,
					 &p->first);
		}
		buf_truncate(&p->path, back);
	}
}

/* Two spellings of one key: which is meant? (Quadratic, but only in known keys.) */
static bool check_twins(struct option_parse *p, const struct option_group *group, const cJSON *tree)
{
	for (const cJSON *node = tree->child; node; node = node->next) {
		if (!find(group, node->string))
			continue;
		for (const cJSON *other = tree->child; other != node; other = other->next) {
			if (strcasecmp(other->string, node->string) != 0)
				continue;
			option_enter(p, node->string);
			p->node = node;
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
	if (!check_twins(p, group, tree))
		return false;
	parse_members(p, group, object, tree, false);
	parse_members(p, group, object, tree, true);
	return true;
}

bool options_parse(struct config *config, struct config_warnings *warnings, struct error *err)
{
	struct error found = ERROR_INIT;
	struct option_parse p = {
		.config = config, .path = BUF_INIT, .warnings = warnings, .err = &found
	};
	const cJSON *tree = config->memory.file;

	if (!cJSON_IsObject(tree))
		return error_set(err, ERROR_CONFIG, "the configuration must be an object, not %s",
				 json_type_name(tree));
	if (!parse_group(&p, &config_options, config, tree)) {
		config_set_unusable(config, "");
		config_add_error(config, CONFIG_PARSING, &found, p.node, NULL, &p.first);
	}
	if (p.unknown > UNKNOWN_SHOWN_MAX)
		config_warn(warnings, mem_printf("%zu more unknown keys are ignored",
						 p.unknown - UNKNOWN_SHOWN_MAX));
	buf_release(&p.path);
	driver_params_take(config, "Source", &config->move.source, warnings, &p.first);
	driver_params_take(config, "Target", &config->move.target, warnings, &p.first);
	driver_params_take(config, "SourceReplicationMaster", &config->move.replica.master,
			   warnings, &p.first);
	if (p.first.kind != ERROR_NONE)
		*err = p.first;
	return p.first.kind == ERROR_NONE;
}
