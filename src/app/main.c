/* main: from the command line to the run, in Ghostferry's order: flags, configuration,
 * state to resume from, validation, libraries, run. Whatever is wrong before the run
 * is one "error:" line on stderr and exit status 1. */
#include <curl/curl.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app.h"
#include "cli.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/shortage.h"
#include "control/http_server.h"
#include "db/db.h"
#include "notify.h"
#include "plan/turn_round.h"
#include "restart.h"
#include "start_state.h"
#include "verify_command.h"

static const char log_tag[] = "copydb";

#define LARGE_BUFFER_BYTES (4 << 20)
#define STACK_BYTES (8u << 20)
/* More than the largest numbers of workers need; usual limits are 1024 and, hard, far more. */
#define DESCRIPTORS_WANTED 4096

/* What lives from the command line to the end. */
struct program {
	struct cli cli;
	struct config config;
	struct start_state start;
	/* -back: what the configuration says of the move. */
	struct move_options forward;
	struct turned_options turned;
};

/* The environment gives way to the configuration, that to -verbose. */
static void set_up_log(const struct program *program)
{
	enum log_backend backend;
	enum log_level level;

	if (program->config.log_backend && log_parse_backend(program->config.log_backend, &backend))
		log_set_backend(backend);
	if (program->cli.verbose)
		log_set_level(LOG_DEBUG);
	else if (program->config.log_level && log_parse_level(program->config.log_level, &level))
		log_set_level(level);
}

static bool can_write(const struct program *program, const char *path, struct error *err)
{
	return program->cli.dry_run ? state_file_foresee(path, err) : state_file_check(path, err);
}

/* The default one was not requested, and a configuration may well lie where nothing can be written.
 * One that is configured, or holds a state already, must be writable: app_run() checks that. Else
 * the state in it would look as good as before, and be left. With -resume the user relies on it. */
static void drop_default_state_file(struct program *program)
{
	char *usual = mem_printf("%s.state", program->cli.config_path);
	struct config *config = &program->config;
	const char *path = config->state_file;
	struct error err = ERROR_INIT;

	if (path && !program->cli.resume && strcmp(path, usual) == 0 && access(path, F_OK) != 0 &&
	    !can_write(program, path, &err)) {
		log_warn_err(&err, "without a state file (see StateFile) a run that is killed "
				   "cannot be resumed");
		config->state_file = config->move.verify.spill_beside = NULL;
	}
	free(usual);
}

/* From here on the configuration is that of the way back. */
static bool go_back(struct program *program, struct error *err)
{
	struct config *config = &program->config;

	if (!start_state_find_back(&program->start, &program->cli, config, err))
		return false;
	program->forward = config->move;
	turn_round(&program->turned, &program->forward,
		   program->start.is_over ? &program->start.finished.way_back.names :
					    &program->start.state.way_back.names);
	config_turn_round(config, &program->turned.move);
	log_info("this is the way back: the source is now the server that Target names, and the "
		 "target the one that Source names");
	/* The configuration is that of the move, so this is nobody's mistake. */
	if (!program->start.is_over)
		log_info("behind the cutover of the way back there is no way forward again but a new "
			 "move, which copies everything: PrepareRollback is of no effect here");
	if (!program->start.is_over && !*program->start.state.way_back.verifier)
		log_warn("the move was made without a verifier: the two sides were not compared "
			 "(VerifierType, or -verify)");
	return true;
}

/* Without this, workers that find none wait for one as if a server were away. A copying worker
 * has a connection to each server and one for rows that strict mode refuses, a comparing one two,
 * an applying one two. */
