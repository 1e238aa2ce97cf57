/* The commands that may be started from the web page (CustomScripts). All on the
 * loop's thread, and nothing waits for a command. */
#ifndef CONTROL_SCRIPTS_H
#define CONTROL_SCRIPTS_H

#include <ev.h>

#include "base/buf.h"

#define SCRIPT_OUTPUT_MAX 65536 /* the end of what a command printed */

enum script_started { SCRIPT_STARTED, SCRIPT_RUNS_ALREADY, SCRIPT_UNKNOWN };

struct scripts; /* opaque */

struct scripts *scripts_new(struct ev_loop *loop);
/* A command that runs is left alone. NULL is fine. */
void scripts_free(struct scripts *scripts);
/* Texts are borrowed; count is 1 at least. */
void scripts_add(struct scripts *scripts, const char *name, char *const *arguments, size_t count);

/* One at a time of each name. A command that cannot be started has started and failed:
 * its status says why. */
enum script_started scripts_start(struct scripts *scripts, const char *name);

struct script_status {
	const char *name;
	char text[320]; /* "not started yet", "running", "success", "exitted with error: ..." */
	int exit_code;	/* 0 while it runs; -1: it was ended by a signal, or never began */
	bool is_running;
};

/* NULL: there are none. */
size_t scripts_count(const struct scripts *scripts);
void scripts_status(const struct scripts *scripts, size_t index, struct script_status *status);
/* Appends what it has printed: text, control characters and broken UTF-8 as "?". */
void scripts_output(const struct scripts *scripts, size_t index, struct buf *out);

#endif
