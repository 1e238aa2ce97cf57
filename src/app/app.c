/* The loop's thread.
 *
 * The ferry reaches it by on_wake() (its threads only set a bit and wake the loop), the user by
 * signals and HTTP; timers do the rest. All it does is short, so a signal is handled at once
 * whatever the servers do. It is also the only thread that ends the process: finish() after a run
 * that is done, shutdown.c otherwise. */
#include "app.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shortage.h"
#include "control/progress.h"
#include "control/scripts.h"
#include "dry_run.h"
#include "notify.h"
#include "shutdown.h"
#include "reports.h"
#include "restart.h"

static const char log_tag[] = "copydb";

/* A run that waits for its cutover is not worth a line every ten seconds. */
#define PROGRESS_LOG_WAITING_MS 60000
#define NOTIFY_EVERY_MS 5000

/* --- from the ferry ----------------------------------------------------------- */

/* Any thread. */
static void on_event(void *context, enum ferry_event event)
{
	struct app *app = context;

	atomic_fetch_or(&app->events, 1u << event);
	ev_async_send(app->loop, &app->wake);
}

/* One that can be used as it is, but for a token. */
static void log_cutover_command(const struct app *app)
{
	const struct bind_address *address = &app->listener.address;
	const char *header = app->access.token ? " -H \"Authorization: Bearer $TOKEN\"" : "";

	if (address->is_unix)
		log_info("allow the cutover with: curl --unix-socket %s%s -X POST "
			 "-d type=automatic http://localhost/api/cutover",
			 address->host, header);
	else
		log_info("allow the cutover with: curl%s -X POST -d type=automatic "
			 "http://%s%s/api/cutover",
			 header, *address->host ? "" : "localhost", app->listener.text);
}

static void on_phase_change(struct app *app)
{
	struct ferry_status status;

	ferry_status(app->ferry, &status);
	app->phase = status.phase;
	summary_update(&app->summary, status.phase, clock_ms());
	if (!app->is_ready) {
		app->is_ready = true;
		notify_send("READY=1", NULL);
	}
	app->notified_ms = clock_ms() - NOTIFY_EVERY_MS;
	if (status.phase == PHASE_WAIT_FOR_CUTOVER && !status.automatic_cutover && app->server)
		log_cutover_command(app);
	ferry_status_release(&status);
	report_progress(app);
	report_state(app);
	state_file_poke(&app->state_file);
}

static void on_done(struct app *app)
{
	notify_send(NULL, "done");
	app->is_done = true;
	app->exit_status = EXIT_DONE;
	ev_timer_stop(app->loop, &app->tick);
	ev_timer_stop(app->loop, &app->report_progress);
	ev_timer_stop(app->loop, &app->report_state);
	log_progress("");
	summary_log(&app->summary, app->ferry);
	if (app->server && !app->is_interrupted) {
		log_info("ghostferry main operations has terminated but the control server "
			 "remains online");
		log_info("press CTRL+C or send an interrupt to stop the control server and end "
			 "this process");
	} else {
		ev_break(app->loop, EVBREAK_ALL);
	}
}

static void on_dry_run_done(struct app *app)
{
	const struct findings *findings = ferry_findings(app->ferry);
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;

	dry_run_text(&text, ferry_tables(app->ferry), findings);
	app->exit_status = findings_errors(findings) > 0 ? EXIT_NOT_STARTED : EXIT_DONE;
	if (!shutdown_print(buf_text(&text), text.length, &err)) {
		log_error_err(&err, "the result of the dry run cannot be printed");
		app->exit_status = EXIT_NOT_STARTED;
	}
	buf_release(&text);
	app->is_done = true;
	ev_break(app->loop, EVBREAK_ALL);
}

/* A run that was done first is done, whatever came after. */
static void handle_events(struct app *app)
{
	unsigned events = atomic_exchange(&app->events, 0);

	if (app->is_done || events == 0)
		return;
	if (events & (1u << FERRY_PHASE_CHANGED))
		on_phase_change(app);
	if (events & (1u << FERRY_DONE)) {
		on_done(app);
	} else if (events & (1u << FERRY_DRY_RUN_DONE)) {
		on_dry_run_done(app);
	} else if (events & (1u << FERRY_NOTHING_TO_DO)) {
		log_info("%s says that this move is finished, and its tables are on the target: "
			 "there is nothing to do (to compare: -verify; for another move: another "
			 "StateFile)",
			 app->config->state_file);
		/* A dry run has no final status to report. */
		app->is_done = true;
		app->exit_status = EXIT_DONE;
		ev_break(app->loop, EVBREAK_ALL);
	} else if (events & (1u << FERRY_NOT_STARTED)) {
		shutdown_not_started(app);
	} else if (events & (1u << FERRY_FAILED)) {
		shutdown_failed(app);
	}
}

