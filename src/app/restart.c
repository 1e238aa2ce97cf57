/* A target that forgets commits was restarted: what it may have forgotten is written
 * again by a resumed run, and nobody need be there for that. The process saves the state,
 * which is one of before, and runs its own program again in its place, with -resumestate:
 * nothing of the run that has ended is left, its threads in hanging queries as little as
 * its connections.
 *
 * Not where somebody was told that the run is about to cut over, where there is no state
 * file, or when it happens again and again: then the run ends as any other does. */
#include "restart.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
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

void restart_take_over(struct app *app)
{
	const char *text = getenv(variable);
	unsigned count, cutover, paused;
	unsigned long long rows;

	began_ms = clock_ms();
	if (!text)
		return;
	if (app->resume && sscanf(text, "%u %u %u %llu", &count, &cutover, &paused, &rows) == 4) {
		restarts = count;
		ferry_set_automatic_cutover(app->ferry, cutover != 0);
		ferry_set_paused(app->ferry, paused != 0);
		ferry_set_batch_rows(app->ferry, rows);
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

static void run_again(const struct app *app)
{
	struct ferry_status status;
	char text[100];

	ferry_status(app->ferry, &status);
	snprintf(text, sizeof(text), "%u %d %d %llu", restarts, status.automatic_cutover,
		 status.is_paused, (unsigned long long)ferry_batch_rows(app->ferry));
	ferry_status_release(&status);
	setenv(variable, text, 1);

	static char resume_flag[] = "-resumestate", verbose_flag[] = "-verbose";
	static char back_flag[] = "-back";
	char *argv[7];
	int count = 0;

	argv[count++] = mem_strdup(program_path);
	if (command_line->verbose)
		argv[count++] = verbose_flag;
	if (command_line->back)
		argv[count++] = back_flag;
	argv[count++] = resume_flag;
	argv[count++] = mem_strdup(app->state_file.path);
	argv[count++] = mem_strdup(command_line->config_path);
	argv[count] = NULL;
	close_at_exec();
	execv("/proc/self/exe", argv);
	execvp(argv[0], argv);
}

void restart_if_it_helps(struct app *app, const struct error *err, enum run_part part)
{
	/* Whatever answers to CutoverLock may have happened. */
	bool is_before_cutover = app->phase < PHASE_CUTOVER ||
				 (app->phase == PHASE_CUTOVER && !app->config->cutover_lock.uri);
	struct error failure = ERROR_INIT;

	if (part != PART_TARGET_FORGOT || !program_path || !is_before_cutover)
		return;
	if (clock_ms() - began_ms > QUIET_MS)
		restarts = 0;
	if (++restarts > RESTARTS_MAX) {
		log_warn("the target was restarted %d times", restarts);
		return;
	}
	/* A signal from here on would be lost with this image: it ends the process instead. */
	shutdown_at_next_signal(EXIT_INTERRUPTED);
	if (!app->state_file.path || !state_file_close(&app->state_file, ENDING_S * 1000) ||
	    app->state_file.is_failing)
		return;
	log_progress("");
	log_warn_err(err, "resuming from %s by itself", app->state_file.path);
	run_again(app);
	error_errno(&failure, "%s", program_path);
	log_error_err(&failure, "the program cannot be run again");
}
