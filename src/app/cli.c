/* One table of flags parses them and prints the usage. Asking for help or the
 * version is answered on stdout with status 0; a mistake is reported on stderr. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "base/version.h"

/* Go's flag package ends with 2, which is what a run that was interrupted ends with here: a script
 * that resumes after a 2 would do so forever. */
enum { EXIT_MISTAKE = 1, VERIFY_KEYS_MAX = 10000 };

/* A flag is boolean or takes a text or a number. */
static const struct flag {
	const char *name;
	const char *argument; /* what the usage calls it; NULL: boolean; "N": a number; "TABLE":
			       * one more of a list */
	size_t offset;	      /* in struct cli: bool, const char *, unsigned or string_list */
	const char *help;
} flags[] = {
	{ "back", NULL, offsetof(struct cli, back),
	  "go back after the cutover of a move with PrepareRollback: apply what was written to\n"
	  "    \tthe target since to the source, from the state beside the StateFile" },
	{ "dryrun", NULL, offsetof(struct cli, dry_run),
	  "connect and check everything, but move nothing" },
	{ "force-state", NULL, offsetof(struct cli, force_state),
	  "resume from a state that was changed by hand (its StateChecksum says so)" },
	{ "h", NULL, offsetof(struct cli, help), "the same as -help" },
	{ "help", NULL, offsetof(struct cli, help), "print this and exit" },
	{ "json", NULL, offsetof(struct cli, json), "with -verify: print the report as JSON" },
	{ "recopy", "TABLE", offsetof(struct cli, recopy),
	  "of the run that is resumed, drop this table (\"shop.orders\") on the target and copy\n"
	  "    \tit again as it is now on the source; may be given several times" },
	{ "resume", NULL, offsetof(struct cli, resume),
	  "resume from the StateFile if it holds an unfinished run, start otherwise" },
	{ "resumestate", "FILE", offsetof(struct cli, resume_state),
	  "resume the interrupted run whose state this file holds" },
	{ "verbose", NULL, offsetof(struct cli, verbose), "log at level debug" },
	{ "verify", NULL, offsetof(struct cli, verify),
	  "compare the tables of source and target as they are now, or only those that are\n"
	  "    \tnamed behind the path (\"shop.order*\"); move and write nothing" },
	{ "verify-keys", "N", offsetof(struct cli, verify_keys),
	  "with -verify: print up to N keys of a table that differs, instead of 10" },
	{ "version", NULL, offsetof(struct cli, version), "print the version and exit" },
};

static void print_usage(FILE *to)
{
	fprintf(to, "Usage: ghostferry-copydb [OPTIONS] path/to/config/file.json\n"
		    "       ghostferry-copydb -verify [OPTIONS] path/to/config/file.json [TABLE...]\n"
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

static bool parse_number(const char *text, unsigned *value)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	*value = (unsigned)number;
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && number > 0 &&
	       number <= VERIFY_KEYS_MAX;
}

struct arguments {
	char *const *next; /* ends with NULL */
	struct cli *cli;
	FILE *errors;
};

/* length: up to a '='. */
static void report_unknown(const struct arguments *a, const char *text, size_t length)
{
	char name[NEAREST_MAX + 2];
	size_t used = 0;
	struct nearest nearest;

	fprintf(a->errors, "flag provided but not defined: -%.*s\n", (int)length, text);
	for (size_t i = 0; i < length && used + 1 < sizeof(name); i++)
		if (text[i] != '-') /* most names have none, and -dry-run is -dryrun */
			name[used++] = text[i];
	name[used] = '\0';
	nearest_init(&nearest, name);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		nearest_try(&nearest, flags[i].name);
	if (nearest.name)
		fprintf(a->errors, "did you mean -%s?\n", nearest.name);
}

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
		report_unknown(a, text, length);
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
	if (strcmp(flag->argument, "TABLE") == 0) {
		struct string_list *list = (struct string_list *)(void *)place;

		list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
		list->items[list->count++] = (char *)(uintptr_t)value;
		return true;
	}
	if (strcmp(flag->argument, "N") != 0) {
		*(const char **)(void *)place = *value ? value : NULL;
		return true;
	}
	if (parse_number(value, (unsigned *)(void *)place))
		return true;
	fprintf(a->errors, "invalid value \"%s\" for flag -%s: not a number of 1..%d\n", value,
		flag->name, VERIFY_KEYS_MAX);
	return false;
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

/* Ghostferry ignores what stands behind the path. For "conf.json -dryrun" that would be a move
 * instead of a rehearsal, and a fresh start instead of a resumed one. */
static bool check_rest(const struct arguments *a)
{
	const struct cli *cli = a->cli;
	/* A forgotten -verify would make a move of what was to be a comparison. */
	bool is_answered = cli->verify || cli->help || cli->version;
	const char *lonely = is_answered      ? NULL :
			     cli->json	      ? "json" :
			     cli->verify_keys ? "verify-keys" :
						NULL;

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
	if (lonely)
		fprintf(a->errors, "-%s goes with -verify\n", lonely);
	if (cli->resume && cli->resume_state)
		fprintf(a->errors, "-resume and -resumestate: take one of them out\n");
	if (cli->recopy.count > 0 && !cli->resume && !cli->resume_state && !is_answered)
		fprintf(a->errors, "-recopy goes with -resume or -resumestate\n");
	if (cli->recopy.count > 0 && cli->back)
		fprintf(a->errors, "-back and -recopy: take one of them out: nothing is copied on "
				   "the way back\n");
	if (cli->back && cli->verify)
		fprintf(a->errors, "-back and -verify: take one of them out\n");
	return !lonely && !(cli->resume && cli->resume_state) && !(cli->back && cli->verify) &&
	       (cli->recopy.count == 0 ||
		(!cli->back && (cli->resume || cli->resume_state || is_answered)));
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
		*exit_status = EXIT_MISTAKE;
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
	if (cli->config_path) {
		cli->tables = a.next + 1;
		return true;
	}
	print_usage(errors);
	fprintf(errors, "\nthe path of the configuration is missing: a JSON file, see "
			"conf.example.json\n");
	*exit_status = EXIT_MISTAKE;
	return false;
}
