/* The command line, by the rules of Go's flag package: -x and --x are the same,
 * -x=value or -x value, flags end at the first argument that is none or at --.
 * main calls cli_parse() first of all. */
#ifndef APP_CLI_H
#define APP_CLI_H

#include <stdio.h>

#include "base/attr.h"
#include "plan/move_options.h"

/* Strings are borrowed from argv. */
struct cli {
	bool verbose;	  /* log level debug, whatever else says */
	bool back;	  /* from the target to the source again, see PrepareRollback */
	bool dry_run;	  /* connect and check, move nothing */
	bool verify;	  /* compare source and target now, move nothing */
	bool resume;	  /* go on from the state file, if there is an unfinished run in it */
	bool force_state; /* take a state that was changed by hand */
	bool json;	  /* -verify: the report as JSON */
	bool version;
	bool help;
	unsigned verify_keys;	   /* -verify: keys shown per table; 0: as usual */
	const char *resume_state;  /* path of a state, or NULL */
	struct string_list recopy; /* the array is owned; for a resumed run, "db.table" */
	const char *config_path;
	char *const *tables; /* -verify: names or patterns, ended by NULL; none: all */
};

/* False: the process ends with *exit_status; all output (help, version, mistakes with the usage)
 * has been written. Arguments behind the first positional one are tables for -verify and ignored
 * otherwise, but a flag there is a mistake. */
bool cli_parse(int argc, char *const *argv, struct cli *cli, int *exit_status, FILE *out,
	       FILE *errors) MUST_CHECK;

#endif