/* Ends the process, unless the run has failed before, or is done: then the ferry reports it. */
static void fail(struct app *app, enum run_part part, const struct error *err)
{
	bool is_first = ferry_fail(app->ferry, part, err);

	handle_events(app); /* what came before counts more */
	if (is_first && !app->is_done)
		shutdown_failed(app);
}

/* Any thread, with whatever locks it holds. */
static void on_shortage(void *context)
{
	struct app *app = context;

	ev_async_send(app->loop, &app->wake);
}

static void on_wake(struct ev_loop *loop UNUSED, ev_async *watcher, int revents UNUSED)
{
	struct app *app = watcher->data;
	const char *short_of = shortage_what();
	struct error err;

	if (short_of) {
		error_set(&err, ERROR_SYSTEM, "%s", short_of);
		fail(app, PART_SYSTEM, &err);
	}
	handle_events(app);
}

/* --- from the user ------------------------------------------------------------ */

static void stop_by_signal(struct app *app, int number)
{
	struct error err;

	handle_events(app);
	if (app->is_done) {
		ev_break(app->loop, EVBREAK_ALL);
		return;
	}
	/* The ferry may be done already and about to report it: then that counts, and the signal is
	 * not sent again. */
	app->is_interrupted = true;
	error_set(&err, ERROR_STOPPED, "signal received: %s",
		  number == SIGTERM ? "terminated" :
		  number == SIGHUP  ? "hangup" :
				      "interrupt");
	fail(app, PART_USER_INTERRUPT, &err);
}

static void on_signal(struct ev_loop *loop UNUSED, ev_signal *watcher, int revents UNUSED)
{
	stop_by_signal(watcher->data, watcher->signum);
}

/* From a terminal that is gone, or from a log rotation. */
static void on_hangup(struct ev_loop *loop UNUSED, ev_signal *watcher, int revents UNUSED)
{
	struct app *app = watcher->data;
	const char *path = app->config->log_file;
	struct error err = ERROR_INIT;

	if (!path || app->has_terminal)
		stop_by_signal(app, SIGHUP);
	else if (!log_open_file(path, &err))
		log_error_err(&err,
			      "LogFile cannot be opened again: the log goes on in the old one");
	else
		log_info("signal received: hangup: LogFile was opened again");
}

/* --- from the clock ----------------------------------------------------------- */

static void log_progress_line(const char *line, const struct ferry_status *status,
			      const struct estimate *estimate)
{
	struct log_facts facts = { .count = 0 };

	log_fact(&facts, "phase", phase_name(status->phase));
	log_fact_number(&facts, "#tables", (double)status->table_count);
	log_fact_number(&facts, "#tables_done", (double)status->completed_count);
	log_fact_number(&facts, "#rows", (double)status->rows_written);
	log_fact_number(&facts, "#bytes", (double)status->bytes_written);
	log_fact_number(&facts, "#run_rows", (double)estimate->done.rows);
	log_fact_number(&facts, "#run_bytes", (double)estimate->done.bytes);
	log_fact_number(&facts, "#all_rows", (double)estimate->all.rows);
	log_fact_number(&facts, "#all_bytes", (double)estimate->all.bytes);
	log_fact_number(&facts, "#fraction", estimate->fraction);
	log_fact_number(&facts, "#rows_per_s", estimate->rows_per_s);
	log_fact_number(&facts, "#bytes_per_s", estimate->bytes_per_s);
	if (estimate->eta_s >= 0)
		log_fact_number(&facts, "#eta_s", estimate->eta_s);
	log_fact_number(&facts, "#lag_s", status->streamer_lag_s);
	log_fact_number(&facts, "#changes_queued", (double)status->queued_changes);
	log_info_facts(&facts, "%s", line);
}

/* A service is ready when the checks are through. Until then a server may be waited for, up to
 * ServerAwayTimeout: that is longer than a manager's patience. */
