/* Commands of the configuration, started without a shell.
 *
 * A command gets /dev/null as its input, a pipe for all it prints, a process group of
 * its own (Ctrl-C on our terminal is meant for us), default signals and none of our
 * descriptors: a connection to the target that lives on in a child would keep the locks
 * of a run that was killed (I8).
 *
 * It has ended when it was waited for and its pipe is empty; what it leaves in the
 * background may hold the pipe open longer and is not waited for. A command outlives us. */
#include "control/scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

static const char log_tag[] = "control_server";

extern char **environ;

struct script {
	const char *name;
	char **argv;   /* owned, the texts are not */
	pid_t pid;     /* 0: does not run */
	int output_fd; /* -1: closed */
	struct buf output;
	int exit_code;
	char text[320];
	struct scripts *owner;
	ev_io readable;
};

struct scripts {
	struct ev_loop *loop;  /* borrowed */
	struct script **items; /* owned, each owned too: watchers must not move */
	size_t count;
	ev_signal child_ended;
};

/* --- output ------------------------------------------------------------------------ */

static void close_output(struct script *script)
{
	if (script->output_fd < 0)
		return;
	ev_io_stop(script->owner->loop, &script->readable);
	close(script->output_fd);
	script->output_fd = -1;
}

/* One piece; the loop comes back while there is more. False: nothing, for now or for
 * good. */
static bool read_output(struct script *script)
{
	struct buf *output = &script->output;
	char bytes[8192];
	ssize_t length = read(script->output_fd, bytes, sizeof(bytes));

	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR))
		close_output(script);
	if (length <= 0)
		return false;
	buf_add(output, bytes, (size_t)length);
	if (output->length > SCRIPT_OUTPUT_MAX) { /* only the end is kept */
		memmove(output->data, output->data + output->length - SCRIPT_OUTPUT_MAX,
			SCRIPT_OUTPUT_MAX);
		buf_truncate(output, SCRIPT_OUTPUT_MAX);
	}
	return true;
}

static void on_output(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
	read_output(watcher->data);
}

/* --- the end ------------------------------------------------------------------------- */

static void set_failed(struct script *script, int exit_code, const char *what)
{
	script->exit_code = exit_code;
	/* Ghostferry's spelling. */
	snprintf(script->text, sizeof(script->text), "exitted with error: %s", what);
}

static void reap(struct script *script)
{
	char what[64];
	int result;

	if (script->pid == 0 || waitpid(script->pid, &result, WNOHANG) != script->pid)
		return;
	script->pid = 0;
	/* Bounded, as a background process may go on printing. */
	for (int i = 0; i < 64 && script->output_fd >= 0 && read_output(script); i++)
		;
	close_output(script);
	if (WIFEXITED(result) && WEXITSTATUS(result) == 0) {
		script->exit_code = 0;
		snprintf(script->text, sizeof(script->text), "success");
	} else if (WIFEXITED(result)) {
		snprintf(what, sizeof(what), "exit status %d", WEXITSTATUS(result));
		set_failed(script, WEXITSTATUS(result), what);
	} else {
		snprintf(what, sizeof(what), "signal %d", WTERMSIG(result));
		set_failed(script, -1, what);
	}
	log_info("script %s: %s", script->name, script->text);
}

static void on_child_ended(struct ev_loop *loop UNUSED, ev_signal *watcher, int events UNUSED)
{
	struct scripts *scripts = watcher->data;

	for (size_t i = 0; i < scripts->count; i++)
		reap(scripts->items[i]);
}

/* --- the start ------------------------------------------------------------------------ */

/* 0, or what errno would be. */
static int spawn(struct script *script, int output)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int code;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&files);
	code = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(&files, output, 1);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(&files, output, 2);
	if (code == 0)
		code = posix_spawn_file_actions_addclosefrom_np(&files, 3);
	if (code == 0)
		code = posix_spawnp(&script->pid, script->argv[0], &files, &attributes,
				    script->argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return code;
}

