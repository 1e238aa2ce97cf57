/* What is wrong with a configuration: all of it at once, each with its place in the file and
 * what would do instead. The first error is the one that a function returns, so that its
 * words are Ghostferry's; the hints stand on lines of their own. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "config_keys.h"

/* A file that is no configuration at all must not fill the screen. */
#define ERRORS_MAX 101

static void keep_text(struct config *config, struct string_list *list, char *text)
{
	if (!list->items)
		list->items = config_keep(config, mem_calloc(ERRORS_MAX, sizeof(*list->items)));
	list->items[list->count++] = config_keep(config, text);
}

static char *hint_text(const struct config *config, const cJSON *node, const char *hint)
{
	const struct config_memory *memory = &config->memory;
	size_t line, column;

	if (!node || !json_place(memory->text, memory->length, memory->file, node, &line, &column))
		return mem_strdup(hint ? hint : "");
	return mem_printf("line %zu, column %zu%s%s", line, column, hint ? ": " : "",
			  hint ? hint : "");
}

void config_add_error(struct config *config, const char *doing, struct error *found,
		      const cJSON *node, const char *hint, struct error *first)
{
	if (found->kind != ERROR_NONE && config->hints.count < ERRORS_MAX) {
		if (first->kind == ERROR_NONE)
			*first = *found;
		else
			keep_text(config, &config->more_errors,
				  mem_printf("%s: %s", doing, found->text));
		keep_text(config, &config->hints, hint_text(config, node, hint));
	}
	found->kind = ERROR_NONE;
}

/* Keys are compared without case, as they are read. */
const cJSON *config_find(const struct config *config, const char *path)
{
	const cJSON *node = config->memory.file, *found = NULL;

	while (node && *path) {
		size_t length = strcspn(path, ".");
		const cJSON *child = node->child;

		while (child && !(child->string && strlen(child->string) == length &&
				  strncasecmp(child->string, path, length) == 0))
			child = child->next;
		if (child)
			found = child;
		node = child;
		path += length + (path[length] == '.');
	}
	return found;
}

void config_set_unusable(struct config *config, const char *path)
{
	if (config->unusable.count < ERRORS_MAX)
		keep_text(config, &config->unusable, mem_strdup(path));
}

bool config_is_unusable(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->unusable.count; i++) {
		const char *other = config->unusable.items[i];
		size_t length = strlen(other), own = strlen(path);
		size_t shorter = length < own ? length : own;

		if (strncasecmp(other, path, shorter) == 0 &&
		    (length == 0 || length == own || (length < own ? path : other)[shorter] == '.'))
			return true;
	}
	return false;
}
