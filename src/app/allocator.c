/* malloc() for the whole process, libraries included: what finds no memory in there ends the
 * process in good order, too (base/shortage.c). Of our libraries, OpenSSL under Oracle's client and
 * that client itself (std::bad_alloc through C frames) end it by a signal instead, and then no
 * state is dumped.
 *
 * An executable's malloc() comes before the C library's (glibc's manual, "Replacing malloc");
 * these pass on to that one. Sanitizers bring their own. */
#include "base/shortage.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/* Looked up at the first call, which is before main(). Two threads that both do find the same. */
#define NEXT(type, name)                                                                           \
	static _Atomic(type) found;                                                                \
	type next = atomic_load_explicit(&found, memory_order_relaxed);                            \
	if (!next) {                                                                               \
		*(void **)&next = dlsym(RTLD_NEXT, name);                                          \
		atomic_store_explicit(&found, next, memory_order_relaxed);                         \
	}

typedef void *malloc_fn(size_t);
typedef void *calloc_fn(size_t, size_t);
typedef void *realloc_fn(void *, size_t);
typedef int posix_memalign_fn(void **, size_t, size_t);

void *malloc(size_t size)
{
	NEXT(malloc_fn *, "malloc")
	void *memory;

	while (!(memory = next(size)))
		shortage_found("out of memory");
	return memory;
}

void *calloc(size_t count, size_t size)
{
	NEXT(calloc_fn *, "calloc")
	void *memory;

	while (!(memory = next(count, size)))
		shortage_found("out of memory");
	return memory;
}

void *realloc(void *old, size_t size)
{
	NEXT(realloc_fn *, "realloc")
	void *memory;

	/* realloc(p, 0) frees and returns NULL. */
	while (!(memory = next(old, size)) && (size != 0 || !old))
		shortage_found("out of memory");
	return memory;
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	NEXT(posix_memalign_fn *, "posix_memalign")
	int status;

	while ((status = next(memory, alignment, size)) == ENOMEM)
		shortage_found("out of memory");
	return status;
}

#endif
