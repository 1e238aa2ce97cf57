/* The way out.
 *
 * The state comes first, on stdout, then in the state file; everything after that may
 * fail, hang or be cut short by a second signal, or by ENDING_S, without loss (a state
 * file on a disk that does not answer, say). The error callback is posted last, with a
 * short deadline. Then _exit(): the ferry's threads may hang in
 * queries, and a resumed run deals with whatever they still do (I8). */
#include "shutdown.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/utf8.h"
#include "dry_run.h"
#include "notify.h"
#include "restart.h"

static const char log_tag[] = "error_handler";

#define SAVE_S 2	/* for the state file, when the state is on stdout already */
#define SCREEN_SAVE_S 7 /* when it comes to the screen only if the file cannot be written */

static volatile sig_atomic_t signal_status;

static void leave(int number UNUSED)
{
	_exit(signal_status);
}

void shutdown_at_next_signal(int exit_status)
{
	const struct sigaction action = { .sa_handler = leave };

	signal_status = exit_status;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
}

/* A pipe that poll() calls writable has room for PIPE_BUF bytes, thus write() does
 * not wait, whoever reads. */
static bool print_some(const char *bytes, size_t length, size_t *printed, struct error *err)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	int ready = poll(&out, 1, STDOUT_PATIENCE_MS);
	ssize_t written;

	*printed = 0;
	if (ready == 0)
		return error_set(err, ERROR_TIMEOUT, "stdout: its reader takes nothing for %d s",
				 STDOUT_PATIENCE_MS / 1000);
	if (ready < 0)
		return errno == EINTR || error_errno(err, "stdout");
	written = write(STDOUT_FILENO, bytes, length < PIPE_BUF ? length : PIPE_BUF);
	if (written < 0)
		return errno == EINTR || errno == EAGAIN || error_errno(err, "stdout");
	*printed = (size_t)written;
	return true;
}

bool shutdown_print(const char *bytes, size_t length, struct error *err)
{
	size_t printed;

	for (; length > 0; bytes += printed, length -= printed)
		if (!print_some(bytes, length, &printed, err))
			return false;
	return true;
}

/* True: it is on stdout. */
static bool print_state(const struct app *app, struct buf *state)
{
	struct error err = ERROR_INIT;

	if (state->length == 0 || !config_prints_state(app->config))
		return false;
	buf_putc(state, '\n');
	bool printed = shutdown_print(state->data, state->length, &err);
	buf_truncate(state, state->length - 1);
	if (!printed)
		log_error_err(&err, "failed to dump the state");
	return printed;
}

static void warn_about_lock(const struct app *app)
{
	struct ferry_status status;

	if (app->phase != PHASE_CUTOVER)
		return;
	ferry_status(app->ferry, &status);
	if (status.cutover_unlocked && app->config->cutover_unlock.uri)
		log_warn("the run ends during the cutover: CutoverUnlock was called, and did not "
			 "answer with success; find out whether the application uses the target "
			 "already before you resume");
	else if (app->config->cutover_lock.uri)
		log_warn("the run ends during the cutover: CutoverLock may have been called, and "
			 "CutoverUnlock was not");
	ferry_status_release(&status);
}

static void post_error(const struct app *app, const struct error *err, enum run_part part,
		       const struct buf *state)
{
	const struct callback *callback = &app->config->error_callback;
	struct error failure = ERROR_INIT;
	struct error shown = *err;
	struct buf payload = BUF_INIT;
	cJSON *object;

	if (!callback_is_set(callback) || app->is_dry_run)
		return;
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "ErrFrom", run_part_name(part));
	utf8_replace_invalid(shown.text);
	cJSON_AddStringToObject(object, "ErrMessage", shown.text);
	cJSON_AddStringToObject(object, "StateDump", buf_text(state));
	json_print(&payload, object, 2);
	cJSON_Delete(object);
	if (!callback_post(callback->uri, buf_text(&payload), ERROR_CALLBACK_TIMEOUT_MS, &failure))
		log_error_err(&failure, "failed to post the error");
	buf_release(&payload);
}

/* A process that has taken over writes a newer state into the same file. When the state is on
 * stdout there is no need to wait for a disk that does not answer. */
static bool save_state(struct app *app, enum run_part part, bool is_printed, int patience_s)
{
	if (part == PART_RUN_LOCK)
		return false;
	if (state_file_close(&app->state_file, patience_s * 1000))
		return !app->state_file.is_failing;
	log_error("the state file is not written once more, its disk does not answer%s",
		  is_printed ? ": the newest state is the one on stdout" : "");
	return false;
}

