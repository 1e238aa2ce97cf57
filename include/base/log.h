/* The log on stderr, in Ghostferry's format.
 *
 * When stderr is a file or a pipe, a line is logfmt as logrus writes it:
 *   time="2026-01-02T03:04:05Z" level=info msg="text" error="..." key=value tag=ferry
 * (time, level, msg first, then all fields sorted by key; values quoted when
 * they hold anything but letters, digits and -._/@^+). On a terminal it is
 *   INFO[0012] text                                   tag=ferry
 * and a progress line below the log is rewritten in place (log_progress()). With NO_COLOR set
 * there are no colours; one that is called "dumb" is written to like a file.
 * The backend "zerolog" writes one JSON object per line instead: level, time,
 * msg, error, then the fields.
 *
 * One write(2) per line, any thread, errno preserved. Passwords and row values
 * are never logged. A file that logs defines its tag first:
 *   static const char log_tag[] = "batch_writer"; */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/attr.h"
#include "base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_backend { LOG_BACKEND_LOGRUS, LOG_BACKEND_ZEROLOG };

/* One field of a line; the list ends with a key that is NULL. The value of "#rows" is a number
 * of JSON, under the key "rows". */
struct log_field {
	const char *key;
	const char *value;
};

/* Fields whose values are made for the line. Zeroed: none. What has no room is left out. */
enum { LOG_FACTS_MAX = 30, LOG_FACTS_SIZE = 1024 };
struct log_facts {
	struct log_field fields[LOG_FACTS_MAX + 1];
	size_t count;
	char text[LOG_FACTS_SIZE];
	size_t used;
};
void log_fact(struct log_facts *facts, const char *key, const char *text);
void log_factf(struct log_facts *facts, const char *key, const char *format, ...) PRINTF(3, 4);
/* key: with its '#'. */
void log_fact_number(struct log_facts *facts, const char *key, double number);

/* Before other threads exist. Reads GHOSTFERRY_LOG_BACKEND and
 * GHOSTFERRY_LOG_LEVEL; an unknown value is reported on stderr as
 *   ghostferry: unknown log backend "x", falling back to "logrus"
 *   ghostferry: unknown log level "x" from GHOSTFERRY_LOG_LEVEL, ignoring */
void log_init(void);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_set_backend(enum log_backend backend);
/* debug/info/warn/warning/error in any case; false for anything else. */
bool log_parse_level(const char *text, enum log_level *level);
bool log_parse_backend(const char *text, enum log_backend *backend);
/* Tests: lines go to this descriptor instead of 2, which then is no terminal. */
void log_set_fd(int fd);
bool log_is_terminal(void);
/* From here on lines are appended to this file, which is made when it is not there. Any time:
 * a file that was moved away is left. False: lines go where they went before. */
bool log_open_file(const char *path, struct error *err) MUST_CHECK;

/* The general form: err may be NULL (no error field); fields may be NULL or an
 * array ended by { NULL, NULL }. */
void log_write(enum log_level level, const char *tag, const struct error *err,
	       const struct log_field *fields, const char *format, ...) PRINTF(5, 6);

#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_get_level() <= LOG_DEBUG)                                                  \
			log_write(LOG_DEBUG, log_tag, NULL, NULL, __VA_ARGS__);                    \
	} while (0)
#define log_info(...) log_write(LOG_INFO, log_tag, NULL, NULL, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, log_tag, NULL, NULL, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, log_tag, NULL, NULL, __VA_ARGS__)
#define log_info_facts(facts, ...) log_write(LOG_INFO, log_tag, NULL, (facts)->fields, __VA_ARGS__)
#define log_debug_facts(facts, ...)                                                                \
	log_write(LOG_DEBUG, log_tag, NULL, (facts)->fields, __VA_ARGS__)
/* With an error field. */
#define log_warn_err(err, ...) log_write(LOG_WARN, log_tag, err, NULL, __VA_ARGS__)
#define log_error_err(err, ...) log_write(LOG_ERROR, log_tag, err, NULL, __VA_ARGS__)

/* Terminal only: the status line under the log; "" removes it. Ignored when
 * stderr is not a terminal. Kept below lines logged later. */
void log_progress(const char *line);

#endif
