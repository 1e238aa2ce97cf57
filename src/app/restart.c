/* A target that forgets commits was restarted: what it may have forgotten is written again by a
 * resumed run, which needs no operator. Or the definition of a table has changed on the source, and
 * the table is to be copied again, as a resumed run does (-recopy; those that it would not find by
 * itself are named). The process saves the state, which is one of before, and runs its own program
 * again in its place, with -resumestate: nothing of the run that has ended is left, its threads in
 * hanging queries as little as its connections.
 *
 * Not where a callback was told that the run is about to cut over, where there is no state file, or
 * when it happens again and again: then the run ends as any other does. */
#include "restart.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/throttle_json.h"
#include "shutdown.h"

static const char log_tag[] = "restart";

/* From one process image to the next. */
static const char variable[] = "GHOSTFERRY_RESTARTED";

#define RESTARTS_MAX 5
#define QUIET_MS 600000 /* after a run that lasted so long the count begins at 0 */
#define DESCRIPTORS_MAX 65536

static const char *program_path;
static const struct cli *command_line;
static unsigned restarts;
static int64_t began_ms;

void restart_remember(const char *program, const struct cli *cli)
{
	program_path = program;
	command_line = cli;
}

static void take_limits_over(struct app *app, const char *text)
{
	struct error err = ERROR_INIT;
	struct throttle_limits limits;
	cJSON *object = json_parse(text, strlen(text), &err);

	ferry_throttle_limits(app->ferry, &limits);
	if (object && throttle_json_read(object, &limits, &err))
		ferry_set_throttle_limits(app->ferry, &limits);
	else
		log_warn_err(&err, "Throttle is as configured");
	throttle_limits_release(&limits);
	cJSON_Delete(object);
}

void restart_restore(struct app *app)
{
	const char *text = getenv(variable);
	unsigned count, cutover, paused;
	unsigned long long rows;
	int end = 0;

	began_ms = clock_ms();
	if (!text)
		return;
	if (sscanf(text, "%u %u %u %llu %n", &count, &cutover, &paused, &rows, &end) == 4) {
		restarts = count;
		ferry_set_automatic_cutover(app->ferry, cutover != 0);
		ferry_set_paused(app->ferry, paused != 0);
		ferry_set_batch_rows(app->ferry, rows);
		take_limits_over(app, text + end);
	}
	unsetenv(variable);
}

/* Connections must not outlive this: they hold locks on the target. */
static void close_at_exec(void)
{
	struct rlimit limit;
	int end = DESCRIPTORS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_MAX)
		end = (int)limit.rlim_cur;
	for (int fd = STDERR_FILENO + 1; fd < end; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Nothing was moved yet. */
static bool is_first_start(const struct app *app)
{
	return !app->resume && !ferry_may_save(app->ferry);
}

/* The state that is to be resumed now; NULL: there is none in a file. A start that failed early
 * has taken nothing over into the state file. */
static const char *state_path(const struct app *app)
{
	if (ferry_may_save(app->ferry) || command_line->resume)
		return app->state_file.path;
	return command_line->resume_state;
}

static void add_resume(char **argv, int *count, const struct app *app)
{
	static char state_flag[] = "-resumestate", resume_flag[] = "-resume";

	if (!is_first_start(app)) {
		argv[(*count)++] = state_flag;
		argv[(*count)++] = mem_strdup(state_path(app));
	} else if (command_line->resume) {
		argv[(*count)++] = resume_flag;
	}
}

static void add_recopy(char **argv, int *count, const char *table)
{
	static char flag[] = "-recopy";

	argv[(*count)++] = flag;
	argv[(*count)++] = mem_strdup(table);
}

/* For the process image that follows, so nothing is released. */
static char **arguments(const struct app *app)
{
	static char verbose_flag[] = "-verbose";
	const struct string_list *again = &command_line->recopy;
	static char back_flag[] = "-back";
	struct recopies changed;
	char **argv;
	int count = 0;

	(void)ferry_changed_tables(app->ferry, &changed);
	argv = mem_calloc(2 * (changed.count + again->count) + 7, sizeof(*argv));
	argv[count++] = mem_strdup(program_path);
	if (command_line->verbose)
		argv[count++] = verbose_flag;
	for (size_t i = 0; i < changed.count; i++)
		add_recopy(argv, &count, changed.items[i].table);
	for (size_t i = 0; i < again->count && !ferry_may_save(app->ferry); i++)
		add_recopy(argv, &count, again->items[i]);
	if (command_line->back)
		argv[count++] = back_flag;
	add_resume(argv, &count, app);
	argv[count++] = mem_strdup(command_line->config_path);
	argv[count] = NULL;
	return argv;
}

/* They stay pending over exec() for the program that comes then, which would else be ended by them
 * before it has its handlers. */
static void mask_signals(int how)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(how, &signals, NULL);
}