static void log_end(const struct error *err, enum run_part part, bool is_printed,
		    const char *saved_to)
{
	const struct log_field fields[] = { { "errfrom", run_part_name(part) },
					    { "statefile", saved_to },
					    { NULL, NULL } };
	bool is_signal = part == PART_USER_INTERRUPT;

	log_write(is_signal ? LOG_WARN : LOG_ERROR, log_tag, err, fields, "%s%s%s",
		  is_signal ? "interrupted by a signal" : "fatal error detected",
		  is_printed ? ", state dump in stdout" :
		  saved_to   ? ", state in " :
			       "",
		  !is_printed && saved_to ? saved_to : "");
}

/* What the run leaves behind, in the order of importance. */
static void report(struct app *app, const struct error *err, enum run_part part, int status)
{
	const char *path = app->state_file.path;
	/* A state on a screen is of no use. */
	bool for_screen = isatty(STDOUT_FILENO) == 1 && path && part != PART_RUN_LOCK &&
			  ferry_may_save(app->ferry);
	struct buf state = BUF_INIT;
	bool printed = false, saved = false;

	log_progress("");
	if (!ferry_state(app->ferry, &state))
		log_info("there is no state to dump: nothing was moved yet");
	if (!for_screen)
		printed = print_state(app, &state);
	shutdown_at_next_signal(status);
	alarm(ENDING_S);
	if (for_screen) {
		saved = save_state(app, part, false, SCREEN_SAVE_S);
		printed = !saved && print_state(app, &state);
	}
	log_end(err, part, printed, saved ? path : NULL);
	notify_send("STOPPING=1", err->text);
	if (!for_screen)
		(void)save_state(app, part, printed, printed ? SAVE_S : ENDING_S);
	if (state.length > 0 && !printed && !config_prints_state(app->config))
		log_warn("the state was not dumped on stdout, as neither DumpStateOnSignal nor "
			 "DumpStateToStdoutOnError is set");
	if (state.length > 0 && path && ferry_may_save(app->ferry))
		log_info("the run can be resumed with -resumestate %s", path);
	app->api.events_ms = 0; /* a fresh one: listeners get the reason of the end */
	server_beat(app->server);
	listen_remove(&app->listener);
	summary_log(&app->summary, app->ferry);
	warn_about_lock(app);
	post_error(app, err, part, &state);
	buf_release(&state);
}

void shutdown_failed(struct app *app)
{
	struct error err = ERROR_INIT;
	enum run_part part = PART_SYSTEM;

	if (!ferry_error(app->ferry, &err, &part))
		error_set(&err, ERROR_STOPPED, "the run ended without saying why");
	restart_if_it_helps(app, &err, part);

	/* A supervisor that restarts failed runs must see which one was stopped on purpose. */
	const char *stopped = getenv("GHOSTFERRY_STOPPED_STATUS");
	long wanted = stopped && part == PART_USER_INTERRUPT ? strtol(stopped, NULL, 10) : 0;
	int status = err.kind == ERROR_DIFFERENT ? EXIT_DIFFERENT :
		     wanted > 0 && wanted <= 255 ? (int)wanted :
						   EXIT_INTERRUPTED;

	report(app, &err, part, status);
	_exit(status);
}

void shutdown_not_started(struct app *app)
{
	static const char *const steps[] = {
		[PART_INITIALIZE] = "failed to initialize ferry",
		[PART_START] = "failed to start ferry",
		[PART_CREATE_TABLES] = "failed to create databases and tables",
	};
	struct error err = ERROR_INIT;
	enum run_part part = PART_START;
	struct buf text = BUF_INIT;

	if (!ferry_error(app->ferry, &err, &part))
		error_set(&err, ERROR_STOPPED, "the start ended without saying why");
	restart_if_it_helps(app, &err, part);
	/* A dry run has no state to leave behind, and no callback to call. */
	if (!app->is_dry_run)
		report(app, &err, part, EXIT_NOT_STARTED);
	log_progress("");
	findings_text(&text, ferry_findings(app->ferry));
	buf_printf(&text,
		   "error: %s: ", part < ARRAY_LEN(steps) ? steps[part] : run_part_name(part));
	printable_put(&text, err.text);
	buf_putc(&text, '\n');
	fputs(buf_text(&text), stderr);
	_exit(EXIT_NOT_STARTED);
}
