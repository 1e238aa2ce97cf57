/* One table of flags parses them and prints the usage. Asking for help or the
 * version is answered on stdout with status 0; a mistake is reported on stderr. */
#include "cli.h"

#include <string.h>

#include "base/version.h"

enum { EXIT_NO_CONFIG = 1, EXIT_BAD_FLAG = 2 };

/* A flag is boolean or takes a text: exactly one of the two places counts. */
static const struct flag {
	const char *name;
	const char *argument; /* what the usage calls it; NULL: boolean */
	size_t offset;	      /* in struct cli, bool or const char * */
	const char *help;
} flags[] = {
	{ "dryrun", NULL, offsetof(struct cli, dry_run),
	  "connect and check everything, but move nothing" },
	{ "force-state", NULL, offsetof(struct cli, force_state),
	  "resume from a state that was changed by hand (its StateChecksum says so)" },
	{ "h", NULL, offsetof(struct cli, help), "the same as -help" },
	{ "help", NULL, offsetof(struct cli, help), "print this and exit" },
	{ "json", NULL, offsetof(struct cli, json), "with -verify: print the report as JSON" },
	{ "resumestate", "FILE", offsetof(struct cli, resume_state),
	  "resume the interrupted run whose state this file holds" },
	{ "verbose", NULL, offsetof(struct cli, verbose), "log at level debug" },
	{ "verify", NULL, offsetof(struct cli, verify),
	  "compare the tables of source and target as they are now; move and write nothing" },
	{ "version", NULL, offsetof(struct cli, version), "print the version and exit" },
};

static void print_usage(FILE *to)
{
	fprintf(to, "Usage: ghostferry-copydb [OPTIONS] path/to/config/file.json\n"
		    "Moves live MySQL or MariaDB tables from one server to another.\n\n");
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		fprintf(to, "  -%s%s%s\n    \t%s\n", flags[i].name, flags[i].argument ? " " : "",
			flags[i].argument ? flags[i].argument : "", flags[i].help);
}

/* name is not terminated: it may end at a '='. */
static const struct flag *find(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (strlen(flags[i].name) == length && memcmp(flags[i].name, name, length) == 0)
			return &flags[i];
	return NULL;
}

/* The spellings of Go's strconv.ParseBool(). */
static bool parse_bool(const char *text, bool *value)
{
	static const char *const words[] = { "0", "f", "F", "false", "FALSE", "False",
					     "1", "t", "T", "true",  "TRUE",  "True" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*value = i >= ARRAY_LEN(words) / 2;
			return true;
		}
	}
	return false;
}

struct arguments {
	char *const *next; /* ends with NULL */
	struct cli *cli;
	FILE *errors;
};

/* text is behind the dashes. */
static bool parse_flag(struct arguments *a, const char *text)
{
	size_t length = strcspn(text, "=");
	const char *value = text[length] == '=' ? text + length + 1 : NULL;
	const struct flag *flag = find(text, length);

	if (length == 0 || *text == '-') {
		fprintf(a->errors, "bad flag syntax: %s\n", a->next[-1]);
		return false;
	}
	if (!flag) {
		fprintf(a->errors, "flag provided but not defined: -%.*s\n", (int)length, text);
		return false;
	}

	char *place = (char *)a->cli + flag->offset;

	if (!flag->argument) {
		if (parse_bool(value ? value : "true", (bool *)place))
			return true;
		fprintf(a->errors, "invalid boolean value \"%s\" for -%s: parse error\n", value,
			flag->name);
		return false;
	}
	if (!value && *a->next)
		value = *a->next++;
	if (!value) {
		fprintf(a->errors, "flag needs an argument: -%s\n", flag->name);
		return false;
	}
	*(const char **)(void *)place = *value ? value : NULL;
	return true;
}

static bool parse_flags(struct arguments *a)
{
	while (*a->next) {
		const char *text = *a->next;

		/* A lone dash is a name like any other. */
		if (text[0] != '-' || text[1] == '\0')
			return true;
		a->next++;
		text += text[1] == '-' ? 2 : 1;
		if (*text == '\0')
			return true;
		if (!parse_flag(a, text))
			return false;
	}
	return true;
}

/* Ghostferry ignores what stands behind the path. For "conf.json -dryrun" that would be a
 * move instead of a look, and a fresh start instead of a resumed one. */
static bool check_rest(const struct arguments *a)
{
	/* A forgotten -verify would make a move of what was to be a comparison. */
	bool lacks_verify = a->cli->json && !a->cli->verify && !a->cli->help && !a->cli->version;

	for (char *const *at = a->next; *at && at[1]; at++) {
		const char *text = at[1] + strspn(at[1], "-");

		if (*at[1] != '-' || !find(text, strcspn(text, "=")))
			continue;
		fprintf(a->errors,
			"%s stands behind the path of the configuration: "
			"flags go before it\n",
			at[1]);
		return false;
	}
	if (lacks_verify)
		fprintf(a->errors, "-json goes with -verify\n");
	return !lacks_verify;
}

bool cli_parse(int argc, char *const *argv, struct cli *cli, int *exit_status, FILE *out,
	       FILE *errors)
{
	/* An empty argv is possible, and not even the name is there then. */
	struct arguments a = { .next = argv + (argc > 0), .cli = cli, .errors = errors };

	*cli = (struct cli){ 0 };
	*exit_status = 0;
	if (!parse_flags(&a) || !check_rest(&a)) {
		print_usage(errors);
		*exit_status = EXIT_BAD_FLAG;
		return false;
	}
	if (cli->help) {
		print_usage(out);
		return false;
	}
	if (cli->version) {
		fprintf(out, "ghostferry-copydb %s\n", version_text);
		return false;
	}
	cli->config_path = *a.next;
	if (cli->config_path)
		return true;
	print_usage(errors);
	*exit_status = EXIT_NO_CONFIG;
	return false;
}