static void show_progress(struct app *app, const struct ferry_status *status)
{
	int64_t interval_ms =
		status->phase == PHASE_COPYING ? PROGRESS_LOG_MS : PROGRESS_LOG_WAITING_MS;
	bool is_logged = log_is_terminal() || clock_ms() - app->progress_logged_ms >= interval_ms;
	bool is_notified = notify_is_wanted() && clock_ms() - app->notified_ms >= NOTIFY_EVERY_MS;
	struct buf line = BUF_INIT;
	struct estimate estimate;

	if (!is_logged && !is_notified)
		return;
	estimate_make(&estimate, &app->rate, status);
	progress_line(&line, status, &estimate);
	if (is_logged && log_is_terminal())
		log_progress(buf_text(&line));
	else if (is_logged)
		log_progress_line(buf_text(&line), status, &estimate);
	if (is_logged)
		app->progress_logged_ms = clock_ms();
	if (is_notified)
		app->notified_ms = clock_ms();
	notify_send(app->is_ready ? NULL : "EXTEND_TIMEOUT_USEC=60000000", buf_text(&line));
	buf_release(&line);
}

static void on_tick(struct ev_loop *loop UNUSED, ev_timer *watcher, int revents UNUSED)
{
	struct app *app = watcher->data;
	struct ferry_status status;

	ferry_status(app->ferry, &status);
	rate_add(&app->rate, clock_ms(), status.rows_written, status.bytes_written);
	show_progress(app, &status);
	bottleneck_log(&app->bottleneck, &status);
	state_file_look(&app->state_file);
	ferry_status_release(&status);
}

static void on_report(struct ev_loop *loop UNUSED, ev_timer *watcher, int revents UNUSED)
{
	struct app *app = watcher->data;

	if (watcher == &app->report_progress)
		report_progress(app);
	else
		report_state(app);
}

/* --- set-up and end ----------------------------------------------------------- */

static void start_timer(struct app *app, ev_timer *timer, int64_t ms)
{
	timer->data = app;
	ev_timer_set(timer, (double)ms / 1000, (double)ms / 1000);
	if (ms > 0)
		ev_timer_start(app->loop, timer);
}

/* A program started by nohup ignores hang-ups. */
static void watch_hangups(struct app *app)
{
	struct sigaction former;
	int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool is_ignored = sigaction(SIGHUP, NULL, &former) == 0 && former.sa_handler == SIG_IGN;

	if (terminal >= 0)
		close(terminal);
	app->has_terminal = terminal >= 0 && !is_ignored;
	if (is_ignored && !app->config->log_file)
		return;
	ev_signal_init(&app->hung_up, on_hangup, SIGHUP);
	app->hung_up.data = app;
	ev_signal_start(app->loop, &app->hung_up);
}

static void start_watchers(struct app *app)
{
	ev_async_init(&app->wake, on_wake);
	ev_signal_init(&app->interrupted, on_signal, SIGINT);
	ev_signal_init(&app->terminated, on_signal, SIGTERM);
	app->wake.data = app->interrupted.data = app->terminated.data = app;
	ev_async_start(app->loop, &app->wake);
	watch_hangups(app);
	ev_signal_start(app->loop, &app->interrupted);
	ev_signal_start(app->loop, &app->terminated);
	restart_take_signals();

	ev_init(&app->tick, on_tick);
	ev_init(&app->report_progress, on_report);
	ev_init(&app->report_state, on_report);
	start_timer(app, &app->tick, PROGRESS_TERMINAL_MS);
	if (reporter_wants(&app->reporter, REPORT_PROGRESS))
		start_timer(app, &app->report_progress, app->config->progress_report_frequency_ms);
	if (reporter_wants(&app->reporter, REPORT_STATE))
		start_timer(app, &app->report_state, app->config->state_report_frequency_ms);
}

/* POST /api/stop */
static void stop_as_by_signal(void *context)
{
	const struct app *app = context;

	ev_feed_signal_event(app->loop, SIGTERM);
}

static struct scripts *make_scripts(struct app *app)
{
	const struct map *configured = &app->config->control_server.custom_scripts;
	const struct map_entry *entry;
	size_t cursor = 0;

	if (configured->count == 0)
		return NULL;
	app->scripts = scripts_new(app->loop);
	while ((entry = map_next(configured, &cursor))) {
		const struct string_list *command = entry->value;

		scripts_add(app->scripts, entry->key, command->items, command->count);
	}
	return app->scripts;
}

