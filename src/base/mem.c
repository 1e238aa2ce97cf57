/* Allocation that ends the process instead of failing: see shortage.c. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shortage.h"

static const char out_of_memory[] = "out of memory";

void *mem_alloc(size_t size)
{
	void *memory;

	while (!(memory = malloc(size ? size : 1)))
		shortage_found(out_of_memory);
	return memory;
}

void *mem_calloc(size_t count, size_t size)
{
	void *memory;

	while (!(memory = count && size ? calloc(count, size) : calloc(1, 1)))
		shortage_found(out_of_memory);
	return memory;
}

void *mem_resize(void *array, size_t count, size_t size)
{
	void *memory;
	size_t bytes;

	if (count == 0 || size == 0)
		count = size = 1;
	if (__builtin_mul_overflow(count, size, &bytes))
		bytes = SIZE_MAX;
	while (!(memory = realloc(array, bytes)))
		shortage_found(out_of_memory);
	return memory;
}

char *mem_strdup(const char *text)
{
	return mem_memdup(text, strlen(text));
}

char *mem_memdup(const void *bytes, size_t length)
{
	char *copy;

	copy = mem_alloc(length < SIZE_MAX ? length + 1 : SIZE_MAX);
	if (length > 0)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

char *mem_printf(const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	for (;;) {
		va_start(args, format);
		length = vasprintf(&text, format, args);
		va_end(args);
		if (length >= 0)
			return text;
		shortage_found(out_of_memory);
	}
}
