/* The log. A line is put together in a buffer of its own and leaves in one write(2), under a lock
 * that keeps it apart from the progress line of a terminal. Errors while logging are ignored: there
 * is nowhere to report them, and a full disk under the log must not end a migration. Nor must a
 * reader that has stopped (a pager, a terminal on hold) hold up the migration or delay the handling
 * of a signal: lines that nobody reads are dropped and counted. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/printable.h"
#include "base/thread.h"
#include "base/utf8.h"

#define CLEAR_LINE "\r\033[K"

enum { FIELDS_MAX = 32, PATIENCE_MS = 500, FIELD_COLOUR = 36 };

static const struct {
	const char *name;     /* in a logrus line and in settings */
	const char *zerolog;  /* in a zerolog line */
	const char *terminal; /* four letters */
	int colour;	      /* ANSI, as logrus has them */
} levels[] = {
	[LOG_DEBUG] = { "debug", "debug", "DEBU", 37 },
	[LOG_INFO] = { "info", "info", "INFO", 36 },
	[LOG_WARN] = { "warning", "warn", "WARN", 33 },
	[LOG_ERROR] = { "error", "error", "ERRO", 31 },
};

static const char *const backends[] = {
	[LOG_BACKEND_LOGRUS] = "logrus",
	[LOG_BACKEND_ZEROLOG] = "zerolog",
};

/* Set before other threads exist, except the level, which may change later. */
static atomic_int current_level = LOG_INFO;
static enum log_backend current_backend = LOG_BACKEND_LOGRUS;
static int output = STDERR_FILENO;
static bool terminal; /* one that can clear a line */
static bool in_colour;
static int64_t started_ms;

/* Keeps lines and the progress line apart; guards progress. */
static struct mutex output_lock = { PTHREAD_MUTEX_INITIALIZER };
static struct buf progress = BUF_INIT;
static uint64_t dropped; /* guarded by output_lock: lines, since the reader stopped */

/* One line's content, before it is given a form. */
struct line {
	enum log_level level;
	const char *message;
	struct log_field fields[FIELDS_MAX]; /* sorted by key */
	size_t count;
};

bool log_parse_level(const char *text, enum log_level *level)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if (strcasecmp(text, levels[i].name) == 0 ||
		    strcasecmp(text, levels[i].zerolog) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

bool log_parse_backend(const char *text, enum log_backend *backend)
{
	for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
		if (strcmp(text, backends[i]) == 0) {
			*backend = (enum log_backend)i;
			return true;
		}
	}
	return false;
}

void log_init(void)
{
	const char *backend = getenv("GHOSTFERRY_LOG_BACKEND");
	const char *level = getenv("GHOSTFERRY_LOG_LEVEL");
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	enum log_level parsed = LOG_INFO;
	int flags = fcntl(STDERR_FILENO, F_GETFL);
	struct stat info;

	started_ms = clock_ms();
	/* A file that a log rotation copies and truncates would otherwise be written on at the
	 * old offset, with zeros in front. */
	if (flags >= 0 && fstat(STDERR_FILENO, &info) == 0 && S_ISREG(info.st_mode))
		(void)fcntl(STDERR_FILENO, F_SETFL, flags | O_APPEND);
	terminal = isatty(STDERR_FILENO) == 1 && !(term && strcmp(term, "dumb") == 0);
	in_colour = terminal && !(no_colour && *no_colour);
	if (backend && *backend && !log_parse_backend(backend, &current_backend))
		fprintf(stderr,
			"ghostferry: unknown log backend \"%s\", falling back to \"logrus\"\n",
			backend);
	if (!level || !*level)
		return;
	if (log_parse_level(level, &parsed)) {
		log_set_level(parsed);
		return;
	}
	fprintf(stderr,
		"ghostferry: unknown log level \"%s\" from GHOSTFERRY_LOG_LEVEL, "
		"ignoring\n",
		level);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

void log_set_backend(enum log_backend backend)
{
	current_backend = backend;
}

void log_set_fd(int fd)
{
	output = fd;
	terminal = in_colour = false;
}

bool log_open_file(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600), former;

	if (fd < 0)
		return error_errno(err, "open %s", path);
	mutex_lock(&output_lock);
	former = output;
	output = fd;
	if (terminal) /* at the start, thus before other threads read it */
		terminal = in_colour = false;
	dropped = 0;
	mutex_unlock(&output_lock);
	if (former > STDERR_FILENO)
		close(former);
	return true;
}