static void log_address(const struct app *app)
{
	const struct listener *listener = &app->listener;
	struct log_facts facts = { .count = 0 };

	log_fact(&facts, "address", listener->text);
	if (listener->port > 0)
		log_fact_number(&facts, "#port", listener->port);
	log_info_facts(&facts, "control server listens on %s", listener->text);
	if (!listener->is_local && !app->access.token)
		log_warn("others can reach the control server on %s, and there is no "
			 "authentication: they can see keys of rows, cut over and run CustomScripts "
			 "(ControlServerConfig.ServerBindAddr)",
			 listener->text);
}

/* What the configuration says of the address was checked; what a name stands for was not. */
static bool open_listener(struct app *app, struct error *err)
{
	const struct control_server_config *config = &app->config->control_server;

	if (!listen_open(&app->listener, config->server_bind_addr, err))
		return false;
	if (app->listener.is_local || config->auth_token || config->allow_unauthenticated)
		return true;
	close(app->listener.fd);
	return error_set(err, ERROR_CONFIG,
			 "others can reach the control server on %s, and there is no AuthToken "
			 "(ControlServerConfig.AuthTokenFile, AuthToken or AllowUnauthenticated)",
			 app->listener.text);
}

static bool start_server(struct app *app, struct error *err)
{
	const struct control_server_config *config = &app->config->control_server;

	if (!config->enabled || app->is_dry_run)
		return true;
	app->api = (struct api){ .ferry = app->ferry,
				 .rate = &app->rate,
				 .scripts = make_scripts(app),
				 .custom_payload = app->config->progress_callback.payload,
				 .access = &app->access,
				 .address = app->listener.text,
				 .stop = stop_as_by_signal,
				 .stop_context = app };
	if (!open_listener(app, err))
		return false;
	access_init(&app->access, config->auth_token, &config->trusted_hosts, app->listener.port);
	app->server = server_new(app->loop, &app->listener, &app->access, api_routes,
				 api_route_count, &app->api, err);
	if (app->server)
		log_address(app);
	return app->server != NULL;
}

static bool snapshot_state(void *context, struct buf *text)
{
	return ferry_may_save(context) && ferry_state(context, text);
}

/* A dry run posts nothing and writes nothing. */
static bool start_all(struct app *app, struct error *err)
{
	static const struct callback none;
	const char *path = app->config->state_file, *state_path = app->is_dry_run ? NULL : path;

	if (!start_server(app, err))
		return false;
	if (path && !(app->is_dry_run ? state_file_foresee(path, err) : state_file_check(path, err)))
		return false;
	reporter_start(&app->reporter, app->is_dry_run ? &none : &app->config->progress_callback,
		       app->is_dry_run ? &none : &app->config->state_callback);
	state_file_start(&app->state_file, state_path, snapshot_state, app->ferry);
	start_watchers(app);
	shortage_set_hook(on_shortage, app);
	ferry_start(app->ferry);
	return true;
}

int app_run(const struct config *config, const struct start_state *start, bool is_dry_run)
{
	const struct saved_state *resume = start->is_resumed ? &start->state : NULL;
	const struct saved_state *finished =
		start->has_finished && !is_dry_run ? &start->finished : NULL;
	struct app app = { .config = config,
			   .resume = resume,
			   .is_dry_run = is_dry_run,
			   .exit_status = EXIT_NOT_STARTED };
	struct ferry_hooks hooks = { .listener = on_event, .context = &app };
	struct error err = ERROR_INIT;
	bool ok;

	app.loop = ev_loop_new(EVFLAG_AUTO);
	reports_set_hooks(&app, &hooks);
	app.ferry = ferry_new(&config->move, &hooks, resume, finished, is_dry_run);
	restart_restore(&app);
	ok = start_all(&app, &err);
	if (ok) {
		ev_run(app.loop, 0);
		/* A healthy run. The last reports may take their time. */
		notify_send("STOPPING=1", NULL);
		shutdown_at_next_signal(app.exit_status);
		state_file_finish(&app.state_file);
		reporter_finish(&app.reporter);
		ferry_join(app.ferry);
	}
	listen_remove(&app.listener);
	/* A verification that was asked for may be in a query that waits for a lock. */
	if (ok)
		alarm(RELEASE_S);
	server_free(app.server);
	api_release(&app.api);
	scripts_free(app.scripts);
	ferry_free(app.ferry);
	ev_loop_destroy(app.loop);
	if (!ok)
		fprintf(stderr, "error: failed to initialize ferry: %s\n", err.text);
	return app.exit_status;
}
