/* Allocation that cannot fail: out of memory ends the process, with its state dumped (see
 * shortage.h). free() frees all of it. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/attr.h"

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
/* Zeroed; count * size is checked for overflow. */
void *mem_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/* An array of count members, contents kept; overflow checked. */
void *mem_resize(void *array, size_t count, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));
/* Copies length bytes and puts a NUL after them. */
char *mem_memdup(const void *bytes, size_t length) __attribute__((malloc, returns_nonnull));
char *mem_printf(const char *format, ...) PRINTF(1, 2) __attribute__((malloc, returns_nonnull));

#endif
