/* Errors are plain values: formatting into a fixed array cannot fail, so an
 * error can always be reported, even when memory ran out. A text that does
 * not fit keeps its beginning, because error_wrap() puts the context there. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The text as formatted, ": " and tail behind it where there is one. Arguments and tail
 * may point into err->text, hence the copy. */
PRINTF(4, 0)
static void put_text(struct error *err, enum error_kind kind, const char *tail, const char *format,
		     va_list args)
{
	char text[ERROR_TEXT_MAX];
	size_t end = ERROR_TEXT_MAX - sizeof("...");
	int needed = vsnprintf(text, sizeof(text), format, args);

	if (needed < 0)
		needed = snprintf(text, sizeof(text), "(message cannot be formatted: %s)", format);
	if (tail && needed < ERROR_TEXT_MAX)
		needed += snprintf(text + needed, sizeof(text) - (size_t)needed, ": %s", tail);
	if (needed >= ERROR_TEXT_MAX) {
		/* Do not leave half a UTF-8 sequence before the dots. */
		while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
			end--;
		memcpy(text + end, "...", sizeof("..."));
	}
	err->kind = kind;
	memcpy(err->text, text, strlen(text) + 1);
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_text(err, kind, NULL, format, args);
	va_end(args);
	err->server_code = 0;
	return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_text(err, err->kind, err->text, format, args);
	va_end(args);
	return false;
}

bool error_errno(struct error *err, const char *format, ...)
{
	char reason[256];
	/* The GNU variant: returns the text, in reason or elsewhere. */
	const char *said = strerror_r(errno, reason, sizeof(reason));
	va_list args;

	va_start(args, format);
	put_text(err, ERROR_SYSTEM, said, format, args);
	va_end(args);
	err->server_code = 0;
	return false;
}

bool error_has_code_of(const struct error *err, const unsigned *codes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (err->server_code == codes[i])
			return true;
	return false;
}

bool error_is_retryable(const struct error *err)
{
	static const bool retryable[] = {
#define X(kind, is_retryable) [kind] = (is_retryable),
		ERROR_KINDS(X)
#undef X
	};

	return (size_t)err->kind < ARRAY_LEN(retryable) && retryable[err->kind];
}