void restart_take_signals(void)
{
	mask_signals(SIG_UNBLOCK);
}

static void run_again(const struct app *app)
{
	struct ferry_status status;
	struct throttle_limits limits;
	struct buf text = BUF_INIT;

	ferry_status(app->ferry, &status);
	ferry_throttle_limits(app->ferry, &limits);
	buf_printf(&text, "%u %d %d %llu ", restarts, status.automatic_cutover, status.is_paused,
		   (unsigned long long)ferry_batch_rows(app->ferry));
	json_print(&text, throttle_json(&limits), 0);
	ferry_status_release(&status);
	setenv(variable, buf_text(&text), 1);

	close_at_exec();
	char **argv = arguments(app);

	mask_signals(SIG_BLOCK);
	execv("/proc/self/exe", argv);
	execvp(argv[0], argv);
	mask_signals(SIG_UNBLOCK);
}

/* A statement is behind the place that the last one began at: it comes as often as
 * definitions change. */
static bool is_too_often(const struct app *app)
{
	struct recopies changed;
	bool is_stated = ferry_changed_tables(app->ferry, &changed);

	recopies_release(&changed);
	if (is_stated)
		return false;
	if (clock_ms() - began_ms > QUIET_MS)
		restarts = 0;
	if (++restarts <= RESTARTS_MAX)
		return false;
	log_warn("the run was resumed %d times within a short time", RESTARTS_MAX);
	return true;
}

static bool may_help(const struct app *app, enum run_part part)
{
	/* Behind the last permission to cut over nothing begins again unseen. */
	if (part == PART_SCHEMA_CHANGE)
		return app->phase < PHASE_CUTOVER && !app->is_dry_run;
	/* Whatever answers to CutoverLock may have happened. */
	return part == PART_TARGET_FORGOT &&
	       (app->phase < PHASE_CUTOVER ||
		(app->phase == PHASE_CUTOVER && !app->config->cutover_lock.uri));
}

static bool save(struct app *app)
{
	return !ferry_may_save(app->ferry) ||
	       (state_file_close(&app->state_file, ENDING_S * 1000) && !app->state_file.is_failing);
}

void restart_if_it_helps(struct app *app, const struct error *err, enum run_part part)
{
	struct error failure = ERROR_INIT;

	if (!program_path || !may_help(app, part) || is_too_often(app))
		return;
	/* A signal from here on would be lost with this image: it ends the process instead. */
	shutdown_at_next_signal(EXIT_INTERRUPTED);
	if (!is_first_start(app) && (!app->state_file.path || !state_path(app) || !save(app)))
		return;
	log_progress("");
	if (is_first_start(app))
		log_warn_err(err, "a table's definition was changed meanwhile: starting again");
	else
		log_warn_err(err, "resuming from %s by itself", state_path(app));
	run_again(app);
	error_errno(&failure, "%s", program_path);
	log_error_err(&failure, "the program cannot be run again");
}
