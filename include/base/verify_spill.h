/* A file without a name that holds what does not fit into memory: keys of rows that are
 * to be verified. Whoever uses it knows where what lies; reading and writing need no lock
 * as long as the places differ. */
#ifndef BASE_VERIFY_SPILL_H
#define BASE_VERIFY_SPILL_H

#include "base/buf.h"
#include "base/error.h"

struct verify_spill {
	int fd; /* owned; -1: there is none */
};

/* beside: a path in whose directory the file lies; NULL: in $TMPDIR or /tmp. Only we may
 * read it, and it is gone with the process, however that ends. */
bool verify_spill_open(struct verify_spill *s, const char *beside, struct error *err) MUST_CHECK;
void verify_spill_close(struct verify_spill *s);
bool verify_spill_write(const struct verify_spill *s, uint64_t offset, const char *bytes,
			size_t length, struct error *err) MUST_CHECK;
/* Just so many bytes; fewer are an error. */
bool verify_spill_read(const struct verify_spill *s, uint64_t offset, char *bytes, size_t length,
		       struct error *err) MUST_CHECK;

#endif
