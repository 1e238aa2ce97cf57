/* cli: Go's rules for flags, the answers and the exit statuses. */
#include "../../../src/app/cli.h"
#include "base/version.h"
#include "../unit.h"

struct run {
	bool goes_on;
	int exit_status;
	struct cli cli;
	char *out, *errors;
};

/* arguments are separated by one blank; "" for none. */
static struct run run(const char *arguments)
{
	static char copy[256];
	static char *argv[16];
	int argc = 0;
	size_t out_size, errors_size;
	struct run r;
	FILE *out = open_memstream(&r.out, &out_size);
	FILE *errors = open_memstream(&r.errors, &errors_size);
	char name[] = "ghostferry-copydb";

	snprintf(copy, sizeof(copy), "%s", arguments);
	argv[argc++] = name;
	for (char *at = copy; at && *arguments; at = at ? at + 1 : NULL) {
		argv[argc++] = at;
		at = strchr(at, ' ');
		if (!at)
			break;
		*at = '\0';
	}
	argv[argc] = NULL;
	r.goes_on = cli_parse(argc, argv, &r.cli, &r.exit_status, out, errors);
	fclose(out);
	fclose(errors);
	return r;
}

static void done(struct run *r)
{
	free(r->out);
	free(r->errors);
}

TEST(accepted)
{
	static const struct {
		const char *arguments;
		bool verbose, dry_run;
		const char *resume_state, *config_path;
	} cases[] = {
		{ "c", false, false, NULL, "c" },
		{ "-verbose c", true, false, NULL, "c" },
		{ "--verbose --dryrun c", true, true, NULL, "c" },
		{ "-verbose=true c", true, false, NULL, "c" },
		{ "-verbose=1 c", true, false, NULL, "c" },
		{ "-verbose=t c", true, false, NULL, "c" },
		{ "-verbose=TRUE c", true, false, NULL, "c" },
		{ "-verbose=True c", true, false, NULL, "c" },
		{ "-verbose=T c", true, false, NULL, "c" },
		{ "-verbose=false c", false, false, NULL, "c" },
		{ "-verbose -verbose=0 c", false, false, NULL, "c" },
		{ "-verbose -verbose=F c", false, false, NULL, "c" },
		{ "-resumestate s c", false, false, "s", "c" },
		{ "--resumestate=s c", false, false, "s", "c" },
		{ "-resumestate=a=b c", false, false, "a=b", "c" },
		{ "-resumestate= c", false, false, NULL, "c" },
		{ "-resumestate -verbose c", false, false, "-verbose", "c" },
		{ "-resumestate a -resumestate b c", false, false, "b", "c" },
		{ "c d e", false, false, NULL, "c" },
		{ "c -x", false, false, NULL, "c" },
		{ "-- -verbose", false, false, NULL, "-verbose" },
		{ "-verbose -- c", true, false, NULL, "c" },
		{ "-", false, false, NULL, "-" },
		/* A boolean does not take the next argument. */
		{ "-verbose true", true, false, NULL, "true" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct run r = run(cases[i].arguments);

		if (!r.goes_on)
			fail_msg("%s: %s", cases[i].arguments, r.errors);
		assert_int_equal(r.cli.verbose, cases[i].verbose);
		assert_int_equal(r.cli.dry_run, cases[i].dry_run);
		assert_string_equal(r.cli.config_path, cases[i].config_path);
		if (cases[i].resume_state)
			assert_string_equal(r.cli.resume_state, cases[i].resume_state);
		else
			assert_null(r.cli.resume_state);
		assert_string_equal(r.out, "");
		assert_string_equal(r.errors, "");
		done(&r);
	}
}

TEST(mistakes)
{
	static const struct {
		const char *arguments;
		int exit_status;
		const char *first_line;
	} cases[] = {
		{ "", 1, "Usage: ghostferry-copydb [OPTIONS] path/to/config/file.json\n" },
		{ "-verbose", 1, "Usage: " },
		{ "--", 1, "Usage: " },
		{ "-x c", 1, "flag provided but not defined: -x\n" },
		{ "--verbos c", 1, "flag provided but not defined: -verbos\n" },
		{ "-Verbose c", 1, "flag provided but not defined: -Verbose\n" },
		{ "-verbose1=1 c", 1, "flag provided but not defined: -verbose1\n" },
		{ "-verbose=yes c", 1, "invalid boolean value \"yes\" for -verbose: parse error\n" },
		{ "-verbose= c", 1, "invalid boolean value \"\" for -verbose: parse error\n" },
		{ "-dryrun=tRUE c", 1, "invalid boolean value \"tRUE\" for -dryrun: parse error\n" },
		{ "-resumestate", 1, "flag needs an argument: -resumestate\n" },
		{ "---verbose c", 1, "bad flag syntax: ---verbose\n" },
		{ "-=x c", 1, "bad flag syntax: -=x\n" },
		{ "c -dryrun", 1,
		  "-dryrun stands behind the path of the configuration: flags go before it\n" },
		{ "-verbose c d --resumestate=s", 1, "--resumestate=s stands behind the path" },
		{ "--=x c", 1, "bad flag syntax: --=x\n" },
		{ "-json c", 1, "-json goes with -verify\n" },
		{ "-verify-keys 3 c", 1, "-verify-keys goes with -verify\n" },
		{ "-verify -verify-keys 0 c", 1,
		  "invalid value \"0\" for flag -verify-keys: not a number of 1..10000\n" },
		{ "-verify -verify-keys=x c", 1, "invalid value \"x\" for flag -verify-keys: " },
		{ "-resume -resumestate s c", 1, "-resume and -resumestate: " },
		{ "-json -dryrun -verify=0 c", 1, "-json goes with -verify\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct run r = run(cases[i].arguments);

		assert_false(r.goes_on);
		assert_int_equal(r.exit_status, cases[i].exit_status);
		if (strncmp(r.errors, cases[i].first_line, strlen(cases[i].first_line)) != 0)
			fail_msg("%s: %s", cases[i].arguments, r.errors);
		assert_non_null(strstr(r.errors, "Usage: "));
		assert_string_equal(r.out, "");
		done(&r);
	}
}

TEST(what_was_meant)
{
	static const struct {
		const char *arguments, *want;
	} cases[] = {
		{ "--verbos c", "\ndid you mean -verbose?\n" },
		{ "-dry-run c", "\ndid you mean -dryrun?\n" },
		{ "-resume-state=s c", "\ndid you mean -resumestate?\n" },
		{ "-x c", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct run r = run(cases[i].arguments);

		assert_false(r.goes_on);
		if (cases[i].want ? !strstr(r.errors, cases[i].want) :
				    strstr(r.errors, "did you mean") != NULL)
			fail_msg("%s: %s", cases[i].arguments, r.errors);
		done(&r);
	}
}

TEST(nothing_at_all)
{
	struct run r = run("");

	assert_non_null(strstr(r.errors, "\nthe path of the configuration is missing: "));
	done(&r);
}

TEST(verification)
{
	struct run r = run("-verify -verify-keys 25 c shop.* t");

	assert_true(r.goes_on);
	assert_int_equal(r.cli.verify_keys, 25);
	assert_string_equal(r.cli.config_path, "c");
	assert_string_equal(r.cli.tables[0], "shop.*");
	assert_string_equal(r.cli.tables[1], "t");
	assert_null(r.cli.tables[2]);
	done(&r);
	r = run("-verify c");
	assert_null(r.cli.tables[0]);
	done(&r);
}

TEST(answers)
{
	static const char *const help[] = { "-h", "-help", "--help c", "-verbose -h" };
	struct run r;

	for (size_t i = 0; i < ARRAY_LEN(help); i++) {
		r = run(help[i]);
		assert_false(r.goes_on);
		assert_int_equal(r.exit_status, 0);
		assert_string_equal(r.errors, "");
		assert_non_null(strstr(r.out, "  -resumestate FILE\n"));
		assert_non_null(strstr(r.out, "  -dryrun\n"));
		done(&r);
	}
	r = run("-version");
	assert_false(r.goes_on);
	assert_int_equal(r.exit_status, 0);
	assert_string_equal(r.errors, "");
	assert_memory_equal(r.out, "ghostferry-copydb ", 18);
	assert_memory_equal(r.out + 18, version_text, strlen(version_text));
	done(&r);
}

/* Each "  -flag ..." of the usage, with a backslash before each dash as roff has it, and its
 * help too. */
TEST(the_man_page_has_every_flag)
{
	char page[16384], wanted[256];
	FILE *file = fopen("src/man/ghostferry-copydb.1", "re");
	struct run r = run("-help");
	size_t page_length, flags = 0;

	assert_non_null(file);
	page_length = fread(page, 1, sizeof(page) - 1, file);
	page[page_length] = '\0';
	fclose(file);
	for (const char *at = r.out; (at = strstr(at, "\n  -")); at += 3) {
		size_t name = strcspn(at + 4, " \n");

		size_t length = 0;

		for (const char *c = at + 3; c < at + 4 + name && length + 3 < sizeof(wanted); c++) {
			if (*c == '-')
				wanted[length++] = '\\';
			wanted[length++] = *c;
		}
		wanted[length] = '\0';
		if (!strstr(page, wanted))
			fail_msg("the man page has no %s", wanted);
		flags++;
	}
	assert_int_equal(flags, 13);
	done(&r);
}

TEST(no_name_at_all)
{
	char *const argv[] = { NULL };
	struct cli cli;
	int exit_status;
	FILE *nowhere = fopen("/dev/null", "w");

	assert_false(cli_parse(0, argv, &cli, &exit_status, nowhere, nowhere));
	assert_int_equal(exit_status, 1);
	fclose(nowhere);
}

TEST_MAIN(cmocka_unit_test(accepted), cmocka_unit_test(mistakes), cmocka_unit_test(what_was_meant),
	  cmocka_unit_test(nothing_at_all), cmocka_unit_test(verification),
	  cmocka_unit_test(answers), cmocka_unit_test(the_man_page_has_every_flag),
	  cmocka_unit_test(no_name_at_all))
