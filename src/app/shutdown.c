/* The way out.
 *
 * The state comes first, on stdout, then in the state file; everything after that may
 * fail, hang or be cut short by a second signal, or by ENDING_S, without loss (a state
 * file on a disk that does not answer, say). The error callback is posted last, with a
 * short deadline. Then _exit(): the ferry's threads may hang in
 * queries, and a resumed run deals with whatever they still do (README I8). */
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
#include "restart.h"

static const char log_tag[] = "error_handler";

#define SAVE_S 2 /* for the state file, when the state is on stdout already */

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

/* state: the text, "" when there is none. True: it is on stdout. */
static bool print_state(struct app *app, struct buf *state)
{
	struct error err = ERROR_INIT;

	if (!ferry_state(app->ferry, state)) {
		log_info("there is no state to dump: nothing was moved yet");
		return false;
	}
	if (!config_prints_state(app->config))
		return false;
	buf_putc(state, '\n');
	if (shutdown_print(state->data, state->length, &err)) {
		buf_truncate(state, state->length - 1);
		return true;
	}
	buf_truncate(state, state->length - 1);
	log_error_err(&err, "failed to dump the state");
	return false;
}

static void say_where_the_state_is(const struct app *app, const struct buf *state, bool printed)
{
	const char *path = app->state_file.path;

	if (state->length == 0)
		return;
	if (!printed && !config_prints_state(app->config))
		log_warn("the state was not dumped on stdout, as neither DumpStateOnSignal nor "
			 "DumpStateToStdoutOnError is set");
	if (path && ferry_may_save(app->ferry))
		log_info("the run can be resumed with -resumestate %s", path);
}

static void log_fatal(const struct error *err, const char *from, bool printed)
{
	log_write(LOG_ERROR, log_tag, err,
		  (const struct log_field[]){ { "errfrom", from }, { NULL, NULL } },
		  printed ? "fatal error detected, state dump in stdout" : "fatal error detected");
}

static void warn_about_lock(const struct app *app, enum phase phase)
{
	struct ferry_status status;

	if (phase != PHASE_CUTOVER)
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

static void post_error(const struct app *app, const struct error *err, const char *from,
		       const struct buf *state)
{
	const struct callback *callback = &app->config->error_callback;
	struct error failure = ERROR_INIT;
	struct error shown = *err;
	struct buf payload = BUF_INIT;
	cJSON *object;

	if (!callback_is_set(callback))
		return;
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "ErrFrom", from);
	utf8_replace_invalid(shown.text);
	cJSON_AddStringToObject(object, "ErrMessage", shown.text);
	cJSON_AddStringToObject(object, "StateDump", buf_text(state));
	json_print(&payload, object, 2);
	cJSON_Delete(object);
	if (!callback_post(callback->uri, buf_text(&payload), ERROR_CALLBACK_TIMEOUT_MS, &failure))
		log_error_err(&failure, "failed to post the error");
	buf_release(&payload);
}

/* Who has the state on stdout need not wait for a disk that does not answer. */
static void save_state(struct app *app, bool printed)
{
	if (!state_file_close(&app->state_file, (printed ? SAVE_S : ENDING_S) * 1000))
		log_error("the state file is not written once more, its disk does not answer%s",
			  printed ? ": the newest state is the one on stdout" : "");
}

static void report_error(struct app *app, const struct error *err, const char *from, int status)
{
	struct buf state = BUF_INIT;
	bool printed;

	log_progress("");
	printed = print_state(app, &state);
	shutdown_at_next_signal(status);
	alarm(ENDING_S);
	log_fatal(err, from, printed);
	/* Whoever has taken over writes a newer state into the same file. */
	if (strcmp(from, "run_lock") != 0)
		save_state(app, printed);
	say_where_the_state_is(app, &state, printed);
	warn_about_lock(app, app->phase);
	post_error(app, err, from, &state);
	buf_release(&state);
}

void shutdown_failed(struct app *app)
{
	struct error err = ERROR_INIT;
	const char *from = "ferry";
	int status = EXIT_INTERRUPTED;

	if (!ferry_error(app->ferry, &err, &from))
		error_set(&err, ERROR_STOPPED, "the run ended without saying why");
	if (err.kind == ERROR_DIFFERENT)
		status = EXIT_DIFFERENT;
	restart_if_it_helps(app, &err, from);
	report_error(app, &err, from, status);
	_exit(status);
}

static const char *failed_step(const char *from)
{
	static const struct {
		const char *from, *text;
	} steps[] = {
		{ "ferry.createDatabasesAndTables", "failed to create databases and tables" },
		{ "ferry.initialize", "failed to initialize ferry" },
		{ "ferry.start", "failed to start ferry" },
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (strcmp(from, steps[i].from) == 0)
			return steps[i].text;
	return from;
}

void shutdown_not_started(struct app *app)
{
	struct error err = ERROR_INIT;
	const char *from = "ferry.start";
	struct buf text = BUF_INIT;

	if (!ferry_error(app->ferry, &err, &from))
		error_set(&err, ERROR_STOPPED, "the start ended without saying why");
	report_error(app, &err, from, EXIT_NOT_STARTED);
	findings_text(&text, ferry_findings(app->ferry));
	buf_printf(&text, "error: %s: ", failed_step(from));
	printable_put(&text, err.text);
	buf_putc(&text, '\n');
	fputs(buf_text(&text), stderr);
	buf_release(&text);
	_exit(EXIT_NOT_STARTED);
}