static int start(struct script *script)
{
	int ends[2], code;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	script->pid = 0;
	code = spawn(script, ends[1]);
	close(ends[1]);
	if (code != 0) {
		script->pid = 0;
		close(ends[0]);
		return code;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	script->output_fd = ends[0];
	ev_io_init(&script->readable, on_output, ends[0], EV_READ);
	script->readable.data = script;
	ev_io_start(script->owner->loop, &script->readable);
	return 0;
}

enum script_started scripts_start(struct scripts *scripts, const char *name)
{
	struct script *script = NULL;
	char what[256];
	int code;

	for (size_t i = 0; !script && i < scripts_count(scripts); i++)
		if (strcmp(scripts->items[i]->name, name) == 0)
			script = scripts->items[i];
	if (!script)
		return SCRIPT_UNKNOWN;
	if (script->pid != 0)
		return SCRIPT_RUNS_ALREADY;
	buf_clear(&script->output);
	script->exit_code = 0;
	snprintf(script->text, sizeof(script->text), "running");
	code = start(script);
	if (code == 0) {
		log_info("script %s started", name);
		return SCRIPT_STARTED;
	}
	snprintf(what, sizeof(what), "%s: %s", script->argv[0], strerror(code));
	set_failed(script, -1, what);
	log_warn("script %s cannot be started: %s", name, what);
	return SCRIPT_STARTED;
}

/* --- the list ------------------------------------------------------------------------- */

struct scripts *scripts_new(struct ev_loop *loop)
{
	struct scripts *scripts = mem_calloc(1, sizeof(*scripts));

	scripts->loop = loop;
	ev_signal_init(&scripts->child_ended, on_child_ended, SIGCHLD);
	scripts->child_ended.data = scripts;
	ev_signal_start(loop, &scripts->child_ended);
	ev_unref(loop);
	return scripts;
}

void scripts_free(struct scripts *scripts)
{
	if (!scripts)
		return;
	ev_ref(scripts->loop);
	ev_signal_stop(scripts->loop, &scripts->child_ended);
	for (size_t i = 0; i < scripts->count; i++) {
		close_output(scripts->items[i]);
		buf_release(&scripts->items[i]->output);
		free(scripts->items[i]->argv);
		free(scripts->items[i]);
	}
	free(scripts->items);
	free(scripts);
}

void scripts_add(struct scripts *scripts, const char *name, char *const *arguments, size_t count)
{
	struct script *script = mem_calloc(1, sizeof(*script));

	script->name = name;
	script->argv = mem_calloc(count + 1, sizeof(*script->argv));
	memcpy(script->argv, arguments, count * sizeof(*script->argv));
	script->output_fd = -1;
	script->owner = scripts;
	snprintf(script->text, sizeof(script->text), "not started yet");
	scripts->items = mem_resize(scripts->items, scripts->count + 1, sizeof(*scripts->items));
	scripts->items[scripts->count++] = script;
}

size_t scripts_count(const struct scripts *scripts)
{
	return scripts ? scripts->count : 0;
}

void scripts_status(const struct scripts *scripts, size_t index, struct script_status *status)
{
	const struct script *script = scripts->items[index];

	*status = (struct script_status){ .name = script->name,
					  .exit_code = script->exit_code,
					  .is_running = script->pid != 0 };
	snprintf(status->text, sizeof(status->text), "%s", script->text);
}

void scripts_output(const struct scripts *scripts, size_t index, struct buf *out)
{
	const char *text = buf_text(&scripts->items[index]->output);
	const char *end = text + scripts->items[index]->output.length;

	while (text < end) {
		size_t length = utf8_length((const unsigned char *)text);
		bool is_control = (unsigned char)*text < 0x20 && *text != '\n' && *text != '\t';

		if (length == 0 || is_control || *text == 0x7f) {
			buf_putc(out, '?');
			length = 1;
		} else {
			buf_add(out, text, length);
		}
		text += length;
	}
}
