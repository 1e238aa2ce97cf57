/* main: from the command line to the run, in Ghostferry's order: flags, configuration,
 * state to resume from, validation, libraries, run. Whatever is wrong before the run
 * is one "error:" line on stderr and exit status 1. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "app/cli.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db.h"
#include "ferry/state_json.h"
#include "restart.h"
#include "verify_command.h"

static const char log_tag[] = "copydb";

#define LARGE_BUFFER_BYTES (4 << 20)

/* What lives from the command line to the end. */
struct program {
	struct cli cli;
	struct config config;
	struct saved_state state;
	bool is_resumed; /* state is filled */
};

/* A socket that became descriptor 1 would be sent the state dump. */
static void open_standard_files(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0)
			_exit(EXIT_NOT_STARTED);
}

static void log_warnings(const struct config_warnings *warnings)
{
	for (size_t i = 0; i < warnings->texts.count; i++)
		log_write(LOG_WARN, "config", NULL, NULL, "%s", warnings->texts.items[i]);
}

static bool load_config(struct program *program, struct error *err)
{
	struct config_warnings warnings = { 0 };
	bool ok = config_load(program->cli.config_path, &program->config, &warnings, err);

	log_warnings(&warnings);
	config_warnings_release(&warnings);
	return ok;
}

/* The environment gives way to the configuration, that to -verbose. */
static void set_up_log(const struct program *program)
{
	enum log_backend backend;
	enum log_level level;

	if (program->config.log_backend &&
	    log_parse_backend(program->config.log_backend, &backend))
		log_set_backend(backend);
	if (program->config.log_level && log_parse_level(program->config.log_level, &level))
		log_set_level(level);
	if (!program->cli.verbose)
		return;
	log_set_level(LOG_DEBUG);
	if (program->config.log_level)
		log_warn("-verbose is given: LogLevel %s has no effect", program->config.log_level);
}

static bool read_state_file(struct program *program, const char *path, struct error *err)
{
	struct stat info;
	cJSON *tree;

	if (stat(path, &info) != 0 && errno == ENOENT)
		return error_set(err, ERROR_CONFIG, "%s does not exist", path);
	tree = json_parse_file(path, err);
	if (!tree)
		return error_wrap(err, err->kind == ERROR_SYSTEM ? "failed to open state file" :
								   "failed to parse state file");
	program->is_resumed = saved_state_parse(tree, &program->state, err);
	return program->is_resumed || error_wrap(err, "failed to parse state file: %s", path);
}

/* A fresh start over the state of an unfinished run would lose that run. */
static bool check_nothing_unfinished(const struct program *program, struct error *err)
{
	const char *path = program->config.state_file;
	struct program other = { .is_resumed = false };
	bool ok;

	if (program->cli.dry_run || !path || (access(path, F_OK) != 0 && errno == ENOENT))
		return true;
	if (!read_state_file(&other, path, err))
		return error_wrap(err, "a state file is there already, and cannot be read (remove "
				       "it to start anew)");
	ok = other.state.is_done;
	saved_state_release(&other.state);
	return ok || error_set(err, ERROR_CONFIG,
			       "%s holds the state of an unfinished run: resume it with "
			       "-resumestate %s, or remove the file to start anew",
			       path, path);
}

/* An older dump of a run that was finished since. An unfinished run may be resumed from any
 * of its states, and a file that cannot be read tells nothing. */
static bool check_not_finished(const struct program *program, struct error *err)
{
	const char *path = program->config.state_file;
	const struct saved_state *state = &program->state;
	struct program other = { .is_resumed = false };
	struct error ignored;
	bool is_over;

	if (!path || state->is_handed_over || !*state->run_id ||
	    !read_state_file(&other, path, &ignored))
		return true;
	is_over = other.state.is_handed_over && strcmp(other.state.run_id, state->run_id) == 0;
	saved_state_release(&other.state);
	return !is_over ||
	       error_set(err, ERROR_CONFIG,
			 "%s says that this run was finished, or CutoverUnlock called, later than "
			 "the state that is to be resumed: older changes would be done again over "
			 "what was written to the target since; if the target is not in use, remove "
			 "that file to resume all the same",
			 path);
}

/* -resumestate counts more than the configuration. */
static bool find_state(struct program *program, struct error *err)
{
	cJSON *configured = program->config.state_to_resume_from;

	if (program->cli.resume_state) {
		if (!read_state_file(program, program->cli.resume_state, err))
			return false;
	} else if (configured) {
		program->is_resumed = saved_state_parse(cJSON_Duplicate(configured, true),
							&program->state, err);
		if (!program->is_resumed)
			return error_wrap(err, "StateToResumeFrom");
	} else {
		return check_nothing_unfinished(program, err);
	}
	return check_not_finished(program, err);
}

/* Nobody asked for the default one, and a configuration may well lie where nothing can
 * be written. One that is configured must be writable: app_run() sees to that. */
static void settle_state_file(struct program *program)
{
	char *usual = mem_printf("%s.state", program->cli.config_path);
	char **path = &program->config.state_file;
	struct error err = ERROR_INIT;

	if (*path && !program->cli.dry_run && strcmp(*path, usual) == 0 &&
	    !state_file_check(*path, &err)) {
		log_warn_err(&err, "without a state file (see StateFile) a run that is killed "
				   "cannot be resumed");
		free(*path);
		*path = NULL;
	}
	free(usual);
}

static bool prepare(struct program *program, struct error *err)
{
	if (!load_config(program, err))
		return false;
	if (!config_validate(&program->config, err))
		return error_wrap(err, "failed to validate config");
	set_up_log(program);
	if (program->cli.verify)
		return true;
	if (!find_state(program, err))
		return false;
	settle_state_file(program);
	return true;
}

/* cJSON looks at no allocation of its own; ours cannot fail. */
static void init_libraries(void)
{
	cJSON_Hooks hooks = { .malloc_fn = mem_alloc, .free_fn = free };

	signal(SIGPIPE, SIG_IGN); /* a reader that is gone is an error of write() */
	signal(SIGXFSZ, SIG_IGN); /* so is a limit on the size of files */
	cJSON_InitHooks(&hooks);
	if (curl_global_init(CURL_GLOBAL_ALL) != 0)
		abort(); /* lack of memory */
	db_library_init();
}

static void release(struct program *program)
{
	if (program->is_resumed)
		saved_state_release(&program->state);
	config_release(&program->config);
}

static int fail(const struct error *err)
{
	fprintf(stderr, "error: %s\n", err->text);
	return EXIT_NOT_STARTED;
}

/* Large buffers, of rows and statements, go back to the system when they are freed.
 * glibc would keep ever larger ones for later. */
static void return_memory(void)
{
#ifdef M_MMAP_THRESHOLD
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BUFFER_BYTES);
#endif
}

int main(int argc, char **argv)
{
	struct program program = { .is_resumed = false };
	struct error err = ERROR_INIT;
	int status;

	open_standard_files();
	return_memory();
	log_init();
	if (!cli_parse(argc, argv, &program.cli, &status, stdout, stderr))
		return status;
	if (program.cli.verbose)
		log_set_level(LOG_DEBUG);
	restart_remember(argv[0], &program.cli);
	init_libraries();
	if (!prepare(&program, &err))
		status = fail(&err);
	else if (program.cli.verify)
		status = verify_command_run(&program.config, program.cli.json);
	else
		status = app_run(&program.config, program.is_resumed ? &program.state : NULL,
				 program.cli.dry_run);
	release(&program);
	curl_global_cleanup();
	return status;
}