bool log_is_terminal(void)
{
	return terminal;
}

/* Once the reader has stopped reading, no line waits for it any more. */
static bool is_writable(void) REQUIRES(output_lock)
{
	struct pollfd out = { .fd = output, .events = POLLOUT };
	int ready;

	do
		ready = poll(&out, 1, dropped > 0 ? 0 : PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	return ready != 0;
}

/* A pipe that poll() calls writable takes PIPE_BUF bytes at once. */
static void write_all(const char *bytes, size_t length) REQUIRES(output_lock)
{
	while (length > 0) {
		ssize_t written;

		if (!is_writable()) {
			dropped++;
			return;
		}
		written = write(output, bytes, length < PIPE_BUF ? length : PIPE_BUF);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		bytes += written;
		length -= (size_t)written;
	}
}

/* Control characters and broken UTF-8 as Go's %q writes them; so are quotes and
 * backslashes when the text is in quotes. */
static void put_escaped(struct buf *out, const char *text, bool quoted)
{
	static const char letters[] = "\aa\bb\ff\nn\rr\tt\vv\\\\\"\"";

	for (size_t length; *text; text += length) {
		const unsigned char *at = (const unsigned char *)text;
		const char *letter = strchr(letters, *text);

		length = utf8_length(at);
		/* Only the first of a pair is what is looked for. */
		if (letter && (letter - letters) % 2 == 0 && (quoted || *at < 0x20)) {
			buf_putc(out, '\\');
			buf_putc(out, letter[1]);
		} else if (length == 0 || *at < 0x20 || *at == 0x7f) {
			buf_printf(out, "\\x%02x", *at);
			length = 1;
		} else if (printable_is_hidden(utf8_code(at, length))) {
			buf_printf(out, "\\u%04x", utf8_code(at, length));
		} else {
			buf_add(out, text, length);
		}
	}
}

static void put_value(struct buf *out, const char *text)
{
	bool quoted = text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-._/@^+")] != '\0';

	if (quoted)
		buf_putc(out, '"');
	put_escaped(out, text, quoted);
	if (quoted)
		buf_putc(out, '"');
}

static void put_json(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (size_t length; *text; text += length) {
		const unsigned char *at = (const unsigned char *)text;

		length = utf8_length(at);
		if (length == 0) {
			buf_puts(out, "\\ufffd");
			length = 1;
		} else if (*at == '"' || *at == '\\') {
			buf_putc(out, '\\');
			buf_putc(out, *text);
		} else if (*at == '\n') {
			buf_puts(out, "\\n");
		} else if (*at == '\t') {
			buf_puts(out, "\\t");
		} else if (*at < 0x20) {
			buf_printf(out, "\\u%04x", *at);
		} else {
			buf_add(out, text, length);
		}
	}
	buf_putc(out, '"');
}

static const char *plain_key(const struct log_field *field)
{
	return field->key + (*field->key == '#');
}

static void put_coloured(struct buf *out, int colour, const char *text)
{
	if (in_colour)
		buf_printf(out, "\033[%dm%s\033[0m", colour, text);
	else
		buf_puts(out, text);
}

/* As logrus: for a terminal in colours, else with the time in front. */
static void format_logrus(struct buf *out, const struct line *line)
{
	char time[CLOCK_RFC3339_SIZE];

	if (terminal) {
		buf_puts(out, CLEAR_LINE);
		put_coloured(out, levels[line->level].colour, levels[line->level].terminal);
		buf_printf(out, "[%04lld] ", (long long)((clock_ms() - started_ms) / 1000));
		size_t start = out->length;

		put_escaped(out, line->message, false);
		/* The message's column is 44 wide, as in logrus. */
		while (out->length - start < 45)
			buf_putc(out, ' ');
	} else {
		clock_rfc3339(clock_wall(), time);
		buf_printf(out, "time=\"%s\" level=%s msg=", time, levels[line->level].name);
		put_value(out, line->message);
	}
	for (size_t i = 0; i < line->count; i++) {
		buf_putc(out, ' ');
		put_coloured(out, FIELD_COLOUR, plain_key(&line->fields[i]));
		buf_putc(out, '=');
		put_value(out, line->fields[i].value);
	}
}

static void format_zerolog(struct buf *out, const struct line *line)
{
	char time[CLOCK_RFC3339_SIZE];
	const struct log_field head[] = { { "time", time }, { "msg", line->message } };

	clock_rfc3339(clock_wall(), time);
	buf_printf(out, "%s{\"level\":\"%s\"", terminal ? CLEAR_LINE : "",
		   levels[line->level].zerolog);
	for (size_t i = 0; i < ARRAY_LEN(head) + line->count; i++) {
		const struct log_field *field =
			i < ARRAY_LEN(head) ? head + i : line->fields + (i - ARRAY_LEN(head));

		buf_putc(out, ',');
		put_json(out, plain_key(field));
		buf_putc(out, ':');
		if (*field->key == '#')
			buf_puts(out, field->value);
		else
			put_json(out, field->value);
	}
	buf_putc(out, '}');
}

void log_fact(struct log_facts *facts, const char *key, const char *text)
{
	log_factf(facts, key, "%s", text);
}

void log_factf(struct log_facts *facts, const char *key, const char *format, ...)
{
	char *value = facts->text + facts->used;
	size_t room = LOG_FACTS_SIZE - facts->used;
	va_list args;
	int length;

	if (facts->count == LOG_FACTS_MAX)
		return;
	va_start(args, format);
	length = vsnprintf(value, room, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= room)
		return;
	facts->fields[facts->count++] = (struct log_field){ key, value };
	facts->used += (size_t)length + 1;
}

void log_fact_number(struct log_facts *facts, const char *key, double number)
{
	if (isfinite(number))
		log_factf(facts, key, "%.*f", number == rint(number) ? 0 : 3, number);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(plain_key(a), plain_key(b));
}

void log_write(enum log_level level, const char *tag, const struct error *err,
	       const struct log_field *fields, const char *format, ...)
{
	struct line line = { .level = level };
	bool is_zerolog = current_backend == LOG_BACKEND_ZEROLOG;
	struct buf text = BUF_INIT;
	int saved_errno = errno, length;
	char *formatted, missing[80];
	va_list args;

	if (level < log_get_level())
		return;
	va_start(args, format);
	if (vasprintf(&formatted, format, args) < 0)
		formatted = NULL;
	va_end(args);
	line.message = formatted ? formatted : format;
	if (err)
		line.fields[line.count++] = (struct log_field){ "error", err->text };
	if (tag)
		line.fields[line.count++] = (struct log_field){ "tag", tag };
	for (; fields && fields->key && line.count < FIELDS_MAX; fields++)
		if (fields->value)
			line.fields[line.count++] = *fields;
	/* logrus sorts its fields; zerolog's error comes first, and we sort the others. */
	size_t fixed = is_zerolog && err ? 1 : 0;
	qsort(line.fields + fixed, line.count - fixed, sizeof(line.fields[0]), by_key);

	(is_zerolog ? format_zerolog : format_logrus)(&text, &line);
	buf_putc(&text, '\n');
	mutex_lock(&output_lock);
	if (terminal)
		buf_add(&text, buf_text(&progress), progress.length);
	if (dropped > 0 && is_writable()) {
		length = snprintf(missing, sizeof(missing),
				  "... %llu lines are missing: the reader had stopped\n",
				  (unsigned long long)dropped);
		dropped = 0;
		write_all(missing, (size_t)length);
	}
	write_all(text.data, text.length);
	mutex_unlock(&output_lock);
	buf_release(&text);
	free(formatted);
	errno = saved_errno;
}

void log_progress(const char *line)
{
	struct winsize size = { 0 };
	int saved_errno = errno;
	struct buf text = BUF_INIT;
	size_t columns = 79;

	if (!terminal)
		return;
	if (ioctl(output, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		columns = size.ws_col - 1u;
	printable_put(&text, line);
	mutex_lock(&output_lock);
	buf_clear(&progress);
	buf_add(&progress, buf_text(&text), printable_fit(buf_text(&text), columns));
	write_all(CLEAR_LINE, strlen(CLEAR_LINE));
	write_all(buf_text(&progress), progress.length);
	mutex_unlock(&output_lock);
	buf_release(&text);
	errno = saved_errno;
}
