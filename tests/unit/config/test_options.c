/* options: the table against itself, the example and the manual page. Run in the top
 * directory. */
#include <unistd.h>

#include "../../../src/config/config_keys.h"
#include "../unit.h"

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t length;
	char *text;

	if (!file)
		return NULL;
	text = calloc(1, 1 << 20);
	length = fread(text, 1, (1 << 20) - 1, file);
	assert_true(length < (1 << 20) - 1);
	fclose(file);
	return text;
}

static bool is_current(const struct config_option *option)
{
	return !option->instead && option->type < OPTION_REFUSED;
}

static void for_each(const struct option_group *group,
		     void (*visit)(const struct config_option *option, void *argument),
		     void *argument)
{
	for (size_t i = 0; i < group->count; i++) {
		visit(&group->options[i], argument);
		if (group->options[i].type == OPTION_OBJECT)
			for_each(group->options[i].group, visit, argument);
	}
}

static void check_sorted(const struct option_group *group)
{
	for (size_t i = 1; i < group->count; i++)
		if (strcmp(group->options[i - 1].key, group->options[i].key) >= 0)
			fail_msg("%s is not in order", group->options[i].key);
	for (size_t i = 0; i < group->count; i++)
		if (group->options[i].type == OPTION_OBJECT)
			check_sorted(group->options[i].group);
}

TEST(sorted)
{
	check_sorted(&config_options);
}

static void check_row(const struct config_option *option, void *argument UNUSED)
{
	assert_non_null(option->help);
	assert_true(strlen(option->help) > 0);
	assert_null(strchr(option->help, '\n'));
	assert_int_equal(option->type == OPTION_OBJECT, option->group != NULL);
	assert_int_equal(option->type == OPTION_MAP, option->depth > 0);
	/* Longer keys get no suggestion. */
	assert_true(strlen(option->key) <= 64);
}

TEST(rows_are_complete)
{
	for_each(&config_options, check_row, NULL);
}

static void check_in_manual(const struct config_option *option, void *argument)
{
	if (is_current(option) && !strstr(argument, option->key))
		fail_msg("%s is not in ghostferry-copydb.conf.5", option->key);
}

TEST(all_are_in_the_manual)
{
	char *text = read_text("src/man/ghostferry-copydb.conf.5");

	assert_non_null(text);
	for_each(&config_options, check_in_manual, text);
	free(text);
}

/* As it is, less the hosts: nothing in it waits to be found out. */
TEST(the_example_is_valid)
{
	struct config_warnings warnings = { { NULL, 0 } };
	struct error err = ERROR_INIT;
	struct config config;

	if (!config_load("conf.example.json", &config, &warnings, &err) ||
	    !config_validate(&config, &err))
		fail_msg("%s", err.text);
	if (warnings.texts.count > 0)
		fail_msg("%s", warnings.texts.items[0]);
	config_release(&config);
	config_warnings_release(&warnings);
}

TEST(suggestions)
{
	static const struct {
		const char *key, *want;
	} cases[] = {
		{ "Databse", "Databases" },
		{ "verifiertypes", "VerifierType" },
		{ "DBReadRetry", "DBReadRetries" },
		{ "ControlServer", "ControlServerConfig" },
		{ "Comment", NULL },
		{ "Zebra", NULL },
		{ "", NULL },
		{ "AKeyThatIsMuchLongerThanAnyOfTheKeysThatThereAreInThisConfigurationFile", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = options_nearest(&config_options, cases[i].key);

		if (cases[i].want)
			assert_string_equal(got, cases[i].want);
		else if (got)
			fail_msg("%s: %s", cases[i].key, got);
	}
}

TEST_MAIN(cmocka_unit_test(sorted), cmocka_unit_test(rows_are_complete),
	  cmocka_unit_test(all_are_in_the_manual), cmocka_unit_test(the_example_is_valid),
	  cmocka_unit_test(suggestions))