static bool check_descriptors(const struct config *config, struct error *err)
{
	const struct move_options *move = &config->move;
	rlim_t wanted =
		3 * move->copy_workers + 2 * move->verify.workers + 2 * move->apply_workers + 40;
	struct rlimit limit;

	wanted += config->control_server.enabled ? SERVER_CONNECTIONS_MAX : 0;
	return getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted ||
	       error_set(err, ERROR_CONFIG,
			 "the process may open %llu files and connections, and can need %llu: raise "
			 "the limit (ulimit -n, or LimitNOFILE of a service), or lower "
			 "DataIterationConcurrency and BinlogWriterConcurrency",
			 (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
}

static bool prepare(struct program *program, struct error *err)
{
	struct config_warnings warnings = { 0 };
	bool ok = config_load(program->cli.config_path, &program->config, &warnings, err);

	set_up_log(program);
	if (ok && !config_validate(&program->config, err))
		ok = error_wrap(err, CONFIG_VALIDATING);
	ok = ok && (!program->config.log_file || log_open_file(program->config.log_file, err) ||
		    error_wrap(err, "LogFile"));
	for (size_t i = 0; i < warnings.texts.count; i++)
		log_write(LOG_WARN, "config", NULL, NULL, "%s", warnings.texts.items[i]);
	config_warnings_release(&warnings);
	if (program->cli.verbose && program->config.log_level)
		log_warn("-verbose is given: LogLevel %s has no effect", program->config.log_level);
	if (!ok || !check_descriptors(&program->config, err))
		return false;
	if (program->cli.verify)
		return true;
	if (program->cli.back)
		return go_back(program, err);
	if (program->cli.recopy.count > 0 && program->config.move.tables.where.count > 0)
		return error_set(err, ERROR_CONFIG,
				 "-recopy cannot be used with Tables.Where: the table would be "
				 "dropped with the rows of others");
	if (!start_state_find(&program->start, &program->cli, &program->config, err))
		return false;
	drop_default_state_file(program);
	program->config.move.recopy = program->cli.recopy;
	return true;
}

static void *allocate_for_ev(void *memory, long size)
{
	if (size > 0)
		return mem_resize(memory, 1, (size_t)size);
	free(memory);
	return NULL;
}

/* cJSON does not check its allocations; ours cannot fail. */
static void init_libraries(void)
{
	cJSON_Hooks hooks = { .malloc_fn = mem_alloc, .free_fn = free };

	signal(SIGPIPE, SIG_IGN); /* a reader that is gone is an error of write() */
	signal(SIGXFSZ, SIG_IGN); /* so is a limit on the size of files */
	cJSON_InitHooks(&hooks);
	if (curl_global_init(CURL_GLOBAL_ALL) != 0)
		shortage_found("out of memory");
	ev_set_allocator(allocate_for_ev);
	db_library_init();
}

static void print_error(const char *message, const char *hint)
{
	struct buf text = BUF_INIT;

	printable_put(&text, message);
	if (*hint) {
		buf_puts(&text, "\n  ");
		printable_put(&text, hint);
	}
	fprintf(stderr, "error: %s\n", buf_text(&text));
	buf_release(&text);
}

static int fail(const struct program *program, const struct error *err)
{
	const struct string_list *more = &program->config.more_errors;
	const struct string_list *hints = &program->config.hints;

	print_error(err->text, hints->count > 0 ? hints->items[0] : "");
	for (size_t i = 0; i < more->count; i++)
		print_error(more->items[i], hints->items[i + 1]);
	return EXIT_NOT_STARTED;
}

static void raise_limit(int resource, rlim_t wanted)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)setrlimit(resource, &limit);
}

static void set_up_process(void)
{

	/* A socket that became descriptor 1 would be sent the state dump. */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0)
			_exit(EXIT_NOT_STARTED);
#ifdef M_MMAP_THRESHOLD
	/* Large buffers, of rows and statements, go back to the system when they are freed.
	 * glibc would keep ever larger ones for later. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BUFFER_BYTES);
#endif
	/* This thread's stack grows up to what the limit is by then. */
	raise_limit(RLIMIT_STACK, STACK_BYTES);
	raise_limit(RLIMIT_NOFILE, DESCRIPTORS_WANTED);
}

int main(int argc, char **argv)
{
	struct program program = { .start = { .is_resumed = false } };
	struct error err = ERROR_INIT;
	int status = EXIT_DONE;

	set_up_process();
	shortage_init();
	log_init();
	if (!cli_parse(argc, argv, &program.cli, &status, stdout, stderr))
		return status;
	if (program.cli.verbose)
		log_set_level(LOG_DEBUG);
	restart_remember(argv[0], &program.cli);
	init_libraries();
	notify_init();
	if (!prepare(&program, &err))
		status = fail(&program, &err);
	else if (program.cli.verify)
		status = verify_command_run(&program.config, &program.cli);
	else if (!program.start.is_over)
		status = app_run(&program.config, &program.start, program.cli.dry_run);
	else /* Without a connection: its servers may be gone. */
		log_info("%s says that this move is finished: there is nothing to do (to compare: "
			 "-verify; for another move: another StateFile)",
			 program.config.state_file);
	if (program.config.is_turned_round) {
		turned_options_release(&program.turned);
		program.config.move = program.forward;
	}
	start_state_release(&program.start);
	config_release(&program.config);
	free(program.cli.recopy.items);
	curl_global_cleanup();
	return status;
}
