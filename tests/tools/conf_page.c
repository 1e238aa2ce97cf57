/* Prints ghostferry-copydb.conf.5: its template with, in place of each line "@key Path.Of.Key",
 * what the key table knows of that key, and in place of "@others" the keys that are
 * deprecated, refused or ignored. What stands below such a line in the template goes on with
 * the key's paragraph. Fails when a key of the table is not in the template, is there
 * twice, or does not exist.
 *
 * Usage: conf_page <template >page */
#include <stdio.h>

#include "../../src/config/config_keys.h"

#define SHOWN_MAX 256

static const struct config_option *shown[SHOWN_MAX];
static size_t shown_count;
static bool failed;

static void complain(const char *key, const char *finding)
{
	fprintf(stderr, "%s: %s\n", key, finding);
	failed = true;
}

static bool is_current(const struct config_option *option)
{
	return !option->instead && option->type < OPTION_REFUSED;
}

static bool is_shown(const struct config_option *option)
{
	for (size_t i = 0; i < shown_count; i++)
		if (shown[i] == option)
			return true;
	return false;
}

static void put_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-')
			fputs("\\-", stdout);
		else
			putchar(text[i]);
	}
}

/* Bold: names in CamelCase and CAPITALS. */
static bool is_name(const char *word, size_t length)
{
	static const char *const plain[] = { "HTTP", "JSON", "MySQL", "PEM", "SQL", "TCP", "TLS" };
	size_t capitals = 0;

	for (size_t i = 0; i < length; i++)
		capitals += word[i] >= 'A' && word[i] <= 'Z';
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (strlen(plain[i]) == length && memcmp(plain[i], word, length) == 0)
			return false;
	return capitals > 1;
}

static void put_help(const char *help)
{
	bool first = true;

	while (*help) {
		size_t length = strcspn(help, " ,;.()");

		if (length == 0) {
			putchar(*help++);
			continue;
		}
		if (is_name(help, length)) {
			fputs("\\fB", stdout);
			put_text(help, length);
			fputs("\\fR", stdout);
		} else if (first && *help >= 'a' && *help <= 'z') {
			putchar(*help - 'a' + 'A');
			put_text(help + 1, length - 1);
		} else {
			put_text(help, length);
		}
		first = false;
		help += length;
	}
	puts(".");
}

static void put_type(const struct config_option *option)
{
	static const char *const types[] = {
		[OPTION_STRING] = "string",
		[OPTION_BOOL] = "true or false",
		[OPTION_PORT] = "number",
		[OPTION_U32] = "number",
		[OPTION_U64] = "number",
		[OPTION_DURATION] = "duration",
		[OPTION_LIST] = "list of strings",
		[OPTION_MAP] = "object",
		[OPTION_POINTS] = "object",
		[OPTION_OBJECT] = "object",
		[OPTION_STATE] = "object",
		[OPTION_LOCKED] = "true, false or \\(dqsmall\\(dq",
	};
	const char *text = option->preset ? option->preset : option->fallback;

	if (option->names && option->type != OPTION_LOCKED) {
		fputs("one of ", stdout);
		for (size_t i = 0; option->names[i]; i++)
			printf("%s\"%s\"", i ? ", " : "", option->names[i]);
		if (!text)
			text = option->names[0];
	} else {
		fputs(types[option->type], stdout);
	}
	if (!text && option->type == OPTION_BOOL)
		text = "false";
	if (!text && (option->type == OPTION_U32 || option->type == OPTION_U64))
		text = "0";
	if (text)
		printf("; default: %s", text);
}

/* The option of a dotted path, or NULL. */
static const struct config_option *find(const char *path)
{
	const struct option_group *group = &config_options;

	for (;;) {
		size_t length = strcspn(path, ".");
		const struct config_option *found = NULL;

		for (size_t i = 0; i < group->count; i++)
			if (strlen(group->options[i].key) == length &&
			    memcmp(group->options[i].key, path, length) == 0)
				found = &group->options[i];
		if (!found || !path[length])
			return found;
		if (!found->group)
			return NULL;
		group = found->group;
		path += length + 1;
	}
}

/* Without the first component where several objects have these members. */
static const char *label(const char *path)
{
	size_t length = strcspn(path, "."), users = 0;
	const struct option_group *group = NULL;

	for (size_t i = 0; path[length] && i < config_options.count; i++)
		if (strlen(config_options.options[i].key) == length &&
		    memcmp(config_options.options[i].key, path, length) == 0)
			group = config_options.options[i].group;
	for (size_t i = 0; group && i < config_options.count; i++)
		users += config_options.options[i].group == group;
	return users > 1 ? path + length + 1 : path;
}

static void put_key(const char *path)
{
	const struct config_option *option = find(path);

	if (!option || !is_current(option)) {
		complain(path, "there is no such key");
		return;
	}
	if (is_shown(option))
		complain(path, "comes twice");
	else if (shown_count < SHOWN_MAX)
		shown[shown_count++] = option;
	printf(".TP\n\\fB%s\\fR (", label(path));
	put_type(option);
	puts(")");
	put_help(option->help);
}

static void put_others(void)
{
	for (size_t i = 0; i < config_options.count; i++) {
		const struct config_option *option = &config_options.options[i];

		if (is_current(option))
			continue;
		printf(".TP\n.B %s\n", option->key);
		if (option->instead)
			printf("Deprecated: use \\fB%s\\fR, over which it takes precedence.\n",
			       option->instead);
		else
			put_help(option->help);
	}
}

static void check_all_shown(const struct option_group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct config_option *option = &group->options[i];

		if (is_current(option) && !is_shown(option))
			complain(option->key, "is not in the template of ghostferry-copydb.conf.5");
		if (option->group)
			check_all_shown(option->group);
	}
}

int main(void)
{
	char line[1024];

	puts(".\\\" Made of ghostferry-copydb.conf.5.in and src/config/config_keys.c by");
	puts(".\\\" tests/tools/conf_page.sh: edit those.");
	while (fgets(line, sizeof(line), stdin)) {
		if (strncmp(line, "@key ", 5) == 0) {
			line[strcspn(line, "\n")] = '\0';
			put_key(line + 5);
		} else if (strcmp(line, "@others\n") == 0) {
			put_others();
		} else {
			fputs(line, stdout);
		}
	}
	check_all_shown(&config_options);
	return failed ? 1 : 0;
}
