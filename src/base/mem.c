/* Allocation that aborts instead of failing. A migration that cannot get memory
 * has a state file to resume from; code that unwinds from every malloc() would be
 * code that nobody ever runs. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

NORETURN static void out_of_memory(void)
{
	static const char text[] = "ghostferry: out of memory\n";

	/* stdio may want memory itself. */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		abort();
	abort();
}

static void *check(void *memory)
{
	if (!memory)
		out_of_memory();
	return memory;
}

void *mem_alloc(size_t size)
{
	return check(malloc(size ? size : 1));
}

void *mem_calloc(size_t count, size_t size)
{
	return check(count && size ? calloc(count, size) : calloc(1, 1));
}

void *mem_resize(void *array, size_t count, size_t size)
{
	if (count == 0 || size == 0)
		count = size = 1;
	return check(reallocarray(array, count, size));
}

char *mem_strdup(const char *text)
{
	return mem_memdup(text, strlen(text));
}

char *mem_memdup(const void *bytes, size_t length)
{
	char *copy;

	if (length == SIZE_MAX)
		out_of_memory();
	copy = mem_alloc(length + 1);
	if (length > 0)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

char *mem_printf(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		out_of_memory();
	return check(text);
}
