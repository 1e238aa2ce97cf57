/* Errors are plain values: formatting into a fixed array cannot fail, so an
 * error can always be told, also when memory is what ran out. A text that does
 * not fit keeps its beginning, because error_wrap() puts the context there. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	bool retryable;
} kinds[] = {
#define X(kind, name, retryable) [kind] = { name, retryable },
	ERROR_KINDS(X)
#undef X
};

/* needed is what vsnprintf() wanted to write into text. */
static void mark_cut(char *text, size_t needed)
{
	size_t end = ERROR_TEXT_MAX - sizeof("...");

	if (needed < ERROR_TEXT_MAX)
		return;
	/* Do not leave half a UTF-8 sequence before the dots. */
	while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	memcpy(text + end, "...", sizeof("..."));
}

PRINTF(2, 0)
static void format_text(char text[ERROR_TEXT_MAX], const char *format, va_list args)
{
	int needed = vsnprintf(text, ERROR_TEXT_MAX, format, args);

	if (needed < 0)
		snprintf(text, ERROR_TEXT_MAX, "(message cannot be formatted: %s)", format);
	else
		mark_cut(text, (size_t)needed);
}

static void append_text(char text[ERROR_TEXT_MAX], const char *separator, const char *tail)
{
	size_t used = strlen(text);
	int added = snprintf(text + used, ERROR_TEXT_MAX - used, "%s%s", separator, tail);

	mark_cut(text, used + (size_t)added);
}

/* Arguments may point into err->text, hence the copy. */
PRINTF(3, 0)
static void set_text(struct error *err, enum error_kind kind, const char *format, va_list args)
{
	char text[ERROR_TEXT_MAX];

	format_text(text, format, args);
	err->kind = kind;
	err->server_code = 0;
	memcpy(err->text, text, strlen(text) + 1);
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_text(err, kind, format, args);
	va_end(args);
	return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	format_text(text, format, args);
	va_end(args);
	append_text(text, ": ", err->text);
	memcpy(err->text, text, strlen(text) + 1);
	return false;
}

bool error_errno(struct error *err, const char *format, ...)
{
	char reason[256];
	/* The GNU variant: returns the text, in reason or elsewhere. */
	const char *said = strerror_r(errno, reason, sizeof(reason));
	va_list args;

	va_start(args, format);
	set_text(err, ERROR_SYSTEM, format, args);
	va_end(args);
	append_text(err->text, ": ", said);
	return false;
}

const char *error_kind_name(enum error_kind kind)
{
	return (size_t)kind < ARRAY_LEN(kinds) ? kinds[kind].name : "unknown";
}

bool error_is_retryable(const struct error *err)
{
	return (size_t)err->kind < ARRAY_LEN(kinds) && kinds[err->kind].retryable;
}
